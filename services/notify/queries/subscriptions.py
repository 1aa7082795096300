"""Subscriptions: one, a page, those that may hear of something; what each is told, and how."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.notify.domain.subscriptions import Status
from services.notify.models import (
    AttemptRow,
    CasePlaceRow,
    CaseRow,
    LocationRow,
    SubscriptionRow,
    WebhookRow,
)
from shared.errors import NotFoundError
from shared.http import pages
from shared.security.grants import Scope

_LIVE = (Status.UNPROVEN.value, Status.ACTIVE.value, Status.DISABLED.value)


def visible(scope: Scope) -> ColumnElement[bool]:
    return scope.condition(partner=SubscriptionRow.partner)


async def one(
    session: AsyncSession, subscription_id: UUID, scope: Scope, *, lock: bool = False
) -> SubscriptionRow:
    """Locked so that webhooks may still join its lines: they only need the row to stay."""
    query = select(SubscriptionRow).where(SubscriptionRow.id == subscription_id, visible(scope))
    if lock:
        query = query.with_for_update(key_share=True)
    row = await session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFoundError
    return row


async def page(
    session: AsyncSession, scope: Scope, *, after: str | None, limit: int
) -> tuple[Sequence[SubscriptionRow], str | None]:
    """Newest first; those that were removed are left out."""
    query = select(SubscriptionRow).where(visible(scope), SubscriptionRow.status.in_(_LIVE))
    position = pages.position(after, UUID)
    if position is not None:
        query = query.where(SubscriptionRow.id < position[0])
    query = query.order_by(SubscriptionRow.id.desc()).limit(limit + 1)
    rows, more = pages.cut((await session.scalars(query)).all(), limit)
    return rows, pages.cursor(rows[-1].id) if more else None


async def how_many(session: AsyncSession, partner: str | None, *, most: int) -> int:
    """Up to `most`: enough to say that there are too many."""
    query = (
        select(SubscriptionRow.id)
        .where(
            SubscriptionRow.partner.is_not_distinct_from(partner),
            SubscriptionRow.status.in_(_LIVE),
        )
        .limit(most)
    )
    return len((await session.scalars(query)).all())


@dataclass(frozen=True, slots=True)
class Listener:
    id: UUID
    partner: str | None
    types: Sequence[str]
    locations: Sequence[str]
    items: Sequence[str]


async def listeners(session: AsyncSession, type_: str) -> Sequence[Listener]:
    rows = await session.execute(_LISTENERS, {"wanted": [type_]})
    return [Listener(*row) for row in rows]


# Asked for every message that comes.
_S = SubscriptionRow
_LISTENERS = (
    select(_S.id, _S.partner, _S.types, _S.locations, _S.items)
    .where(
        _S.status.in_(_LIVE),
        or_(
            func.cardinality(_S.types) == 0,
            _S.types.contains(bindparam("wanted", type_=_S.types.type)),
        ),
    )
    .order_by(_S.id)
)


async def siblings(session: AsyncSession, row: SubscriptionRow) -> Sequence[UUID]:
    """The owner's other endpoints that work."""
    query = (
        select(SubscriptionRow.id)
        .where(
            SubscriptionRow.partner.is_not_distinct_from(row.partner),
            SubscriptionRow.status == Status.ACTIVE.value,
            SubscriptionRow.id != row.id,
        )
        .order_by(SubscriptionRow.id)
    )
    return (await session.scalars(query)).all()


@dataclass(frozen=True, slots=True)
class Part:
    """Who takes part in a case, and in what matter."""

    item: str | None
    places: frozenset[str]


async def part(session: AsyncSession, case_number: str) -> Part:
    case = (
        await session.execute(
            select(CaseRow.item_code, CaseRow.receiving_location).where(
                CaseRow.case_number == case_number
            )
        )
    ).first()
    at_work = await session.scalars(
        select(CasePlaceRow.location).where(
            CasePlaceRow.case_number == case_number, CasePlaceRow.left_at.is_(None)
        )
    )
    window = {case.receiving_location} if case else set()
    return Part(case.item_code if case else None, frozenset(window | set(at_work)))


async def partners(session: AsyncSession, places: Collection[str]) -> frozenset[str]:
    """Whose systems work at these places, by the latest version of each."""
    if not places:
        return frozenset()
    rows = await session.execute(
        select(LocationRow.code, LocationRow.system)
        .where(LocationRow.code.in_(places))
        .order_by(LocationRow.code, LocationRow.version)
    )
    latest = {row.code: row.system for row in rows}
    split = (system.partition(":") for system in latest.values())
    return frozenset(code for way, _, code in split if way == "partner" and code)


def earlier_open(row: type[WebhookRow] = WebhookRow) -> ColumnElement[bool]:
    """Whether something of the same line still has to be told before it."""
    earlier = aliased(WebhookRow)
    return exists().where(
        and_(
            earlier.subscription_id == row.subscription_id,
            earlier.subject == row.subject,
            earlier.status != "delivered",
            earlier.sequence < row.sequence,
        )
    )


async def webhooks(
    session: AsyncSession,
    subscription_id: UUID,
    *,
    status: str | None,
    after: str | None,
    limit: int,
) -> tuple[Sequence[WebhookRow], str | None]:
    """Newest first."""
    query = select(WebhookRow).where(WebhookRow.subscription_id == subscription_id)
    if status is not None:
        query = query.where(WebhookRow.status == status)
    position = pages.position(after, UUID)
    if position is not None:
        query = query.where(WebhookRow.id < position[0])
    query = query.order_by(WebhookRow.id.desc()).limit(limit + 1)
    rows, more = pages.cut((await session.scalars(query)).all(), limit)
    return rows, pages.cursor(rows[-1].id) if more else None


async def attempts(
    session: AsyncSession,
    subscription_id: UUID,
    *,
    webhook_id: UUID | None,
    after: str | None,
    limit: int,
) -> tuple[Sequence[tuple[AttemptRow, WebhookRow]], str | None]:
    """Newest first, each with what it was about."""
    query = (
        select(AttemptRow, WebhookRow)
        .join(WebhookRow, WebhookRow.id == AttemptRow.webhook_id)
        .where(AttemptRow.subscription_id == subscription_id)
    )
    if webhook_id is not None:
        query = query.where(AttemptRow.webhook_id == webhook_id)
    position = pages.position(after, UUID)
    if position is not None:
        query = query.where(AttemptRow.id < position[0])
    query = query.order_by(AttemptRow.id.desc()).limit(limit + 1)
    found, more = pages.cut((await session.execute(query)).all(), limit)
    rows = [(row[0], row[1]) for row in found]
    return rows, pages.cursor(rows[-1][0].id) if more else None


async def waiting_since(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When the oldest that each has still to be told happened."""
    rows = await session.execute(
        select(WebhookRow.subscription_id, func.min(WebhookRow.happened_at))
        .where(WebhookRow.subscription_id.in_(ids), WebhookRow.status != "delivered")
        .group_by(WebhookRow.subscription_id)
    )
    return {row[0]: row[1] for row in rows}
