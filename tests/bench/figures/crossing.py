"""From the window's submit to the handling office's queue, over RabbitMQ: how long, how many."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from shared.security.callers import Role
from tests.bench import samples, wire
from tests.bench.figures.submit import CLERKS, posted
from tests.bench.load import Job, quantile
from tests.bench.multiply import Place
from tests.bench.report import Figure, bounded
from tests.bench.stage import Stage
from tests.bench.wire import Wire

RATE, SECONDS = 30, 20
# Before that, at the same rate, not measured.
WARM = 5
FAST, LONG = 150, 60
# What the backlog may be longer at the end than at a third: a second's worth.
GROWN = FAST


def offices() -> list[Place]:
    """Counties of other provinces; the one whose queue other figures fill is left out."""
    return [
        each
        for each in samples.places("office", ending="-RS")
        if each.division[4:] != "00"
        and not each.division.startswith("63")
        and each.code != samples.OFFICE
    ]


async def submissions(stage: Stage) -> list[bytes]:
    """One per office, ready to be sent again and again, each by another clerk: who has much under
    way waits for the others, so one alone would be held back (shared/http/turns.py)."""
    body = await samples.online_submission(stage)
    clerks = [stage.headers(Role.CLERK, samples.WINDOW, subject=each) for each in CLERKS]
    return [
        posted(
            "/intake/v1/cases",
            clerks[number % len(clerks)],
            {**body, "basis": {"household_registration": each.division}},
        )
        for number, each in enumerate(offices())
    ]


@dataclass(slots=True)
class Sightings:
    sent: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)

    @property
    def times(self) -> list[float]:
        return sorted(
            self.seen[number] - sent for number, sent in self.sent.items() if number in self.seen
        )


async def measure(stage: Stage) -> list[Figure]:
    requests = await submissions(stage)
    found, over = Sightings(), asyncio.Event()
    watching = [asyncio.create_task(_watch(stage, office, found, over)) for office in offices()]
    await asyncio.sleep(1)
    # The workers may just have been started: their first steps are nobody's everyday.
    await _send(stage, requests, Sightings(), seconds=WARM, run=8)
    await stage.calm()
    await _send(stage, requests, found)
    for _ in range(200):
        if len(found.times) == len(found.sent):
            break
        await asyncio.sleep(0.1)
    over.set()
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    times, lost = found.times, len(found.sent) - len(found.times)
    said = f"{len(times)} cases at {RATE}/s, p50 {quantile(times, 0.5) * 1000:.0f} ms"
    if lost:
        said += f"; {lost} NOT SEEN within 20 s"
    p99 = quantile(times, 0.99) * 1000 if not lost else 20_000.0
    return [bounded("crossing", p99, "ms", most=250, said=f"p99 of {said}")]


async def _send(
    stage: Stage,
    requests: Sequence[bytes],
    found: Sightings,
    *,
    seconds: int = SECONDS,
    run: int = 7,
) -> None:
    wires = [await Wire.open(stage.port("intake")) for _ in range(16)]
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for each in wires:
        free.put_nowait(each)
    began = perf_counter()

    async def send(number: int) -> None:
        due = began + number / RATE
        one = await free.get()
        answer = await one.ask(wire.keyed(requests[number % len(requests)], number, run))
        free.put_nowait(one)
        assert answer.status == 201, answer.body[:300]
        found.sent[json.loads(answer.body)["case_number"]] = due

    async with asyncio.TaskGroup() as sending:
        for number in range(RATE * seconds):
            await asyncio.sleep(max(0.0, began + number / RATE - perf_counter()))
            sending.create_task(send(number))
    for each in wires:
        each.close()


async def _watch(stage: Stage, office: Place, found: Sightings, over: asyncio.Event) -> None:
    """As an office's system does: a waiting poll, answered when there is something new."""
    path = f"/routing/v1/queues/{office.code}/handoffs?limit=200&wait=20"
    headers = stage.headers(Role.OFFICER, office.code)
    one, tag = await Wire.open(stage.port("routing")), '"nothing"'
    while not over.is_set():
        answer = await one.ask(wire.request("GET", path, {**headers, "If-None-Match": tag}))
        at = perf_counter()
        if answer.status == 200:
            tag = answer.header("etag") or tag
            for handoff in json.loads(answer.body)["handoffs"]:
                found.seen.setdefault(handoff["case_number"], at)


_BEHIND = """
SELECT
    (SELECT count(*) FROM intake.outbox WHERE published_at IS NULL) AS unpublished,
    (SELECT count(*) FROM routing.inbox WHERE applied_at IS NULL AND parked_at IS NULL) AS waiting,
    (SELECT count(*) FROM intake.case_file) AS taken,
    (SELECT count(*) FROM routing.routed_case) AS arrived
"""


async def measure_rate(stage: Stage) -> list[Figure]:
    requests = tuple(await submissions(stage))
    connection = await stage.connect()
    before = await connection.fetchrow(_BEHIND)
    assert before is not None
    job = Job(stage.port("intake"), requests, 32, LONG, rate=FAST, expect=201)
    loading, began = asyncio.create_task(stage.loader.run(job)), perf_counter()
    behind: list[tuple[float, int]] = []
    arrived: Any = before
    while not loading.done():
        await asyncio.sleep(2)
        arrived = await connection.fetchrow(_BEHIND)
        late = (arrived["taken"] - before["taken"]) - (arrived["arrived"] - before["arrived"])
        behind.append((perf_counter() - began, late))
    sent, spent = await loading, perf_counter() - began
    await connection.close()
    rate = (arrived["arrived"] - before["arrived"]) / spent
    third = [late for at, late in behind if at <= LONG / 3][-3:] or [0]
    last = [late for _, late in behind][-3:]
    grows = min(last) > max(third) + GROWN
    # A rate is reached when as many arrive as were asked for, but for what is just on its way.
    met = rate >= FAST * 0.97 and not grows
    return [
        Figure(
            "crossing_rate",
            rate,
            "cases/s",
            f"≥ {FAST} cases/s, backlog does not grow",
            met,
            rounds=tuple(float(late) for _, late in behind),
            said=f"taken {sent.count / spent:.0f}/s (p99 {sent.p99 * 1000:.0f} ms); on their way "
            f"after a third {max(third)}, at the end {min(last)}",
        )
    ]
