"""One poll of one queue, for a reader who may see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.deadlines import Light
from services.routing.domain.queues import RANKS, Entry, Placed, explain, explain_between
from services.routing.models import HandoffRow
from services.routing.queries import handoffs, registry
from services.routing.queries.handoffs import Queued
from services.routing.queries.polls import Page, Poll, Polls, etag_of
from services.routing.queries.registry import Known
from shared.db.transactions import Sessions
from shared.errors import NotFoundError
from shared.http import pages
from shared.means import cached
from shared.security.grants import EVERYTHING, Scope

Written = Callable[[Sequence[Queued]], bytes]


async def poll(
    state: Any,
    asked: Poll,
    written: Written,
    *,
    scope: Scope,
    seen: str | None,
    wait: float,
    at: datetime,
) -> tuple[str, Page | None]:
    """`written` makes a page of what was found. Holds no transaction while it waits; an unchanged
    page is answered without a query."""
    sessions: Sessions = state.statements
    polls: Polls = state.polls
    await require_own(state, asked.location, scope=scope)
    position = pages.position(asked.after, int, int, int, datetime.fromisoformat, UUID)

    async def load() -> Page:
        async with sessions() as session:
            rows = await handoffs.page(
                session,
                asked.location,
                status=asked.status,
                free=asked.free,
                after=position,
                limit=asked.limit,
                at=at,
            )
        return Page(etag_of(rows), written(rows), empty=not rows)

    return await polls.answer(asked, load, seen=seen, wait=wait)


async def require_own(state: Any, location: str, *, scope: Scope) -> None:
    """A queue that the caller may not touch is one that they have not heard of."""
    if not scope.covers(handling=location, division=await division(state, location)):
        raise NotFoundError


async def division(state: Any, location: str) -> str:
    """Known to this process as a rule; asked for where it is not."""
    found = division_known(state, location)
    if found is not None:
        return found
    sessions: Sessions = state.statements
    async with sessions() as session:
        return await division_of(session, location)


def division_known(state: Any, location: str) -> str | None:
    known = state.means.caches.get(Known)
    place = known.registry.last_known(location) if known else None
    return str(place.division) if place is not None else None


async def division_of(session: AsyncSession, location: str) -> str:
    """A place's division never changes, so what this process knows already will do."""
    place = cached(session, Known).registry.last_known(location)
    if place is None:
        place = (await registry.known(session)).registry.last_known(location)
    if place is None:
        raise NotFoundError
    return place.division


def key_of(row: HandoffRow | Queued) -> tuple[Any, ...]:
    light, lane, turn, since, id_ = handoffs.order_key(row)
    return (light, lane, turn, since.isoformat(), str(id_))


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one place: how many are open under each light, and how many of them nobody holds."""

    location: str
    open: Mapping[Light, int]
    free: Mapping[Light, int]


_LIGHTS = {rank: light for light, rank in RANKS.items()}


async def counts(state: Any, location: str, *, scope: Scope) -> Counts:
    """Asked again and again: while the queue does not change, it costs no query."""
    polls: Polls = state.polls
    sessions: Sessions = state.statements

    async def count() -> Counts:
        async with sessions() as session:
            found = await _counts(session, location=location, scope=EVERYTHING)
        return found[0] if found else Counts(location, _none(), _none())

    known = state.means.caches.get(Known)
    place = known.registry.last_known(location) if known else None
    if place is None:
        async with sessions() as session:
            place = (await registry.known(session)).registry.last_known(location)
    if place is None or not scope.covers(handling=location, division=place.division):
        raise NotFoundError
    return await polls.remembered(location, count)


async def counts_below(
    session: AsyncSession, *, scope: Scope, after: str | None, limit: int
) -> tuple[Sequence[Counts], str | None]:
    """Place by place: a province has thousands."""
    position = pages.position(after, str)
    last = position[0] if position else None
    # One place more than asked for says whether there is another page, and is whole on that one.
    rows = await handoffs.light_counts(
        session, location=None, scope=scope, after=last, places=limit + 1
    )
    found, more = pages.cut(_by_place(rows), limit)
    return found, pages.cursor(found[-1].location) if more else None


async def _counts(session: AsyncSession, *, location: str, scope: Scope) -> Sequence[Counts]:
    return _by_place(await handoffs.light_counts(session, location=location, scope=scope))


def _by_place(rows: Sequence[tuple[str, int, int, int]]) -> Sequence[Counts]:
    found: dict[str, Counts] = {}
    for place, rank, opened, free in rows:
        counts = found.setdefault(place, Counts(place, _none(), _none()))
        found[place] = replace(
            counts,
            open={**counts.open, _LIGHTS[rank]: opened},
            free={**counts.free, _LIGHTS[rank]: free},
        )
    return list(found.values())


def _none() -> dict[Light, int]:
    return dict.fromkeys(Light, 0)


@dataclass(frozen=True, slots=True)
class Placing:
    """Why a handoff stands where it does in its queue."""

    line: str
    ahead: UUID | None
    because: str | None


async def placing(
    session: AsyncSession, handoff_id: UUID, *, scope: Scope, at: datetime
) -> Placing:
    row = await handoffs.read_handoff(session, handoff_id, scope)
    own = Placed(_entry(row), await handoffs.turns_before(session, row))
    before = await handoffs.ahead_of(session, row)
    if before is None:
        return Placing(explain(own, now=at), None, None)
    other = Placed(_entry(before), before.turn)
    because = explain_between(other, Placed(own.entry, row.turn))
    return Placing(explain(own, now=at), before.id, because)


def _entry(row: HandoffRow) -> Entry:
    return Entry(
        id=str(row.id),
        light=Light(row.light),
        green_lane=row.lane_rank == 0,
        since=row.window_received_at,
        sender=row.receiving_location,
    )
