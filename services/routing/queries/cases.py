"""Cases as routing keeps them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import CaseRow, HandoffRow
from shared.errors import CaseErasedError, NotFoundError
from shared.http import pages
from shared.security.grants import Match, Scope

_KEY = (CaseRow.received_at, CaseRow.case_number)


def visible(scope: Scope) -> ColumnElement[bool]:
    """A case is seen from its window and from every place that works on it."""

    def at_work(column: Any) -> Callable[[Match], ColumnElement[bool]]:
        return lambda match: (
            exists()
            .where(HandoffRow.case_number == CaseRow.case_number, match(column))
            .correlate(CaseRow)
        )

    return scope.condition(
        receiving=CaseRow.receiving_location,
        handling=at_work(HandoffRow.location),
        division=at_work(HandoffRow.division),
    )


async def erased_of(session: AsyncSession, numbers: Sequence[str]) -> Mapping[str, datetime | None]:
    """Of the cases that are known here: when the person was taken out."""
    query = select(CaseRow.case_number, CaseRow.erased_at).where(CaseRow.case_number.in_(numbers))
    return {row.case_number: row.erased_at for row in await session.execute(query)}


async def case_to_act_on(session: AsyncSession, case_number: str, scope: Scope) -> CaseRow:
    """For those who add something to it."""
    case = await visible_case(session, case_number, scope)
    if case.erased_at is not None:
        raise CaseErasedError
    return case


async def visible_case(session: AsyncSession, case_number: str, scope: Scope) -> CaseRow:
    case = await session.scalar(
        select(CaseRow).where(CaseRow.case_number == case_number, visible(scope))
    )
    if case is None:
        raise NotFoundError
    return case


async def lock_visible(session: AsyncSession, case_number: str, scope: Scope) -> CaseRow:
    case = await session.scalar(
        select(CaseRow)
        .where(CaseRow.case_number == case_number, visible(scope))
        .with_for_update(of=CaseRow)
    )
    if case is None:
        raise NotFoundError
    return case


async def is_known(session: AsyncSession, case_number: str) -> bool:
    return await session.get(CaseRow, case_number) is not None


async def unroutable(
    session: AsyncSession, *, after: str | None, limit: int
) -> tuple[Sequence[CaseRow], tuple[Any, ...] | None]:
    query = select(CaseRow).where(CaseRow.status == "unroutable")
    position = pages.position(after, datetime.fromisoformat, str)
    if position is not None:
        query = query.where(tuple_(*_KEY) > tuple_(*position))
    rows = (await session.scalars(query.order_by(*_KEY).limit(limit + 1))).all()
    page, more = pages.cut(rows, limit)
    last = page[-1] if more else None
    return page, (last.received_at.isoformat(), last.case_number) if last else None


async def unroutable_of(session: AsyncSession, numbers: Collection[str]) -> Sequence[str]:
    """Those of them that nobody is known to handle."""
    query = select(CaseRow.case_number).where(
        CaseRow.case_number.in_(numbers), CaseRow.status == "unroutable"
    )
    return sorted(await session.scalars(query))


async def unroutable_numbers(session: AsyncSession, *, limit: int) -> Sequence[str]:
    return (
        await session.scalars(
            select(CaseRow.case_number)
            .where(CaseRow.status == "unroutable")
            .order_by(CaseRow.received_at)
            .limit(limit)
        )
    ).all()
