"""`make demo`: its own installation in a temporary folder, and the story told as it goes."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from deploy.instance import Instance, NotReadyError
from deploy.stories import full_online
from deploy.stories.people import StuckError, World
from shared.security.issuer import LocalIssuer

STORIES: tuple[tuple[str, Callable[[World], Awaitable[str]]], ...] = (
    ("full_online", full_online.tell),
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tongban-demo-") as folder:
        done = asyncio.run(_tell_all(Path(folder)))
    # The last line of all: whatever is still buffered must come before it.
    sys.stderr.flush()
    print(f"demo: {done} of {len(STORIES)} cases concluded and delivered", flush=True)
    sys.exit(0 if done == len(STORIES) else 1)


async def _tell_all(folder: Path) -> int:
    instance = Instance(folder)
    try:
        await instance.start()
        issuer = LocalIssuer.load_or_create(folder / "keys" / "issuer.pem")
        return await tell(instance.origin, issuer)
    except NotReadyError as error:
        print(f"没有启动起来 / did not start:\n{error}", file=sys.stderr, flush=True)
        return 0
    finally:
        await instance.stop()


async def tell(origin: str, issuer: LocalIssuer) -> int:
    """Every story; how many cases were concluded and delivered."""
    done = 0
    timeout = httpx.Timeout(35, connect=5)
    async with httpx.AsyncClient(base_url=origin, timeout=timeout) as client:
        for name, story in STORIES:
            try:
                number = await story(World(client, issuer, _say, name))
                _say(f"办件 {number} 办结并送达。\n")
                done += 1
            except StuckError as error:
                print(f"卡住了 / stuck: {name}: {error}", file=sys.stderr, flush=True)
    return done


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
