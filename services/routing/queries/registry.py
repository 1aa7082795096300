"""The registry and the items as this process knows them, read again when they have changed."""

import asyncio
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import plans, registry, terms
from services.routing.domain.plans import PlannedStep
from services.routing.domain.questions import ItemBasis
from services.routing.domain.registry import Agreement, Location, Registry, Rule
from services.routing.domain.terms import Terms
from services.routing.domain.words import LocationKind, Mode, Power
from services.routing.models import ItemRow, RegistryRow, RegistryStateRow
from services.routing.queries import calendars
from services.routing.queries.calendars import Calendars
from shared.divisions.divisions import Level
from shared.means import cached
from shared.workdays.calendar import Workdays


@dataclass(frozen=True, slots=True)
class Item:
    """What routing uses of one item version."""

    basis: ItemBasis
    terms: Terms
    modes: frozenset[str]
    steps: dict[str, tuple[PlannedStep, ...]]
    paper_required: frozenset[str]
    materials: dict[str, str]
    document: dict[str, Any] = field(repr=False)

    def plan(self, mode: str) -> tuple[PlannedStep, ...]:
        return self.steps.get(mode, ())


@dataclass
class Known:
    """Kept per process; `revision` says which state of the table it was made from."""

    revision: int = -1
    registry: Registry = field(default_factory=Registry)
    documents: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    items: dict[tuple[str, int], Item] = field(default_factory=dict)
    calendar: int = 0
    calendars: Calendars = field(default_factory=Calendars)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def workdays_of(self, division: str) -> Workdays:
        """The calendar of a division; with its own days and those of what lies above it."""
        return self.calendars.of(division, local=self.registry.local)

    def places(self) -> list[Location]:
        return [
            location_of(each) for (kind, _), each in self.documents.items() if kind == "location"
        ]


async def known(session: AsyncSession) -> Known:
    """One cheap read says whether the copies are current; the rest only when they are not."""
    copy = cached(session, Known)
    if await _state(session) != (copy.revision, copy.calendar):
        # One reads for all who have noticed: a registry of thousands is not read by each.
        async with copy.reading:
            await _read(session, copy)
    return copy


async def _state(session: AsyncSession) -> tuple[int, int]:
    state = (await session.execute(_STATE)).first()
    return (state.revision, state.calendar) if state else (0, 0)


async def _read(session: AsyncSession, copy: Known) -> None:
    revision, calendar = await _state(session)
    if revision != copy.revision:
        rows = (await session.scalars(select(RegistryRow).order_by(RegistryRow.version))).all()
        copy.registry = _registry(rows)
        copy.documents = {(row.kind, row.code): row.document for row in rows}
        copy.revision = revision
    if calendar != copy.calendar:
        copy.calendars = await calendars.read(session)
        copy.calendar = calendar


_STATE = select(RegistryStateRow.revision, RegistryStateRow.calendar)


def _registry(rows: Any) -> Registry:
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row.document)
    return Registry.of(
        locations=[location_of(each) for each in by_kind.get("location", ())],
        rules=[rule_of(each) for each in by_kind.get("rule", ())],
        agreements=[agreement_of(each) for each in by_kind.get("agreement", ())],
    )


async def item(session: AsyncSession, code: str, version: int) -> Item | None:
    """A published version never changes, so what was read once is kept."""
    items = cached(session, Known).items
    if (code, version) not in items:
        row = await session.get(ItemRow, (code, version))
        if row is None:
            return None
        items[code, version] = item_of(row.document)
    return items[code, version]


async def item_in_force(session: AsyncSession, code: str, on: date) -> Item | None:
    version = await session.scalar(
        select(ItemRow.version)
        .where(
            ItemRow.code == code,
            ItemRow.status == "published",
            ItemRow.valid_from <= on,
            (ItemRow.valid_to.is_(None)) | (ItemRow.valid_to >= on),
        )
        .order_by(ItemRow.version.desc())
        .limit(1)
    )
    return await item(session, code, version) if version is not None else None


def location_of(document: dict[str, Any]) -> Location:
    system = document.get("system", "own")
    handles = document.get("handles") or {}
    return Location(
        code=document["code"],
        name=document["name"],
        division=document["division"],
        kind=LocationKind(document["kind"]),
        version=document["version"],
        departments=frozenset(handles.get("departments") or ()),
        partner=system.partition(":")[2] or None,
        offline=system == "offline",
        **_dates(document),
    )


def rule_of(document: dict[str, Any]) -> Rule:
    kind, mode, level = (document.get(name) for name in ("kind", "mode", "level"))
    return Rule(
        id=document["id"],
        division=document.get("division") or "",
        location=document.get("location"),
        kind=LocationKind(kind) if kind else None,
        item_code=document.get("item_code"),
        department=document.get("department"),
        mode=Mode(mode) if mode else None,
        basis=document.get("basis"),
        level=Level(int(level)) if level else None,
        agreement=document.get("agreement"),
        received_in=document.get("received_in"),
        version=document["version"],
        **_dates(document),
    )


def agreement_of(document: dict[str, Any]) -> Agreement:
    return Agreement(
        id=document["id"],
        parties=frozenset(document["parties"]),
        items=frozenset(document.get("items") or ()),
        powers=frozenset(Power(each) for each in document.get("delegated_powers") or ()),
        delegates_to=frozenset(
            LocationKind(each) for each in document.get("delegates_to") or ("centre",)
        ),
        version=document["version"],
        **_dates(document),
    )


def _dates(document: dict[str, Any]) -> dict[str, Any]:
    until = document.get("valid_to")
    return {
        "valid_from": date.fromisoformat(document["valid_from"]),
        "valid_to": date.fromisoformat(until) if until else None,
    }


def item_of(document: dict[str, Any]) -> Item:
    kinds = tuple(document.get("choice") or ()) or (document["basis"],)
    return Item(
        basis=ItemBasis(
            code=document["code"],
            version=document["version"],
            name=document["name"],
            level=Level(int(document["level"])),
            kinds=kinds,
            department=document.get("department"),
            accepts_at_window=document.get("acceptance_authority") == "receiving",
        ),
        terms=terms.of_item(document["limits"], document.get("special_procedures") or ()),
        modes=frozenset(document["modes"]),
        steps={
            mode: plans.steps_of(steps) for mode, steps in (document.get("steps") or {}).items()
        },
        paper_required=frozenset(
            mode for mode, needed in (document.get("paper_required") or {}).items() if needed
        ),
        materials={each["code"]: each["name"] for each in document.get("materials") or ()},
        document=document,
    )


def place(copy: Known, code: str, *, on: date) -> registry.Location | None:
    return copy.registry.location(code, on=on) or copy.registry.last_known(code)
