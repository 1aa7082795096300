"""Every house as its own processes, over a real RabbitMQ and PostgreSQL; then things go wrong."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deploy import conserve
from deploy.served import Process, Served
from deploy.stories import full_online
from deploy.stories.people import World
from tests.broker import require_server

pytestmark = [pytest.mark.processes, pytest.mark.broker, pytest.mark.timeout(400)]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    require_server()
    made = Served(tmp_path / "served", apis=2, workers=2)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def world_of(served: Served, say: Callable[[str], None]) -> AsyncIterator[World]:
    async with httpx.AsyncClient(
        transport=served.gateway(), base_url="http://tongban", timeout=35
    ) as client:
        yield World(client, served.issuer, say, "served")


async def tell(served: Served, count: int) -> None:
    async with world_of(served, lambda _: None) as world:
        await asyncio.gather(
            *(
                full_online.tell(World(world.client, world.issuer, world.say, f"story {turn}"))
                for turn in range(count)
            )
        )


async def assert_conserved(served: Served, cases: int) -> None:
    deadline = asyncio.get_running_loop().time() + 60
    while True:
        found = await conserve.check_now(served.database.url("postgres"))
        if not found.breaches or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.2)
    assert list(found.breaches) == []
    assert dict(found.counts) == {"cases": cases, "handoffs": cases, "deliveries": cases}


async def test_two_of_each_process_tell_the_same_story(served: Served) -> None:
    await tell(served, 4)
    await assert_conserved(served, 4)


async def test_the_broker_dies_in_the_middle_and_comes_back(served: Served) -> None:
    lines: list[str] = []
    returning: list[asyncio.Task[None]] = []

    def hear(line: str) -> None:
        lines.append(line)
        if "收件：" in line:
            served.broker.kill()
            returning.append(asyncio.create_task(asyncio.to_thread(served.broker.start)))

    async with world_of(served, hear) as world:
        await full_online.tell(world)
    await asyncio.gather(*returning)
    assert returning
    await assert_conserved(served, 1)


async def test_every_process_is_killed_under_load_and_the_database_restarts(
    served: Served,
) -> None:
    chance = random.Random(20260907)
    victims = served.processes
    chance.shuffle(victims)
    acts: list[Callable[[], Awaitable[None]]] = [_killing(process) for process in victims]
    acts.insert(len(acts) // 2, lambda: _restart_database(served))
    telling = asyncio.create_task(tell(served, 6))
    for act in acts:
        await asyncio.sleep(chance.uniform(0.1, 0.8))
        await act()
    await telling
    await assert_conserved(served, 6)


def _killing(process: Process) -> Callable[[], Awaitable[None]]:
    async def kill() -> None:
        await asyncio.to_thread(process.kill)
        process.start()

    return kill


async def _restart_database(served: Served) -> None:
    await asyncio.to_thread(served.database.stop)
    await asyncio.to_thread(served.database.start)
