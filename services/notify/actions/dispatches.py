"""What is posted: planned, handed over to the carrier, followed to its end."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import following, matters
from services.notify.actions.matters import Matter
from services.notify.domain import carriers, dispatches, holds, waybills
from services.notify.domain.carriers import CarrierUndecidedError, Content, Payer
from services.notify.domain.dispatches import Status, Step
from services.notify.domain.fallbacks import Failure
from services.notify.domain.waybills import Scheme
from services.notify.models import CaseRow, DeliveryRow, DispatchRow, LocationRow
from services.notify.queries import cases, places, seals
from services.notify.queries import dispatches as queries
from services.notify.queries.seals import Envelope
from shared.audit import trail
from shared.chance import new_id
from shared.errors import ConflictError
from shared.http import etags
from shared.security.grants import Scope


class Report(StrEnum):
    """What a person may say became of it, where no carrier tells."""

    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    FOUND = "found"


_STEPS: Mapping[Report, Step] = MappingProxyType(
    {
        Report.DELIVERED: Step.DELIVER,
        Report.RETURNING: Step.TURN_BACK,
        Report.RETURNED: Step.RETURN,
        Report.LOST: Step.LOSE,
        Report.FOUND: Step.FIND,
    }
)


class OtherWaybillError(ConflictError):
    code = "waybill-differs"

    def __init__(self, carrier: str | None, waybill: str | None) -> None:
        super().__init__(
            "已预约其他运单，请核对；如需改用，请先取消预约",
            "another waybill was booked for this dispatch",
            carrier=carrier,
            waybill=waybill,
        )


class WaybillMissingError(ConflictError):
    code = "waybill-missing"

    def __init__(self) -> None:
        super().__init__(
            "请填写寄递机构和运单号", "carrier and waybill are needed: nothing was booked"
        )


async def plan(matter: Matter, *, to: LocationRow | None = None) -> DispatchRow:
    """To the applicant's address, or to the window where it will be collected."""
    delivery = matter.delivery
    envelope = seals.open_envelope(matter.keys, delivery.id, delivery.envelope)
    if to is not None:
        envelope = Envelope(
            recipient=to.name,
            phone=to.phone,
            address=to.address,
            postcode=to.postcode,
            division=to.division,
        )
    payer = await _payer(matter)
    content = Content.CERTIFICATE if matter.granted else Content.COPIES
    carrier = _carrier(matter, content, envelope.division or "", payer)
    dispatch_id = new_id()
    dispatch = DispatchRow(
        id=dispatch_id,
        kind="result",
        case_number=delivery.case_number,
        delivery_id=delivery.id,
        from_location=delivery.lies_at,
        from_division=_division(delivery),
        to_location=to.code if to else None,
        status=Status.PLANNED.value,
        content=content.value,
        payer=payer.value,
        recipient=seals.seal_recipient(matter.keys, dispatch_id, envelope),
        carrier=carrier,
        attempts=0,
        next_attempt_at=matter.at if carrier else None,
        version=1,
        created_at=matter.at,
        changed_at=matter.at,
    )
    matter.session.add(dispatch)
    await matter.session.flush()
    return dispatch


def _division(delivery: DeliveryRow) -> str:
    if delivery.lies_at == delivery.receiving_location:
        return delivery.receiving_division
    return delivery.handling_division


async def _payer(matter: Matter) -> Payer:
    item = await places.item(matter.session, matter.case.item_code, matter.case.item_version)
    applicant = item is not None and item.postage_payer == Payer.APPLICANT
    return Payer.APPLICANT if applicant else Payer.GOVERNMENT


def _carrier(matter: Matter, content: Content, destination: str, payer: Payer) -> str | None:
    """None where no rule names one carrier: then a person chooses and books."""
    try:
        choice = carriers.choose(
            matter.practice.carrier_rules,
            content=content,
            destination=destination,
            payer=payer,
            on=matter.today,
        )
    except CarrierUndecidedError:
        return None
    return choice.carrier


async def call_off(matter: Matter) -> None:
    """It is not to be posted any more; a carrier that knows of it is told."""
    dispatch = await queries.live(matter.session, matter.delivery.id)
    if dispatch is None:
        return
    booked = dispatch.status == Status.BOOKED
    change(dispatch, Step.CANCEL, at=matter.at)
    dispatch.next_attempt_at = None
    dispatch.cancel_at = matter.at if booked else None


async def arrived(matter: Matter) -> None:
    """The window has it in hand, whatever the carrier said last."""
    dispatch = await queries.live(matter.session, matter.delivery.id)
    if dispatch is None:
        return
    if (Status(dispatch.status), Step.DELIVER) in dispatches.MOVES:
        change(dispatch, Step.DELIVER, at=matter.at)
    else:
        await call_off(matter)


def change(dispatch: DispatchRow, step: Step, *, at: datetime) -> None:
    settle(dispatch, dispatches.after(Status(dispatch.status), step), at=at)


def settle(dispatch: DispatchRow, status: Status, *, at: datetime) -> None:
    dispatch.status = status.value
    dispatch.version += 1
    dispatch.changed_at = at
    concluded = status in dispatches.CONCLUDED
    dispatch.concluded_at = at if concluded else None
    if concluded:
        dispatch.next_track_at = None


async def hand_over_dispatch(
    session: AsyncSession,
    dispatch_id: UUID,
    *,
    carrier: str | None,
    waybill: str | None,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> DispatchRow:
    """交寄: it leaves our hands. With a manual carrier this is also where the waybill is noted."""
    dispatch, matter = await _take_up(session, dispatch_id, scope=scope, if_match=if_match, at=at)
    holds.ensure_may_be_handed_over(granted=matter.granted, outstanding=matter.case.outstanding)
    if dispatch.status == Status.PLANNED:
        _book_by_hand(dispatch, carrier, waybill, at=at)
    else:
        _same_booking(dispatch, carrier, waybill)
    change(dispatch, Step.HAND_OVER, at=at)
    dispatch.handed_over_at = at
    await following.follow(matter, dispatch)
    await _conclude(matter, dispatch, "dispatch-handed-over")
    return dispatch


def _book_by_hand(
    dispatch: DispatchRow, carrier: str | None, waybill: str | None, *, at: datetime
) -> None:
    if not carrier or not waybill:
        raise WaybillMissingError
    number = waybills.parse(waybill, Scheme.PLAIN)
    change(dispatch, Step.BOOK, at=at)
    dispatch.carrier, dispatch.waybill = carrier, number
    dispatch.booked_at, dispatch.next_attempt_at = at, None


def _same_booking(dispatch: DispatchRow, carrier: str | None, waybill: str | None) -> None:
    given = waybills.tidy(waybill) if waybill else dispatch.waybill
    if (carrier or dispatch.carrier, given) != (dispatch.carrier, dispatch.waybill):
        raise OtherWaybillError(dispatch.carrier, dispatch.waybill)


async def report_dispatch(
    session: AsyncSession,
    dispatch_id: UUID,
    *,
    report: Report,
    failure: Failure,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> DispatchRow:
    """A person says what became of it."""
    dispatch, matter = await _take_up(session, dispatch_id, scope=scope, if_match=if_match, at=at)
    change(dispatch, _STEPS[report], at=at)
    await following.follow(matter, dispatch, failure=failure)
    await _conclude(matter, dispatch, f"dispatch-{report.value}")
    return dispatch


async def _take_up(
    session: AsyncSession, dispatch_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> tuple[DispatchRow, Matter]:
    case: CaseRow = await cases.lock_case_of_dispatch(session, dispatch_id, scope)
    dispatch = await queries.one(session, dispatch_id, scope)
    etags.require(if_match, dispatch.version)
    return dispatch, await matters.of_locked(session, case, at=at)


async def _conclude(matter: Matter, dispatch: DispatchRow, action: str) -> None:
    await trail.record(
        matter.session,
        action=action,
        case_number=dispatch.case_number,
        resource=f"dispatch:{dispatch.id}",
        outcome=dispatch.status,
        facts={"carrier": dispatch.carrier or "", "waybill": dispatch.waybill or ""},
        at=matter.at,
    )
    await matters.conclude(matter, action, facts={"dispatch": str(dispatch.id)})
