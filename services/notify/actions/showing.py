"""Deliveries as people see them: masked, with the link where it may be handed on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import links, matters
from services.notify.domain import deliveries as rules
from services.notify.domain.deliveries import Method, Status
from services.notify.models import CaseRow, DeliveryRow, DeliveryStepRow, DispatchRow, LinkRow
from services.notify.queries import deliveries, seals
from services.notify.queries.deliveries import Wanted
from shared.audit import trail
from shared.identity.typed import normalise
from shared.means import means
from shared.security.grants import Scope
from shared.security.personal import masked


@dataclass(frozen=True, slots=True)
class ShownLink:
    url: str
    code: str
    expires_at: datetime
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    row: DeliveryRow
    outstanding: Sequence[str]
    changeable: bool
    allowed: Sequence[str]
    link: ShownLink | None
    dispatch: DispatchRow | None


@dataclass(frozen=True, slots=True)
class Detail:
    shown: Shown
    recipient: dict[str, Any]
    certificate: dict[str, Any] | None
    steps: Sequence[DeliveryStepRow]


def number_as_stored(written: str | None) -> str | None:
    """A case number as people say it; what is none finds nothing."""
    if written is None:
        return None
    number = normalise(written)
    return number if number.isdecimal() else ""


async def page(
    session: AsyncSession, wanted: Wanted, *, scope: Scope, at: datetime
) -> tuple[Sequence[Shown], str | None]:
    """A link is shown only to who asks for that one case."""
    rows, following = await deliveries.page(session, wanted, scope=scope)
    asked = wanted.case_number is not None
    return await _show(session, rows, scope=scope, with_link=asked, at=at), following


async def shown(session: AsyncSession, row: DeliveryRow, *, scope: Scope, at: datetime) -> Shown:
    return (await _show(session, [row], scope=scope, with_link=True, at=at))[0]


async def one(
    session: AsyncSession,
    delivery_id: UUID,
    *,
    scope: Scope,
    purpose: str | None,
    at: datetime,
) -> Detail:
    row = await deliveries.one(session, delivery_id, scope)
    keys = means(session).keys
    envelope = seals.open_envelope(keys, row.id, row.envelope)
    certificate = seals.open_outcome(keys, row.id, row.outcome).certificate
    if purpose is not None:
        await trail.record(
            session,
            action="recipient-unmasked",
            case_number=row.case_number,
            resource=f"delivery:{row.id}",
            facts={"purpose": purpose},
            at=at,
        )
    plain = purpose is not None
    return Detail(
        shown=await shown(session, row, scope=scope, at=at),
        recipient=envelope.model_dump() if plain else masked(envelope),
        certificate=None
        if certificate is None
        else (certificate.model_dump() if plain else masked(certificate)),
        steps=await deliveries.steps(session, row.id),
    )


async def _show(
    session: AsyncSession,
    rows: Sequence[DeliveryRow],
    *,
    scope: Scope,
    with_link: bool,
    at: datetime,
) -> list[Shown]:
    if not rows:
        return []
    ids = [row.id for row in rows]
    open_links = await deliveries.links(session, ids) if with_link else {}
    dispatches = await deliveries.last_dispatches(session, ids)
    outstanding = await _outstanding(session, rows)
    made = []
    for row in rows:
        method, status = Method(row.method), Status(row.status)
        link = open_links.get(row.id) if scope.covers(receiving=row.receiving_location) else None
        made.append(
            Shown(
                row=row,
                outstanding=outstanding.get(row.case_number, ()),
                changeable=rules.changeable(method, status),
                allowed=sorted(step.value for step in rules.allowed(method, status)),
                link=await _hand_on(session, row, link, at=at) if link else None,
                dispatch=dispatches.get(row.id),
            )
        )
    return made


async def _hand_on(
    session: AsyncSession, row: DeliveryRow, link: LinkRow, *, at: datetime
) -> ShownLink:
    """Whoever holds the link can open the result: who was given it is on record."""
    await trail.record(
        session,
        action="result-link-shown",
        case_number=row.case_number,
        resource=f"delivery:{row.id}",
        facts={"link": str(link.id)},
        at=at,
    )
    code = links.code_of(means(session).keys, link)
    return ShownLink(
        url=links.address_of(matters.practice(session), code),
        code=code,
        expires_at=link.expires_at,
        opened_at=link.opened_at,
    )


async def _outstanding(
    session: AsyncSession, rows: Sequence[DeliveryRow]
) -> dict[str, Sequence[str]]:
    numbers = [row.case_number for row in rows]
    found = await session.execute(
        select(CaseRow.case_number, CaseRow.outstanding).where(CaseRow.case_number.in_(numbers))
    )
    return {row.case_number: row.outstanding for row in found}
