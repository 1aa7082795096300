"""Waybills are booked with a carrier: asked with no transaction open, then recorded.

Our dispatch's id is the order number there: who dies after asking asks again after the lease, and
gets the same booking.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import journeys, matters, planning, tracking
from services.notify.actions.journeys import Journey
from services.notify.actions.printing import CONTENTS
from services.notify.actions.tracking import TRACK_EVERY
from services.notify.domain import deliveries, retries
from services.notify.domain.deliveries import Step as DeliveryStep
from services.notify.domain.dispatches import DispatchStepNotAllowedError, Status, Step
from services.notify.gateways.carriers import BookingOrder, CarrierGateway, Carriers, Party
from services.notify.gateways.outcomes import Done, Duplicate, Outcome, Refused, RetryLater
from services.notify.models import DispatchRow
from services.notify.queries import dispatches as queries
from services.notify.queries import places, seals
from services.notify.queries.seals import Envelope
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.errors import Fault, InvalidError
from shared.http import etags
from shared.means import means
from shared.security.grants import Scope

LEASE = timedelta(minutes=2)
_CANCEL_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Asked:
    dispatch_id: UUID
    gateway: CarrierGateway
    order: BookingOrder


async def book_next(sessions: Sessions, carriers: Carriers, clock: Clock, random: Random) -> bool:
    """One dispatch that is due to be booked; whether there was one."""
    async with sessions.begin() as session:
        asked = await _claim(session, carriers, at=clock())
    if asked is None:
        return False
    outcome = await asked.gateway.book(asked.order)
    async with sessions.begin() as session:
        await _record(session, asked, outcome, at=clock(), chance=random.random())
    return True


async def _claim(session: AsyncSession, carriers: Carriers, *, at: datetime) -> _Asked | None:
    dispatch = await session.scalar(
        select(DispatchRow)
        .where(DispatchRow.next_attempt_at <= at, DispatchRow.gateway.in_(carriers))
        .order_by(DispatchRow.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if dispatch is None or dispatch.gateway is None:
        return None
    dispatch.attempts += 1
    dispatch.next_attempt_at = at + LEASE
    return _Asked(dispatch.id, carriers[dispatch.gateway], await _order(session, dispatch))


async def _order(session: AsyncSession, dispatch: DispatchRow) -> BookingOrder:
    recipient = seals.open_recipient(means(session).keys, dispatch.id, dispatch.recipient)
    known = await places.places(session, [dispatch.from_location])
    sender = known.get(dispatch.from_location)
    from_us = Envelope(
        recipient=sender.name if sender else dispatch.from_location,
        phone=sender.phone if sender else None,
        address=sender.address if sender else None,
        postcode=sender.postcode if sender else None,
        division=dispatch.from_division,
    )
    return BookingOrder(
        order_id=dispatch.id.hex,
        sender=_party(from_us),
        recipient=_party(recipient),
        content=CONTENTS.get(dispatch.content, "文书"),
        payer=dispatch.payer,
    )


def _party(envelope: Envelope) -> Party:
    return Party(
        name=envelope.recipient or "",
        phone=envelope.phone or "",
        address=envelope.address or "",
        postcode=envelope.postcode or "",
        division=envelope.division or "",
    )


async def _record(
    session: AsyncSession, asked: _Asked, outcome: Outcome, *, at: datetime, chance: float
) -> None:
    journey = await journeys.take_up(session, asked.dispatch_id, at=at)
    dispatch = journey.dispatch
    if dispatch.status != Status.PLANNED or dispatch.gateway != asked.gateway.code:
        _too_late(dispatch, asked, outcome, at=at)
    elif isinstance(outcome, Done | Duplicate):
        await _booked(journey, asked.gateway.code, outcome.reference)
    elif isinstance(outcome, Refused):
        planning.change(dispatch, Step.REFUSE, at=at)
        dispatch.next_attempt_at = None
        dispatch.last_error = f"{outcome.raw_code} {outcome.reason}".strip()[:200]
        await journeys.conclude(journey, "dispatch-refused")
    else:
        dispatch.last_error = f"{outcome.raw_code} {outcome.reason}".strip()[:200]
        dispatch.next_attempt_at = retries.next_attempt(
            retries.BOOKINGS,
            failures=dispatch.attempts,
            at=at,
            chance=chance,
            retry_after=outcome.after,
        )


async def _booked(journey: Journey, carrier: str, waybill: str) -> None:
    dispatch, matter, at = journey.dispatch, journey.matter, journey.at
    planning.change(dispatch, Step.BOOK, at=at)
    dispatch.carrier, dispatch.waybill = carrier, waybill
    dispatch.booked_at, dispatch.next_attempt_at, dispatch.last_error = at, None, None
    dispatch.next_track_at = at + TRACK_EVERY
    if matter and DeliveryStep.BOOK in deliveries.allowed(matter.method, matter.status):
        matters.move(matter, DeliveryStep.BOOK, {"dispatch": str(dispatch.id)})
    await tracking.catch_up(journey)
    await journeys.conclude(journey, "dispatch-booked")


def _too_late(dispatch: DispatchRow, asked: _Asked, outcome: Outcome, *, at: datetime) -> None:
    """It was called off, or posted by hand, while the carrier was being asked: no booking stays."""
    if isinstance(outcome, Done | Duplicate):
        dispatch.cancel_gateway = asked.gateway.code
        dispatch.cancel_at, dispatch.cancel_waybill = at, outcome.reference


async def choose_carrier(
    session: AsyncSession,
    dispatch_id: UUID,
    *,
    carrier: str,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> DispatchRow:
    """Where the rules name none, or the one they named will not take it: a person does."""
    etags.require(if_match, (await queries.one(session, dispatch_id, scope)).version)
    journey = await journeys.take_up(session, dispatch_id, at=at)
    dispatch = journey.dispatch
    if dispatch.status not in {Status.PLANNED, Status.REFUSED}:
        raise DispatchStepNotAllowedError(Status(dispatch.status), Step.BOOK)
    known = matters.practice(session).carriers
    if carrier not in known:
        zh = f"没有接入这家寄递机构，可选：{'、'.join(known) or '无'}"
        raise InvalidError([Fault("/carrier", "carrier-unknown", zh, "not a connected carrier")])
    if dispatch.status == Status.REFUSED:
        planning.change(dispatch, Step.PLAN_AGAIN, at=at)
    if dispatch.gateway != carrier:
        planning.unbook(dispatch, at=at)
    dispatch.gateway, dispatch.attempts = carrier, 0
    dispatch.next_attempt_at, dispatch.last_error = at, None
    dispatch.version, dispatch.changed_at = dispatch.version + 1, at
    await journeys.conclude(journey, "carrier-chosen")
    return dispatch


async def cancel_next(sessions: Sessions, carriers: Carriers, clock: Clock) -> bool:
    """One booking that is not wanted any more; whether there was one."""
    async with sessions.begin() as session:
        dispatch = await session.scalar(
            select(DispatchRow)
            .where(DispatchRow.cancel_at <= clock(), DispatchRow.cancel_gateway.in_(carriers))
            .order_by(DispatchRow.cancel_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if dispatch is None or dispatch.cancel_gateway is None:
            return False
        dispatch.cancel_at = clock() + LEASE
    gateway = carriers[dispatch.cancel_gateway]
    outcome = await gateway.cancel(dispatch.id.hex, dispatch.cancel_waybill or "")
    async with sessions.begin() as session:
        row = await session.get_one(DispatchRow, dispatch.id, with_for_update=True)
        _cancelled(row, outcome, at=clock())
    return True


def _cancelled(row: DispatchRow, outcome: Outcome, *, at: datetime) -> None:
    if isinstance(outcome, RetryLater):
        row.cancel_at = at + max(outcome.after or _CANCEL_AGAIN, _CANCEL_AGAIN)
        return
    row.cancel_at = None
    if isinstance(outcome, Refused):
        row.last_error = f"{outcome.raw_code} {outcome.reason}".strip()[:200]
