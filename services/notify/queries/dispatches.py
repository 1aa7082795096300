"""Dispatches: one, a delivery's, a page of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.dispatches import CONCLUDED, Status
from services.notify.models import DispatchRow, ScanRow
from services.notify.queries.cases import visible_dispatch
from shared.errors import NotFoundError
from shared.http import pages
from shared.security.grants import Scope

_ENDED = sorted(status.value for status in CONCLUDED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for."""

    case_number: str | None = None
    status: str | None = None
    waybill: str | None = None
    after: str | None = None
    limit: int = 50


async def page(
    session: AsyncSession, wanted: Wanted, *, scope: Scope
) -> tuple[Sequence[DispatchRow], str | None]:
    """Newest first."""
    query = select(DispatchRow).where(visible_dispatch(scope))
    for column, value in (
        (DispatchRow.case_number, wanted.case_number),
        (DispatchRow.status, wanted.status),
        (DispatchRow.waybill, wanted.waybill),
    ):
        if value is not None:
            query = query.where(column == value)
    position = pages.position(wanted.after, UUID)
    if position is not None:
        query = query.where(DispatchRow.id < position[0])
    query = query.order_by(DispatchRow.id.desc()).limit(wanted.limit + 1)
    rows, more = pages.cut((await session.scalars(query)).all(), wanted.limit)
    return rows, pages.cursor(rows[-1].id) if more else None


async def one(session: AsyncSession, dispatch_id: UUID, scope: Scope) -> DispatchRow:
    row = await session.scalar(
        select(DispatchRow)
        .where(DispatchRow.id == dispatch_id, visible_dispatch(scope))
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFoundError
    return row


async def live(session: AsyncSession, delivery_id: UUID) -> DispatchRow | None:
    """The one that is not over yet."""
    return await session.scalar(
        select(DispatchRow)
        .where(DispatchRow.delivery_id == delivery_id, DispatchRow.status.not_in(_ENDED))
        .execution_options(populate_existing=True)
    )


async def scans(session: AsyncSession, dispatch_id: UUID) -> Sequence[ScanRow]:
    return (
        await session.scalars(
            select(ScanRow).where(ScanRow.dispatch_id == dispatch_id).order_by(ScanRow.at)
        )
    ).all()


async def to_be_fetched(
    session: AsyncSession, location: str, carrier: str, *, scope: Scope, limit: int = 500
) -> Sequence[DispatchRow]:
    """What this carrier finds at this place, oldest first."""
    return (
        await session.scalars(
            select(DispatchRow)
            .where(
                visible_dispatch(scope),
                DispatchRow.from_location == location,
                DispatchRow.carrier == carrier,
                DispatchRow.status == Status.BOOKED.value,
            )
            .order_by(DispatchRow.id)
            .limit(limit)
        )
    ).all()
