"""One installation in one process: told through, killed in the middle, ended in good order."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from deploy import conserve
from deploy.database import EmbeddedDatabase
from deploy.instance import Instance
from deploy.stories import full_online
from deploy.stories.people import World
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


@pytest.fixture
async def instance(place: Path) -> AsyncIterator[Instance]:
    made = Instance(place / "data")
    await made.start()
    yield made
    await made.stop()


@asynccontextmanager
async def world_of(instance: Instance, heard: list[str]) -> AsyncIterator[World]:
    issuer = LocalIssuer.load_or_create(instance.folder / "keys" / "issuer.pem")
    async with httpx.AsyncClient(base_url=instance.origin, timeout=35) as client:
        yield World(client, issuer, heard.append, "story")


def database_of(instance: Instance) -> EmbeddedDatabase:
    database = EmbeddedDatabase(instance.folder / "pg")
    database.start()
    return database


async def settled(database: EmbeddedDatabase) -> conserve.Found:
    """What does not hold once every message has had its time."""
    deadline = time.monotonic() + 30
    while True:
        found = await conserve.check_now(database.url("postgres"))
        if not found.breaches or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.1)


async def applied_out_of_order(database: EmbeddedDatabase) -> list[str]:
    """Subjects whose messages were applied in another order than they were numbered."""
    connection = await asyncpg.connect(
        host=database.socket_folder, user="postgres", database="tongban"
    )
    found: list[str] = []
    try:
        for house in ("intake", "routing", "notify"):
            rows = await connection.fetch(
                f"SELECT subject FROM (SELECT subject, applied_at, lag(applied_at) OVER"
                f" (PARTITION BY producer, subject ORDER BY sequence) AS before"
                f" FROM {house}.inbox WHERE NOT standalone) AS turns WHERE applied_at < before"
            )
            found += [f"{house}: {row['subject']}" for row in rows]
    finally:
        await connection.close()
    return found


class Killer:
    """Kills and restarts the instance whenever the story has come as far as asked."""

    def __init__(self, instance: Instance, at: tuple[str, ...]) -> None:
        self.instance = instance
        self.at = list(at)
        self.lines: list[str] = []
        self.restarts: list[asyncio.Task[None]] = []

    def hear(self, line: str) -> None:
        self.lines.append(line)
        if self.at and self.at[0] in line:
            self.at.pop(0)
            self.instance.kill()
            self.restarts.append(asyncio.create_task(self.instance.start()))


async def test_a_killed_instance_goes_on_where_it_stood(instance: Instance) -> None:
    killer = Killer(
        instance, ("更正后再预审", "收件：", "领取", "一次性告知：", "受理。", "决定：")
    )
    async with world_of(instance, []) as world:
        number = await full_online.tell(
            World(world.client, world.issuer, killer.hear, "killed between the steps")
        )
    await asyncio.gather(*killer.restarts)
    assert not killer.at, f"not killed at {killer.at}"
    database = database_of(instance)
    found = await settled(database)
    assert list(found.breaches) == []
    assert dict(found.counts) == {"cases": 1, "handoffs": 1, "deliveries": 1}
    assert await applied_out_of_order(database) == []
    assert number


async def test_kills_at_any_moment_lose_nothing_and_repeat_nothing(instance: Instance) -> None:
    chance = random.Random(20260907)
    over = asyncio.Event()

    async def kill_now_and_then() -> None:
        for _ in range(4):
            try:
                await asyncio.wait_for(over.wait(), chance.uniform(0.3, 2.0))
            except TimeoutError:
                instance.kill()
                await instance.start()

    killing = asyncio.create_task(kill_now_and_then())
    async with world_of(instance, []) as world:
        for turn in range(3):
            teller = World(world.client, world.issuer, lambda _: None, f"random {turn}")
            await full_online.tell(teller)
    over.set()
    await killing
    database = database_of(instance)
    found = await settled(database)
    assert list(found.breaches) == []
    assert dict(found.counts) == {"cases": 3, "handoffs": 3, "deliveries": 3}
    assert await applied_out_of_order(database) == []


async def test_a_signal_ends_everything_in_time_and_answers_waiting_polls(
    instance: Instance,
) -> None:
    async with world_of(instance, []) as world:
        officer = world.person(Role.OFFICER, "officer", full_online.OFFICE)
        path = f"/routing/v1/queues/{full_online.OFFICE}/handoffs"
        first = await officer.get(path)
        waiting = asyncio.create_task(
            world.client.get(
                path,
                params={"wait": 30},
                headers={**officer.headers, "If-None-Match": first.headers["ETag"]},
            )
        )
        await asyncio.sleep(0.5)
        began = time.monotonic()
        ended = asyncio.create_task(instance.stop())
        answer = await waiting
        await ended
        assert answer.status_code == 304
        assert time.monotonic() - began < 25  # and not after the poll's half minute
    assert not (instance.folder / "pg" / "postmaster.pid").exists()
    assert "Traceback" not in instance.log.read_text(encoding="utf-8")


async def test_a_second_instance_on_the_same_data_is_refused(instance: Instance) -> None:
    twin = Instance(instance.folder)
    log = instance.log.read_text(encoding="utf-8")
    with pytest.raises(Exception, match="已有一个实例在运行"):
        await twin.start()
    assert log in instance.log.read_text(encoding="utf-8")
    async with httpx.AsyncClient(base_url=instance.origin) as client:
        assert (await client.get("/intake/livez")).status_code == 200
