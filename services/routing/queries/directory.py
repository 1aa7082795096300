"""Pages of the registry, from this process's copy of it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.words import LocationKind
from services.routing.queries import registry
from shared.errors import NotFoundError
from shared.http import pages
from shared.security.grants import division_prefix


async def locations(
    session: AsyncSession,
    *,
    on: date,
    kind: LocationKind | None,
    division: str | None,
    after: str | None,
    limit: int,
) -> tuple[Sequence[dict[str, Any]], str | None]:
    known = await registry.known(session)
    position = pages.position(after, str)
    prefix = division_prefix(division) if division else ""
    start = position[0] if position else ""
    codes = sorted(code for name, code in known.documents if name == "location" and code > start)
    found: list[dict[str, Any]] = []
    for code in codes:
        place = known.registry.location(code, on=on)
        if place is None or (kind and place.kind is not kind):
            continue
        if place.division.startswith(prefix):
            found.append(known.documents["location", code])
        if len(found) > limit:
            break
    page, more = pages.cut(found, limit)
    return page, pages.cursor(page[-1]["code"]) if more else None


async def location(session: AsyncSession, code: str, *, on: date) -> dict[str, Any]:
    known = await registry.known(session)
    if known.registry.location(code, on=on) is None:
        raise NotFoundError
    return known.documents["location", code]


async def entries(
    session: AsyncSession, kind: str, *, after: str | None, limit: int
) -> tuple[Sequence[dict[str, Any]], str | None]:
    known = await registry.known(session)
    position = pages.position(after, str)
    start = position[0] if position else ""
    codes = sorted(code for name, code in known.documents if name == kind and code > start)
    page, more = pages.cut(codes[: limit + 1], limit)
    return [known.documents[kind, code] for code in page], pages.cursor(page[-1]) if more else None
