"""Storing: twice is harmless, order of arrival does not matter, what contradicts is seen."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from shared.chance import new_id
from shared.clock import utc_now
from shared.messaging import keeping, parked, turns
from shared.messaging.envelope import Lane, Message
from shared.messaging.inbox import INBOX, INBOX_SUBJECT
from tests.shared.messaging.street import AT, House, Listed, Moved

pytestmark = pytest.mark.timeout(180)

NORTH = "urn:tongban:630000:north"


def make_message(
    subject: str = "a",
    sequence: int = 1,
    *,
    id_: UUID | None = None,
    lane: Lane = Lane.INTERACTIVE,
    type_: str = Moved.type,
    data: dict[str, object] | None = None,
) -> Message:
    return Message(
        id=id_ or new_id(),
        type=type_,
        source=NORTH,
        subject=subject,
        sequence=sequence,
        time=AT,
        data={"place": sequence} if data is None else data,
        lane=lane,
        standalone=type_ == Listed.type,
    )


async def store(house: House, *messages: Message) -> None:
    assert not await house.store()(messages)


async def test_what_comes_twice_is_kept_once(south: House) -> None:
    message = make_message()
    await store(south, message, message)
    await store(south, message)
    assert await south.applier().apply_due() == 1
    await store(south, message)
    assert await south.applier().apply_due() == 0
    assert await south.applied() == {"a": [1]}


async def test_what_comes_out_of_order_is_applied_in_order(south: House) -> None:
    messages = [make_message(sequence=number) for number in range(1, 6)]
    await store(south, messages[4], messages[2])
    assert await south.applier().apply_due() == 0
    await store(south, messages[1], messages[3], messages[0])
    await south.applier().apply_due()
    assert await south.applied() == {"a": [1, 2, 3, 4, 5]}


async def test_another_message_with_the_same_number_is_parked_and_seen(south: House) -> None:
    first, other = make_message(), make_message()
    await store(south, first)
    await store(south, other)
    await south.applier().apply_due()
    await store(south, make_message(sequence=2))
    await south.applier().apply_due()
    assert await south.applied() == {"a": [1, 2]}
    async with south.sessions() as session:
        rows = await parked.list_parked(session)
    assert [(row.message_id, row.last_error) for row in rows] == [(other.id, "sequence-taken")]


async def test_a_new_message_for_a_turn_that_is_over_is_parked_and_seen(south: House) -> None:
    await store(south, make_message())
    await south.applier().apply_due()
    async with south.sessions.begin() as session:
        await session.execute(INBOX.delete())
    await store(south, make_message())
    assert await south.applier().apply_due() == 0
    async with south.sessions() as session:
        assert [row.last_error for row in await parked.list_parked(session)] == ["sequence-over"]


async def test_a_conflict_can_be_skipped_or_applied_by_itself(south: House) -> None:
    first, skipped, applied = make_message(), make_message(), make_message()
    for message in (first, skipped, applied):
        await store(south, message)
    await south.applier().apply_due()
    async with south.sessions.begin() as session:
        await parked.skip(session, skipped.id, reason="the producer was set back")
        await parked.replay(session, applied.id)
    await south.applier().apply_due()
    await store(south, make_message(sequence=2))
    await south.applier().apply_due()
    assert await south.applied() == {"a": [1, 1, 2]}
    async with south.sessions() as session:
        assert await parked.list_parked(session) == []


async def test_a_conflict_never_takes_the_turn_of_another(south: House) -> None:
    other = make_message(sequence=3)
    await store(south, make_message(sequence=3), other)
    async with south.sessions.begin() as session:
        await parked.replay(session, other.id)
    await south.applier().apply_due()
    await store(south, make_message(sequence=1), make_message(sequence=2))
    await south.applier().apply_due()
    assert await south.applied() == {"a": [3, 1, 2, 3]}


async def test_a_message_that_can_never_be_stored_does_not_hold_up_the_others(
    south: House,
) -> None:
    bad = make_message("b", data={"place": "\0"})
    worse = make_message("c", data={"place": "\ud800"})
    refused = await south.store()([make_message("a"), bad, worse, make_message("d")])
    assert set(refused) == {bad.id, worse.id}
    await south.applier().apply_due()
    assert set(await south.applied()) == {"a", "d"}


async def test_stand_alone_messages_wait_for_none(south: House) -> None:
    await store(south, *(make_message("i", n, type_=Listed.type) for n in (7, 3)))
    assert await south.applier().apply_due() == 2
    await store(south, make_message("i", 2, type_=Listed.type))
    assert await south.applier().apply_due() == 1
    async with south.sessions() as session:
        assert await session.scalar(select(INBOX_SUBJECT.c.applied)) == 7


async def test_the_interactive_lane_goes_first(south: House) -> None:
    await store(south, *(make_message(f"b{n}", lane=Lane.BULK) for n in range(3)))
    await store(south, make_message("z"))
    assert await south.applier().apply_next()
    assert list(await south.applied()) == ["z"]


async def test_what_waits_for_a_message_that_never_came_is_named(south: House) -> None:
    await store(south, make_message("a", 1), make_message("a", 3), make_message("b", 2))
    await south.applier().apply_due()
    async with south.sessions() as session:
        gaps = await keeping.gaps(session, older_than=timedelta())
    assert sorted((gap.subject, gap.missing) for gap in gaps) == [("a", 2), ("b", 1)]


async def test_only_what_was_applied_long_ago_is_purged(south: House) -> None:
    await store(south, make_message("a", 1), make_message("a", 3))
    await south.applier().apply_due()
    later = utc_now() + timedelta(days=1)
    async with south.sessions.begin() as session:
        assert await keeping.purge_inbox(session, before=AT) == 0
        assert await keeping.purge_inbox(session, before=later) == 1
        assert await keeping.purge_inbox(session, before=later) == 0
    await store(south, make_message("a", 2))
    await south.applier().apply_due()
    assert await south.applied() == {"a": [1, 2, 3]}


@pytest.mark.timeout(180)
async def test_work_stays_bounded_behind_a_parked_message(south: House) -> None:
    """Ten thousand wait behind one; the next of another subject is found without reading them."""
    waiting = [make_message("stuck", number) for number in range(1, 10_001)]
    for start in range(0, len(waiting), 1000):
        await store(south, *waiting[start : start + 1000])
    async with south.sessions.begin() as session:
        await session.execute(
            INBOX.update().where(INBOX.c.sequence == 1).values(due_at=None, parked_at=text("now()"))
        )
    await store(south, make_message("free"))
    async with south.engine.connect() as connection:
        # Also while the database knows nothing of the table yet.
        successor = text(f"EXPLAIN {turns._SUCCESSOR.text}")
        whose = {"producer": "north", "subject": "stuck", "sequence": 1}
        lines = (await connection.execute(successor, whose)).scalars().all()
        assert "uq_inbox_turn" in "".join(lines)
        await connection.execute(text("ANALYZE inbox"))
        query = text(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM inbox WHERE due_at <= now() "
            "AND lane = 'interactive' ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED"
        )
        plan = (await connection.execute(query)).scalar_one()
    assert "ix_inbox_due" in str(plan)
    assert plan[0]["Plan"]["Shared Hit Blocks"] < 50
    assert await south.applier().apply_due() == 1
    assert await south.applied() == {"free": [1]}


SUBJECTS = ("p", "q", "r")


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[dict[str, int], Sequence[tuple[str, int]]]:
    """How many messages each subject has, and an order of arrival in which some come again."""
    counts = {subject: draw(st.integers(0, 5)) for subject in SUBJECTS}
    every = [(subject, n) for subject, count in counts.items() for n in range(1, count + 1)]
    repeats = draw(st.lists(st.sampled_from(every), max_size=8)) if every else []
    return counts, draw(st.permutations([*every, *repeats]))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    delivered=deliveries(),
    cuts=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 3)), min_size=25, max_size=25),
)
@pytest.mark.timeout(240)
async def test_whatever_the_arrival_each_subject_is_applied_once_in_order(
    south: House,
    delivered: tuple[dict[str, int], Sequence[tuple[str, int]]],
    cuts: Sequence[tuple[int, int]],
) -> None:
    """Batches of any size arrive while any number of turns is taken, some of it concurrently."""
    counts, arrivals = delivered
    run = new_id().hex
    ids = {(subject, n): new_id() for subject, count in counts.items() for n in range(1, count + 1)}
    applier, left = south.applier(), list(arrivals)
    for size, beside in cuts:
        batch, left = left[:size], left[size:]
        messages = [make_message(f"{run}{subject}", n, id_=ids[subject, n]) for subject, n in batch]
        await asyncio.gather(
            store(south, *messages), *(applier.apply_next() for _ in range(beside))
        )
    await applier.apply_due()
    applied = {key: value for key, value in (await south.applied()).items() if run in key}
    expected = {f"{run}{s}": list(range(1, count + 1)) for s, count in counts.items() if count}
    assert applied == expected
