"""The places as routing describes them, kept for a moment per process."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from time import monotonic

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import LocationRow
from shared.db.transactions import Sessions

_KEPT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """One version of a place; `open` when it holds on the day that was asked about."""

    code: str
    version: int
    name: str
    kind: str
    division: str
    valid_from: date
    valid_to: date | None

    def is_open(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


class Places:
    """A place that is not known is asked for again every time: its news may just be arriving."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._kept: dict[str, tuple[float, Sequence[Place]]] = {}
        self._loading = asyncio.Lock()

    async def find(self, code: str, on: date) -> Place | None:
        """The version that holds on that day, or the latest there is."""
        return holding(await self._versions(code), on)

    async def _versions(self, code: str) -> Sequence[Place]:
        until, known = self._kept.get(code, (0.0, ()))
        if known and monotonic() < until:
            return known
        if known:
            # One looks again; the others go on meanwhile with what is known.
            self._keep(code, known)
            return await self._load(code)
        async with self._loading:
            _, known = self._kept.get(code, (0.0, ()))
            return known or await self._load(code)

    async def _load(self, code: str) -> Sequence[Place]:
        async with self._sessions() as session:
            known = await versions_of(session, code)
        if known:
            self._keep(code, known)
        return known

    def _keep(self, code: str, known: Sequence[Place]) -> None:
        self._kept[code] = (monotonic() + _KEPT_SECONDS, known)


def holding(versions: Sequence[Place], on: date) -> Place | None:
    valid = [place for place in versions if place.is_open(on)]
    return max(valid or versions, key=lambda place: place.version, default=None)


async def find_place(session: AsyncSession, code: str, on: date) -> Place | None:
    """For those who are within a transaction already."""
    return holding(await versions_of(session, code), on)


async def versions_of(session: AsyncSession, code: str) -> Sequence[Place]:
    place = LocationRow
    rows = await session.execute(
        select(
            place.code,
            place.version,
            place.name,
            place.kind,
            place.division,
            place.valid_from,
            place.valid_to,
        ).where(place.code == code)
    )
    return [Place(*row) for row in rows]


async def known_as(session: AsyncSession, codes: Sequence[str]) -> Mapping[str, LocationRow]:
    """The latest version of each of these places."""
    place = LocationRow
    rows = await session.scalars(
        select(place)
        .ext(distinct_on(place.code))
        .where(place.code.in_(codes))
        .order_by(place.code, place.version.desc())
    )
    return {row.code: row for row in rows}


async def names_of(session: AsyncSession, codes: Sequence[str]) -> Mapping[str, str]:
    """What the places are called by their latest version."""
    place = LocationRow
    rows = await session.execute(
        select(place.code, place.name)
        .ext(distinct_on(place.code))
        .where(place.code.in_(codes))
        .order_by(place.code, place.version.desc())
    )
    return {row.code: row.name for row in rows}
