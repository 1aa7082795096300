"""Partners: what proves them, which places are theirs, and what they have sent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.routing.domain.crossings import ATTACHED
from services.routing.domain.registry import Location
from services.routing.models import (
    CaseRow,
    ClientRow,
    ClientSecretRow,
    HandoffRow,
    ParcelRow,
    PartnerSecretRow,
    PartnerWebhookRow,
)
from services.routing.queries import registry
from services.routing.queries.registry import Known
from shared.errors import NotFoundError
from shared.http import pages
from shared.security.keys import Keyring

_SEALED_FOR = "routing.partner_secret.secret:{}"
_BODY_FOR = "routing.partner_webhook.body:{}:{}"


def seal_secret(keys: Keyring, id_: UUID, secret: bytes) -> bytes:
    return keys.seal("fields", secret, context=_SEALED_FOR.format(id_))


def open_secret(keys: Keyring, row: PartnerSecretRow) -> bytes:
    return keys.open("fields", row.secret, context=_SEALED_FOR.format(row.id))


def seal_body(keys: Keyring, partner: str, webhook_id: str, body: bytes) -> bytes:
    return keys.seal("fields", body, context=_BODY_FOR.format(partner, webhook_id))


def open_body(keys: Keyring, row: PartnerWebhookRow) -> bytes:
    if row.body is None:
        raise NotFoundError
    return keys.open("fields", row.body, context=_BODY_FOR.format(row.partner, row.webhook_id))


async def require_partner(session: AsyncSession, code: str) -> None:
    known = await registry.known(session)
    if ("partner", code) not in known.documents:
        raise NotFoundError


async def secrets(
    session: AsyncSession, partner: str, *, at: datetime
) -> Sequence[PartnerSecretRow]:
    """Those that hold now, the newest first."""
    return (
        await session.scalars(
            select(PartnerSecretRow)
            .where(
                PartnerSecretRow.partner == partner,
                or_(PartnerSecretRow.expires_at.is_(None), PartnerSecretRow.expires_at > at),
            )
            .order_by(PartnerSecretRow.id.desc())
        )
    ).all()


async def next_due(session: AsyncSession, *, files: bool, at: datetime) -> PartnerWebhookRow | None:
    """The next that is due and has no earlier one of its matter before it; locked. Of the files of
    one partner one at a time."""
    found: PartnerWebhookRow | None = await session.scalar(_DUE[files], {"at": at})
    return found


def _in_hand() -> ColumnElement[bool]:
    """Another file of the same partner is being fetched: begun, and neither done nor put off."""
    other = aliased(PartnerWebhookRow)
    return (
        select(other.turn)
        .where(
            other.partner == PartnerWebhookRow.partner,
            other.kind == ATTACHED,
            other.settled_at.is_(None),
            other.attempts > 0,
            other.last_error.is_(None),
            other.next_attempt_at > bindparam("at"),
        )
        .exists()
    )


def _due(*, files: bool) -> Select[PartnerWebhookRow]:
    earlier = aliased(PartnerWebhookRow)
    is_file = PartnerWebhookRow.kind == ATTACHED
    waiting = (
        select(earlier.turn)
        .where(
            earlier.partner == PartnerWebhookRow.partner,
            earlier.subject == PartnerWebhookRow.subject,
            earlier.turn < PartnerWebhookRow.turn,
            earlier.settled_at.is_(None),
        )
        .exists()
    )
    return (
        select(PartnerWebhookRow)
        .where(
            PartnerWebhookRow.settled_at.is_(None),
            PartnerWebhookRow.next_attempt_at <= bindparam("at"),
            ~waiting,
            and_(is_file, ~_in_hand()) if files else ~is_file,
        )
        .order_by(PartnerWebhookRow.next_attempt_at, PartnerWebhookRow.turn)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


# Several times a second somebody looks: composing it anew would cost more than asking.
_DUE = {files: _due(files=files) for files in (False, True)}


async def webhooks(
    session: AsyncSession, partner: str, *, outcome: str | None, after: str | None, limit: int
) -> tuple[Sequence[PartnerWebhookRow], str | None]:
    """In the order in which they came; `outcome` waiting: not settled yet."""
    query = select(PartnerWebhookRow).where(PartnerWebhookRow.partner == partner)
    if outcome == "waiting":
        query = query.where(PartnerWebhookRow.settled_at.is_(None))
    elif outcome is not None:
        query = query.where(PartnerWebhookRow.outcome == outcome)
    position = pages.position(after, int)
    if position is not None:
        query = query.where(PartnerWebhookRow.turn > position[0])
    rows = (await session.scalars(query.order_by(PartnerWebhookRow.turn).limit(limit + 1))).all()
    found, more = pages.cut(rows, limit)
    return found, pages.cursor(str(found[-1].turn)) if more else None


def place_of(known: Known, partner: str, *codes: str) -> Location | None:
    """The first of these places that is the partner's."""
    for code in codes:
        place = known.registry.last_known(code)
        if place is not None and place.partner == partner:
            return place
    return None


async def handoff(
    session: AsyncSession, *, handoff_id: UUID | None, case_number: str | None, step: str | None
) -> HandoffRow | None:
    """By its id, or the open one of a case, of a step where the case has several."""
    if handoff_id is not None:
        return await session.get(HandoffRow, handoff_id)
    query = select(HandoffRow).where(HandoffRow.case_number == case_number)
    if step is not None:
        query = query.where(HandoffRow.step == step)
    rows = (await session.scalars(query.order_by(HandoffRow.stage, HandoffRow.id))).all()
    open_ones = [row for row in rows if row.closed_at is None and row.opened_at is not None]
    return next(iter(open_ones), None) or (rows[-1] if rows else None)


async def case_places(session: AsyncSession, case_number: str) -> Sequence[str]:
    """Every place that has a part in it."""
    handled = select(HandoffRow.location).where(HandoffRow.case_number == case_number)
    taken = select(CaseRow.receiving_location).where(CaseRow.case_number == case_number)
    return (await session.scalars(handled.union(taken))).all()


async def parcel_ends(session: AsyncSession, parcel_id: UUID) -> Sequence[str]:
    row = await session.get(ParcelRow, parcel_id)
    return (row.from_location, row.to_location) if row is not None else ()


async def client(session: AsyncSession, client_id: str) -> ClientRow:
    row = await session.get(ClientRow, client_id, with_for_update=True)
    if row is None:
        raise NotFoundError
    return row


async def client_secrets(
    session: AsyncSession, client_id: str, *, at: datetime
) -> Sequence[ClientSecretRow]:
    return (
        await session.scalars(
            select(ClientSecretRow).where(
                ClientSecretRow.client_id == client_id,
                or_(ClientSecretRow.expires_at.is_(None), ClientSecretRow.expires_at > at),
            )
        )
    ).all()


async def clients(
    session: AsyncSession, *, after: str | None, limit: int
) -> tuple[Sequence[ClientRow], str | None]:
    query = select(ClientRow)
    position = pages.position(after, str)
    if position is not None:
        query = query.where(ClientRow.id > position[0])
    rows = (await session.scalars(query.order_by(ClientRow.id).limit(limit + 1))).all()
    found, more = pages.cut(rows, limit)
    return found, pages.cursor(found[-1].id) if more else None
