"""Each query of the hot paths, as the function really asks it, on a table with many tenants."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import HandoffRow
from services.routing.queries import claims, contact, handoffs
from services.routing.queries.handoffs import Claimer, Sought
from shared.security.grants import EVERYTHING
from tests.routing.builders import OFFICE, WINDOW, House, plans
from tests.routing.test_queues_api import fill

Ask = Callable[[AsyncSession], Awaitable[Any]]

# One office with most of the work among two hundred; of the rest the most is over.
_SPREAD = """
UPDATE handoff SET
    location = CASE WHEN turn % 3 = 0 THEN location ELSE 'P-' || turn % 200 END,
    division = CASE WHEN turn % 3 = 0 THEN division ELSE (100000 + turn % 200)::text END,
    receiving_location = 'W-' || turn % 50,
    case_number = 'C-' || turn,
    light_rank = turn % 4,
    closed_at = CASE WHEN turn % 5 < 3 AND turn % 3 > 0 THEN now() END,
    lease_until = CASE WHEN turn % 97 = 0 THEN opened_at + interval '15 minutes' END,
    turn = turn / 50
WHERE id <> :first
"""
_WATCHED = """
INSERT INTO watch (handoff_id, sign, revision, on_day, fired_at)
SELECT id, 'yellow', 1, date '2026-09-01' + (turn % 60), CASE WHEN turn % 10 > 0 THEN now() END
FROM handoff
"""


@pytest.fixture
async def crowded(house: House) -> House:
    number = await fill(house, 20_000)
    first = UUID(await house.handoff_of(number))
    await house.rows(_SPREAD, first=first)
    await house.rows(_WATCHED)
    async with house.premises.engine.connect() as connection:
        await connection.exec_driver_sql("ANALYZE handoff, watch")
    return house


async def _one(house: House) -> HandoffRow:
    """One of the middle of the queue."""
    query = select(HandoffRow).where(HandoffRow.location == OFFICE).order_by(*handoffs.ORDER)
    async with house.premises.sessions() as session:
        row = await session.scalar(query.offset(20).limit(1))
    assert row is not None
    return row


@pytest.mark.timeout(300)
async def test_what_an_office_asks_again_and_again_reads_only_what_it_needs(
    crowded: House,
) -> None:
    house, at = crowded, crowded.clock()
    middle = await _one(house)
    position = handoffs.order_key(middle)

    def page(**changes: Any) -> Ask:
        given = {"status": None, "free": None, "after": None, "limit": 50, "at": at, **changes}
        return lambda session: handoffs.page(session, OFFICE, **given)

    def claim(session: AsyncSession) -> Awaitable[Any]:
        return handoffs.claim_next(session, OFFICE, [Claimer("officer-1", "示例", 5, at)])

    # What is taken is read in the order of the index; only the few that were found are ranked.
    taken = (await plans(house, claim)).partition("CTE taken")[2].partition("CTE ")[0]
    assert "ix_handoff_free" in taken, taken
    assert "Sort" not in taken, taken

    def look(session: AsyncSession) -> Awaitable[Any]:
        return claims.look(session, OFFICE, [Claimer("officer-1", "示例", 5, at)], {middle.id})

    # The same, where it is looked at before it is taken.
    seen = await plans(house, look)
    assert "ix_handoff_free" in seen, seen
    assert "Seq Scan on handoff" not in seen, seen

    # In the order of the index, so nothing is sorted and the reading ends with the page.
    for name, ask, index in (
        ("the first page", page(), "ix_handoff_queue"),
        ("the page after", page(after=position), "ix_handoff_queue"),
        ("what is free", page(free=True), "ix_handoff_"),
        ("of one status", page(status="received"), "ix_handoff_queue"),
        ("what goes before", lambda s: handoffs.ahead_of(s, middle), "ix_handoff_free"),
    ):
        plan = await plans(house, ask)
        assert index in plan, (name, plan)
        assert "Sort" not in plan, (name, plan)
        assert "Seq Scan" not in plan, (name, plan)


@pytest.mark.timeout(300)
async def test_what_supervisors_and_timers_ask_reads_an_index(crowded: House) -> None:
    house, at = crowded, crowded.clock()
    middle = await _one(house)
    for name, ask, index in (
        (
            "counts of one office",
            lambda s: handoffs.light_counts(s, location="P-7", scope=EVERYTHING),
            "ix_handoff_queue",
        ),
        (
            "one place's open work",
            lambda s: handoffs.search(
                s, Sought(location="P-7"), scope=EVERYTHING, after=None, limit=50
            ),
            "ix_handoff_",
        ),
        ("lapsed leases", lambda s: handoffs.lapse_leases(s, at=at), "ix_handoff_lease"),
        # Of so few before it, the queue's own order may be the shorter way than the sender's.
        ("turns before", lambda s: handoffs.turns_before(s, middle), "ix_handoff_"),
        ("a case's handoffs", lambda s: handoffs.lock_handoffs(s, "C-77"), "ix_handoff_case"),
        (
            "what has to be announced",
            lambda s: handoffs.due_watches(s, on=date(2026, 9, 2)),
            "ix_watch_on_day",
        ),
        ("outdated dates", lambda s: handoffs.outdated(s, calendar=0), "ix_handoff_calendar"),
    ):
        plan = await plans(house, ask)
        assert index in plan, (name, plan)
        assert "Seq Scan on handoff" not in plan, (name, plan)


async def test_reminders_that_nobody_answered_are_found_by_their_day(house: House) -> None:
    number = await house.receive()
    clerk = house.token("clerk", WINDOW)
    await house.post(f"/cases/{number}/reminders", clerk, text="催办")
    await house.rows(
        "INSERT INTO reminder SELECT gen_random_uuid(), case_number, gen_random_uuid(), number, "
        "from_location, from_division, to_location, to_division, sent_by, sent_at, words, "
        "date '2026-01-01' + n % 200, now(), NULL FROM reminder, generate_series(1, 5000) AS n"
    )
    async with house.premises.engine.connect() as connection:
        await connection.exec_driver_sql("ANALYZE reminder")
    plan = await plans(
        house, lambda s: contact.unanswered(s, before=date(2026, 9, 9)), about="reminder"
    )
    assert "ix_reminder_answer_by" in plan, plan
