"""How we come to a partner's installation, and the partner to what we told it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import PartnerAccessRow
from services.routing.queries import crossings as queries
from services.routing.queries import partners
from shared.audit import trail
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
    await trail.record(
        session,
        action="partner-content-fetched",
        case_number=row.case_number,
        resource=f"partner-message:{row.id}",
        outcome=row.partner,
        facts={"kind": row.kind, "digest": row.digest},
        at=at,
    )
    return queries.open_content(means(session).keys, row)
