"""Cases as notify keeps them, and the lock that everything about a case is done under."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.models import CaseRow, DeliveryRow, DispatchRow
from shared.errors import CaseErasedError, NotFoundError
from shared.security.grants import Scope


def visible(scope: Scope) -> ColumnElement[bool]:
    return scope.condition(
        receiving=DeliveryRow.receiving_location,
        handling=DeliveryRow.handling_location,
        division=DeliveryRow.handling_division,
    )


def visible_dispatch(scope: Scope) -> ColumnElement[bool]:
    """Its sender is the one that handles it."""
    return scope.condition(
        receiving=DispatchRow.to_location,
        handling=DispatchRow.from_location,
        division=DispatchRow.from_division,
    )


async def lock_case(session: AsyncSession, case_number: str) -> CaseRow | None:
    return await session.scalar(
        select(CaseRow)
        .where(CaseRow.case_number == case_number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def lock_cases(session: AsyncSession, numbers: Sequence[str]) -> Mapping[str, CaseRow]:
    """Those of them that are known, locked in the order of their numbers."""
    rows = await session.scalars(_LOCKED, {"numbers": list(numbers)})
    return {row.case_number: row for row in rows}


# Asked for every message that comes.
_LOCKED = (
    select(CaseRow)
    .where(CaseRow.case_number == any_(bindparam("numbers", type_=ARRAY(Text))))
    .order_by(CaseRow.case_number)
    .with_for_update()
    .execution_options(populate_existing=True)
)


async def lock_case_of_delivery(session: AsyncSession, delivery_id: UUID, scope: Scope) -> CaseRow:
    """Lock order everywhere: case, delivery, dispatch; the case's lock guards them all."""
    return _found(
        await session.scalar(
            select(CaseRow)
            .join(DeliveryRow, DeliveryRow.case_number == CaseRow.case_number)
            .where(DeliveryRow.id == delivery_id, visible(scope))
            .with_for_update(of=CaseRow)
            .execution_options(populate_existing=True)
        )
    )


async def lock_case_of_dispatch(session: AsyncSession, dispatch_id: UUID, scope: Scope) -> CaseRow:
    return _found(
        await session.scalar(
            select(CaseRow)
            .join(DispatchRow, DispatchRow.case_number == CaseRow.case_number)
            .where(DispatchRow.id == dispatch_id, visible_dispatch(scope))
            .with_for_update(of=CaseRow)
            .execution_options(populate_existing=True)
        )
    )


async def erased_of(session: AsyncSession, numbers: Sequence[str]) -> Mapping[str, datetime | None]:
    """Of the cases that are known here: when the person was taken out."""
    query = select(CaseRow.case_number, CaseRow.erased_at).where(CaseRow.case_number.in_(numbers))
    return {row.case_number: row.erased_at for row in await session.execute(query)}


def _found(case: CaseRow | None) -> CaseRow:
    if case is None:
        raise NotFoundError
    if case.erased_at is not None:
        raise CaseErasedError
    return case
