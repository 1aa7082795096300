"""Dispatches that may need a person, and their scans: the rules say which do."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.dispatches import CONCLUDED, Status
from services.notify.domain.traces import Tracking
from services.notify.models import DispatchRow, ScanRow
from services.notify.queries.cases import visible_dispatch
from shared.security.grants import Scope

_ENDED = sorted(status.value for status in CONCLUDED)
_AT_ONCE = [Status.REFUSED.value, Status.RETURNING.value]
_ENDED_BADLY = [Status.RETURNED.value, Status.LOST.value]
_TROUBLE = [
    Tracking.UNKNOWN.value,
    Tracking.DELIVERY_FAILED.value,
    Tracking.CANCELLED.value,
]
# What ended longer ago is history: it is in the list of dispatches, not in that of problems.
KEPT = timedelta(days=30)


async def candidates(
    session: AsyncSession,
    *,
    scope: Scope,
    today_began: datetime,
    below: UUID | None,
    limit: int,
) -> Sequence[DispatchRow]:
    """Newest first; a little more than what the rules will find."""
    query = select(DispatchRow).where(
        visible_dispatch(scope), or_(_live(today_began), _ended(today_began))
    )
    if below is not None:
        query = query.where(DispatchRow.id < below)
    return (await session.scalars(query.order_by(DispatchRow.id.desc()).limit(limit))).all()


def _live(today_began: datetime) -> ColumnElement[bool]:
    return and_(
        DispatchRow.status.not_in(_ENDED),
        or_(
            DispatchRow.status.in_(_AT_ONCE),
            DispatchRow.changed_at < today_began,
            exists().where(ScanRow.dispatch_id == DispatchRow.id, ScanRow.tracking.in_(_TROUBLE)),
        ),
    )


def _ended(today_began: datetime) -> ColumnElement[bool]:
    later = exists().where(
        ScanRow.dispatch_id == DispatchRow.id, ScanRow.heard_at >= DispatchRow.concluded_at
    )
    return and_(
        DispatchRow.concluded_at >= today_began - KEPT,
        or_(DispatchRow.status.in_(_ENDED_BADLY), later),
    )


async def scans(
    session: AsyncSession, dispatch_ids: Sequence[UUID]
) -> Mapping[UUID, Sequence[ScanRow]]:
    found: dict[UUID, list[ScanRow]] = {each: [] for each in dispatch_ids}
    rows = await session.scalars(
        select(ScanRow).where(ScanRow.dispatch_id.in_(dispatch_ids)).order_by(ScanRow.at)
    )
    for row in rows:
        found[row.dispatch_id].append(row)
    return found
