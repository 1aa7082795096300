"""Papers on their way while the broker is away: custody goes on, and afterwards both ends agree."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy import conserve
from deploy.served import Served
from deploy.stories import remote_collection
from deploy.stories.people import World
from tests.broker import require_server

pytestmark = [pytest.mark.processes, pytest.mark.broker, pytest.mark.timeout(400)]

# What each house holds of the bags and of the papers that were in them.
_BAGS = """
SELECT p.state, d.status, d.carrier = p.carrier AND d.waybill = p.waybill AS same_way
FROM routing.parcel AS p JOIN notify.dispatch AS d ON d.id = p.id ORDER BY p.number
"""
_PAPERS = """
SELECT h.holder, p.holder AS shown FROM routing.holding AS h
JOIN intake.case_original AS p USING (original_id)
"""


@pytest.fixture
async def served(place: Path) -> AsyncIterator[Served]:
    require_server()
    made = Served(place / "served")
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


class Killer:
    """Kills the broker whenever the story comes to one of these lines, and starts it again behind
    its back; one that is just starting is killed once it has."""

    def __init__(self, served: Served, *at: str) -> None:
        self.served = served
        self.at = list(at)
        self.turns: list[asyncio.Task[None]] = []

    def hear(self, line: str) -> None:
        if self.at and self.at[0] in line:
            self.at.pop(0)
            before = self.turns[-1] if self.turns else None
            self.turns.append(asyncio.create_task(self._again(before)))

    async def _again(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        await asyncio.to_thread(self.served.broker.kill)
        await asyncio.to_thread(self.served.broker.start)


async def tell(served: Served, hear: Any) -> None:
    async with httpx.AsyncClient(
        transport=served.gateway(), base_url="http://tongban", timeout=35
    ) as client:
        await remote_collection.tell(World(client, served.issuer, hear, "parcels"))


async def rows(served: Served, query: str) -> list[tuple[Any, ...]]:
    engine = create_async_engine(served.database.url("postgres"))
    try:
        async with engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]
    finally:
        await engine.dispose()


async def assert_agreed(served: Served) -> None:
    deadline = asyncio.get_running_loop().time() + 60
    while True:
        found = await conserve.check_now(served.database.url("postgres"))
        if not found.breaches or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.2)
    assert list(found.breaches) == []
    assert dict(found.counts) == {"cases": 2, "handoffs": 2, "deliveries": 2}
    assert await rows(served, _BAGS) == [("closed", "delivered", True)] * 2
    office = f"location:{remote_collection.OFFICE}"
    assert await rows(served, _PAPERS) == [(office, office)] * 2


async def test_parcels_move_while_the_broker_is_stopped_and_afterwards_both_ends_agree(
    served: Served,
) -> None:
    """Sealed, handed over, scanned with one paper missing, settled, sent once more: all of it."""
    arrived = asyncio.Event()

    def hear(line: str) -> None:
        if "原件贴上条码标签" in line:
            served.broker.stop()
        if "全部到齐" in line:
            arrived.set()

    telling = asyncio.create_task(tell(served, hear))
    done, _ = await asyncio.wait(
        {telling, asyncio.create_task(arrived.wait())}, return_when=asyncio.FIRST_COMPLETED
    )
    assert telling not in done, telling.exception()
    # Custody went on where it is kept; the others hear of it once the broker is back.
    assert not served.broker.running
    office = f"location:{remote_collection.OFFICE}"
    assert await rows(served, _PAPERS) == [(office, None)] * 2
    assert await rows(served, _BAGS) == []
    await asyncio.to_thread(served.broker.start)
    await telling
    await assert_agreed(served)


async def test_the_broker_is_killed_again_and_again_while_papers_travel(served: Served) -> None:
    killer = Killer(
        served, "原件贴上条码标签", "装入同一袋", "差异了结", "全部到齐", "决定：准予换领"
    )
    await tell(served, killer.hear)
    await asyncio.gather(*killer.turns)
    assert killer.at == []
    await assert_agreed(served)
