"""A dispatch is planned, called off, moved on: what deliveries and dispatches both need."""

from datetime import date, datetime

from services.notify.actions import gazetteers
from services.notify.actions.matters import Matter
from services.notify.domain import addresses, carriers, dispatches
from services.notify.domain.carriers import CarrierUndecidedError, Content, Payer
from services.notify.domain.dispatches import Status, Step
from services.notify.domain.practice import Practice
from services.notify.models import DeliveryRow, DispatchRow, LocationRow
from services.notify.queries import dispatches as queries
from services.notify.queries import places, seals
from services.notify.queries.seals import Envelope
from shared.chance import new_id


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
    chosen = gateway(
        matter.practice,
        content,
        destination=envelope.division or _read(envelope, on=matter.today),
        payer=payer,
        on=matter.today,
    )
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
        gateway=chosen,
        attempts=0,
        next_attempt_at=matter.at if chosen else None,
        version=1,
        created_at=matter.at,
        changed_at=matter.at,
    )
    matter.session.add(dispatch)
    await matter.session.flush()
    return dispatch


def _read(envelope: Envelope, *, on: date) -> str:
    """The division that the address itself names, where none was given."""
    found = addresses.read(envelope.address or "", "", gazetteers.on(on)).divisions
    return found[-1] if found else ""


def _division(delivery: DeliveryRow) -> str:
    if delivery.lies_at == delivery.receiving_location:
        return delivery.receiving_division
    return delivery.handling_division


async def _payer(matter: Matter) -> Payer:
    item = await places.item(matter.session, matter.case.item_code, matter.case.item_version)
    applicant = item is not None and item.postage_payer == Payer.APPLICANT
    return Payer.APPLICANT if applicant else Payer.GOVERNMENT


def gateway(
    practice: Practice, content: Content, *, destination: str, payer: Payer, on: date
) -> str | None:
    """None where no rule names one carrier: then a person chooses and books."""
    try:
        choice = carriers.choose(
            practice.carrier_rules, content=content, destination=destination, payer=payer, on=on
        )
    except CarrierUndecidedError:
        return None
    return choice.carrier if choice.carrier in practice.carriers else None


async def call_off(matter: Matter) -> None:
    """It is not to be posted any more; a carrier that knows of it is told."""
    dispatch = await queries.live(matter.session, matter.delivery.id)
    if dispatch is None:
        return
    change(dispatch, Step.CANCEL, at=matter.at)
    unbook(dispatch, at=matter.at)


def unbook(dispatch: DispatchRow, *, at: datetime) -> None:
    """A carrier was asked to book it, whether or not it has answered yet: it is told otherwise."""
    dispatch.next_attempt_at = None
    if dispatch.gateway is not None and dispatch.attempts > 0:
        dispatch.cancel_at, dispatch.cancel_waybill = at, dispatch.waybill
        dispatch.cancel_gateway = dispatch.gateway


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
