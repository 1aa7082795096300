"""Papers change hands: every move is an entry in the ledger, told to those who follow the case."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.domain import custody, labels
from services.routing.domain.custody import Act, Entry, Holder, HolderKind, NoPlaceError
from services.routing.domain.destinations import PaperKind
from services.routing.domain.parcels import Consequence
from services.routing.models import CaseRow, CustodyEntryRow, HoldingRow, OriginalRow
from services.routing.queries import cases, registry
from services.routing.queries import custody as queries
from services.routing.queries.custody import Paper
from shared.audit import trail
from shared.audit.trail import AUDIT
from shared.db import gathering
from shared.db.base import table_of
from shared.db.rows import inserting
from shared.errors import Fault, InvalidError, NotFoundError
from shared.means import means, origin
from shared.messaging import outbox
from shared.messaging.outbox import Announcement
from shared.security.grants import Scope

_MOVED = text("""
UPDATE holding SET seq = moved.seq, holder = moved.holder, since = :at, parcel_id = moved.parcel_id
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:seqs AS integer[]), CAST(:holders AS text[]),
    CAST(:parcels AS uuid[])
) AS moved (original_id, seq, holder, parcel_id)
WHERE holding.original_id = moved.original_id
""")


@dataclass(frozen=True, slots=True)
class Given:
    """A paper that comes into the ledger."""

    id: UUID
    material_code: str
    name: str
    kind: PaperKind = PaperKind.MATERIAL


@dataclass(frozen=True, slots=True)
class Moved:
    paper: Paper
    entry: Entry


async def take_in(
    session: AsyncSession,
    case: CaseRow,
    given: Sequence[Given],
    *,
    location: str,
    act: Act = Act.TAKE_IN,
    fresh: bool = False,
    at: datetime,
) -> None:
    """Over the counter, or made at the office: the first entry of each. The case is locked or new
    (`fresh`), so its papers are numbered in the order in which they come."""
    if not given:
        return
    count = 0 if fresh else await _how_many(session, case.case_number)
    by = origin(session).actor
    place = Holder(HolderKind.LOCATION, location)
    source = Holder(custody.source_of(act), case.case_number if act is Act.TAKE_IN else location)
    originals, entries, holdings = [], [], []
    for number, each in enumerate(given, start=count + 1):
        entry = custody.move(str(each.id), None, act, place, at=at)
        originals.append(
            {
                "id": each.id,
                "case_number": case.case_number,
                "place": number,
                "label": labels.of_original(case.case_number, number),
                "kind": each.kind.value,
                "material_code": each.material_code,
                "name": each.name,
                "taken_at": at,
                "taken_by": by,
            }
        )
        entries.append(_entry(replace(entry, from_holder=source), by, None))
        holdings.append(
            {
                "original_id": each.id,
                "seq": entry.seq,
                "holder": str(place),
                "since": at,
                "parcel_id": None,
            }
        )
    for clause, rows in ((_ORIGINALS, originals), (_ENTRIES, entries), (_HOLDINGS, holdings)):
        await gathering.write(session, clause, rows)
    waiting = gathering.gathered(session)
    if waiting is not None and not fresh:
        # Who goes on with the case may look for them.
        await waiting.settle(session)


async def _how_many(session: AsyncSession, case_number: str) -> int:
    counted = select(func.count()).where(OriginalRow.case_number == case_number)
    return await session.scalar(counted) or 0


_ORIGINALS = inserting(
    table_of(OriginalRow),
    (
        "id",
        "case_number",
        "place",
        "label",
        "kind",
        "material_code",
        "name",
        "taken_at",
        "taken_by",
    ),
)
_ENTRIES = inserting(
    table_of(CustodyEntryRow),
    (
        "original_id",
        "seq",
        "prev_seq",
        "act",
        "from_holder",
        "to_holder",
        "at",
        "actor",
        "parcel_id",
    ),
)
_HOLDINGS = inserting(table_of(HoldingRow), ("original_id", "seq", "holder", "since", "parcel_id"))


def _entry(entry: Entry, by: str, parcel_id: UUID | None) -> dict[str, Any]:
    return {
        "original_id": UUID(entry.original_id),
        "seq": entry.seq,
        "prev_seq": entry.seq - 1 if entry.seq > 1 else None,
        "act": entry.act.value,
        "from_holder": str(entry.from_holder),
        "to_holder": str(entry.to_holder),
        "at": entry.at,
        "actor": by,
        "parcel_id": parcel_id,
    }


async def move(
    session: AsyncSession,
    papers: Mapping[UUID, Paper],
    consequences: Iterable[Consequence],
    *,
    parcel_id: UUID | None = None,
    at: datetime,
) -> list[Moved]:
    """`papers` are locked. In a bag or with its carrier, a paper remembers the bag."""
    moved = []
    for each in consequences:
        paper = papers[UUID(each.original_id)]
        moved.append(
            Moved(paper, custody.move(each.original_id, _held(paper), each.act, each.to, at=at))
        )
    if not moved:
        return moved
    by = origin(session).actor
    await session.execute(
        insert(CustodyEntryRow), [_entry(each.entry, by, parcel_id) for each in moved]
    )
    await session.execute(
        _MOVED,
        {
            "at": at,
            "ids": [each.paper.id for each in moved],
            "seqs": [each.entry.seq for each in moved],
            "holders": [str(each.entry.to_holder) for each in moved],
            "parcels": [_bag(each.entry.to_holder, parcel_id) for each in moved],
        },
    )
    return moved


def _held(paper: Paper) -> Entry:
    """What the next entry goes on from: its number and its taker."""
    return Entry(str(paper.id), paper.seq, Act.TAKE_IN, None, paper.holder, paper.since)


def _bag(holder: Holder, parcel_id: UUID | None) -> UUID | None:
    return parcel_id if holder.kind in (HolderKind.PARCEL, HolderKind.CARRIER) else None


def told(moved: Sequence[Moved], *, parcel: str | None, at: datetime) -> list[Announcement]:
    """For everybody who follows one of the cases: where its papers are now."""
    by_case: dict[str, list[Moved]] = defaultdict(list)
    for each in moved:
        by_case[each.paper.case_number].append(each)
    return [
        Announcement(
            events.OriginalsMoved(
                case_number=number,
                parcel_number=parcel,
                at=at,
                originals=[
                    events.OriginalMoved(
                        original_id=each.paper.id,
                        label=each.paper.label,
                        material_code=each.paper.material_code,
                        kind=each.paper.kind.value,
                        act=each.entry.act.value,
                        holder_kind=each.entry.to_holder.kind.value,
                        holder=each.entry.to_holder.id,
                    )
                    for each in papers
                ],
            ),
            number,
            at,
        )
        for number, papers in sorted(by_case.items())
    ]


async def note(
    session: AsyncSession,
    numbers: Iterable[str],
    *,
    action: str,
    resource: str,
    outcome: str,
    facts: dict[str, Any],
    at: datetime,
) -> None:
    """One row in the trail of every case whose papers are concerned."""
    rows = [
        trail.entry(
            origin(session),
            keys=means(session).keys,
            action=action,
            at=at,
            case_number=number,
            resource=resource,
            outcome=outcome,
            facts=facts,
        )
        for number in sorted(set(numbers))
    ]
    if rows:
        await session.execute(insert(AUDIT), rows)


async def resolved(
    session: AsyncSession, typed: Sequence[str], *, pointer: str
) -> dict[str, Paper]:
    """Everything that was scanned or typed must be a paper we know; all that is not, at once."""
    known = await queries.resolve(session, typed)
    faults = [
        Fault(
            f"{pointer}/{place}",
            "unknown-original",
            "没有这份原件，请核对标签",
            "no such original",
        )
        for place, each in enumerate(typed)
        if each not in known
    ]
    if faults:
        raise InvalidError(faults)
    return known


async def give_back(
    session: AsyncSession, location: str, typed: Sequence[str], *, scope: Scope, at: datetime
) -> list[Paper]:
    """Over the counter to the applicant, who has shown who they are."""
    return await _over_the_counter(session, location, typed, Act.GIVE_BACK, scope=scope, at=at)


async def take_back(
    session: AsyncSession, location: str, typed: Sequence[str], *, scope: Scope, at: datetime
) -> list[Paper]:
    """What was given back is handed in once more, as far as it has a place to go."""
    return await _over_the_counter(session, location, typed, Act.TAKE_IN, scope=scope, at=at)


async def _must_have_places(session: AsyncSession, papers: Iterable[Paper]) -> None:
    numbers = sorted({paper.case_number for paper in papers})
    waiting = await cases.unroutable_of(session, numbers)
    if waiting:
        raise NoPlaceError(waiting)


async def _over_the_counter(
    session: AsyncSession,
    location: str,
    typed: Sequence[str],
    act: Act,
    *,
    scope: Scope,
    at: datetime,
) -> list[Paper]:
    place = (await registry.known(session)).registry.last_known(location)
    if place is None or not scope.covers(receiving=location, division=place.division):
        raise NotFoundError
    named = await resolved(session, typed, pointer="/originals")
    papers = await queries.lock(session, [paper.id for paper in named.values()])
    here = Holder(HolderKind.LOCATION, location)
    moved = []
    if act is Act.TAKE_IN:
        await _must_have_places(session, papers.values())
    for paper in papers.values():
        applicant = Holder(HolderKind.APPLICANT, paper.case_number)
        to, giver = (here, applicant) if act is Act.TAKE_IN else (applicant, here)
        custody.move(str(paper.id), _held(paper), act, to, at=at, expected=giver)
        moved.append(Consequence(str(paper.id), act, to))
    done = await move(session, papers, moved, at=at)
    numbers = [paper.case_number for paper in papers.values()]
    await note(
        session,
        numbers,
        action=f"originals-{act.value.replace('_', '-')}",
        resource=f"location:{location}",
        outcome="done",
        facts={"originals": [paper.label for paper in papers.values()]},
        at=at,
    )
    await outbox.record_many(session, told(done, parcel=None, at=at))
    return list((await queries.lock(session, papers)).values())
