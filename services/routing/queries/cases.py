"""Cases as routing keeps them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import CaseRow
from shared.http import pages

_KEY = (CaseRow.received_at, CaseRow.case_number)


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


async def unroutable_numbers(session: AsyncSession, *, limit: int) -> Sequence[str]:
    return (
        await session.scalars(
            select(CaseRow.case_number)
            .where(CaseRow.status == "unroutable")
            .order_by(CaseRow.received_at)
            .limit(limit)
        )
    ).all()
