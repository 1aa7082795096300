"""A parcel is opened at the far end: what was found, what differs, and what follows from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import bags, custody, opening
from services.routing.actions.bags import Bag
from services.routing.actions.desk import Desk
from services.routing.domain import destinations, discrepancies, parcels, scans
from services.routing.domain.custody import Holder, HolderKind
from services.routing.domain.destinations import PaperKind
from services.routing.domain.discrepancies import Discrepancy, Kind, Settlement, Side
from services.routing.domain.handoffs import Status
from services.routing.domain.parcels import Consequence, Deed, End, State
from services.routing.domain.scans import Scan
from services.routing.models import CaseRow, DiscrepancyRow, HandoffRow, ParcelRow
from services.routing.queries import custody as papers_of
from services.routing.queries import parcels as queries
from services.routing.queries import registry
from shared.chance import new_id
from shared.errors import ConflictError, NotFoundError
from shared.http import etags
from shared.means import means
from shared.messaging.envelope import Event
from shared.messaging.outbox import Announcement
from shared.security.grants import Scope

# A paper that nobody knows is kept under its own description, which no id looks like.
_UNKNOWN = "?"
SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class Found:
    """What the desk says it has in its hands: scanned labels, or ids."""

    found: Sequence[str]
    damaged: Sequence[str] = ()
    extra: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Scanned:
    row: ParcelRow
    scan: Scan


@dataclass(frozen=True, slots=True)
class _Locked:
    """A bag with everything its opening may change, locked: case, handoffs, parcel, papers."""

    bag: Bag
    cases: Mapping[str, CaseRow]
    handoffs: Mapping[str, list[HandoffRow]]


async def scan_parcel(
    session: AsyncSession,
    parcel_id: UUID,
    found: Found,
    *,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> Scanned:
    named = await custody.resolved(session, found.found, pointer="/found")
    named |= await custody.resolved(session, found.damaged, pointer="/damaged")
    named |= await papers_of.resolve(session, found.extra)
    locked = await _lock(session, parcel_id, named.values(), scope=scope, at=at)
    bag = locked.bag
    etags.require(if_match, bag.row.version)
    end = bags.require_end(bag, Deed.SCAN, scope)
    state = parcels.after(State(bag.row.state), Deed.SCAN)

    def known(typed: Sequence[str]) -> list[str]:
        return [str(named[each].id) if each in named else _UNKNOWN + each for each in typed]

    scan = scans.compare(
        bag.parcel.manifest,
        found=known(found.found),
        damaged=known(found.damaged),
        extra=known(found.extra),
    )
    moved = await bags.move(bag, scans.consequences(scan, bag.parcel, bag.holders))
    bag.row.scanned_at = bag.acted_at
    bag.row.arrived_at = bag.row.arrived_at or bag.row.scanned_at
    differing = await _write(bag, scan)
    facts = {"found": len(scan.found), "different": len(differing)}
    await bags.finish(bag, Deed.SCAN, end, state=state, facts=facts)
    told: list[Event] = [
        events.ParcelScanned(
            **bags.of_parcel(bag),
            found=len(scan.found),
            discrepancies=[_told(bag, each) for each in differing],
        )
    ]
    if scan.clean:
        told += await _close(bag, end)
    arrived = await _arrivals(locked)
    await bags.announce(bag, *told, moved=moved, also=arrived)
    return Scanned(bag.row, scan)


async def _lock(
    session: AsyncSession,
    parcel_id: UUID,
    more: Iterable[papers_of.Paper],
    *,
    scope: Scope,
    at: datetime,
) -> _Locked:
    """The manifest of a bag that can be scanned is frozen, so it can be read before the locks."""
    await queries.read(session, parcel_id, scope)
    others = list(more)
    items = await queries.items(session, parcel_id)
    numbers = {item.case_number for item in items} | {paper.case_number for paper in others}
    cases = await queries.lock_cases(session, numbers)
    handoffs = await queries.lock_handoffs(session, numbers)
    bag = await bags.lay_out(
        session, parcel_id, scope=scope, more=[paper.id for paper in others], at=at
    )
    return _Locked(bag, cases, handoffs)


async def _write(bag: Bag, scan: Scan) -> list[DiscrepancyRow]:
    missing, damaged = set(scan.missing), set(scan.damaged)
    for item in bag.items:
        id_ = str(item.original_id)
        item.scanned = "missing" if id_ in missing else "damaged" if id_ in damaged else "found"
    rows = [_row(bag, each) for each in discrepancies.of_scan(scan)]
    bag.session.add_all(rows)
    await bag.session.flush()
    return rows


def _row(bag: Bag, found: Discrepancy) -> DiscrepancyRow:
    id_ = new_id()
    unknown = found.original_id.startswith(_UNKNOWN)
    paper = None if unknown else bag.papers[UUID(found.original_id)]
    described = None
    if unknown:
        described = means(bag.session).keys.seal(
            "fields",
            to_json(found.original_id.removeprefix(_UNKNOWN)),
            context=queries.described_for(id_),
        )
    return DiscrepancyRow(
        id=id_,
        parcel_id=bag.row.id,
        kind=found.kind.value,
        original_id=paper.id if paper else None,
        case_number=paper.case_number if paper else None,
        described=described,
        found_at=bag.acted_at,
    )


def _told(bag: Bag, row: DiscrepancyRow) -> events.FoundDifferent:
    paper = bag.papers[row.original_id] if row.original_id else None
    return events.FoundDifferent(
        discrepancy_id=row.id,
        kind=row.kind,
        original_id=row.original_id,
        label=paper.label if paper else None,
        case_number=row.case_number,
    )


class WhichEndError(ConflictError):
    code = "discrepancy-which-end"

    def __init__(self) -> None:
        super().__init__(
            "两端都归您管，请写明代表哪一端（end）",
            "you stand above both ends; say which one speaks",
        )


async def settle(
    session: AsyncSession,
    parcel_id: UUID,
    discrepancy_id: UUID,
    settlement: Settlement,
    *,
    end: End | None,
    scope: Scope,
    at: datetime,
) -> DiscrepancyRow:
    """Each end says how it sees it; once both say the same, the ledger follows."""
    about = await session.scalar(
        select(DiscrepancyRow).where(
            DiscrepancyRow.id == discrepancy_id, DiscrepancyRow.parcel_id == parcel_id
        )
    )
    if about is None:
        raise NotFoundError
    papers = await papers_of.resolve(session, [str(about.original_id)])
    locked = await _lock(session, parcel_id, papers.values(), scope=scope, at=at)
    bag = locked.bag
    row = await session.get_one(
        DiscrepancyRow, discrepancy_id, with_for_update=True, populate_existing=True
    )
    speaking = _speaking(bag.row, scope, end)
    said = discrepancies.say(_read(row), settlement, end=speaking)
    row.sender_says = said.sender_says.value if said.sender_says else None
    row.receiver_says = said.receiver_says.value if said.receiver_says else None
    facts = {"discrepancy": str(row.id), "says": settlement.value}
    await bags.finish(bag, SETTLE, speaking, facts=facts)
    if said.settled is None:
        return row
    row.settlement, row.settled_at = said.settled.value, bag.acted_at
    moved = await bags.move(bag, _effects(bag, row, said))
    told: list[Event] = [
        events.DiscrepancySettled(
            **bags.of_parcel(bag),
            discrepancy_id=row.id,
            kind=row.kind,
            original_id=row.original_id,
            case_number=row.case_number,
            settlement=said.settled.value,
        )
    ]
    await session.flush()
    left = [each for each in await queries.discrepancies(session, parcel_id) if not each.settlement]
    if not left:
        told += await _close(bag, speaking)
    arrived = await _arrivals(locked)
    await bags.announce(bag, *told, moved=moved, also=arrived)
    return row


def _speaking(row: ParcelRow, scope: Scope, end: End | None) -> End:
    ends = bags.ends_of(row, scope)
    if end is not None and end not in ends:
        raise NotFoundError
    if end is None and len(ends) > 1:
        raise WhichEndError
    return end or next(iter(ends))


def _read(row: DiscrepancyRow) -> Discrepancy:
    return Discrepancy(
        Kind(row.kind),
        str(row.original_id or row.id),
        Settlement(row.sender_says) if row.sender_says else None,
        Settlement(row.receiver_says) if row.receiver_says else None,
    )


def _effects(bag: Bag, row: DiscrepancyRow, said: Discrepancy) -> list[Consequence]:
    """Only a paper that is still with this very bag follows the settlement."""
    paper = bag.papers.get(row.original_id) if row.original_id else None
    if paper is None or paper.parcel_id != bag.row.id:
        return []
    effect = discrepancies.effect_of(said, paper.holder)
    if effect is None:
        return []
    to = {
        Side.SENDER: Holder(HolderKind.LOCATION, bag.row.from_location),
        Side.RECEIVER: Holder(HolderKind.LOCATION, bag.row.to_location),
        Side.NOBODY: Holder(HolderKind.LOST, bag.row.number),
    }[effect.to]
    return [Consequence(str(paper.id), effect.act, to)]


async def close_parcel(
    session: AsyncSession, parcel_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> ParcelRow:
    """What came back or stays lost is closed by hand; a scanned bag closes when all is settled."""
    bag = await bags.lay_out(session, parcel_id, scope=scope, at=at)
    etags.require(if_match, bag.row.version)
    end = bags.require_end(bag, Deed.CLOSE, scope)
    parcels.after(State(bag.row.state), Deed.CLOSE)
    rows = await queries.discrepancies(session, parcel_id)
    discrepancies.check_settled([_read(each) for each in rows])
    await bags.announce(bag, *await _close(bag, end))
    return bag.row


async def _close(bag: Bag, end: End) -> list[Event]:
    state = parcels.after(State(bag.row.state), Deed.CLOSE)
    await bags.finish(bag, Deed.CLOSE, end, state=state)
    return [events.ParcelClosed(**bags.of_parcel(bag))]


async def _arrivals(locked: _Locked) -> list[Announcement]:
    """An item that needs its paper is received now that the paper is here."""
    bag, session = locked.bag, locked.bag.session
    here = bag.row.to_location
    waiting = [
        (locked.cases[number], row, rows)
        for number, rows in locked.handoffs.items()
        for row in rows
        if row.status == Status.PENDING and row.opened_at and row.location == here
    ]
    if not waiting:
        return []
    known = await registry.known(session)
    papers = await papers_of.of_cases(session, [case.case_number for case, _, _ in waiting])
    told: list[Announcement] = []
    for case, row, rows in waiting:
        own = [p.holder for p in papers[case.case_number] if p.kind is PaperKind.MATERIAL]
        item = await registry.item(session, case.item_code, case.item_version)
        if item is None or not destinations.all_there(own, here):
            continue
        desk = Desk(session, case, row, rows, item, known, bag.at)
        arrived = await opening.arrive(desk)
        told += [Announcement(each, case.case_number, bag.at) for each in arrived]
    return told
