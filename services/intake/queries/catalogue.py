"""The catalogue as this process knows it: items rarely change, so they are kept until they do."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import date
from time import monotonic
from typing import Any

from sqlalchemy import Row, and_, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.domain import items
from services.intake.domain.items import ItemVersion
from services.intake.domain.words import Mode
from services.intake.models import CatalogueRow, ItemVersionRow
from shared.db.transactions import Sessions

_LOOK_AGAIN_SECONDS = 1.0
_KEPT = 2_000

Versions = Mapping[int, ItemVersion]


class Catalogue:
    """Asks about once a second whether anything was published. What is asked before a transaction
    goes over a connection of its own, what is asked within one over that one's: nobody waits for a
    second connection while holding a first."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._revision: int | None = None
        self._due = 0.0
        self._kept: OrderedDict[str, Versions] = OrderedDict()
        self._loading = asyncio.Lock()

    async def current(self, code: str | None, on: date) -> ItemVersion | None:
        """The version to take a case under on that day, or the one that explains why not."""
        return items.current(await self.versions(code), on) if code else None

    async def versions(self, code: str) -> Versions:
        await self._look_again()
        known = self._kept.get(code)
        if known is None:
            async with self._loading:
                known = self._kept.get(code) or await self._load(code)
        return known

    async def version(self, session: AsyncSession, code: str, version: int) -> ItemVersion:
        """The one a case is pinned to; whatever is published since, it stays as it was taken."""
        known = self._kept.get(code)
        if known is None or version not in known:
            known = await versions_of(session, code)
            self._keep(code, known)
        return known[version]

    def forget(self) -> None:
        """Something was just published here."""
        self._due = 0.0

    async def _load(self, code: str) -> Versions:
        async with self._sessions() as session:
            known = await versions_of(session, code)
        # Codes that nobody has published are not kept: anybody may ask for any.
        if known:
            self._keep(code, known)
        return known

    def _keep(self, code: str, known: Versions) -> None:
        self._kept[code] = known
        self._kept.move_to_end(code)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    async def _look_again(self) -> None:
        if monotonic() < self._due:
            return
        # One looks; the others go on meanwhile with what is known.
        self._due = monotonic() + _LOOK_AGAIN_SECONDS
        async with self._sessions() as session:
            revision = await revision_of(session)
        if revision != self._revision:
            self._kept.clear()
            self._revision = revision


async def revision_of(session: AsyncSession) -> int:
    return await session.scalar(select(CatalogueRow.revision)) or 0


async def versions_of(session: AsyncSession, code: str) -> Versions:
    rows = await session.execute(
        select(ItemVersionRow.version, ItemVersionRow.document).where(ItemVersionRow.code == code)
    )
    return {row.version: ItemVersion.model_validate(row.document) for row in rows}


async def list_items(
    session: AsyncSession,
    *,
    on: date,
    name: str | None = None,
    department: str | None = None,
    mode: Mode | None = None,
    service_object: str | None = None,
    after: tuple[str] | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """What may be applied for on that day, one row per item, its latest version; one more than
    `limit`."""
    item = ItemVersionRow
    offered = and_(
        item.status == "published",
        item.valid_from <= on,
        or_(item.valid_to.is_(None), item.valid_to >= on),
    )
    query = (
        select(
            item.code, item.version, item.name, item.department, item.modes, item.service_objects
        )
        .where(offered)
        .ext(distinct_on(item.code))
        .order_by(item.code, item.version.desc())
    )
    latest = query.subquery()
    found = select(latest)
    if name:
        found = found.where(func.strpos(func.lower(latest.c.name), name.lower()) > 0)
    if department:
        found = found.where(func.strpos(latest.c.department, department) > 0)
    if mode:
        found = found.where(literal(mode.value) == any_(latest.c.modes))
    if service_object:
        found = found.where(literal(service_object) == any_(latest.c.service_objects))
    if after:
        found = found.where(latest.c.code > after[0])
    return (await session.execute(found.order_by(latest.c.code).limit(limit + 1))).all()


async def every_version(session: AsyncSession, codes: Sequence[str] | None) -> list[ItemVersion]:
    """All of them, or those of these items; drafts among them."""
    item = ItemVersionRow
    query = select(item.document).order_by(item.code, item.version)
    if codes:
        query = query.where(item.code.in_(codes))
    return [ItemVersion.model_validate(document) for document in await session.scalars(query)]


async def versions_at(
    session: AsyncSession, keys: Sequence[tuple[str, int]]
) -> Mapping[tuple[str, int], ItemVersion]:
    """Those of these versions that are known, drafts among them."""
    item = ItemVersionRow
    rows = await session.execute(
        select(item.code, item.version, item.document).where(
            item.code.in_({code for code, _ in keys})
        )
    )
    wanted = set(keys)
    return {
        (row.code, row.version): ItemVersion.model_validate(row.document)
        for row in rows
        if (row.code, row.version) in wanted
    }
