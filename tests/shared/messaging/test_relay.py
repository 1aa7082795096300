"""From outbox to transport: one bad row stops nobody, an outage blames no row."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from sqlalchemy import text

from shared.messaging.envelope import Message
from shared.messaging.outbox import OUTBOX
from shared.messaging.transport import Listener, NotCarriedError, TransportAwayError
from tests.shared.messaging.street import House, until

pytestmark = pytest.mark.timeout(180)


class Choosy:
    """Carries everything but the subjects it was told to refuse."""

    healthy = True

    def __init__(self, refused: Collection[str] = (), *, away: bool = False) -> None:
        self.refused = set(refused)
        self.away = away
        self.hangs = False
        self.called = asyncio.Event()
        self.carried: list[UUID] = []

    async def publish(self, messages: Sequence[Message]) -> Mapping[UUID, NotCarriedError]:
        self.called.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.away:
            raise TransportAwayError("away")
        await asyncio.sleep(0)
        refused = [message.id for message in messages if message.subject in self.refused]
        self.carried += [message.id for message in messages if message.id not in refused]
        return {id_: NotCarriedError("refused") for id_ in refused}

    async def listen(self, listener: Listener, stop: asyncio.Event) -> None:
        await stop.wait()

    async def close(self) -> None: ...


async def _attempts(house: House) -> Mapping[str, tuple[int, str | None, bool]]:
    async with house.sessions() as session:
        rows = await session.execute(OUTBOX.select())
        return {
            row.subject: (row.attempts, row.last_error, row.published_at is not None)
            for row in rows
        }


async def test_a_row_that_fails_is_tried_later_and_stops_nobody(north: House) -> None:
    for subject in ("a", "bad", "c"):
        await north.say(subject)
    transport = Choosy({"bad"})
    assert await north.relay(transport).relay_due() == 3
    assert await _attempts(north) == {
        "a": (0, None, True),
        "bad": (1, "refused", False),
        "c": (0, None, True),
    }
    assert await north.relay(transport).relay_due() == 0
    transport.refused.clear()

    async def is_carried() -> bool:
        await north.relay(transport).relay_due()
        return len(transport.carried) == 3

    await until(is_carried)
    assert await _attempts(north) == dict.fromkeys("ac", (0, None, True)) | {"bad": (1, None, True)}


async def test_when_the_transport_is_away_no_row_is_to_blame(north: House) -> None:
    await north.say("a")
    with pytest.raises(TransportAwayError):
        await north.relay(Choosy(away=True)).relay_due()
    assert await _attempts(north) == {"a": (0, None, False)}


async def test_relays_at_once_never_publish_the_same_row(north: House) -> None:
    for n in range(10):
        await north.say(f"s{n}", 10)
    transport = Choosy()
    relays = [north.relay(transport, batch=7) for _ in range(4)]
    while sum(await asyncio.gather(*(relay.relay_due() for relay in relays))):
        pass
    assert len(transport.carried) == len(set(transport.carried)) == 100


async def test_a_hanging_publish_is_let_go_of_at_the_end(north: House) -> None:
    await north.say("a")
    transport, stop = Choosy(), asyncio.Event()
    transport.hangs = True
    running = asyncio.create_task(north.relay(transport).run(stop))
    await transport.called.wait()
    stop.set()
    await asyncio.wait_for(running, 60)
    async with north.sessions.begin() as session:
        free = await session.execute(text("SELECT id FROM outbox FOR UPDATE NOWAIT"))
        assert len(free.all()) == 1


async def test_the_trace_of_the_request_goes_with_the_message(north: House) -> None:
    context = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1))
    with trace.use_span(NonRecordingSpan(context)):
        await north.say("a")
    async with north.sessions() as session:
        row = (await session.execute(OUTBOX.select())).one()
    assert row.traceparent == f"00-{0xABC:032x}-{0xDEF:016x}-01"
