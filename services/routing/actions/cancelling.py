"""A case taken twice or by mistake is ended: every step closes, its papers go back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import desk as desks
from services.routing.actions import joint as joints
from services.routing.actions.desk import Desk, lay_out_of
from services.routing.domain import cancellations, joint
from services.routing.domain.cancellations import AlreadyOverError, Ground
from services.routing.domain.handoffs import FINAL, Status, Step
from services.routing.domain.joint import Cause
from services.routing.domain.words import Side
from services.routing.models import CaseRow, HandoffRow
from services.routing.queries import cases
from services.routing.queries import handoffs as queries
from services.routing.queries.readings import states_of
from shared.audit import trail
from shared.means import origin
from shared.messaging import outbox
from shared.messaging.envelope import Event
from shared.security.callers import Role
from shared.security.grants import Scope


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Why a case should not exist; `duplicate_of` is the one that goes on."""

    ground: Ground
    reason: str
    duplicate_of: str | None = None


async def cancel_case(
    session: AsyncSession, case_number: str, why: Cancellation, *, scope: Scope, at: datetime
) -> CaseRow:
    """Of whoever the duties table lets; one without a place to go has no steps to close."""
    case = await cases.lock_visible(session, case_number, scope)
    if case.status in ("decided", "closed"):
        raise AlreadyOverError(case.outcome or case.status)
    known = why.duplicate_of is not None and await cases.is_known(session, why.duplicate_of)
    cancellations.check(why.ground, duplicate_of=why.duplicate_of, own=case_number, known=known)
    sisters = await queries.lock_handoffs(session, case_number)
    side = await _require_duty(session, case, sisters, scope, at=at)
    closing = dict(joint.to_close(states_of(sisters), Cause.CANCELLED))
    announced: list[Event] = []
    for row in sisters:
        step = closing.get(str(row.id))
        if step is not None:
            desk = await lay_out_of(session, case, row.id, at=at)
            announced.append(await joints.close(desk, step, side=side, reason=why.reason))
    joints.fall_silent(sisters, at=at)
    case.status, case.outcome = "closed", "cancelled"
    case.version += 1
    await session.flush()
    await trail.record(
        session,
        action="case-cancelled",
        case_number=case_number,
        resource=f"case:{case_number}",
        outcome="cancelled",
        facts={"ground": why.ground.value, "duplicate_of": why.duplicate_of},
        at=at,
    )
    ended = events.CaseClosed(
        case_number=case_number, outcome="cancelled", at=at, reason=why.reason
    )
    await outbox.record_many(
        session, [outbox.Announcement(each, case_number, at) for each in (*announced, ended)]
    )
    return case


async def _require_duty(
    session: AsyncSession,
    case: CaseRow,
    sisters: Sequence[HandoffRow],
    scope: Scope,
    *,
    at: datetime,
) -> Side:
    """Operations may everywhere; a place as what it is in this matter."""
    by_ops = origin(session).role == Role.OPS
    own = [
        row
        for row in sisters
        if by_ops or scope.covers(handling=row.location, division=row.division)
    ]
    # An open step speaks before one that is over, the lead's before a branch's.
    row = min(own, key=lambda each: (each.status in FINAL, not each.lead), default=None)
    if row is None:
        return Side.OPS
    desk: Desk = await lay_out_of(session, case, row.id, at=at)
    side = Side.OPS if by_ops else desk.side
    if Status(row.status) not in FINAL or not by_ops:
        desks.require_duty(desk, Step.CANCEL, side=side)
    return side
