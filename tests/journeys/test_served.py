"""Every house as its own processes, over a real RabbitMQ and PostgreSQL; then things go wrong."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy import conserve
from deploy.database import DATABASE
from deploy.served import Process, Served
from deploy.stories import full_online
from deploy.stories.people import World
from shared.chores import HOUSES
from shared.messaging.topology import Topology
from shared.security.callers import Role
from tests.broker import require_server
from tests.journeys.collector import Collector, Told
from tests.journeys.marking import Marks, look_through_files, settled
from tests.journeys.preparing import Preparing, at_once
from tests.journeys.tapping import tapped
from tests.journeys.test_examples import page_of
from tests.journeys.test_marked_values import OFFICIAL, Walk, visit

pytestmark = [
    pytest.mark.processes,
    pytest.mark.broker,
    pytest.mark.timeout(400),
    pytest.mark.asyncio(loop_scope="module"),
]


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
_ASSIGNED = "apply routing.case-assigned.v1"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    made = Collector()
    made.start()
    yield made
    made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(places: Path, collector: Collector) -> AsyncIterator[Served]:
    """One for all: whatever a test did to it, the next finds everything in order."""
    require_server()
    houses = ("INTAKE", "ROUTING", "NOTIFY")
    told = {f"{house}_OTLP_ENDPOINT": collector.address for house in houses}
    told |= {f"{house}_LOG_LEVEL": "DEBUG" for house in houses}
    made = Served(places / "served", apis=2, workers=2, environment=told)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def already(served: Served) -> int:
    """How many cases there are before the test."""
    found = await conserve.check_now(served.database.url("postgres"))
    return found.counts["cases"]


@asynccontextmanager
async def world_of(
    served: Served, story: str, say: Callable[[str], None] = lambda _: None
) -> AsyncIterator[World]:
    """`story` is new each time: the same story told again is the same requests repeated."""
    async with httpx.AsyncClient(
        transport=served.gateway(), base_url="http://tongban", timeout=35
    ) as client:
        yield World(client, served.issuer, say, story)


async def tell(served: Served, story: str, count: int) -> None:
    async with world_of(served, story) as world:
        await asyncio.gather(
            *(
                full_online.tell(World(world.client, world.issuer, world.say, f"{story} {turn}"))
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


async def test_two_of_each_process_tell_the_same_story(served: Served, already: int) -> None:
    await tell(served, "two of each", 4)
    await assert_conserved(served, already + 4)


async def test_the_broker_dies_in_the_middle_and_comes_back(served: Served, already: int) -> None:
    lines: list[str] = []
    returning: list[asyncio.Task[None]] = []

    def hear(line: str) -> None:
        lines.append(line)
        if "收件：" in line:
            served.broker.kill()
            returning.append(asyncio.create_task(asyncio.to_thread(served.broker.start)))

    async with world_of(served, "broker dies", hear) as world:
        await full_online.tell(world)
    await asyncio.gather(*returning)
    assert returning
    await assert_conserved(served, already + 1)


async def test_every_process_is_killed_under_load_and_the_database_restarts(
    served: Served, already: int
) -> None:
    chance = random.Random(20260907)
    victims = served.processes
    chance.shuffle(victims)
    acts: list[Callable[[], Awaitable[None]]] = [_killing(process) for process in victims]
    acts.insert(len(acts) // 2, lambda: _restart_database(served))
    telling = asyncio.create_task(tell(served, "killed", 6))
    for act in acts:
        await asyncio.sleep(chance.uniform(0.1, 0.8))
        await act()
    await telling
    await assert_conserved(served, already + 6)


def _killing(process: Process) -> Callable[[], Awaitable[None]]:
    async def kill() -> None:
        await asyncio.to_thread(process.kill)
        process.start()

    return kill


async def _restart_database(served: Served) -> None:
    await asyncio.to_thread(served.database.stop)
    await asyncio.to_thread(served.database.start)


# These two are the last: their cases stay where they have come to.
async def test_a_step_is_one_trace_through_processes_and_broker(
    served: Served, collector: Collector
) -> None:
    await _submit(served)
    ends = {("tongban-intake", _ASSIGNED), ("tongban-notify", _ASSIGNED)}
    told = await asyncio.to_thread(
        collector.once, lambda spans: ends <= {(who, each.name) for who, each in spans}, 60
    )
    spans = [each for each in told if each[1].trace_id.hex() == TRACE]
    by_id = {span.span_id: (service, span) for service, span in spans}
    for service, span in spans:
        if span.name == _ASSIGNED:
            assert _way(span, by_id) == [
                (service, _ASSIGNED),
                ("tongban-routing", "publish routing.case-assigned.v1"),
                ("tongban-routing", "apply intake.case-received.v1"),
                ("tongban-intake", "publish intake.case-received.v1"),
                ("tongban-intake", "submit_case"),
            ]


async def _submit(served: Served) -> None:
    async with httpx.AsyncClient(
        transport=served.gateway(),
        base_url="http://tongban",
        timeout=35,
        headers={"traceparent": f"00-{TRACE}-{CALLER}-01"},
    ) as client:
        clerk = World(client, served.issuer, lambda _: None, "trace").person(
            Role.CLERK, "王窗口（示例）", full_online.WINDOW
        )
        item = (await clerk.get("/intake/v1/items/RS-002")).json()
        await clerk.post(
            "/intake/v1/cases", {**full_online.SUBMISSION, "form": item.get("form_example") or {}}
        )


def _way(span: Span, by_id: dict[bytes, Told]) -> list[tuple[str, str]]:
    """From an effect back to the request; ends at a parent that is not ours."""
    way = []
    at: Span | None = span
    while at is not None:
        service, _ = by_id[at.span_id]
        way.append((service, at.name))
        _, at = by_id.get(at.parent_span_id, ("", None))
    return way


# Who is asked, corrected, told and decided about, in words that only some houses may read.
PERSONAL = (
    *("submit_case", "correct_case", "give_supplement", "request_withdrawal", "notice_handoff"),
    *("refuse_handoff", "decide_handoff", "write_message", "send_reminder", "make_appointment"),
)
HEARD = {
    *("intake.case-received.v1", "intake.application-amended.v1", "intake.supplement-given.v1"),
    *("intake.withdrawal-requested.v1", "routing.notice-issued.v1", "routing.handoff-refused.v1"),
    *("routing.case-decided.v1", "routing.message-written.v1", "routing.appointment-made.v1"),
}


async def test_marked_values_are_in_no_message_of_the_broker_and_in_no_log(served: Served) -> None:
    marks, topology = Marks(), Topology(HOUSES)
    async with tapped(served.broker.url, topology) as tap, world_of(served, "marked") as world:
        before = await _recorded(served)
        walk = Walk(Preparing(world), marks)
        operations = [each for house in HOUSES for each in await page_of(walk.at, house)]
        await at_once(
            (each.name, partial(visit, walk, each)) for each in operations if each.name in PERSONAL
        )
        await settled(served.database.socket_folder, DATABASE)
        told = await _recorded(served) - before
        await tap.until(lambda: told <= {each.id for each in tap.taken})
        # One in clear, which no house can read and both set aside: it would have been seen.
        body, header = marks.new("planted body"), marks.phone("planted header")
        exchange = topology.exchange("intake")
        await tap.plant(exchange, "interactive.x", f'{{"name": "{body}"}}', {"phone": header})
        await tap.until(lambda: [each.exchange for each in tap.taken].count("tongban.dead") == 2)
    assert not walk.wrong, "\n".join(walk.wrong)
    assert walk.taken == set(PERSONAL)
    assert {each.type for each in tap.taken} >= HEARD
    assert any('"sealed":' in each.text for each in tap.taken)
    found = {
        (each.exchange, what)
        for each in tap.taken
        for what in marks.found_in(each.text)
        if not what.startswith(OFFICIAL)
    }
    places, whats = (exchange, "tongban.dead"), ("planted body", "planted header")
    assert found == {(place, what) for place in places for what in whats}
    # Not even by whoever complains of it.
    assert look_through_files(served.folder, marks) == {}
    said = "".join(each.log.read_text("utf-8", "replace") for each in served.processes)
    assert "message_unreadable" in said
    assert "request_served" in said
    broker = served.broker.log.read_text("utf-8", "replace")
    assert "RabbitMQ" in broker
    assert marks.found_in(broker) == set()


async def _recorded(served: Served) -> set[str]:
    engine = create_async_engine(served.database.url("postgres"))
    outboxes = " UNION ALL ".join(f"SELECT id FROM {house}.outbox" for house in HOUSES)
    try:
        async with engine.connect() as connection:
            return {str(each) for each in await connection.scalars(text(outboxes))}
    finally:
        await engine.dispose()
