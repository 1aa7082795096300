"""Recording: one statement, numbered under the subject's lock, sealed, bounded."""

import asyncio
import json
from datetime import timedelta
from typing import Annotated, ClassVar

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from shared.clock import utc_now
from shared.messaging import keeping, outbox
from shared.messaging.envelope import Event, Lane, MessageTooLargeError
from shared.messaging.outbox import OUTBOX, Announcement
from shared.security.personal import Personal
from tests.shared.messaging.street import AT, House, Moved

pytestmark = pytest.mark.timeout(180)


async def _rows(house: House) -> list[tuple[str, int]]:
    async with house.sessions() as session:
        found = await session.execute(OUTBOX.select().order_by(OUTBOX.c.subject, OUTBOX.c.sequence))
        return [(row.subject, row.sequence) for row in found]


async def test_a_subject_is_counted_from_one_without_gaps(north: House) -> None:
    await north.say("a", 2)
    await north.say("b", 1)
    await north.say("a", 1)
    assert await _rows(north) == [("a", 1), ("a", 2), ("a", 3), ("b", 1)]


async def test_what_is_rolled_back_was_never_said_and_leaves_no_gap(north: House) -> None:
    async with north.sessions() as session:
        await outbox.record(session, Moved(place=1), subject="a", at=AT)
        await session.rollback()
    await north.say("a")
    assert await _rows(north) == [("a", 1)]


async def test_many_at_once_keep_the_order_given(north: House) -> None:
    given = [("a", 10), ("b", 20), ("a", 11), ("b", 21), ("a", 12)]
    async with north.sessions.begin() as session:
        await outbox.record_many(
            session, [Announcement(Moved(place=place), subject, AT) for subject, place in given]
        )
    async with north.sessions() as session:
        rows = await session.execute(OUTBOX.select().order_by(OUTBOX.c.sequence))
        kept = [(row.subject, row.sequence, row.data["place"]) for row in rows]
    assert sorted(kept) == [("a", 1, 10), ("a", 2, 11), ("a", 3, 12), ("b", 1, 20), ("b", 2, 21)]


async def test_concurrent_writers_of_one_subject_are_numbered_one_after_the_other(
    north: House,
) -> None:
    await asyncio.gather(*(north.say("a", 3) for _ in range(20)))
    assert await _rows(north) == [("a", number) for number in range(1, 61)]


async def test_a_hot_path_can_fold_recording_into_its_own_statement(north: House) -> None:
    async with north.sessions.begin() as session:
        await session.execute(text("CREATE TABLE thing (number integer)"))
        announcements = [Announcement(Moved(place=1), "a", AT)]
        await session.execute(
            text(f"WITH {outbox.RECORDING}, kept AS (INSERT INTO thing VALUES (:number)) SELECT 1"),
            {**outbox.recording(session, announcements), "number": 7},
        )
    async with north.sessions() as session:
        assert await session.scalar(text("SELECT number FROM thing")) == 7
    assert await _rows(north) == [("a", 1)]


async def test_personal_fields_are_sealed_for_their_message_and_field(north: House) -> None:
    async with north.sessions.begin() as session:
        id_ = await outbox.record(
            session, Moved(place=1, note="王小明住在西宁"), subject="a", at=AT
        )
    async with north.sessions() as session:
        row = (await session.execute(OUTBOX.select())).one()
    assert "王" not in json.dumps(row.data, ensure_ascii=False)
    assert set(row.data["note"]) == {"sealed"}
    assert row.id == id_


async def test_a_house_publishes_only_what_is_its_own(south: House) -> None:
    async with south.sessions.begin() as session:
        with pytest.raises(ValueError, match="south cannot publish"):
            await outbox.record(session, Moved(place=1), subject="a", at=AT)


async def test_what_is_too_large_is_refused_before_it_is_recorded(north: House) -> None:
    async with north.sessions.begin() as session:
        with pytest.raises(MessageTooLargeError):
            await outbox.record(
                session, Moved(place=1, note="x" * 4 * 1024 * 1024), subject="a", at=AT
            )
    assert await _rows(north) == []


def test_a_personal_field_deeper_down_is_refused_at_once() -> None:
    class Person(BaseModel):
        name: Annotated[str, Personal("name")]

    with pytest.raises(TypeError, match="outermost"):

        class Told(Event):
            type: ClassVar[str] = "north.told.v1"

            person: Person


async def test_the_lag_names_lane_count_and_age(north: House) -> None:
    await north.say("a", 3)
    await north.say("b", 2, lane=Lane.BULK)
    async with north.sessions() as session:
        lag = await keeping.outbox_lag(session)
    assert lag[Lane.INTERACTIVE].pending == 3
    assert lag[Lane.BULK].pending == 2
    assert 0 <= lag[Lane.INTERACTIVE].oldest_seconds < 20


async def test_only_what_was_published_long_ago_is_purged(north: House) -> None:
    await north.say("a", 5)
    async with north.sessions.begin() as session:
        ids = (await session.execute(OUTBOX.select().order_by(OUTBOX.c.sequence))).scalars().all()
        await outbox.mark_carried(await session.connection(), ids[:4])
    later = utc_now() + timedelta(days=1)
    async with north.sessions.begin() as session:
        assert await keeping.purge_outbox(session, before=AT) == 0
        assert await keeping.purge_outbox(session, before=later, limit=3) == 3
        assert await keeping.purge_outbox(session, before=later, limit=3) == 1
        assert await keeping.purge_outbox(session, before=later, limit=3) == 0
    assert await _rows(north) == [("a", 5)]
    await north.say("a")
    assert await _rows(north) == [("a", 5), ("a", 6)]
