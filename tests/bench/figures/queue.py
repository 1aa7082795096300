"""Polling a queue: nothing new, and a page of 50 that has changed; both against the same by hand.

While changed pages are asked for, the queue changes at every tick of the watcher (0.1 s): a page is
never older than that. Whoever asks without having seen a page is not answered from one made before;
that is a figure of its own, without a target.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.security.callers import Role
from tests.bench import samples, wire
from tests.bench.load import Job
from tests.bench.report import Figure, Rounds
from tests.bench.stage import Spent, Stage
from tests.bench.wire import Wire

ROUNDS = 5
SECONDS = 3.0
CONNECTIONS = 16
WAITING = 100_000


async def measure(stage: Stage) -> list[Figure]:
    office = samples.OFFICE
    # So many officers: what one caller may ask in a second is bounded.
    officers = [
        stage.headers(Role.OFFICER, office, subject=f"officer-{number}")
        for number in range(CONNECTIONS)
    ]
    await samples.fill_queue(stage, WAITING)
    path = f"/routing/v1/queues/{office}/handoffs?limit=50"
    port, pid = await stage.floor("queue")
    fresh = tuple(wire.request("GET", path, who) for who in officers)
    changed = tuple(
        wire.request("GET", path, {**who, "If-None-Match": '"seen-before"'}) for who in officers
    )
    one = await Wire.open(stage.port("routing"))
    tag = (await one.ask(fresh[0])).header("etag")
    one.close()
    assert tag is not None
    unchanged = tuple(wire.request("GET", path, {**who, "If-None-Match": tag}) for who in officers)
    page = (port, pid, f"/queues/{office}/handoffs")
    async with stage.without_workers():
        figures = [
            await _against(
                stage, "poll_unchanged", (unchanged, 304), (port, pid, "/unchanged"), least=0.5
            )
        ]
        async with _changing(stage, office):
            figures.append(await _against(stage, "poll_changed", (changed, 200), page, least=0.4))
            figures.append(await _against(stage, "poll_fresh", (fresh, 200), page, least=0.0))
    return figures


@asynccontextmanager
async def _changing(stage: Stage, office: str) -> AsyncIterator[None]:
    """Ten times a second something on the page changes, and the watcher is told."""
    connection = await stage.connect()

    async def change() -> None:
        while True:
            await connection.execute(
                """
                WITH first AS (
                    SELECT id FROM routing.handoff WHERE location = $1
                        AND closed_at IS NULL AND opened_at IS NOT NULL
                    ORDER BY light_rank, lane_rank, turn, window_received_at, id LIMIT 1
                ),
                told AS (INSERT INTO routing.queue_change (location) VALUES ($1))
                UPDATE routing.handoff SET version = version + 1
                WHERE id = (SELECT id FROM first)
                """,
                office,
            )
            await asyncio.sleep(0.1)

    changing = asyncio.create_task(change())
    try:
        yield
    finally:
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)
        await connection.close()


async def _against(
    stage: Stage,
    name: str,
    asked: tuple[tuple[bytes, ...], int],
    floor: tuple[int, int, str],
    *,
    least: float,
) -> Figure:
    requests, expect = asked
    port, pid, path = floor
    ours = Job(stage.port("routing"), requests, CONNECTIONS, SECONDS, expect=expect)
    bare = Job(port, (wire.request("GET", path),), CONNECTIONS, SECONDS, expect=expect)
    found, mine, hand = Rounds(), Spent(stage.pid("routing")), Spent(pid)
    for _ in range(ROUNDS):
        with mine:
            answered = await stage.loader.run(ours)
        with hand:
            by_hand = await stage.loader.run(bare)
        mine.count += answered.count
        hand.count += by_hand.count
        found.add(answered.rate, by_hand.rate)
    said = f"CPU of the process per poll: {mine.each:.2f} ms, by hand {hand.each:.2f} ms"
    return found.figure(name, "req/s", least=least, said=said)
