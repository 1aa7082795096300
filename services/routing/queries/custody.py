"""Who holds which paper: by case, by place, by bag, by label."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import labels
from services.routing.domain.custody import Holder, HolderKind
from services.routing.domain.destinations import Matter, PaperKind
from services.routing.domain.handoffs import OPEN
from services.routing.domain.labels import Labelled
from services.routing.models import (
    CaseLinkRow,
    CaseRow,
    CustodyEntryRow,
    HandoffRow,
    HoldingRow,
    OriginalRow,
    ParcelItemRow,
)
from services.routing.queries import registry
from shared.errors import NotFoundError
from shared.http import pages
from shared.security.grants import Match, Scope


@dataclass(frozen=True, slots=True)
class Paper:
    """An original with where it is now; `seq` is its latest entry."""

    id: UUID
    label: str
    case_number: str
    kind: PaperKind
    material_code: str
    name: str
    seq: int
    holder: Holder
    since: datetime
    parcel_id: UUID | None


_COLUMNS = (
    OriginalRow.id,
    OriginalRow.label,
    OriginalRow.case_number,
    OriginalRow.kind,
    OriginalRow.material_code,
    OriginalRow.name,
    HoldingRow.seq,
    HoldingRow.holder,
    HoldingRow.since,
    HoldingRow.parcel_id,
)


def _papers() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).join(HoldingRow, HoldingRow.original_id == OriginalRow.id)


def _paper(row: Any) -> Paper:
    values = dict(zip((column.key for column in _COLUMNS), row, strict=True))
    values["kind"] = PaperKind(values["kind"])
    values["holder"] = Holder.read(values["holder"])
    return Paper(**values)


async def lock(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Paper]:
    """By id, after the case, its handoffs and the parcel."""
    query = (
        _papers()
        .where(OriginalRow.id.in_(sorted(set(ids))))
        .order_by(OriginalRow.id)
        .with_for_update(of=HoldingRow)
    )
    found = [_paper(row) for row in await session.execute(query)]
    return {paper.id: paper for paper in found}


async def resolve(session: AsyncSession, typed: Sequence[str]) -> dict[str, Paper]:
    """What was scanned or typed, as papers; what is unknown is left out."""
    read = {text: labels.read(text) for text in typed}
    ids = [UUID(each.text) for each in read.values() if each.kind is Labelled.ID]
    named = [each.text for each in read.values() if each.kind is Labelled.ORIGINAL]
    query = _papers().where(or_(OriginalRow.id.in_(ids), OriginalRow.label.in_(named)))
    by_text: dict[str, Paper] = {}
    for row in await session.execute(query):
        paper = _paper(row)
        by_text[str(paper.id)] = by_text[paper.label] = paper
    by_text |= await _printed_elsewhere(session, set(named) - set(by_text))
    return {text: by_text[each.text] for text, each in read.items() if each.text in by_text}


async def _printed_elsewhere(session: AsyncSession, texts: Collection[str]) -> dict[str, Paper]:
    """A label of another installation bears its own number of the case; the paper's place in the
    case is the same in both."""
    if not texts:
        return {}
    read = {text: text.rpartition("-") for text in texts}
    query = (
        _papers()
        .add_columns(CaseLinkRow.their_number, OriginalRow.place)
        .join(CaseLinkRow, CaseLinkRow.case_number == OriginalRow.case_number)
        .where(CaseLinkRow.their_number.in_({number for number, _, _ in read.values()}))
    )
    printed = {
        (row.their_number, row.place): _paper(row[: len(_COLUMNS)])
        for row in await session.execute(query)
    }
    found = {text: printed.get((number, int(place))) for text, (number, _, place) in read.items()}
    return {text: paper for text, paper in found.items() if paper is not None}


async def of_case(session: AsyncSession, case_number: str) -> list[Paper]:
    query = _papers().where(OriginalRow.case_number == case_number).order_by(OriginalRow.place)
    return [_paper(row) for row in await session.execute(query)]


async def of_parcel(session: AsyncSession, parcel_id: UUID) -> list[Paper]:
    """What is on a bag's manifest, wherever it is by now."""
    query = (
        _papers()
        .join(ParcelItemRow, ParcelItemRow.original_id == OriginalRow.id)
        .where(ParcelItemRow.parcel_id == parcel_id)
        .order_by(OriginalRow.label)
    )
    return [_paper(row) for row in await session.execute(query)]


async def of_cases(session: AsyncSession, numbers: Iterable[str]) -> dict[str, list[Paper]]:
    query = _papers().where(OriginalRow.case_number.in_(sorted(set(numbers))))
    found: dict[str, list[Paper]] = defaultdict(list)
    for row in await session.execute(query):
        paper = _paper(row)
        found[paper.case_number].append(paper)
    return found


async def ledgers(
    session: AsyncSession, ids: Sequence[UUID]
) -> dict[UUID, Sequence[CustodyEntryRow]]:
    query = (
        select(CustodyEntryRow)
        .where(CustodyEntryRow.original_id.in_(ids))
        .order_by(CustodyEntryRow.original_id, CustodyEntryRow.seq)
    )
    found: dict[UUID, list[CustodyEntryRow]] = {id_: [] for id_ in ids}
    for row in await session.scalars(query):
        found[row.original_id].append(row)
    return dict(found)


async def require_case(session: AsyncSession, case_number: str, scope: Scope) -> CaseRow:
    """Visible to its window, to every place that works on it, and to those above them."""
    row = await session.scalar(
        select(CaseRow).where(
            CaseRow.case_number == case_number,
            scope.condition(
                receiving=CaseRow.receiving_location,
                handling=_works_on_it,
                division=_in_area,
            ),
        )
    )
    if row is None:
        raise NotFoundError
    return row


def _works_on_it(match: Match) -> Any:
    return exists().where(HandoffRow.case_number == CaseRow.case_number, match(HandoffRow.location))


def _in_area(match: Match) -> Any:
    handled = exists().where(
        HandoffRow.case_number == CaseRow.case_number, match(HandoffRow.division)
    )
    return or_(match(CaseRow.receiving_division), handled)


async def held_at(
    session: AsyncSession, location: str, *, after: str | None, limit: int
) -> tuple[list[Paper], str | None]:
    """What a place has in its hands, the longest held first."""
    query = _papers().where(HoldingRow.holder == str(Holder(HolderKind.LOCATION, location)))
    position = pages.position(after, datetime.fromisoformat, UUID)
    key = (HoldingRow.since, HoldingRow.original_id)
    if position is not None:
        query = query.where(tuple_(*key) > tuple_(*position))
    rows = (await session.execute(query.order_by(*key).limit(limit + 1))).all()
    page, more = pages.cut([_paper(row) for row in rows], limit)
    following = pages.cursor(page[-1].since.isoformat(), str(page[-1].id)) if more else None
    return list(page), following


async def matters(session: AsyncSession, papers: Iterable[Paper]) -> dict[UUID, Matter]:
    """How the case of each paper stands, for telling where the paper belongs."""
    papers = list(papers)
    numbers = sorted({paper.case_number for paper in papers})
    cases = {
        row.case_number: row
        for row in await session.scalars(select(CaseRow).where(CaseRow.case_number.in_(numbers)))
    }
    handoffs: dict[str, list[HandoffRow]] = defaultdict(list)
    query = select(HandoffRow).where(HandoffRow.case_number.in_(numbers)).order_by(HandoffRow.id)
    for row in await session.scalars(query):
        handoffs[row.case_number].append(row)
    stand = {number: matter_of(cases[number], handoffs[number]) for number in cases}
    found = {}
    for paper in papers:
        case = cases[paper.case_number]
        kept = await _is_kept(session, case, paper)
        found[paper.id] = replace(stand[paper.case_number], kept=kept)
    return found


def matter_of(case: CaseRow, rows: Sequence[HandoffRow]) -> Matter:
    own = sorted(rows, key=lambda row: (not row.lead, row.stage))
    at_work = [row.location for row in own if row.opened_at and row.status in OPEN]
    planned = [row.location for row in own if not row.opened_at and row.status in OPEN]
    decided = next((row.location for row in own if row.decides and row.result), None)
    return Matter(
        receiving=case.receiving_location,
        at_work=tuple(dict.fromkeys(at_work)),
        planned=tuple(dict.fromkeys(planned)),
        decided_at=decided if case.status == "decided" else None,
        closed=case.status == "closed",
        delivery=case.delivery_method,
    )


async def _is_kept(session: AsyncSession, case: CaseRow, paper: Paper) -> bool:
    """What the item has handed in stays in the file; what is only shown goes back."""
    item = await registry.item(session, case.item_code, case.item_version)
    materials = item.document.get("materials") or () if item else ()
    wanted = (each for each in materials if each["code"] == paper.material_code)
    return next((each.get("custody") != "shown" for each in wanted), True)
