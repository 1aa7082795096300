"""Bags between two places, each deed: lay out, decide, move the papers, announce."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import bags, custody
from services.routing.actions.bags import Bag, lay_out
from services.routing.domain import destinations, labels, parcels, waits
from services.routing.domain.custody import Act, Holder, HolderKind
from services.routing.domain.handoffs import OPEN
from services.routing.domain.parcels import Consequence, Deed, End, State
from services.routing.domain.registry import Location
from services.routing.domain.terms import Hop, Terms
from services.routing.models import CaseRow, HandoffRow, ParcelItemRow, ParcelRow
from services.routing.queries import custody as papers_of
from services.routing.queries import parcels as queries
from services.routing.queries import registry
from services.routing.queries.custody import Paper
from shared.chance import new_id
from shared.clock import local_date
from shared.errors import ConflictError, Fault, InvalidError, NotFoundError
from shared.http import etags
from shared.means import acted_at, means, origin
from shared.security.grants import Scope

MESSENGER = "messenger"
MOST = 500
REMIND = "remind"

_SERIAL = text("SELECT nextval(pg_get_serial_sequence('parcel', 'serial'))")


class NotEmptyError(ConflictError):
    code = "parcel-not-empty"

    def __init__(self) -> None:
        super().__init__("袋中还有原件，请先取出", "there are papers in it; take them out first")


class TooFullError(ConflictError):
    code = "parcel-full"

    def __init__(self) -> None:
        super().__init__(
            f"一袋最多{MOST}份原件", f"a parcel holds at most {MOST} papers", most=MOST
        )


_EVER = datetime.min.replace(tzinfo=UTC)


async def open_parcel(
    session: AsyncSession,
    *,
    sender: str,
    receiver: str,
    typed: Sequence[str],
    transit: bool,
    scope: Scope,
    at: datetime,
) -> ParcelRow:
    """A bag with its first papers. All that is wrong with them is said at once."""
    here, there = await _two_places(session, sender, receiver, scope, on=local_date(at))
    serial = await session.scalar(_SERIAL)
    row = ParcelRow(
        id=new_id(),
        serial=serial,
        number=labels.of_parcel(means(session).division, serial or 0),
        from_location=here.code,
        from_division=here.division,
        to_location=there.code,
        to_division=there.division,
        transit=transit,
        state=State.OPEN.value,
        opened_at=acted_at(session, since=_EVER, at=at),
        opened_by=origin(session).actor,
        version=1,
    )
    session.add(row)
    await session.flush()
    bag = Bag(session, row, (), {}, at)
    await _fill(bag, typed, End.SENDER)
    return row


async def _two_places(
    session: AsyncSession, sender: str, receiver: str, scope: Scope, *, on: date
) -> tuple[Location, Location]:
    known = (await registry.known(session)).registry
    here, there = known.location(sender, on=on), known.location(receiver, on=on)
    if here is None or not scope.covers(receiving=here.code, division=here.division):
        raise NotFoundError
    if there is None or there.code == here.code:
        fault = Fault(
            "/to", "bad-location", "接收地不存在、已停用，或就是寄出地", "no such other place"
        )
        raise InvalidError([fault])
    return here, there


async def fill_parcel(
    session: AsyncSession,
    parcel_id: UUID,
    typed: Sequence[str],
    *,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> ParcelRow:
    bag = await lay_out(session, parcel_id, scope=scope, at=at)
    etags.require(if_match, bag.row.version)
    await _fill(bag, typed, bags.require_end(bag, Deed.FILL, scope))
    return bag.row


async def _fill(bag: Bag, typed: Sequence[str], end: End) -> None:
    session, row = bag.session, bag.row
    state = parcels.after(State(row.state), Deed.FILL)
    named = await custody.resolved(session, typed, pointer="/originals")
    papers = await papers_of.lock(session, [paper.id for paper in named.values()])
    if len(bag.items) + len(papers) > MOST:
        raise TooFullError
    await _require_fit(bag, [papers[named[each].id] for each in typed])
    bagged = Holder(HolderKind.PARCEL, row.number)
    filled = Bag(session, row, bag.items, papers, bag.at)
    moved = await bags.move(filled, [Consequence(str(id_), Act.FILL, bagged) for id_ in papers])
    lines = [
        {"parcel_id": row.id, "original_id": paper.id, "case_number": paper.case_number}
        for paper in papers.values()
    ]
    if lines:
        await session.execute(insert(ParcelItemRow), lines)
    filled = Bag(session, row, await queries.items(session, row.id), papers, bag.at)
    facts = {"originals": [paper.label for paper in papers.values()]}
    await bags.finish(filled, Deed.FILL, end, state=state, facts=facts)
    await bags.announce(filled, moved=moved)


async def _require_fit(bag: Bag, papers: Sequence[Paper]) -> None:
    """Held here, named once, and on its way to where the bag goes."""
    here = Holder(HolderKind.LOCATION, bag.row.from_location)
    matters = await papers_of.matters(bag.session, papers)
    seen: set[UUID] = set()
    faults = []
    for place, paper in enumerate(papers):
        pointer = f"/originals/{place}"
        if paper.id in seen:
            faults.append(Fault(pointer, "named-twice", "同一份原件写了两次", "named twice"))
        elif paper.holder != here:
            zh = f"这份原件不在寄出地，现在：{paper.holder.kind.zh}（{paper.holder.id}）"
            en = f"the original is with {paper.holder}"
            faults.append(Fault(pointer, "original-held-elsewhere", zh, en))
        elif not bag.row.transit and bag.row.to_location not in destinations.places(
            matters[paper.id]
        ):
            belongs = destinations.destination(paper.kind, paper.holder, matters[paper.id])
            zh = f"这份原件不去{bag.row.to_location}：{belongs.why_zh}（{belongs.place}）"
            en = f"the original does not go to {bag.row.to_location} but to {belongs.place}"
            faults.append(Fault(pointer, "wrong-way", zh, en))
        seen.add(paper.id)
    if faults:
        raise InvalidError(faults)


async def empty_parcel(
    session: AsyncSession,
    parcel_id: UUID,
    typed: Sequence[str],
    *,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> ParcelRow:
    """Take papers out again, as long as the bag is open."""
    bag = await lay_out(session, parcel_id, scope=scope, at=at)
    etags.require(if_match, bag.row.version)
    end = bags.require_end(bag, Deed.TAKE_OUT, scope)
    state = parcels.after(State(bag.row.state), Deed.TAKE_OUT)
    named = await custody.resolved(session, typed, pointer="/originals")
    ids = {paper.id for paper in named.values()}
    faults = [
        Fault(f"/originals/{place}", "not-in-parcel", "不在这一袋中", "not in this parcel")
        for place, each in enumerate(typed)
        if named[each].id not in bag.papers
    ]
    if faults:
        raise InvalidError(faults)
    desk = Holder(HolderKind.LOCATION, bag.row.from_location)
    out = [
        Consequence(str(id_), Act.TAKE_OUT, desk)
        for id_ in sorted(ids)
        if bag.papers[id_].holder == bag.parcel.holder
    ]
    moved = await bags.move(bag, out)
    await session.execute(
        delete(ParcelItemRow).where(
            ParcelItemRow.parcel_id == parcel_id, ParcelItemRow.original_id.in_(ids)
        )
    )
    facts = {"originals": sorted(bag.papers[id_].label for id_ in ids)}
    await bags.finish(bag, Deed.TAKE_OUT, end, state=state, facts=facts)
    await bags.announce(bag, moved=moved)
    return bag.row


async def seal_parcel(
    session: AsyncSession,
    parcel_id: UUID,
    *,
    seal_number: str | None,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> ParcelRow:
    """From here on the manifest is frozen; its digest says so."""
    bag = await lay_out(session, parcel_id, scope=scope, at=at)
    etags.require(if_match, bag.row.version)
    end = bags.require_end(bag, Deed.SEAL, scope)
    row = bag.row
    state = parcels.seal(bag.parcel)
    row.sealed_at, row.seal_number = bag.acted_at, seal_number
    row.manifest_digest = digest_of(row.number, [paper.label for paper in bag.papers.values()])
    facts = {"originals": len(bag.items), "seal_number": seal_number}
    await bags.finish(bag, Deed.SEAL, end, state=state, facts=facts)
    sealed = events.ParcelSealed(
        **bags.of_parcel(bag), originals=len(bag.items), seal_number=seal_number
    )
    await bags.announce(bag, sealed)
    return row


def digest_of(number: str, named: Sequence[str]) -> bytes:
    return hashlib.sha256("\n".join([number, *sorted(named)]).encode()).digest()


async def unseal_parcel(
    session: AsyncSession, parcel_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> ParcelRow:
    """Opened again before it left; sealing it anew fixes a new manifest."""
    bag = await lay_out(session, parcel_id, scope=scope, at=at)
    etags.require(if_match, bag.row.version)
    end = bags.require_end(bag, Deed.UNSEAL, scope)
    state = parcels.after(State(bag.row.state), Deed.UNSEAL)
    bag.row.sealed_at = bag.row.seal_number = bag.row.manifest_digest = None
    await bags.finish(bag, Deed.UNSEAL, end, state=state)
    return bag.row


async def discard_parcel(
    session: AsyncSession, parcel_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> ParcelRow:
    bag = await lay_out(session, parcel_id, scope=scope, at=at)
    etags.require(if_match, bag.row.version)
    end = bags.require_end(bag, Deed.DISCARD, scope)
    state = parcels.after(State(bag.row.state), Deed.DISCARD)
    if bag.items:
        raise NotEmptyError
    await bags.finish(bag, Deed.DISCARD, end, state=state)
    # Sealed before, it may have been booked with a carrier.
    await bags.announce(bag, events.ParcelClosed(**bags.of_parcel(bag)))
    return bag.row


async def hand_over_parcel(
    session: AsyncSession,
    parcel_id: UUID,
    *,
    carrier: str,
    waybill: str | None,
    messenger: str | None,
    expected_on: date | None,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> ParcelRow:
    """To a carrier with a waybill, typed in where there is no other way, or to a messenger."""
    _require_taker(carrier, waybill, messenger)
    bag = await lay_out(session, parcel_id, scope=scope, at=at)
    etags.require(if_match, bag.row.version)
    end = bags.require_end(bag, Deed.HAND_OVER, scope)
    row = bag.row
    state = parcels.after(State(row.state), Deed.HAND_OVER)
    taker = bags.with_carrier(carrier, row.number)
    moved = await bags.move(
        bag, parcels.acts_on(bag.parcel, Deed.HAND_OVER, bag.holders, carrier=taker)
    )
    row.carrier, row.waybill, row.handed_over_at = carrier, waybill, bag.acted_at
    row.due_on = expected_on or await _due_on(bag)
    facts = {"carrier": carrier, "waybill": waybill, "due_on": _iso(row.due_on)}
    words = {"messenger": messenger} if messenger else None
    await bags.finish(bag, Deed.HAND_OVER, end, state=state, facts=facts, words=words)
    row.remind_on = row.due_on + timedelta(days=1)
    told = events.ParcelHandedOver(
        **bags.of_parcel(bag), carrier=carrier, waybill=waybill, due_on=row.due_on
    )
    await bags.announce(bag, told, moved=moved)
    return row


def _require_taker(carrier: str, waybill: str | None, messenger: str | None) -> None:
    if carrier != MESSENGER and not waybill:
        fault = Fault("/waybill", "missing", "交承运人的须填运单号", "a carrier needs a waybill")
        raise InvalidError([fault])
    if carrier == MESSENGER and not messenger:
        fault = Fault("/messenger", "missing", "专人递送的须填递送人", "say who carries it")
        raise InvalidError([fault])


async def _due_on(bag: Bag) -> date:
    """The shortest time that the items in it allow the post."""
    known = await registry.known(bag.session)
    rows = await bag.session.execute(
        select(CaseRow.item_code, CaseRow.item_version)
        .where(CaseRow.case_number.in_(bag.cases))
        .distinct()
    )
    found = [await registry.item(bag.session, code, version) for code, version in rows]
    terms = [item.terms for item in found if item is not None] or [Terms()]
    workdays = known.workdays_of(bag.row.to_division)
    posted_on = local_date(bag.acted_at)
    return min(waits.hop_due(Hop.POST, posted_on, each, workdays).due for each in terms)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


async def arrive_parcel(
    session: AsyncSession, parcel_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> ParcelRow:
    """Here, and not opened yet."""
    bag = await lay_out(session, parcel_id, scope=scope, at=at)
    etags.require(if_match, bag.row.version)
    end = bags.require_end(bag, Deed.ARRIVE, scope)
    state = parcels.after(State(bag.row.state), Deed.ARRIVE)
    bag.row.arrived_at = bag.acted_at
    await bags.finish(bag, Deed.ARRIVE, end, state=state)
    await bags.announce(bag, events.ParcelArrived(**bags.of_parcel(bag)))
    return bag.row


_TELLS: dict[Deed, Any] = {
    Deed.TURN_BACK: events.ParcelReturning,
    Deed.TAKE_BACK: events.ParcelReturned,
    Deed.LOSE: events.ParcelLost,
}


async def go_astray(
    session: AsyncSession,
    parcel_id: UUID,
    deed: Deed,
    *,
    note: str | None,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> ParcelRow:
    """Turned back, taken back, lost: both ends and the applicants hear of it, and how the clock of
    each case stands is noted with it; it stops none."""
    bag = await lay_out(session, parcel_id, scope=scope, at=at)
    etags.require(if_match, bag.row.version)
    end = bags.require_end(bag, deed, scope)
    state = parcels.after(State(bag.row.state), deed)
    moved = await bags.move(bag, parcels.acts_on(bag.parcel, deed, bag.holders))
    clocks = await _clocks(bag)
    facts = {"clocks": [each.model_dump(mode="json") for each in clocks]}
    words = {"note": note} if note else None
    await bags.finish(bag, deed, end, state=state, facts=facts, words=words)
    told = _TELLS[deed](**bags.of_parcel(bag), clocks=clocks)
    await bags.announce(bag, told, moved=moved, also=bags.delayed(bag, deed.value, clocks))
    return bag.row


async def _clocks(bag: Bag) -> list[events.CaseClock]:
    rows = await bag.session.scalars(
        select(HandoffRow)
        .where(
            HandoffRow.case_number.in_(bag.cases),
            HandoffRow.status.in_(OPEN),
            HandoffRow.opened_at.is_not(None),
        )
        .order_by(HandoffRow.case_number, HandoffRow.id)
    )
    return [
        events.CaseClock(
            case_number=row.case_number,
            handoff_id=row.id,
            clock_state=row.clock_state,
            due_on=row.due_on,
        )
        for row in rows
    ]


async def find_parcel(
    session: AsyncSession, parcel_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> ParcelRow:
    """It is with its carrier again, and is asked about again."""
    bag = await lay_out(session, parcel_id, scope=scope, at=at)
    etags.require(if_match, bag.row.version)
    end = bags.require_end(bag, Deed.FIND, scope)
    state = parcels.after(State(bag.row.state), Deed.FIND)
    moved = await bags.move(bag, parcels.acts_on(bag.parcel, Deed.FIND, bag.holders))
    await bags.finish(bag, Deed.FIND, end, state=state)
    bag.row.due_on = await _due_on(bag)
    bag.row.remind_on = bag.row.due_on + timedelta(days=1)
    found = events.ParcelFound(**bags.of_parcel(bag))
    told = bags.delayed(bag, Deed.FIND.value, await _clocks(bag))
    await bags.announce(bag, found, moved=moved, also=told)
    return bag.row


async def track_parcel(
    session: AsyncSession, parcel_id: UUID, deed: Deed, *, told_at: datetime, at: datetime
) -> None:
    """A carrier's word: it moves a parcel on or annotates it, and never moves one back."""
    bag = await lay_out(session, parcel_id, scope=None, at=at)
    state = parcels.tracked(State(bag.row.state), deed)
    facts = {"told_at": told_at.isoformat(), "late": state is None}
    if state is State.ARRIVED:
        bag.row.arrived_at = told_at
    await bags.finish(bag, deed, End.CARRIER, state=state, facts=facts)
    if state is State.ARRIVED:
        await bags.announce(bag, events.ParcelArrived(**bags.of_parcel(bag)))
    if state is State.RETURNING:
        clocks = await _clocks(bag)
        going = events.ParcelReturning(**bags.of_parcel(bag), clocks=clocks)
        await bags.announce(bag, going, also=bags.delayed(bag, deed.value, clocks))


async def remind(session: AsyncSession, parcel_id: UUID, *, at: datetime) -> None:
    """It should be there by now: both ends are told, and again every second working day."""
    bag = await lay_out(session, parcel_id, scope=None, at=at)
    row = bag.row
    if row.remind_on is None or row.remind_on > bag.today:
        return
    workdays = (await registry.known(session)).workdays_of(row.to_division)
    row.remind_on = workdays.add(bag.today, 2).due
    due = {"due_on": _iso(row.due_on)}
    await bags.finish(bag, REMIND, End.SYSTEM, facts=due)
    overdue = events.ParcelOverdue(**bags.of_parcel(bag), due_on=row.due_on)
    clocks = await _clocks(bag)
    await bags.announce(bag, overdue, also=bags.delayed(bag, "overdue", clocks))
