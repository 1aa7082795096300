"""Deliveries: one, a case's, a page; their links and steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.models import CaseRow, DeliveryRow, DeliveryStepRow, DispatchRow, LinkRow
from services.notify.queries.cases import visible
from shared.errors import CaseErasedError, NotFoundError
from shared.http import pages
from shared.security.grants import Scope


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for."""

    case_number: str | None = None
    status: str | None = None
    method: str | None = None
    after: str | None = None
    limit: int = 50


async def page(
    session: AsyncSession, wanted: Wanted, *, scope: Scope
) -> tuple[Sequence[DeliveryRow], str | None]:
    """Newest first."""
    query = select(DeliveryRow).where(visible(scope))
    for column, value in (
        (DeliveryRow.case_number, wanted.case_number),
        (DeliveryRow.status, wanted.status),
        (DeliveryRow.method, wanted.method),
    ):
        if value is not None:
            query = query.where(column == value)
    position = pages.position(wanted.after, UUID)
    if position is not None:
        query = query.where(DeliveryRow.id < position[0])
    query = query.order_by(DeliveryRow.id.desc()).limit(wanted.limit + 1)
    rows, more = pages.cut((await session.scalars(query)).all(), wanted.limit)
    return rows, pages.cursor(rows[-1].id) if more else None


async def one(session: AsyncSession, delivery_id: UUID, scope: Scope) -> DeliveryRow:
    row = await session.scalar(
        select(DeliveryRow).where(DeliveryRow.id == delivery_id, visible(scope))
    )
    if row is None:
        raise NotFoundError
    return row


async def to_print(session: AsyncSession, delivery_id: UUID, scope: Scope) -> DeliveryRow:
    """A paper without its person would be a false one."""
    row = await one(session, delivery_id, scope)
    erased = select(CaseRow.erased_at).where(CaseRow.case_number == row.case_number)
    if await session.scalar(erased) is not None:
        raise CaseErasedError
    return row


async def of_case(session: AsyncSession, case_number: str) -> DeliveryRow | None:
    return await session.scalar(
        select(DeliveryRow)
        .where(DeliveryRow.case_number == case_number)
        .execution_options(populate_existing=True)
    )


async def steps(session: AsyncSession, delivery_id: UUID) -> Sequence[DeliveryStepRow]:
    return (
        await session.scalars(
            select(DeliveryStepRow)
            .where(DeliveryStepRow.delivery_id == delivery_id)
            .order_by(DeliveryStepRow.id)
        )
    ).all()


async def links(session: AsyncSession, delivery_ids: Sequence[UUID]) -> Mapping[UUID, LinkRow]:
    """The current link of each that has one."""
    rows = await session.scalars(
        select(LinkRow).where(LinkRow.delivery_id.in_(delivery_ids), LinkRow.replaced_at.is_(None))
    )
    return {row.delivery_id: row for row in rows}


async def last_dispatches(
    session: AsyncSession, delivery_ids: Sequence[UUID]
) -> Mapping[UUID, DispatchRow]:
    rows = await session.scalars(
        select(DispatchRow)
        .where(DispatchRow.delivery_id.in_(delivery_ids))
        .order_by(DispatchRow.id)
        .execution_options(populate_existing=True)
    )
    return {row.delivery_id: row for row in rows if row.delivery_id is not None}


async def link_by_handle(session: AsyncSession, handle: bytes) -> LinkRow | None:
    return await session.scalar(
        select(LinkRow).where(LinkRow.handle == handle).execution_options(populate_existing=True)
    )


async def lock_case_of_link(session: AsyncSession, handle: bytes) -> CaseRow | None:
    return await session.scalar(
        select(CaseRow)
        .join(DeliveryRow, DeliveryRow.case_number == CaseRow.case_number)
        .join(LinkRow, LinkRow.delivery_id == DeliveryRow.id)
        .where(LinkRow.handle == handle)
        .with_for_update(of=CaseRow)
    )
