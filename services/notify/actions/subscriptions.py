"""A subscription is made, changed, rotated, proven again, removed."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import endpoints, matters
from services.notify.actions.messages import mobile_of
from services.notify.domain import endpoints as addresses
from services.notify.domain import told
from services.notify.domain.subscriptions import Status, Step
from services.notify.models import ItemRow, SubscriptionRow
from services.notify.queries import places, seals
from services.notify.queries import subscriptions as queries
from shared import chance
from shared.audit import trail
from shared.errors import ConflictError, Fault, InvalidError, told_back
from shared.http import etags
from shared.means import means
from shared.security.grants import Scope
from shared.security.outbound import is_inner_literal
from shared.webhooks import secrets

MOST = 50


class TooManySubscriptionsError(ConflictError):
    code = "too-many-subscriptions"

    def __init__(self) -> None:
        super().__init__(
            f"每个接入方最多{MOST}个订阅，请先停用不再使用的",
            f"at most {MOST} subscriptions for one owner",
            most=MOST,
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """None: as it was."""

    name: str | None = None
    url: str | None = None
    types: Sequence[str] | None = None
    locations: Sequence[str] | None = None
    items: Sequence[str] | None = None
    contact_phone: str | None = None


async def subscribe(
    session: AsyncSession, wanted: Wanted, *, partner: str | None, scope: Scope, at: datetime
) -> tuple[SubscriptionRow, str]:
    """The row and its secret, which is told this once."""
    faults = _owner_faults(partner, scope) + await _faults(session, wanted)
    if faults:
        raise InvalidError(faults)
    owner = scope.partner or partner
    if await queries.how_many(session, owner, most=MOST) >= MOST:
        raise TooManySubscriptionsError
    secret = secrets.generate(chance.new_bytes)
    subscription_id = chance.new_id()
    keys = means(session).keys
    row = SubscriptionRow(
        id=subscription_id,
        partner=owner,
        name=wanted.name or "",
        url=wanted.url or "",
        status=Status.UNPROVEN.value,
        types=sorted(set(wanted.types or ())),
        locations=sorted(set(wanted.locations or ())),
        items=sorted(set(wanted.items or ())),
        contact=_contact(session, subscription_id, wanted.contact_phone),
        secret=seals.seal_secret(keys, subscription_id, secrets.decode(secret)),
        breaker="closed",
        recent=[],
        openings=0,
        alerted=0,
        at_once=1,
        version=1,
        created_at=at,
        changed_at=at,
    )
    session.add(row)
    await endpoints.ask_for_proof(session, row, at=at)
    await _trail(session, row, "subscription-made", at=at)
    return row, secret


async def change(
    session: AsyncSession,
    subscription_id: UUID,
    wanted: Wanted,
    *,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> SubscriptionRow:
    """What is laid out already stays; another address is proven anew before it gets any of it."""
    row = await _take_up(session, subscription_id, scope, if_match)
    if faults := await _faults(session, wanted):
        raise InvalidError(faults)
    row.name = wanted.name or row.name
    for name in ("types", "locations", "items"):
        given = getattr(wanted, name)
        if given is not None:
            setattr(row, name, sorted(set(given)))
    if wanted.contact_phone is not None:
        row.contact = _contact(session, row.id, wanted.contact_phone)
    row.version, row.changed_at = row.version + 1, at
    if wanted.url is not None and wanted.url != row.url:
        row.url = wanted.url
        endpoints.move(row, Step.MOVE, at=at)
        endpoints.revive(row)
        await endpoints.ask_for_proof(session, row, at=at)
    await _trail(session, row, "subscription-changed", at=at)
    return row


async def prove(
    session: AsyncSession,
    subscription_id: UUID,
    *,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> SubscriptionRow:
    row = await _take_up(session, subscription_id, scope, if_match)
    endpoints.move(row, Step.RECOVER, at=at)
    endpoints.revive(row)
    await endpoints.ask_for_proof(session, row, at=at)
    await _trail(session, row, "proof-asked", at=at)
    return row


async def rotate(
    session: AsyncSession,
    subscription_id: UUID,
    *,
    overlap: timedelta,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> tuple[SubscriptionRow, str]:
    """Both secrets sign until the overlap ends; the new one is told this once."""
    row = await _take_up(session, subscription_id, scope, if_match)
    secret = secrets.generate(chance.new_bytes)
    row.previous_secret = row.secret if overlap else None
    row.previous_until = at + overlap if overlap else None
    row.secret = seals.seal_secret(means(session).keys, row.id, secrets.decode(secret))
    row.version, row.changed_at = row.version + 1, at
    facts = {"overlap_hours": int(overlap / timedelta(hours=1))}
    await _trail(session, row, "subscription-secret-rotated", at=at, facts=facts)
    return row, secret


async def remove(
    session: AsyncSession,
    subscription_id: UUID,
    *,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> SubscriptionRow:
    """Nothing more is laid out or sent; what was told stays on record."""
    row = await _take_up(session, subscription_id, scope, if_match)
    endpoints.move(row, Step.REMOVE, at=at)
    await _trail(session, row, "subscription-removed", at=at)
    return row


async def _take_up(
    session: AsyncSession, subscription_id: UUID, scope: Scope, if_match: str | None
) -> SubscriptionRow:
    row = await queries.one(session, subscription_id, scope, lock=True)
    etags.require(if_match, row.version)
    return row


def _contact(session: AsyncSession, subscription_id: UUID, phone: str | None) -> bytes | None:
    if not phone:
        return None
    return seals.seal_contact(means(session).keys, subscription_id, phone)


def _owner_faults(partner: str | None, scope: Scope) -> list[Fault]:
    if scope.everything or partner in (None, scope.partner):
        return []
    return [Fault("/partner", "not-yours", "只能为本方订阅", "only for your own side")]


async def _faults(session: AsyncSession, wanted: Wanted) -> list[Fault]:
    found = []
    if wanted.url is not None:
        listed = matters.practice(session).listed
        found += addresses.faults(wanted.url, listed=listed, inner=is_inner_literal)
    if wanted.contact_phone and mobile_of(wanted.contact_phone) is None:
        found.append(Fault("/contact_phone", "not-a-mobile", "不是手机号码", "not a mobile number"))
    found += _unknown("types", wanted.types, told.ASKABLE, "没有这种事件")
    known = await places.places(session, list(wanted.locations or ()))
    found += _unknown("locations", wanted.locations, known, "没有这个地点")
    items = await _items(session, wanted.items)
    return found + _unknown("items", wanted.items, items, "没有这个事项")


def _unknown(name: str, given: Sequence[str] | None, known: Container[str], zh: str) -> list[Fault]:
    return [
        Fault(
            f"/{name}/{number}",
            f"unknown-{name.rstrip('s')}",
            f"{zh}“{told_back(each, '所填')}”",
            "not known",
        )
        for number, each in enumerate(given or ())
        if each not in known
    ]


async def _items(session: AsyncSession, codes: Sequence[str] | None) -> frozenset[str]:
    if not codes:
        return frozenset()
    found = await session.scalars(select(ItemRow.code).where(ItemRow.code.in_(codes)).distinct())
    return frozenset(found)


async def _trail(
    session: AsyncSession,
    row: SubscriptionRow,
    action: str,
    *,
    at: datetime,
    facts: Mapping[str, object] | None = None,
) -> None:
    await trail.record(
        session,
        action=action,
        resource=f"subscription:{row.id}",
        outcome=row.status,
        facts={"partner": row.partner or "", **(facts or {})},
        at=at,
    )
