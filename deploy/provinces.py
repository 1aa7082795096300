"""`make demo-provinces`: two installations as two provinces, each with its own database and keys,
on two ports; a case of each mode crosses and returns by webhooks and token fetches alone."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from deploy import conserve
from deploy.database import EmbeddedDatabase
from deploy.instance import Instance, NotReadyError
from deploy.stories import crossing
from deploy.stories.people import Person, Say, StuckError, World
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer

HERE = Path(__file__).parent
NAMES = MappingProxyType({"630000": "青海", "620000": "甘肃"})
TYPES = ("routing.partner-told.v1", "routing.partner-answered.v1")
STORIES: tuple[tuple[str, Callable[[World, World], Awaitable[str]]], ...] = (
    ("full_online", crossing.full_online),
    ("remote_collection", crossing.remote_collection),
    ("joint_handling", crossing.joint_handling),
)
_TIMEOUT = httpx.Timeout(35, connect=5)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tongban-provinces-") as folder:
        done = asyncio.run(_tell_all(Path(folder)))
    sys.stderr.flush()
    print(f"provinces: {done} of {len(STORIES)} cases crossed and returned", flush=True)
    sys.exit(0 if done == len(STORIES) else 1)


async def _tell_all(folder: Path) -> int:
    try:
        async with two_provinces(folder) as pair:
            done = await tell(pair, _say)
            breaches = await agree(pair)
    except NotReadyError as error:
        print(f"没有启动起来 / did not start:\n{error}", file=sys.stderr, flush=True)
        return 0
    for breach in breaches:
        print(breach, file=sys.stderr, flush=True)
    if not breaches:
        _say("两省对账一致：编号成对，状态相同，每件送达一次，没有未了的往来。")
    return done if not breaches else 0


def _say(line: str) -> None:
    print(line, flush=True)


@dataclass
class Province:
    """One installation, and how another one calls it."""

    division: str
    instance: Instance
    issuer: LocalIssuer
    client: httpx.AsyncClient

    @property
    def name(self) -> str:
        return NAMES[self.division]

    @property
    def partner(self) -> str:
        return f"P-{self.division}"

    def world(self, story: str, say: Say) -> World:
        return World(self.client, self.issuer, say, f"{self.division}:{story}")

    def ops(self, errand: str = "joining") -> Person:
        return self.world(errand, lambda _: None).person(Role.OPS, "运维（示例）")

    @property
    def database_url(self) -> str:
        database = EmbeddedDatabase(self.instance.folder / "pg")
        database.start()
        return database.url("postgres")


Pair = tuple[Province, Province]


@asynccontextmanager
async def two_provinces(folder: Path) -> AsyncIterator[Pair]:
    instances = [_instance(folder / division, division) for division in NAMES]
    try:
        for instance in instances:
            await instance.start()
        async with (
            httpx.AsyncClient(base_url=instances[0].origin, timeout=_TIMEOUT) as ours,
            httpx.AsyncClient(base_url=instances[1].origin, timeout=_TIMEOUT) as theirs,
        ):
            first, second = (
                Province(division, instance, _issuer(instance), client)
                for division, instance, client in zip(NAMES, instances, (ours, theirs), strict=True)
            )
            await _join(first, second)
            await _join(second, first)
            yield first, second
    finally:
        for instance in instances:
            await instance.stop()


def _issuer(instance: Instance) -> LocalIssuer:
    return LocalIssuer.load_or_create(instance.folder / "keys" / "issuer.pem")


def _instance(folder: Path, division: str) -> Instance:
    folder.mkdir(parents=True)
    directory = folder / "directory.json"
    directory.write_text(json.dumps(directory_of(division), ensure_ascii=False), "utf-8")
    # Both are on this machine, which nobody would call otherwise.
    allowed = json.dumps(["127.0.0.0/8"])
    return Instance(
        folder,
        environment={
            "DIVISION": division,
            "DIRECTORY": str(directory),
            **{f"{house}_OUTBOUND_ALLOWED": allowed for house in ("INTAKE", "ROUTING", "NOTIFY")},
        },
    )


def directory_of(division: str) -> dict[str, Any]:
    """The demo's directory as that province has it: what lies in the other one is the other's."""
    directory: dict[str, Any] = json.loads((HERE / "directory.json").read_text("utf-8"))
    other = next(each for each in NAMES if each != division)
    partner = directory["partners"][0] | {
        "code": f"P-{other}",
        "name": f"{NAMES[other]}省一体化政务服务平台(示例)",
        "division": other,
        "way": "webhooks",
    }
    directory["partners"] = [
        partner,
        *(each for each in directory["partners"] if each["division"] not in NAMES),
    ]
    for place in directory["locations"]:
        if place["division"].startswith(other[:2]):
            place["system"] = f"partner:P-{other}"
    return directory


async def _join(host: Province, guest: Province) -> None:
    """What host's operators do for guest, and guest's with what they are given: an account to
    fetch with, webhooks to guest's door, and their secret."""
    ops, theirs = host.ops(), guest.ops()
    account = await ops.post(
        "/routing/v1/clients",
        {"name": f"{guest.name}平台", "role": "partner", "partner": guest.partner},
    )
    await theirs.post(
        f"/routing/v1/partners/{host.partner}/access",
        {
            "base_url": host.instance.origin,
            "client_id": account["id"],
            "client_secret": account["client_secret"],
        },
    )
    subscription = await ops.post(
        "/notify/v1/subscriptions",
        {
            "name": f"{guest.name}平台",
            "url": f"{guest.instance.origin}/routing/webhooks/partners/{host.partner}",
            "types": list(TYPES),
            "partner": guest.partner,
        },
    )
    await theirs.post(
        f"/routing/v1/partners/{host.partner}/secrets", {"secret": subscription["secret"]}
    )
    path = f"/notify/v1/subscriptions/{subscription['id']}"
    await ops.post(f"{path}/proof")
    await ops.until(path, lambda seen: seen["status"] == "active", what="接收地址的证明")


async def resume(pair: Pair) -> None:
    """What operators do when the other side is up again, rather than wait for the next try of the
    published schedule: its address is proven once more, and everything that waited goes out."""
    for province in pair:
        ops = province.ops("resuming")
        kept = (await ops.get("/notify/v1/subscriptions")).json()["subscriptions"]
        for each in kept:
            await ops.post(f"/notify/v1/subscriptions/{each['id']}/proof")


async def tell(pair: Pair, say: Say) -> int:
    """Every story; how many cases crossed and returned."""
    done = 0
    ours, theirs = pair
    for name, story in STORIES:
        try:
            number = await story(ours.world(name, say), theirs.world(name, say))
            say(f"办件 {number} 已跨省办结并送达。\n")
            done += 1
        except StuckError as error:
            print(f"卡住了 / stuck: {name}: {error}", file=sys.stderr, flush=True)
    return done


async def agree(pair: Pair) -> list[str]:
    """Once nothing is on its way any more: what breaks a rule in either, or between them."""
    urls = [each.database_url for each in pair]
    breaches: list[str] = []
    for _ in range(100):
        breaches = [line for url in urls for line in (await conserve.check_now(url)).breaches]
        breaches += await conserve.between(*urls)
        if not breaches:
            return []
        await asyncio.sleep(0.2)
    return breaches


if __name__ == "__main__":
    main()
