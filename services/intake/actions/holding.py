"""A dispute is noted, and what it is about stays until it is settled."""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import seals
from services.intake.domain.lifetimes import Dispute
from services.intake.models import HoldRow
from services.intake.queries import cases as reads
from services.intake.queries import holds
from shared.audit import trail
from shared.chance import new_id
from shared.errors import ConflictError
from shared.means import means, origin
from shared.security.grants import Scope


class HoldLiftedError(ConflictError):
    code = "hold-lifted"

    def __init__(self) -> None:
        super().__init__("这项保留已经解除", "this hold has been lifted already")


async def set_hold(
    session: AsyncSession,
    number: str,
    dispute: Dispute,
    reason: str,
    *,
    scope: Scope,
    at: datetime,
) -> HoldRow:
    """From now on the case is not erased, however old it is."""
    case = await reads.lock_case(session, number, scope)
    hold_id = new_id()
    said: dict[str, JsonValue] = {"reason": reason}
    row = HoldRow(
        hold_id=hold_id,
        case_number=number,
        kind=dispute.value,
        set_at=at,
        set_by=origin(session).actor,
        lifted_at=None,
        lifted_by=None,
        said_sealed=seals.seal_hold(means(session).keys, hold_id, said),
    )
    session.add(row)
    case.version += 1
    case.changed_at = at
    await _audit(session, row, "hold-set", at=at)
    return row


async def lift_hold(
    session: AsyncSession, number: str, hold_id: UUID, reason: str, *, scope: Scope, at: datetime
) -> HoldRow:
    case = await reads.lock_case(session, number, scope)
    row = await holds.lock(session, number, hold_id)
    if row.lifted_at is not None:
        raise HoldLiftedError
    keys = means(session).keys
    said = {**seals.open_hold(keys, hold_id, row.said_sealed), "lifted": reason}
    row.said_sealed = seals.seal_hold(keys, hold_id, said)
    row.lifted_at, row.lifted_by = at, origin(session).actor
    case.version += 1
    case.changed_at = at
    await _audit(session, row, "hold-lifted", at=at)
    return row


async def _audit(session: AsyncSession, row: HoldRow, action: str, *, at: datetime) -> None:
    await trail.record(
        session,
        action=action,
        at=at,
        case_number=row.case_number,
        resource=f"hold:{row.hold_id}",
        facts={"kind": row.kind},
    )
