"""What a scanned label is, and where the thing in one's hand must go; nothing personal in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import destinations, labels
from services.routing.domain.custody import Holder, HolderKind
from services.routing.domain.destinations import Destination, Matter, Next
from services.routing.domain.labels import Labelled
from services.routing.domain.parcels import UNDER_WAY, State
from services.routing.models import ParcelRow
from services.routing.queries import custody, parcels, registry
from services.routing.queries.custody import Paper
from services.routing.queries.registry import Known
from shared.errors import NotFoundError
from shared.security.grants import EVERYTHING


@dataclass(frozen=True, slots=True)
class Belongs:
    """A paper with where it is and where it belongs."""

    paper: Paper
    matter: Matter
    destination: Destination


@dataclass(frozen=True, slots=True)
class Lookup:
    """One of the two: a paper, or the bags that a number or waybill stands for."""

    paper: Belongs | None
    bags: Sequence[tuple[ParcelRow, Destination]]


async def look_up(session: AsyncSession, typed: str) -> Lookup:
    label = labels.read(typed)
    if label.kind in (Labelled.ORIGINAL, Labelled.ID):
        found = await custody.resolve(session, [typed])
        if found:
            (belongs,) = await belonging(session, list(found.values()))
            return Lookup(belongs, ())
    rows = await parcels.by_label(session, label, EVERYTHING)
    if not rows:
        raise NotFoundError
    return Lookup(None, [(row, of_bag(row)) for row in rows])


async def belonging(session: AsyncSession, papers: Sequence[Paper]) -> list[Belongs]:
    matters = await custody.matters(session, papers)
    bags = await _bags(session, papers)
    found = []
    for paper in papers:
        matter = matters[paper.id]
        destination = destinations.destination(paper.kind, paper.holder, matter)
        bag = bags.get(paper.parcel_id) if paper.parcel_id else None
        if destination.what is Next.ON_ITS_WAY and bag is not None:
            destination = of_bag(bag)
        found.append(Belongs(paper, matter, destination))
    return found


async def _bags(session: AsyncSession, papers: Sequence[Paper]) -> dict[UUID, ParcelRow]:
    return await parcels.by_ids(session, {p.parcel_id for p in papers if p.parcel_id is not None})


def of_bag(row: ParcelRow) -> Destination:
    state = State(row.state)
    if state is State.RETURNING:
        return Destination(Next.ON_ITS_WAY, row.from_location, "正在退回寄出地")
    if state in UNDER_WAY:
        return Destination(Next.ON_ITS_WAY, row.to_location, "在途，送往接收地")
    if state in (State.OPEN, State.SEALED):
        return Destination(Next.SEND, row.to_location, "尚未交寄，送往接收地")
    if state is State.LOST:
        return Destination(Next.SEARCH, row.to_location, "已登记下落不明；找到后登记找回")
    return Destination(Next.STAY, None, f"{state.zh}，袋内原件已分别登记")


def name_of(known: Known, holder: Holder) -> str:
    """As a person reads it."""
    if holder.kind is HolderKind.LOCATION:
        place = known.registry.last_known(holder.id)
        return place.name if place else holder.id
    if holder.kind in (HolderKind.APPLICANT, HolderKind.ISSUER):
        return holder.kind.zh
    return f"{holder.kind.zh} {holder.id}"


async def known(session: AsyncSession) -> Known:
    return await registry.known(session)
