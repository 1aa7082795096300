"""Who works on what: claims, leases, release, reassignment."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions.desk import Desk, lay_out
from services.routing.domain import leases
from services.routing.domain.handoffs import OPEN, Status
from services.routing.domain.leases import FREE, Work
from services.routing.models import HandoffRow, QueueChangeRow
from services.routing.queries import handoffs as queries
from services.routing.queries.handoffs import Queued
from shared.audit import trail
from shared.audit.trail import AUDITING
from shared.errors import NotFoundError
from shared.http.idempotency import KEEPING, Along
from shared.means import means, origin
from shared.security.callers import Role
from shared.security.grants import Scope

_NOTE = text(f"WITH {AUDITING} SELECT 1")
_ONCE = text(f"WITH {KEEPING} SELECT 1")
_NOTE_ONCE = text(f"WITH {KEEPING}, {AUDITING} SELECT 1")

# What is answered to the caller, kept along with the claim.
Answer = Callable[[Sequence[Queued]], Along]


async def claim_next(
    session: AsyncSession,
    location: str,
    division: str,
    *,
    scope: Scope,
    limit: int,
    answer: Answer,
    at: datetime,
) -> Along:
    """Nobody waits for another claimer, and no handoff goes to two. Two statements: the claim, and
    what is noted of it."""
    if not scope.covers(handling=location, division=division):
        raise NotFoundError
    by = origin(session)
    rows = await queries.claim_next(
        session,
        location,
        holder=by.actor,
        holder_name=by.name or by.actor,
        limit=limit,
        until=at + leases.LEASE,
    )
    along = answer(rows)
    noted = trail.entry(
        by,
        keys=means(session).keys,
        action="handoffs-claimed",
        resource=f"queue:{location}",
        outcome="claimed",
        facts={"handoffs": [str(row.id) for row in rows]},
        at=at,
    )
    if rows:
        note = _NOTE_ONCE if along.parameters else _NOTE
        await session.execute(note, {**trail.auditing(noted), **along.parameters})
    elif along.parameters:
        await session.execute(_ONCE, along.parameters)
    return along


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
