"""`make demo`, `make demo-served`: an installation of its own in a temporary folder, and the story
told as it goes; embedded in one process, or every house as its own processes over RabbitMQ."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from deploy.instance import Instance, NotReadyError
from deploy.outside import Outside
from deploy.served import Served
from deploy.stories import full_online, joint_handling, remote_collection
from deploy.stories.people import StuckError, World
from shared.security.issuer import LocalIssuer

STORIES: tuple[tuple[str, str, Callable[[World], Awaitable[str]]], ...] = (
    ("full_online", "一、全程网办：失业登记，窗口代为提交，办理地在线上办", full_online.tell),
    (
        "remote_collection",
        "二、异地代收代办：换领残疾人证，原件装袋寄往办理地",
        remote_collection.tell,
    ),
    ("joint_handling", "三、多地联办：跨省迁户口，一处申请，两地分三步办", joint_handling.tell),
)
_INTRODUCTION = (
    "三个故事，三种办理模式；人在西宁（收件地），事在兰州等地（办理地）。\n"
    "【】里是谁在哪里做；“时钟”是法定办理期限：自受理次日起算，按工作日计。\n"
    "姓名、证号、单位都是示例。\n"
)

_TIMEOUT = httpx.Timeout(35, connect=5)


def main(*, served: bool = False) -> None:
    with tempfile.TemporaryDirectory(prefix="tongban-demo-") as folder:
        done = asyncio.run(_tell_all(Path(folder), served=served))
    # The last line of all: whatever is still buffered must come before it.
    sys.stderr.flush()
    print(f"demo: {done} of {len(STORIES)} cases concluded and delivered", flush=True)
    sys.exit(0 if done == len(STORIES) else 1)


async def _tell_all(folder: Path, *, served: bool) -> int:
    try:
        return await (_tell_served(folder) if served else _tell_embedded(folder))
    except NotReadyError as error:
        print(f"没有启动起来 / did not start:\n{error}", file=sys.stderr, flush=True)
        return 0


async def _tell_embedded(folder: Path) -> int:
    outside = Outside(folder)
    instance = Instance(folder, environment=outside.environment())
    try:
        await outside.start()
        await instance.start()
        await outside.subscribe(instance.origin)
        issuer = LocalIssuer.load_or_create(folder / "keys" / "issuer.pem")
        async with httpx.AsyncClient(base_url=instance.origin, timeout=_TIMEOUT) as client:
            return await tell(client, issuer, outside)
    finally:
        await instance.stop()
        await outside.stop()


async def _tell_served(folder: Path) -> int:
    outside = Outside(folder)
    served = Served(folder, environment=outside.environment())
    try:
        await outside.start()
        await served.start()
        port, _ = served.apis["notify"][0]
        await outside.subscribe(f"http://127.0.0.1:{port}")
        async with httpx.AsyncClient(
            transport=served.gateway(), base_url="http://tongban", timeout=_TIMEOUT
        ) as client:
            return await tell(client, served.issuer, outside)
    finally:
        await served.stop()
        await outside.stop()


async def tell(
    client: httpx.AsyncClient, issuer: LocalIssuer, outside: Outside | None = None
) -> int:
    """Every story; how many cases were concluded and delivered."""
    done = 0
    _say(_INTRODUCTION)
    for name, title, story in STORIES:
        _say(f"── {title} ──")
        try:
            number = await story(World(client, issuer, _say, name, outside))
            _say(f"✓ 办件 {number} 办结并送达。\n")
            done += 1
        except StuckError as error:
            print(f"卡住了 / stuck: {name}: {error}", file=sys.stderr, flush=True)
    return done


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main(served="--served" in sys.argv[1:])
