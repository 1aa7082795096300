"""Papers and the parcels they travel in: results that came, papers astray, bags to deliver."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import arrivals, bags
from services.notify.actions.bags import Deed, Sealed
from services.notify.actions.messages import tell
from services.notify.consumers.knowing import known_case
from services.notify.domain.messages import Event, Placeholder
from services.notify.domain.practice import spoken_day
from services.notify.queries import places
from shared.messaging.envelope import Received
from shared.messaging.handling import Handler, NotYetError


class OriginalMoved(BaseModel):
    kind: str
    holder_kind: str
    holder: str


class OriginalsMoved(BaseModel):
    case_number: str
    originals: list[OriginalMoved]


class PapersDelayed(BaseModel):
    case_number: str
    what: str
    originals: int
    due_on: date | None = None


class ParcelSealed(BaseModel):
    parcel_id: UUID
    number: str
    from_location: str
    to_location: str


class ParcelHandedOver(BaseModel):
    parcel_id: UUID
    carrier: str
    waybill: str | None = None


class ParcelTold(BaseModel):
    parcel_id: UUID


async def on_originals_moved(session: AsyncSession, message: Received[OriginalsMoved]) -> None:
    """Of papers, only the result concerns us: it has come to a place."""
    told = message.data
    reached = {
        each.holder
        for each in told.originals
        if each.kind == "result" and each.holder_kind == "location"
    }
    if not reached:
        return
    case = await known_case(session, told.case_number)
    for location in sorted(reached):
        await arrivals.came_to(session, case, location, at=message.now)


# Late alone is a matter between the two places; that it was taken back follows from coming back.
_ASTRAY: Mapping[str, Event] = MappingProxyType(
    {
        "turn_back": Event.PAPERS_COMING_BACK,
        "lose": Event.PAPERS_LOST,
        "find": Event.PAPERS_FOUND,
    }
)


async def on_papers_delayed(session: AsyncSession, message: Received[PapersDelayed]) -> None:
    """Whose papers they are hears it, and how the clock stands: a loss stops none."""
    told = message.data
    event = _ASTRAY.get(told.what)
    if event is None:
        return
    words = {
        Placeholder.COUNT: str(told.originals),
        Placeholder.DUE: f"仍至{spoken_day(told.due_on)}" if told.due_on else "尚未起算",
    }
    case = await known_case(session, told.case_number)
    await tell(session, case, event, source=str(message.id), at=message.now, words=words)


async def on_parcel_sealed(session: AsyncSession, message: Received[ParcelSealed]) -> None:
    told = message.data
    known = await places.places(session, [told.from_location, told.to_location])
    if len(known) < len({told.from_location, told.to_location}):
        raise NotYetError(f"locations {told.from_location}, {told.to_location}")
    sealed = Sealed(told.parcel_id, told.number, known[told.from_location], known[told.to_location])
    await bags.plan_bag(session, sealed, at=message.now)


async def on_parcel_handed_over(session: AsyncSession, message: Received[ParcelHandedOver]) -> None:
    told = message.data
    await bags.hand_over_bag(
        session, told.parcel_id, carrier=told.carrier, waybill=told.waybill, at=message.now
    )


def _followed(deed: Deed) -> Handler:
    async def on_parcel_told(session: AsyncSession, message: Received[ParcelTold]) -> None:
        await bags.follow_bag(session, message.data.parcel_id, deed, at=message.now)

    return on_parcel_told


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "routing.originals-moved.v1": on_originals_moved,
        "routing.papers-delayed.v1": on_papers_delayed,
        "routing.parcel-sealed.v1": on_parcel_sealed,
        "routing.parcel-handed-over.v1": on_parcel_handed_over,
        "routing.parcel-arrived.v1": _followed(Deed.ARRIVED),
        "routing.parcel-scanned.v1": _followed(Deed.ARRIVED),
        "routing.parcel-returning.v1": _followed(Deed.RETURNING),
        "routing.parcel-returned.v1": _followed(Deed.RETURNED),
        "routing.parcel-lost.v1": _followed(Deed.LOST),
        "routing.parcel-found.v1": _followed(Deed.FOUND),
        "routing.parcel-closed.v1": _followed(Deed.CLOSED),
    }
)
