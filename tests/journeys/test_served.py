"""Every house as its own processes, over a real RabbitMQ and PostgreSQL; then things go wrong."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from deploy import conserve
from deploy.served import Process, Served
from deploy.stories import full_online
from deploy.stories.people import World
from shared.security.callers import Role
from tests.broker import require_server
from tests.journeys.collector import Collector, Told

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


# The last: its case stays where the office has not claimed it.
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
