"""Pages of the registry, from this process's copy of it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import registrations
from services.routing.domain.entries import Kind
from services.routing.domain.registrations import There
from services.routing.domain.words import LocationKind
from services.routing.models import RegistryRow
from services.routing.queries import registry
from shared.errors import NotFoundError
from shared.http import pages
from shared.security.grants import division_prefix

FORMAT = "tongban.directory/1"
_AT_ONCE = 5000


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


async def there(session: AsyncSession, documents: registrations.Documents) -> There:
    """What bears on these: all versions of what is handed in, and the codes of everything."""
    known = await registry.known(session)
    wanted = [
        (kind.value, each[kind.key])
        for kind, entries in documents.items()
        for each in entries
        if isinstance(each.get(kind.key), str)
    ]
    versions: dict[tuple[Kind, str], list[dict[str, Any]]] = defaultdict(list)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        rows = await session.execute(
            select(RegistryRow.kind, RegistryRow.code, RegistryRow.document)
            .where(tuple_(RegistryRow.kind, RegistryRow.code).in_(some))
            .order_by(RegistryRow.version)
        )
        for kind, code, document in rows:
            versions[Kind(kind), code].append(document)
    codes: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for kind, code in known.documents:
        codes[Kind(kind)].add(code)
    agents = (place.code for place in known.places() if place.kind is LocationKind.AGENT)
    return There(
        versions=versions,
        codes={kind: frozenset(found) for kind, found in codes.items()},
        agents=frozenset(agents),
        local=known.registry.local,
    )


async def latest(session: AsyncSession, kind: Kind) -> Sequence[dict[str, Any]]:
    documents = (await registry.known(session)).documents
    return [documents[key] for key in sorted(documents) if key[0] == kind.value]


async def export(session: AsyncSession) -> dict[str, Any]:
    """Every version of everything, as a file that can be imported again."""
    order = (RegistryRow.kind, RegistryRow.code, RegistryRow.version)
    rows = await session.execute(select(RegistryRow.kind, RegistryRow.document).order_by(*order))
    sections: dict[str, list[dict[str, Any]]] = {kind.section: [] for kind in Kind}
    for kind, document in rows:
        sections[Kind(kind).section].append(document)
    return {"format": FORMAT, **sections}
