"""The running clock is paused, resumed, lengthened."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import approvals
from services.routing.actions import desk as desks
from services.routing.actions.desk import Deed, Desk
from services.routing.domain import clock as clocks
from services.routing.domain import deadlines
from services.routing.domain.approvals import Kind
from services.routing.domain.handoffs import Step
from services.routing.models import ApprovalRow, HandoffRow


async def suspend_handoff(
    session: AsyncSession,
    handoff_id: UUID,
    deed: Deed,
    *,
    procedure: str,
    working_days: int,
    reason: str,
) -> HandoffRow:
    """特别程序 (行政许可法 45): its time does not count, its length is told in writing."""
    desk = await desks.begin(session, handoff_id, Step.SUSPEND, deed)
    row = desk.handoff
    clock = clocks.suspend(
        desks.clock_of(row),
        desk.terms,
        on=desk.acted_on,
        procedure=procedure,
        working_days=working_days,
    )
    desks.move(desk, Step.SUSPEND)
    facts = {"procedure": procedure, "working_days": working_days}
    await desks.finish(desk, Step.SUSPEND, clock=clock, facts=facts, words={"reason": reason})
    suspended = events.HandoffSuspended(
        **desks.of_handoff(row),
        at=desk.acted_at,
        procedure=procedure,
        working_days=working_days,
        expected_until=deadlines.told_end(clock.stretches[-1], desk.workdays),
        reason=reason,
    )
    await desks.announce(desk, suspended)
    return row


async def resume_handoff(session: AsyncSession, handoff_id: UUID, deed: Deed) -> HandoffRow:
    desk = await desks.begin(session, handoff_id, Step.RESUME, deed)
    clock = clocks.resume(desks.clock_of(desk.handoff), on=desk.acted_on)
    desks.move(desk, Step.RESUME)
    await desks.finish(desk, Step.RESUME, clock=clock)
    row = desk.handoff
    await desks.announce(desk, resumed(desk, at=desk.acted_at))
    return row


def resumed(desk: Desk, *, at: datetime) -> events.HandoffResumed:
    row = desk.handoff
    return events.HandoffResumed(
        **desks.of_handoff(row), at=at, due_on=row.due_on, due_provisional=row.due_provisional
    )


async def extend_handoff(
    session: AsyncSession, handoff_id: UUID, deed: Deed, *, working_days: int, reason: str
) -> tuple[HandoffRow, ApprovalRow | None]:
    """延期 (行政许可法 42): by the head's leave. An officer's asking waits for it."""
    desk = await desks.lay_out_for(session, handoff_id, deed)
    asked_only = approvals.must_ask(desk, Step.EXTEND)
    # What the law does not allow is told before anybody is asked.
    clocks.extend(desks.clock_of(desk.handoff), desk.terms, on=desk.acted_on, days=working_days)
    if asked_only:
        asked = await approvals.ask(
            desk, Kind.EXTENSION, {"working_days": working_days}, {"reason": reason}
        )
        return desk.handoff, asked
    await approvals.settle_asked(desk, Kind.EXTENSION)
    await desks.announce(desk, await extend(desk, working_days=working_days, reason=reason))
    return desk.handoff, None


async def extend(desk: Desk, *, working_days: int, reason: str) -> events.HandoffExtended:
    row = desk.handoff
    clock = clocks.extend(desks.clock_of(row), desk.terms, on=desk.acted_on, days=working_days)
    desks.move(desk, Step.EXTEND)
    facts = {"working_days": working_days}
    await desks.finish(desk, Step.EXTEND, clock=clock, facts=facts, words={"reason": reason})
    return events.HandoffExtended(
        **desks.of_handoff(row),
        at=desk.acted_at,
        working_days=working_days,
        due_on=row.due_on,
        due_provisional=row.due_provisional,
        reason=reason,
    )
