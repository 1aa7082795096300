"""How we come to a partner's installation, and the partner to what we told it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import attachments, fetching
from services.routing.actions.fetching import Fetched
from services.routing.models import AttachmentRow, ContentRow, PartnerAccessRow, PartnerMessageRow
from services.routing.queries import crossings as queries
from services.routing.queries import partners
from shared.audit import trail
from shared.errors import NotFoundError
from shared.http.fetching import Access
from shared.means import means, origin
from shared.security.grants import Scope


async def set_access(
    session: AsyncSession, partner: str, access: Access, *, at: datetime
) -> PartnerAccessRow:
    await partners.require_partner(session, partner)
    row = await queries.set_access(session, partner, access, by=origin(session).actor, at=at)
    await trail.record(
        session,
        action="partner-access-set",
        resource=f"partner:{partner}",
        outcome="set",
        facts={"base_url": access.base_url, "client_id": access.client_id},
        at=at,
    )
    return row


async def read_told(session: AsyncSession, told_id: UUID, *, scope: Scope, at: datetime) -> bytes:
    """On record before it is handed out."""
    row = await queries.message(session, told_id, scope)
    await _note(session, row, "partner-content-fetched", {"digest": row.digest}, at=at)
    return queries.open_content(means(session).keys, row)


async def read_told_file(
    session: AsyncSession, told_id: UUID, *, scope: Scope, at: datetime
) -> Fetched:
    """The file that it speaks of, as sealed here; on record before a byte of it leaves."""
    row = await queries.message(session, told_id, scope)
    found = await _file(session, row)
    facts = {"sha256": found.record.sha256.hex(), "size": found.record.size}
    await _note(session, row, "partner-file-fetched", facts, at=at)
    return found


async def _file(session: AsyncSession, row: PartnerMessageRow) -> Fetched:
    if content := await session.get(ContentRow, row.file_id):
        return fetching.fetched(session, content)
    if attached := await session.get(AttachmentRow, row.file_id):
        return Fetched(f"{row.case_number}-{attached.id}", attachments.record_of(attached))
    raise NotFoundError


async def _note(
    session: AsyncSession,
    row: PartnerMessageRow,
    action: str,
    facts: dict[str, Any],
    *,
    at: datetime,
) -> None:
    await trail.record(
        session,
        action=action,
        case_number=row.case_number,
        resource=f"partner-message:{row.id}",
        outcome=row.partner,
        facts={"kind": row.kind, **facts},
        at=at,
    )
