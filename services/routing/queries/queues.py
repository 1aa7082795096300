"""One poll of one queue, for a reader who may see it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import HandoffRow
from services.routing.queries import handoffs, registry
from services.routing.queries.polls import Poll, Polls
from services.routing.queries.registry import Known
from shared.db.transactions import Sessions
from shared.errors import NotFoundError
from shared.http import pages
from shared.security.grants import Scope


async def poll(
    state: Any, asked: Poll, *, scope: Scope, seen: str | None, wait: float, at: datetime
) -> tuple[str, Sequence[HandoffRow] | None]:
    """Holds no transaction while it waits; an unchanged page is answered without a query."""
    sessions: Sessions = state.sessions
    polls: Polls = state.polls
    known = state.means.caches.get(Known)
    place = known.registry.last_known(asked.location) if known else None
    division = place.division if place else None
    if division is None:
        async with sessions() as session:
            division = await division_of(session, asked.location)
    if not scope.covers(handling=asked.location, division=division):
        raise NotFoundError
    position = pages.position(asked.after, int, int, datetime.fromisoformat, UUID)

    async def load() -> Sequence[HandoffRow]:
        async with sessions() as session:
            return await handoffs.page(
                session,
                asked.location,
                status=asked.status,
                free=asked.free,
                after=position,
                limit=asked.limit,
                at=at,
            )

    return await polls.answer(asked, load, seen=seen, wait=wait)


async def division_of(session: AsyncSession, location: str) -> str:
    place = (await registry.known(session)).registry.last_known(location)
    if place is None:
        raise NotFoundError
    return place.division


def key_of(row: HandoffRow) -> tuple[Any, ...]:
    light, lane, since, id_ = handoffs.order_key(row)
    return (light, lane, since.isoformat(), str(id_))
