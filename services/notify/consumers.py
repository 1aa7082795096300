"""What notify hears from intake and routing, and the one action each message leads to."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import wraps
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import (
    arrivals,
    bags,
    deliveries,
    fanning,
    participation,
    promises,
    received,
)
from services.notify.actions.bags import Deed, Sealed
from services.notify.actions.deliveries import Decided
from services.notify.actions.messages import tell
from services.notify.domain import told as tellings
from services.notify.domain.messages import Event, Placeholder
from services.notify.domain.practice import Practice, spoken_day
from services.notify.domain.templates import listed
from services.notify.models import CaseRow, ItemRow, LocationRow
from services.notify.queries import cases, places
from services.notify.queries.seals import Certificate, Outcome
from shared.clock import local_date
from shared.means import cached
from shared.messaging.apply import Handler, NotYetError
from shared.messaging.envelope import Received
from shared.security.personal import Personal
from shared.security.revocations import on_token_revoked


class MaterialNamed(BaseModel):
    code: str
    name: str


class ResultTerms(BaseModel):
    delivery: list[str] = []


class ItemPublished(BaseModel):
    code: str
    version: int
    name: str
    short_name: str = ""
    postage_payer: str = "none"
    materials: list[MaterialNamed] = []
    result: ResultTerms = ResultTerms()


class Contact(BaseModel):
    role: str
    phone: str = ""


class LocationRegistered(BaseModel):
    code: str
    version: int
    name: str
    kind: str
    division: str
    system: str = "own"
    address: str | None = None
    postcode: str | None = None
    contacts: list[Contact] = []
    valid_from: date
    valid_to: date | None = None


class Promise(BaseModel):
    materials: list[str] = []
    due_on: date | None = None


class CaseReceived(BaseModel):
    case_number: str
    item_code: str
    item_version: int
    receiving_location: str
    received_at: datetime
    delivery_method: str | None = None
    deferral: Promise | None = None
    application: Annotated[received.Application, Personal("form")]
    tracking_code: Annotated[str | None, Personal("text")] = None


class MaterialGiven(BaseModel):
    code: str


class SupplementGiven(BaseModel):
    case_number: str
    materials: list[MaterialGiven] = []


class ApplicationAmended(BaseModel):
    case_number: str
    application: Annotated[received.Application, Personal("form")]


class HandoffFacts(BaseModel):
    id: UUID
    location: str
    lead: bool = True


class CaseAssigned(BaseModel):
    case_number: str
    handoffs: list[HandoffFacts]
    powers: list[str] = []


class HandoffTransferred(BaseModel):
    case_number: str
    handoff_id: UUID
    to_location: str
    new_handoff_id: UUID
    also_moved: list[UUID] = []


class Heard(BaseModel):
    """Of what only travels on."""


class NoticeIssued(BaseModel):
    case_number: str
    notice_id: UUID
    supplement_due_on: date | None = None
    materials: list[str] = []


class HandoffAccepted(BaseModel):
    case_number: str
    handoff_id: UUID
    accepted_at: datetime
    due_on: date | None = None


class HandoffRefused(BaseModel):
    case_number: str
    handoff_id: UUID


class CaseDecided(BaseModel):
    case_number: str
    handoff_id: UUID
    item_name: str
    result: str
    decided_at: datetime
    location: str
    authority: str
    division: str
    deliver_by: date | None = None
    opinion: Annotated[str, Personal("text")]
    certificate: Annotated[Certificate | None, Personal("form")] = None
    delivered_by: str | None = None


class CaseClosed(BaseModel):
    case_number: str
    outcome: str
    at: datetime


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


async def on_item_published(session: AsyncSession, message: Received[ItemPublished]) -> None:
    item = message.data
    row = {
        "code": item.code,
        "version": item.version,
        "name": item.name,
        "short_name": item.short_name or item.name,
        "postage_payer": item.postage_payer,
        "material_names": {each.code: each.name for each in item.materials},
        "ways": item.result.delivery,
    }
    await _keep(session, ItemRow, row)


async def on_location_registered(
    session: AsyncSession, message: Received[LocationRegistered]
) -> None:
    place = message.data
    phones = {contact.role: contact.phone for contact in reversed(place.contacts)}
    row = place.model_dump(exclude={"contacts"}) | {
        "phone": phones.get("window") or phones.get("point_to_point")
    }
    await _keep(session, LocationRow, row)


async def _keep(
    session: AsyncSession, table: type[ItemRow | LocationRow], row: dict[str, Any]
) -> None:
    changed = {name: value for name, value in row.items() if name not in {"code", "version"}}
    await session.execute(
        insert(table)
        .values(row)
        .on_conflict_do_update(index_elements=["code", "version"], set_=changed)
    )


async def on_case_received(session: AsyncSession, message: Received[CaseReceived]) -> None:
    given = message.data
    item = await places.item(session, given.item_code, given.item_version)
    known = await places.places(session, [given.receiving_location])
    window = known.get(given.receiving_location)
    if item is None or window is None:
        raise NotYetError(f"item {given.item_code} or location {given.receiving_location}")
    await received.keep_case(
        session,
        given.case_number,
        item=item,
        window=window,
        received_at=given.received_at,
        delivery_method=given.delivery_method,
        outstanding=given.deferral.materials if given.deferral else [],
        promised_on=given.deferral.due_on if given.deferral else None,
        application=given.application,
        tracking_code=given.tracking_code,
        at=message.now,
    )


async def on_supplement_given(session: AsyncSession, message: Received[SupplementGiven]) -> None:
    """A deferred paper counts as come when a window has it in hand."""
    case = await _case(session, message.data.case_number)
    came = {material.code for material in message.data.materials}
    still = [code for code in case.outstanding if code not in came]
    if still != case.outstanding:
        case.outstanding = still
        promises.schedule(cached(session, Practice), case)
        await deliveries.papers_came(session, case, at=message.now)


async def on_application_amended(
    session: AsyncSession, message: Received[ApplicationAmended]
) -> None:
    case = await _case(session, message.data.case_number)
    received.amend_person(session, case, message.data.application)


async def on_case_assigned(session: AsyncSession, message: Received[CaseAssigned]) -> None:
    case = await _case(session, message.data.case_number)
    handoffs = message.data.handoffs
    lead = next((each for each in handoffs if each.lead), None)
    case.handling_location = lead.location if lead else None
    case.powers = message.data.powers
    at_work = {each.id: each.location for each in handoffs}
    await participation.join(session, case.case_number, at_work)


async def on_handoff_transferred(
    session: AsyncSession, message: Received[HandoffTransferred]
) -> None:
    """Both places hear of it; afterwards only the new one hears of the case."""
    told = message.data
    new = dict.fromkeys((told.new_handoff_id, *told.also_moved), told.to_location)
    await participation.join(session, told.case_number, new)
    await fanning.fan_out(session, fanning.heard(message))
    await participation.leave(session, told.case_number, [told.handoff_id], at=message.now)


async def on_heard(session: AsyncSession, message: Received[Heard]) -> None:
    """Nothing of our own follows from it."""


async def on_notice_issued(session: AsyncSession, message: Received[NoticeIssued]) -> None:
    told = message.data
    case = await _case(session, told.case_number)
    item = await places.item(session, case.item_code, case.item_version)
    names = [(item.material_names if item else {}).get(code, code) for code in told.materials]
    due = told.supplement_due_on
    await tell(
        session,
        case,
        Event.NOTICE,
        source=str(told.notice_id),
        at=message.now,
        words={
            Placeholder.DUE: spoken_day(due) if due else "告知书所载日期",
            Placeholder.COUNT: str(len(names) or 1),
            Placeholder.MATERIALS: listed(names) if names else "申请内容",
        },
    )


async def on_handoff_accepted(session: AsyncSession, message: Received[HandoffAccepted]) -> None:
    told = message.data
    case = await _case(session, told.case_number)
    words = {
        Placeholder.DATE: spoken_day(local_date(told.accepted_at)),
        Placeholder.DUE: spoken_day(told.due_on) if told.due_on else "规定期限",
    }
    source = str(told.handoff_id)
    await tell(session, case, Event.ACCEPTED, source=source, at=message.now, words=words)


async def on_handoff_refused(session: AsyncSession, message: Received[HandoffRefused]) -> None:
    case = await _case(session, message.data.case_number)
    source = str(message.data.handoff_id)
    await tell(session, case, Event.REFUSED, source=source, at=message.now, words=_on(message.at))


async def on_case_decided(session: AsyncSession, message: Received[CaseDecided]) -> None:
    told = message.data
    case = await _case(session, told.case_number)
    case.handling_location = told.location
    decided = Decided(
        handoff_id=told.handoff_id,
        item_name=told.item_name,
        result=told.result,
        decided_at=told.decided_at,
        location=told.location,
        division=told.division,
        authority=told.authority,
        deliver_by=told.deliver_by,
        outcome=Outcome(opinion=told.opinion, certificate=told.certificate),
    )
    if told.delivered_by is not None:
        # The window that took it is another province's: it tells the applicant and hands over.
        return
    words = {**_on(told.decided_at), Placeholder.OFFICE: told.authority}
    await tell(session, case, Event.DECIDED, source="", at=message.now, words=words)
    await deliveries.open_delivery(session, case, decided, at=message.now)


async def on_case_closed(session: AsyncSession, message: Received[CaseClosed]) -> None:
    """A refusal has been told already, with what can be done about it."""
    told = message.data
    case = await _case(session, told.case_number)
    case.closed_at = told.at
    promises.schedule(cached(session, Practice), case)
    if told.outcome != "refused":
        await tell(session, case, Event.CLOSED, source="", at=message.now, words=_on(told.at))


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
    case = await _case(session, told.case_number)
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
    case = await _case(session, told.case_number)
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


def _on(at: datetime) -> dict[Placeholder, str]:
    return {Placeholder.DATE: spoken_day(local_date(at))}


async def _case(session: AsyncSession, case_number: str) -> CaseRow:
    """Routing may be heard before intake."""
    case = await cases.lock_case(session, case_number)
    if case is None:
        raise NotYetError(f"case {case_number}")
    return case


# Only with them is it known whose business the case is.
_WHOSE = frozenset({"intake.case-received.v1", "routing.case-assigned.v1"})


def _passed_on(type_: str, handler: Handler) -> Handler:
    """To those who are told by webhook, before what follows from it here."""

    @wraps(handler)
    async def on_message(session: AsyncSession, message: Received[Any]) -> None:
        if type_ in _WHOSE:
            await handler(session, message)
        await fanning.fan_out(session, fanning.heard(message))
        if type_ not in _WHOSE:
            await handler(session, message)

    return on_message


_OWN: Mapping[str, Handler] = MappingProxyType(
    {
        "intake.item-published.v1": on_item_published,
        "routing.location-registered.v1": on_location_registered,
        "routing.token-revoked.v1": on_token_revoked,
        "intake.case-received.v1": on_case_received,
        "intake.supplement-given.v1": on_supplement_given,
        "intake.application-amended.v1": on_application_amended,
        "routing.case-assigned.v1": on_case_assigned,
        "routing.notice-issued.v1": on_notice_issued,
        "routing.handoff-accepted.v1": on_handoff_accepted,
        "routing.handoff-refused.v1": on_handoff_refused,
        "routing.case-decided.v1": on_case_decided,
        "routing.case-closed.v1": on_case_closed,
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
# What we do nothing about ourselves, and others are told of.
_ONLY_PASSED_ON = frozenset(
    type_ for type_ in tellings.ASKABLE - set(_OWN) if not type_.startswith("notify.")
)

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {type_: _passed_on(type_, handler) for type_, handler in _OWN.items()}
    | {type_: _passed_on(type_, on_heard) for type_ in sorted(_ONLY_PASSED_ON)}
    # It passes the message on between two steps of its own.
    | {"routing.handoff-transferred.v1": on_handoff_transferred}
)
