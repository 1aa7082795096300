"""What a partner signs with: made here or brought along, shown once, rotated with overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import PartnerSecretRow
from services.routing.queries import partners as queries
from shared.audit import trail
from shared.chance import new_bytes, new_id
from shared.errors import Fault, InvalidError, NotFoundError
from shared.means import means, origin
from shared.webhooks import secrets
from shared.webhooks.secrets import SecretMalformedError


@dataclass(frozen=True, slots=True)
class Issued:
    row: PartnerSecretRow
    secret: str


async def issue(
    session: AsyncSession, partner: str, *, brought: str | None, overlap: timedelta, at: datetime
) -> Issued:
    """The newest holds; those before it for `overlap` more, so that neither side must hurry."""
    await queries.require_partner(session, partner)
    secret = brought or secrets.generate(new_bytes)
    try:
        key = secrets.decode(secret)
    except SecretMalformedError as error:
        fault = Fault("/secret", error.code, error.message_zh, error.message_en)
        raise InvalidError([fault]) from None
    before = await queries.secrets(session, partner, at=at)
    for older in before:
        older.expires_at = min(older.expires_at or at + overlap, at + overlap)
    id_ = new_id()
    row = PartnerSecretRow(
        id=id_,
        partner=partner,
        secret=queries.seal_secret(means(session).keys, id_, key),
        created_at=at,
        created_by=origin(session).actor,
        expires_at=None,
    )
    session.add(row)
    await session.flush()
    await _note(session, row, "partner-secret-issued", at=at)
    return Issued(row, secret)


async def revoke(
    session: AsyncSession, partner: str, secret_id: UUID, *, at: datetime
) -> PartnerSecretRow:
    """At once: for one that became known to others."""
    row = await session.get(PartnerSecretRow, secret_id, with_for_update=True)
    if row is None or row.partner != partner:
        raise NotFoundError
    if row.expires_at is None or row.expires_at > at:
        row.expires_at = at
    await session.flush()
    await _note(session, row, "partner-secret-revoked", at=at)
    return row


async def held(session: AsyncSession, partner: str, *, at: datetime) -> Sequence[PartnerSecretRow]:
    await queries.require_partner(session, partner)
    return await queries.secrets(session, partner, at=at)


async def _note(session: AsyncSession, row: PartnerSecretRow, action: str, *, at: datetime) -> None:
    await trail.record(
        session, action=action, resource=f"partner:{row.partner}", outcome=str(row.id), at=at
    )
