"""Who works on what: claims, leases, release, reassignment."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions.desk import Desk, lay_out
from services.routing.domain import leases
from services.routing.domain.handoffs import OPEN, Status
from services.routing.domain.leases import FREE, Work
from services.routing.models import HandoffRow, QueueChangeRow
from shared.audit import trail
from shared.means import origin
from shared.security.callers import Role
from shared.security.grants import Scope


async def claim_handoff(
    session: AsyncSession, handoff_id: UUID, *, scope: Scope, at: datetime
) -> HandoffRow:
    """By its id; claiming what one already holds renews it."""
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    by = origin(session)
    work = leases.claim(Status(desk.handoff.status), _work(desk.handoff), by.actor, at=at)
    return await _hand(desk, work, by.name or by.actor, "handoff-claimed")


async def release_handoff(
    session: AsyncSession, handoff_id: UUID, *, scope: Scope, at: datetime
) -> HandoffRow:
    """The holder gives it back; a supervisor takes it off anybody's desk."""
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    by = origin(session)
    supervised = by.role == Role.SUPERVISOR and Status(desk.handoff.status) in OPEN
    work = FREE if supervised else leases.release(_work(desk.handoff), by.actor, at=at)
    return await _hand(desk, work, None, "handoff-released")


async def reassign_handoff(
    session: AsyncSession, handoff_id: UUID, *, to: str, to_name: str, scope: Scope, at: datetime
) -> HandoffRow:
    """A supervisor names anybody; an officer hands on what they hold themselves."""
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    by = origin(session)
    if by.role != Role.SUPERVISOR:
        leases.renew(_work(desk.handoff), by.actor, at=at)
    work = leases.reassign(Status(desk.handoff.status), to)
    return await _hand(desk, work, to_name, "handoff-reassigned")


def _work(row: HandoffRow) -> Work:
    return Work(row.holder, row.lease_until, row.bound)


async def _hand(desk: Desk, work: Work, name: str | None, action: str) -> HandoffRow:
    row, session = desk.handoff, desk.session
    row.holder, row.lease_until, row.bound = work.holder, work.lease_until, work.bound
    row.holder_name = name if work.holder else None
    row.version += 1
    session.add(QueueChangeRow(location=row.location))
    await session.flush()
    await trail.record(
        session,
        action=action,
        case_number=row.case_number,
        resource=f"handoff:{row.id}",
        outcome=work.holder or "free",
        at=desk.at,
    )
    return row
