"""Disputes that keep cases from being erased."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import HoldRow
from shared.errors import NotFoundError


def is_held(case_number: Any) -> ColumnElement[bool]:
    return exists().where(HoldRow.case_number == case_number, HoldRow.lifted_at.is_(None))


async def of_case(session: AsyncSession, number: str) -> Sequence[HoldRow]:
    query = select(HoldRow).where(HoldRow.case_number == number)
    return (await session.scalars(query.order_by(HoldRow.hold_id))).all()


async def open_of(session: AsyncSession, number: str) -> Sequence[HoldRow]:
    return [row for row in await of_case(session, number) if row.lifted_at is None]


async def held_among(session: AsyncSession, numbers: Collection[str]) -> set[str]:
    query = select(HoldRow.case_number).where(
        HoldRow.case_number.in_(numbers), HoldRow.lifted_at.is_(None)
    )
    return set(await session.scalars(query))


async def lock(session: AsyncSession, number: str, hold_id: UUID) -> HoldRow:
    query = select(HoldRow).where(HoldRow.case_number == number, HoldRow.hold_id == hold_id)
    found = await session.scalar(query.with_for_update())
    if found is None:
        raise NotFoundError
    return found
