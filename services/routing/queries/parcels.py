"""Parcels: one, a place's, what is in them, what was found different, what is overdue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.labels import Label, Labelled
from services.routing.models import (
    CaseRow,
    DiscrepancyRow,
    HandoffRow,
    OriginalRow,
    ParcelDeedRow,
    ParcelItemRow,
    ParcelLinkRow,
    ParcelRow,
)
from shared.errors import NotFoundError
from shared.http import pages
from shared.security.grants import Match, Scope
from shared.security.keys import Keyring

Direction = Literal["incoming", "outgoing"]


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """What is printed of one paper; nothing of a person is on a manifest."""

    original_id: UUID
    label: str
    case_number: str
    material_code: str
    name: str
    scanned: str | None


@dataclass(frozen=True, slots=True)
class ParcelView:
    row: ParcelRow
    lines: list[ManifestLine]
    discrepancies: Sequence[DiscrepancyRow]
    deeds: Sequence[ParcelDeedRow]


# The first day of asking follows the day it was due; each time it is asked again, a later one.
_REMINDED = ParcelRow.remind_on > ParcelRow.due_on + 1


def is_overdue(row: ParcelRow) -> bool:
    """Both ends have been reminded, and it has not come yet."""
    if row.remind_on is None or row.due_on is None:
        return False
    return (row.remind_on - row.due_on).days > 1


def visible(scope: Scope) -> ColumnElement[bool]:
    """To both ends. The place it goes from is the one that hands in, like a window."""
    return scope.condition(
        receiving=ParcelRow.from_location,
        handling=ParcelRow.to_location,
        division=_either_area,
    )


def _either_area(match: Match) -> Any:
    return or_(match(ParcelRow.from_division), match(ParcelRow.to_division))


async def read(session: AsyncSession, parcel_id: UUID, scope: Scope) -> ParcelRow:
    row = await session.scalar(select(ParcelRow).where(ParcelRow.id == parcel_id, visible(scope)))
    if row is None:
        raise NotFoundError
    return row


async def view(session: AsyncSession, parcel_id: UUID, scope: Scope) -> ParcelView:
    row = await read(session, parcel_id, scope)
    return ParcelView(
        row,
        await manifest(session, parcel_id),
        await discrepancies(session, parcel_id),
        await deeds(session, parcel_id),
    )


async def lock(session: AsyncSession, parcel_id: UUID, condition: ColumnElement[bool]) -> ParcelRow:
    row = await session.scalar(
        select(ParcelRow)
        .where(ParcelRow.id == parcel_id, condition)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFoundError
    return row


async def lock_cases(session: AsyncSession, numbers: Iterable[str]) -> dict[str, CaseRow]:
    """In the order of their numbers, so that two scans never wait for each other in a ring."""
    query = (
        select(CaseRow)
        .where(CaseRow.case_number.in_(sorted(set(numbers))))
        .order_by(CaseRow.case_number)
        .with_for_update()
    )
    return {row.case_number: row for row in await session.scalars(query)}


async def lock_handoffs(
    session: AsyncSession, numbers: Iterable[str]
) -> dict[str, list[HandoffRow]]:
    query = (
        select(HandoffRow)
        .where(HandoffRow.case_number.in_(sorted(set(numbers))))
        .order_by(HandoffRow.case_number, HandoffRow.id)
        .with_for_update()
    )
    found: dict[str, list[HandoffRow]] = {number: [] for number in numbers}
    for row in await session.scalars(query):
        found[row.case_number].append(row)
    return found


async def items(session: AsyncSession, parcel_id: UUID) -> Sequence[ParcelItemRow]:
    query = (
        select(ParcelItemRow)
        .where(ParcelItemRow.parcel_id == parcel_id)
        .order_by(ParcelItemRow.original_id)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(query)).all()


async def manifest(session: AsyncSession, parcel_id: UUID) -> list[ManifestLine]:
    rows = await session.execute(
        select(
            OriginalRow.id,
            OriginalRow.label,
            OriginalRow.case_number,
            OriginalRow.material_code,
            OriginalRow.name,
            ParcelItemRow.scanned,
        )
        .join(ParcelItemRow, ParcelItemRow.original_id == OriginalRow.id)
        .where(ParcelItemRow.parcel_id == parcel_id)
        .order_by(OriginalRow.label)
    )
    return [ManifestLine(*row) for row in rows]


async def discrepancies(session: AsyncSession, parcel_id: UUID) -> Sequence[DiscrepancyRow]:
    query = select(DiscrepancyRow).where(DiscrepancyRow.parcel_id == parcel_id)
    return (await session.scalars(query.order_by(DiscrepancyRow.id))).all()


def description(keys: Keyring, row: DiscrepancyRow) -> str | None:
    """What the far end wrote of a paper that nobody knows."""
    if row.described is None:
        return None
    return str(from_json(keys.open("fields", row.described, context=described_for(row.id))))


def described_for(id_: UUID) -> str:
    return f"routing.discrepancy.described:{id_}"


async def deeds(session: AsyncSession, parcel_id: UUID) -> Sequence[ParcelDeedRow]:
    query = select(ParcelDeedRow).where(ParcelDeedRow.parcel_id == parcel_id)
    return (await session.scalars(query.order_by(ParcelDeedRow.id))).all()


async def page(
    session: AsyncSession,
    scope: Scope,
    *,
    location: str | None,
    direction: Direction | None,
    state: str | None,
    overdue: bool,
    after: str | None,
    limit: int,
) -> tuple[Sequence[ParcelRow], str | None]:
    """The newest first."""
    query = select(ParcelRow).where(visible(scope))
    if location is not None:
        query = query.where(_at(location, direction))
    if state is not None:
        query = query.where(ParcelRow.state == state)
    if overdue:
        query = query.where(_REMINDED)
    position = pages.position(after, UUID)
    if position is not None:
        query = query.where(ParcelRow.id < position[0])
    rows = (await session.scalars(query.order_by(ParcelRow.id.desc()).limit(limit + 1))).all()
    found, more = pages.cut(rows, limit)
    return found, pages.cursor(str(found[-1].id)) if more else None


def _at(location: str, direction: Direction | None) -> ColumnElement[bool]:
    goes, comes = ParcelRow.from_location == location, ParcelRow.to_location == location
    if direction is None:
        return or_(goes, comes)
    return goes if direction == "outgoing" else comes


async def by_label(session: AsyncSession, label: Label, scope: Scope) -> Sequence[ParcelRow]:
    """A number or an id names one; one waybill may carry several bags."""
    if label.kind is Labelled.ID:
        named: ColumnElement[bool] = ParcelRow.id == UUID(label.text)
    elif label.kind is Labelled.PARCEL:
        # The number that is printed on it is that of the installation which sent it.
        printed = select(ParcelLinkRow.parcel_id).where(ParcelLinkRow.joint_number == label.text)
        named = or_(ParcelRow.number == label.text, ParcelRow.id.in_(printed))
    else:
        named = ParcelRow.waybill == label.text
    query = select(ParcelRow).where(named, visible(scope)).order_by(ParcelRow.id.desc()).limit(20)
    return (await session.scalars(query)).all()


async def by_ids(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, ParcelRow]:
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await session.scalars(select(ParcelRow).where(ParcelRow.id.in_(wanted)))
    return {row.id: row for row in rows}


async def overdue(session: AsyncSession, *, on: date, limit: int = 200) -> Sequence[UUID]:
    query = select(ParcelRow.id).where(ParcelRow.remind_on <= on)
    return (await session.scalars(query.order_by(ParcelRow.remind_on).limit(limit))).all()


async def by_waybill(session: AsyncSession, carrier: str, waybill: str) -> dict[UUID, ParcelRow]:
    query = select(ParcelRow).where(ParcelRow.waybill == waybill, ParcelRow.carrier == carrier)
    rows = await session.scalars(query.order_by(ParcelRow.id))
    return {row.id: row for row in rows}
