"""Open handoffs as a supervisor or an officer looks for them, page by page."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import HandoffRow
from services.routing.queries import handoffs
from services.routing.queries.handoffs import Sought
from services.routing.queries.queues import key_of
from shared.http import pages
from shared.security.grants import Scope


async def search(
    session: AsyncSession, sought: Sought, *, scope: Scope, after: str | None, limit: int
) -> tuple[Sequence[HandoffRow], str | None]:
    position = pages.position(after, str, str, int, int, int, datetime.fromisoformat, UUID)
    rows = await handoffs.search(session, sought, scope=scope, after=position, limit=limit)
    page, more = pages.cut(rows, limit)
    if not more:
        return page, None
    last = page[-1]
    return page, pages.cursor(last.division, last.location, *key_of(last))
