"""Applying: one transaction with the effect, patience with what fails, and a person's tools."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Annotated, Any

import pytest
from opentelemetry import trace
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import ConflictError, NotFoundError
from shared.messaging import inbox, keeping, outbox, parked
from shared.messaging.apply import Patience
from shared.messaging.envelope import Event, Lane, Received, seal
from shared.messaging.handling import NotYetError, reader_of
from shared.messaging.inbox import INBOX
from shared.messaging.parked import NotParkedError
from shared.security.personal import Personal
from tests.shared.messaging.street import AT, House, Moved, MovedRead, until, write_down
from tests.shared.messaging.test_inbox import make_message, store

pytestmark = pytest.mark.timeout(180)

AT_ONCE = Patience(first=0.0, delay_first=0.0, delay_ceiling=0.0)


class Clumsy:
    """Fails for one subject as often as it is told to, after having done half of its work."""

    def __init__(self, subject: str, times: int, error: Exception) -> None:
        self.subject, self.left, self.error = subject, times, error

    async def __call__(self, session: AsyncSession, message: Received[MovedRead]) -> None:
        await write_down(session, message)
        if message.subject == self.subject and self.left:
            self.left -= 1
            raise self.error


async def _row(house: House, subject: str = "a", sequence: int = 1) -> dict[str, object]:
    query = INBOX.select().where(INBOX.c.subject == subject, INBOX.c.sequence == sequence)
    async with house.sessions() as session:
        return dict((await session.execute(query)).mappings().one())


async def test_a_handler_that_fails_three_times_works_in_the_end(south: House) -> None:
    clumsy = Clumsy("a", 3, RuntimeError("no"))
    await store(south, make_message("a", 1), make_message("a", 2), make_message("b", 1))
    await south.applier({Moved.type: clumsy}, patience=AT_ONCE).apply_due()
    assert await south.applied() == {"a": [1, 2], "b": [1]}
    assert (await _row(south))["attempts"] == 3


async def test_one_that_always_fails_is_parked_and_only_its_subject_waits(south: House) -> None:
    clumsy = Clumsy("a", 1000, RuntimeError("王小明, 630102199001011234"))
    applier = south.applier({Moved.type: clumsy}, patience=AT_ONCE)
    await store(south, *(make_message(s, n) for n in (1, 2) for s in ("a", "b", "c")))
    await applier.apply_due()
    assert await south.applied() == {"b": [1, 2], "c": [1, 2]}
    async with south.sessions() as session:
        (row,) = await parked.list_parked(session)
        lag = await keeping.inbox_lag(session)
    assert (row.subject, row.sequence, row.attempts) == ("a", 1, 5)
    assert lag[Lane.INTERACTIVE].parked == 1
    assert lag[Lane.INTERACTIVE].pending == 1
    assert row.last_error.startswith("RuntimeError test_apply.py:")
    assert "王" not in row.last_error

    clumsy.left = 0
    async with south.sessions.begin() as session:
        await parked.replay(session, row.message_id)
    await applier.apply_due()
    assert (await south.applied())["a"] == [1, 2]


async def test_the_pause_between_attempts_doubles(south: House) -> None:
    clumsy = Clumsy("a", 1000, RuntimeError("no"))
    applier = south.applier({Moved.type: clumsy}, patience=Patience(first=60, ceiling=200))
    await store(south, make_message())
    pauses = []
    for _ in range(4):
        assert await applier.apply_next()
        assert not await applier.apply_next()
        async with south.sessions.begin() as session:
            pauses.append(await session.scalar(text("SELECT due_at - now() FROM inbox")))
            await session.execute(INBOX.update().values(due_at=text("now()")))
    assert [round(pause.total_seconds() / 10) for pause in pauses] == [6, 12, 20, 20]


async def test_what_is_not_here_yet_is_awaited_without_counting_as_failure(south: House) -> None:
    clumsy = Clumsy("a", 12, NotYetError("the location"))
    await store(south, make_message())
    await south.applier({Moved.type: clumsy}, patience=AT_ONCE).apply_due()
    row = await _row(south)
    assert (row["attempts"], row["delays"]) == (0, 12)
    assert await south.applied() == {"a": [1]}


async def test_what_never_comes_is_parked_after_hours(south: House) -> None:
    clumsy = Clumsy("a", 1000, NotYetError("the location"))
    applier = south.applier({Moved.type: clumsy}, patience=Patience(delay_first=0.01))
    await store(south, make_message())
    assert await applier.apply_next()
    async with south.sessions.begin() as session:
        await session.execute(
            INBOX.update().values(delayed_since=text("now() - interval '7 hours'"))
        )

    async def is_parked() -> bool:
        await applier.apply_next()
        return (await _row(south))["parked_at"] is not None

    await until(is_parked)
    assert (await _row(south))["last_error"] == "NotYetError: not-yet: not here yet: the location"


@pytest.mark.parametrize(
    "data", [{}, {"place": "nowhere"}, {"place": None}], ids=["missing", "wrong", "null"]
)
async def test_what_cannot_be_read_is_parked_at_once(south: House, data: dict[str, object]) -> None:
    await store(south, make_message(data=data), make_message("b"))
    await south.applier(patience=AT_ONCE).apply_due()
    row = await _row(south)
    assert row["parked_at"] is not None
    assert row["attempts"] == 1
    assert "/place" in str(row["last_error"])
    assert await south.applied() == {"b": [1]}


async def test_a_malformed_message_can_be_mended(south: House) -> None:
    message = make_message(data={"place": "nowhere", "extra": 1})
    await store(south, message, make_message(sequence=2))
    applier = south.applier(patience=AT_ONCE)
    await applier.apply_due()
    async with south.sessions.begin() as session:
        await parked.mend(session, message.id, {"place": 7}, reason="typed by hand")
    await applier.apply_due()
    assert await south.applied() == {"a": [1, 2]}
    row = await _row(south)
    assert row["data"] == {"place": 7, "extra": 1}
    assert row["note"] == "mended"


async def test_a_skipped_message_lets_the_next_one_go_on(south: House) -> None:
    message = make_message(data={})
    await store(south, message, make_message(sequence=2))
    applier = south.applier(patience=AT_ONCE)
    await applier.apply_due()
    async with south.sessions.begin() as session:
        await parked.skip(session, message.id, reason="a test of theirs")
    await applier.apply_due()
    assert await south.applied() == {"a": [2]}
    async with south.sessions() as session:
        row = await parked.show(session, message.id)
        assert (row.note, parked.reason_of(session, row)) == ("skipped", "a test of theirs")
        assert b"theirs" not in row.words
        assert await parked.list_parked(session) == []


async def test_only_what_is_parked_can_be_replayed(south: House) -> None:
    message = make_message()
    await store(south, message)
    async with south.sessions.begin() as session:
        with pytest.raises(NotParkedError):
            await parked.replay(session, message.id)
        with pytest.raises(NotFoundError):
            await parked.replay(session, make_message().id)


async def test_everything_parked_is_replayed_by_one_call(south: House) -> None:
    clumsy = Clumsy("a", 5, RuntimeError("no"))
    applier = south.applier({Moved.type: clumsy}, patience=AT_ONCE)
    await store(south, make_message("a"), make_message("b", data={}))
    await applier.apply_due()
    async with south.sessions.begin() as session:
        assert await parked.replay_all(session) == 2
    await applier.apply_due()
    assert await south.applied() == {"a": [1]}


async def test_a_type_without_a_handler_is_applied_as_nothing(south: House) -> None:
    await store(south, make_message(type_="north.rumoured.v1", data={}), make_message(sequence=2))
    await south.applier().apply_due()
    assert await south.applied() == {"a": [2]}


async def test_under_load_one_that_fails_takes_nothing_of_the_others_along(south: House) -> None:
    """Many subjects share a transaction; the one that breaks it is found, the rest goes on."""
    clumsy = Clumsy("s7", 2, RuntimeError("no"))
    await store(south, *(make_message(f"s{n}", turn) for n in range(20) for turn in (1, 2, 3)))
    await south.applier({Moved.type: clumsy}, patience=AT_ONCE).apply_due()
    assert await south.applied() == {f"s{n}": [1, 2, 3] for n in range(20)}


@pytest.mark.parametrize("bad", [1, 2, 3])
async def test_what_is_said_in_one_breath_is_applied_together_up_to_what_fails(
    south: House, bad: int
) -> None:
    async def refuse(session: AsyncSession, message: Received[MovedRead]) -> None:
        if message.subject == "a" and message.sequence == bad:
            raise RuntimeError("no")
        await write_down(session, message)

    breath = [make_message(subject, number) for subject in "ab" for number in range(1, 6)]
    await store(south, *breath)
    await south.applier({Moved.type: refuse}, patience=AT_ONCE).apply_due()
    before = {"a": list(range(1, bad))} if bad > 1 else {}
    assert await south.applied() == {**before, "b": [1, 2, 3, 4, 5]}
    assert (await _row(south, "a", bad))["parked_at"] is not None
    moments: list[Any] = [(await _row(south, "b", number))["applied_at"] for number in range(1, 6)]
    assert moments == sorted(moments)
    assert len(set(moments)) < len(moments), "no two of them were applied together"


async def test_several_are_handled_by_one_call_each_of_another_subject(south: House) -> None:
    calls: list[list[str]] = []

    async def on_moves(session: AsyncSession, messages: Sequence[Received[MovedRead]]) -> None:
        calls.append([f"{each.subject}{each.sequence}" for each in messages])
        late = [each.id for each in messages if each.subject == "c" and len(calls) == 1]
        if late:
            raise NotYetError("c", of=late)
        for each in messages:
            await write_down(session, each)

    await store(south, *(make_message(subject, n) for subject in "abc" for n in (1, 2)))
    later = Patience(delay_first=30.0, delay_ceiling=30.0)
    await south.applier({Moved.type: on_moves}, patience=later).apply_due()
    # The one for which something is missing is put off, and holds up its own subject only.
    assert calls == [["a1", "b1", "c1"], ["a1", "b1"], ["a2", "b2"]]
    assert (await _row(south, "c"))["delays"] == 1
    assert await south.applied() == {"a": [1, 2], "b": [1, 2]}


async def test_a_broken_statement_of_a_handler_is_undone_and_counted(south: House) -> None:
    async def break_a_rule(session: AsyncSession, message: Received[MovedRead]) -> None:
        await write_down(session, message)
        await session.execute(text("INSERT INTO effect (subject) VALUES (NULL)"))

    await store(south, *(make_message(s) for s in ("a", "b", "c")))
    await south.applier({Moved.type: break_a_rule}, patience=AT_ONCE).apply_due()
    assert await south.applied() == {}
    row = await _row(south)
    assert str(row["last_error"]).startswith("IntegrityError 23502")


async def test_a_deadlock_is_no_failure(south: House) -> None:
    class DriverError(Exception):
        sqlstate = "40P01"

    clumsy = Clumsy("a", 3, IntegrityError("…", None, DriverError()))
    await store(south, make_message())
    await south.applier({Moved.type: clumsy}, patience=AT_ONCE).apply_due()
    row = await _row(south)
    assert (row["attempts"], row["delays"]) == (0, 3)


async def test_what_a_handler_announces_is_part_of_its_effect(south: House) -> None:
    class Heard(Event):
        type = "south.heard.v1"
        place: int

    async def answer(session: AsyncSession, message: Received[MovedRead]) -> None:
        await outbox.record(
            session, Heard(place=message.data.place), subject=message.subject, at=message.at
        )
        if message.data.place == 2:
            raise ConflictError("不行", "no")

    await store(south, make_message("a", 1), make_message("b", 1, data={"place": 2}))
    await south.applier({Moved.type: answer}, patience=AT_ONCE).apply_due()
    assert south.recorded.is_set()
    assert await south.count_unpublished() == 1


class Confided(Event):
    type = "north.confided.v1"

    name: Annotated[str, Personal("name")]
    form: Annotated[dict[str, str] | None, Personal("form")] = None


class ConfidedRead(BaseModel):
    name: Annotated[str, Personal("name")]
    form: Annotated[dict[str, str] | None, Personal("form")] = None


async def test_a_reader_opens_what_was_sealed_for_it(south: House) -> None:
    read: list[ConfidedRead] = []

    async def listen(session: AsyncSession, message: Received[ConfidedRead]) -> None:
        read.append(message.data)

    whole, moved = make_message("a", type_=Confided.type), make_message("b", type_=Confided.type)
    event = Confided(name="王小明", form={"原因": "搬家"})
    data = seal(event, id=whole.id, keys=south.carried.keys)
    assert "王" not in str(data)
    for message in (whole, moved):
        object.__setattr__(message, "data", data)
    await store(south, whole, moved)
    await south.applier({Confided.type: listen}, patience=AT_ONCE).apply_due()
    # Once together, which the other one spoils, and once by itself.
    assert {each.model_dump_json() for each in read} == {event.model_dump_json()}
    assert (await _row(south, "a"))["applied_at"] is not None
    assert "seal broken" in str((await _row(south, "b"))["last_error"])


async def test_a_trace_goes_on_where_the_message_was_recorded(south: House) -> None:
    seen: list[int] = []

    async def look(session: AsyncSession, message: Received[MovedRead]) -> None:
        seen.append(trace.get_current_span().get_span_context().trace_id)

    message = make_message()
    object.__setattr__(
        message, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    )
    await store(south, message)
    await south.applier({Moved.type: look}).apply_due()
    assert seen == [0x0AF7651916CD43DD8448EB211C80319C]


async def test_several_appliers_in_several_processes_share_the_work(south: House) -> None:
    """Two appliers, as two processes would have them, on one inbox."""
    await store(south, *(make_message(f"s{n}", turn) for n in range(30) for turn in range(1, 9)))
    stop = asyncio.Event()
    running = [asyncio.create_task(south.applier(width=3).run(stop)) for _ in range(2)]
    await until(_applied(south, 240))
    stop.set()
    await asyncio.gather(*running)
    assert await south.applied() == {f"s{n}": list(range(1, 9)) for n in range(30)}


def _applied(house: House, count: int) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        return await house.count_applied() >= count

    return is_so


async def test_stopping_finishes_what_is_being_applied(south: House) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def ponder(session: AsyncSession, message: Received[MovedRead]) -> None:
        begun.set()
        await go_on.wait()
        await write_down(session, message)

    await store(south, make_message())
    stop = asyncio.Event()
    running = asyncio.create_task(south.applier({Moved.type: ponder}).run(stop))
    await begun.wait()
    stop.set()
    go_on.set()
    await asyncio.wait_for(running, 60)
    assert await south.applied() == {"a": [1]}


async def test_storing_never_waits_for_a_handler(south: House) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def ponder(session: AsyncSession, message: Received[MovedRead]) -> None:
        begun.set()
        await go_on.wait()
        await write_down(session, message)

    await store(south, make_message())
    taking = asyncio.create_task(south.applier({Moved.type: ponder}).apply_next())
    await begun.wait()
    await asyncio.wait_for(store(south, make_message(sequence=2)), 60)
    go_on.set()
    await taking
    await south.applier().apply_due()
    assert await south.applied() == {"a": [1, 2]}


@pytest.mark.parametrize("fresh", [True, False], ids=["together", "alone"])
async def test_what_is_stored_in_the_same_moment_gets_its_turn(south: House, fresh: bool) -> None:
    """The next message is stored but not committed while its predecessor's turn ends."""
    await store(south, make_message("a", 1), make_message("b", 1))
    applier = south.applier()

    async def one_by_one() -> None:
        while await applier.apply_next():
            pass

    async with south.sessions() as storing:
        await inbox.store(storing, [make_message("a", 2), make_message("b", 2)])
        taking = asyncio.ensure_future(applier.apply_due() if fresh else one_by_one())

        async def waits() -> bool:
            async with south.sessions() as session:
                waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                return bool(await session.scalar(text(waiting)))

        await until(waits)
        await storing.commit()
    await taking
    await applier.apply_due()
    assert await south.applied() == {"a": [1, 2], "b": [1, 2]}


def test_a_handler_without_a_reader_is_refused_when_the_house_is_built() -> None:
    async def careless(session: AsyncSession, message: object) -> None: ...

    with pytest.raises(TypeError, match="Received"):
        reader_of(careless)


def test_patience_has_a_ceiling() -> None:
    patience = Patience()
    assert [patience.after_attempt(n) for n in range(4)] == [1, 2, 4, 8]
    assert patience.after_delay(0) == 0.05
    assert patience.after_delay(100) == 5
    assert patience.delay_limit == timedelta(hours=6)
    assert AT.tzinfo is not None
