"""Routing's sealed bags: posted like a result, with a waybill and a label; their deeds are
routing's, and followed here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import journeys, matters, planning, tracking
from services.notify.actions.journeys import Journey
from services.notify.actions.tracking import TRACK_EVERY
from services.notify.domain import dispatches
from services.notify.domain.carriers import Content, Payer
from services.notify.domain.dispatches import Status, Step
from services.notify.models import DispatchRow, LocationRow
from services.notify.queries import seals
from services.notify.queries.seals import Envelope
from shared.clock import local_date
from shared.means import means


class Deed(StrEnum):
    """What routing tells of a bag that has been handed over."""

    ARRIVED = "arrived"
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    FOUND = "found"
    CLOSED = "closed"


_STEPS: Mapping[Deed, Step] = MappingProxyType(
    {
        Deed.ARRIVED: Step.DELIVER,
        Deed.RETURNING: Step.TURN_BACK,
        Deed.RETURNED: Step.RETURN,
        Deed.LOST: Step.LOSE,
        Deed.FOUND: Step.FIND,
        Deed.CLOSED: Step.CANCEL,
    }
)


@dataclass(frozen=True, slots=True)
class Sealed:
    parcel_id: UUID
    number: str
    sender: LocationRow
    receiver: LocationRow


async def plan_bag(session: AsyncSession, sealed: Sealed, *, at: datetime) -> None:
    """Sealed once more after being opened, it keeps the waybill that it has."""
    practice, to = matters.practice(session), sealed.receiver
    # Between two offices the post is theirs to pay.
    gateway = planning.gateway(
        practice,
        Content.ORIGINALS,
        destination=to.division,
        payer=Payer.GOVERNMENT,
        on=local_date(at),
    )
    envelope = Envelope(
        recipient=to.name,
        phone=to.phone,
        address=to.address,
        postcode=to.postcode,
        division=to.division,
    )
    row = {
        "id": sealed.parcel_id,
        "kind": journeys.PARCEL,
        "parcel_number": sealed.number,
        "from_location": sealed.sender.code,
        "from_division": sealed.sender.division,
        "to_location": to.code,
        "status": Status.PLANNED.value,
        "content": Content.ORIGINALS.value,
        "payer": Payer.GOVERNMENT.value,
        "recipient": seals.seal_recipient(means(session).keys, sealed.parcel_id, envelope),
        "gateway": gateway,
        "next_attempt_at": at if gateway else None,
        "created_at": at,
        "changed_at": at,
    }
    await session.execute(
        insert(DispatchRow).values(row).on_conflict_do_nothing(index_elements=["id"])
    )


async def hand_over_bag(
    session: AsyncSession, parcel_id: UUID, *, carrier: str, waybill: str | None, at: datetime
) -> None:
    """What was typed at the counter holds; a booking that was not used is cancelled there."""
    journey = await journeys.take_up(session, parcel_id, at=at)
    dispatch = journey.dispatch
    code = matters.practice(session).carrier_code(carrier)
    if waybill is None or (dispatch.gateway, dispatch.waybill) != (code, waybill):
        _under_another_waybill(journey, code, waybill)
    dispatch.carrier = carrier
    if Step.HAND_OVER in dispatches.allowed(Status(dispatch.status)):
        planning.change(dispatch, Step.HAND_OVER, at=at)
        dispatch.handed_over_at = at
    if dispatch.gateway and dispatch.waybill and dispatch.status == Status.MOVING:
        dispatch.next_track_at = at + TRACK_EVERY
    await tracking.catch_up(journey)
    await journeys.conclude(journey, "dispatch-handed-over")


def _under_another_waybill(journey: Journey, code: str | None, waybill: str | None) -> None:
    dispatch = journey.dispatch
    planning.unbook(dispatch, at=journey.at)
    for step in (Step.PLAN_AGAIN, Step.BOOK):
        if step in dispatches.allowed(Status(dispatch.status)):
            planning.change(dispatch, step, at=journey.at)
    dispatch.gateway, dispatch.waybill = code, waybill
    dispatch.next_track_at = None


async def follow_bag(session: AsyncSession, parcel_id: UUID, deed: Deed, *, at: datetime) -> None:
    """People's word at either end goes before the carrier's; what fits no longer moves nothing, and
    a bag that was never sealed has no dispatch."""
    if deed is Deed.CLOSED and await session.get(DispatchRow, parcel_id) is None:
        return
    journey = await journeys.take_up(session, parcel_id, at=at)
    dispatch, step = journey.dispatch, _STEPS[deed]
    if step not in dispatches.allowed(Status(dispatch.status)):
        return
    planning.change(dispatch, step, at=at)
    if step is Step.CANCEL:
        planning.unbook(dispatch, at=at)
    await journeys.conclude(journey, f"dispatch-{deed.value}")
