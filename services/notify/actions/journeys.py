"""A dispatch on its way, taken up under its lock: a result's with its case, a bag's alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify import events
from services.notify.actions import fanning, following, matters
from services.notify.actions.matters import Matter
from services.notify.domain.dispatches import Status
from services.notify.models import DispatchRow
from services.notify.queries import cases
from shared.audit import trail
from shared.errors import NotFoundError
from shared.messaging import outbox
from shared.security.grants import EVERYTHING

RESULT, PARCEL = "result", "parcel"

# What routing does something with when a carrier tells it of a bag.
_NEWS: Mapping[Status, str] = MappingProxyType(
    {
        Status.MOVING: "in_transit",
        Status.DELIVERED: "arrived",
        Status.RETURNING: "returning",
        Status.RETURNED: "returning",
    }
)


@dataclass(frozen=True, slots=True)
class Journey:
    """`matter` is the delivery it belongs to; a bag between two places belongs to none."""

    session: AsyncSession
    dispatch: DispatchRow
    matter: Matter | None
    at: datetime


async def take_up(session: AsyncSession, dispatch_id: UUID, *, at: datetime) -> Journey:
    """Lock order: case, delivery, dispatch; a bag has only itself."""
    kind = await session.scalar(select(DispatchRow.kind).where(DispatchRow.id == dispatch_id))
    if kind is None:
        raise NotFoundError
    matter = None
    if kind != PARCEL:
        case = await cases.lock_case_of_dispatch(session, dispatch_id, EVERYTHING)
        matter = await matters.of_locked(session, case, at=at)
    dispatch = await session.get_one(
        DispatchRow, dispatch_id, populate_existing=True, with_for_update=True
    )
    return Journey(session, dispatch, matter, at)


async def follow(journey: Journey, *, before: str) -> None:
    """The carrier told of it: the delivery follows, or routing hears where its bag is."""
    dispatch = journey.dispatch
    if journey.matter is not None:
        await following.follow(journey.matter, dispatch)
        return
    news = _NEWS.get(Status(dispatch.status))
    if news and news != _NEWS.get(Status(before)):
        tracked = events.parcel_tracked(dispatch, news, at=journey.at)
        said = outbox.Announcement(tracked, f"parcel:{dispatch.id}", journey.at)
        await fanning.announce(journey.session, [said])


async def conclude(journey: Journey, action: str) -> None:
    """On the trail, and what the delivery has to announce."""
    dispatch = journey.dispatch
    await trail.record(
        journey.session,
        action=action,
        case_number=dispatch.case_number,
        resource=f"dispatch:{dispatch.id}",
        outcome=dispatch.status,
        facts={
            "carrier": dispatch.carrier or dispatch.gateway or "",
            "waybill": dispatch.waybill or "",
        },
        at=journey.at,
    )
    if journey.matter is not None:
        await matters.conclude(journey.matter, action, facts={"dispatch": str(dispatch.id)})
