"""What routing hears, and the one action each message leads to."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import (
    cases,
    crossing,
    deferrals,
    delivering,
    erasing,
    handed_in,
    parcels,
    requests,
    results,
    transfers,
)
from services.routing.actions.deferrals import Broken
from services.routing.domain import crossings
from services.routing.domain.parcels import Deed
from services.routing.models import CaseRow, ContentRow, ItemRow
from services.routing.queries import handoffs as queries
from services.routing.queries import parcels as in_parcels
from services.routing.queries import registry
from shared.clock import local_date
from shared.messaging.envelope import Received
from shared.messaging.handling import Handler, NotYetError
from shared.security.personal import Personal


class ItemPublished(BaseModel):
    """The whole document is kept: what routing will need of it tomorrow is in it already."""

    model_config = ConfigDict(extra="allow")

    code: str
    version: int
    status: str
    valid_from: date
    valid_to: date | None = None


class OriginalGiven(BaseModel):
    original_id: UUID
    material_code: str


class CaseReceived(BaseModel):
    case_number: str
    item_code: str
    item_version: int
    mode: str
    channel: str
    receiving_location: str
    basis: dict[str, str]
    chosen_basis: str | None = None
    received_at: datetime
    priority: str = "normal"
    delivery_method: str | None = None
    commitment: dict[str, Any] | None = None
    materials: list[dict[str, Any]]
    originals: list[OriginalGiven] = []
    application: Annotated[dict[str, Any], Personal("form")]


class ContentStored(BaseModel):
    case_number: str
    material_code: str
    content_id: UUID
    digest: str
    size: int
    media_type: str
    stored_at: datetime
    file: Annotated[dict[str, Any], Personal("form")]


class SupplementGiven(BaseModel):
    case_number: str
    supplement_id: UUID
    materials: list[dict[str, Any]]
    originals: list[OriginalGiven] = []
    given_at: datetime
    application: Annotated[dict[str, Any] | None, Personal("form")] = None


class WithdrawalRequested(BaseModel):
    case_number: str
    withdrawal_id: UUID
    at: datetime
    reason: Annotated[str, Personal("text")] = ""


class ApplicationAmended(BaseModel):
    case_number: str
    cause: str
    fields: list[str] = []
    application: Annotated[dict[str, Any], Personal("form")]


class PromiseBroken(BaseModel):
    case_number: str
    materials: list[str] = []
    due_on: date
    follows: str


async def on_item_published(session: AsyncSession, message: Received[ItemPublished]) -> None:
    item = message.data
    row = {
        "code": item.code,
        "version": item.version,
        "valid_from": item.valid_from,
        "valid_to": item.valid_to,
        "status": item.status,
        "document": item.model_dump(mode="json"),
    }
    changed = {name: row[name] for name in ("valid_to", "status", "document")}
    await session.execute(
        insert(ItemRow)
        .values(row)
        .on_conflict_do_update(index_elements=["code", "version"], set_=changed)
    )


async def on_cases_received(
    session: AsyncSession, messages: Sequence[Received[CaseReceived]]
) -> None:
    wanted = {(each.data.item_code, each.data.item_version) for each in messages}
    items = {key: found for key in wanted if (found := await registry.item(session, *key))}
    if missing := [each for each in messages if _item_of(each.data) not in items]:
        given = missing[0].data
        of = [each.id for each in missing]
        raise NotYetError(f"item {given.item_code}@{given.item_version}", of=of)
    known = await registry.known(session)
    arrivals = [
        cases.Arrival(
            _case_of(each, known),
            to_json(each.data.application),
            items[_item_of(each.data)],
            _originals(each.data.originals),
            each.span,
        )
        for each in messages
    ]
    await cases.receive_cases(session, arrivals, known, at=messages[-1].now)


def _item_of(given: CaseReceived) -> tuple[str, int]:
    return given.item_code, given.item_version


def _case_of(message: Received[CaseReceived], known: registry.Known) -> CaseRow:
    given = message.data
    place = registry.place(known, given.receiving_location, on=local_date(given.received_at))
    return CaseRow(
        case_number=given.case_number,
        item_code=given.item_code,
        item_version=given.item_version,
        mode=given.mode,
        channel=given.channel,
        receiving_location=given.receiving_location,
        receiving_division=place.division if place else "",
        basis=given.basis,
        chosen_basis=given.chosen_basis,
        received_at=given.received_at,
        priority=given.priority,
        delivery_method=given.delivery_method or "",
        commitment=given.commitment,
        materials=given.materials,
        status="received",
        version=1,
        created_at=message.now,
    )


def _originals(given: list[OriginalGiven]) -> dict[UUID, str]:
    return {each.original_id: each.material_code for each in given}


async def on_content_stored(session: AsyncSession, message: Received[ContentStored]) -> None:
    given = message.data
    case = await _case(session, given.case_number)
    if case.erased_at is not None:
        # Told again after its person was taken out: the file is there no more.
        return
    content = ContentRow(
        id=given.content_id,
        case_number=given.case_number,
        material_code=given.material_code,
        digest=given.digest,
        size=given.size,
        media_type=given.media_type,
        stored_at=given.stored_at,
    )
    await transfers.store_content(session, content, given.file, at=message.now)
    await crossing.mirror_content(session, case, content, at=message.now)


async def on_supplement_given(session: AsyncSession, message: Received[SupplementGiven]) -> None:
    given = message.data
    case = await _case(session, given.case_number)
    await requests.apply_supplement(
        session,
        case,
        given.supplement_id,
        materials=given.materials,
        originals=_originals(given.originals),
        application={"given_at": given.given_at.isoformat(), **(given.application or {})},
        given_at=given.given_at,
        at=message.now,
    )
    await crossing.mirror_request(
        session, case, "case.supplemented", given.application or {}, at=given.given_at
    )


async def on_withdrawal_requested(
    session: AsyncSession, message: Received[WithdrawalRequested]
) -> None:
    case = await _case(session, message.data.case_number)
    told = message.data
    await requests.apply_withdrawal(
        session, case, told.withdrawal_id, asked_at=told.at, at=message.now
    )
    withdrawn = {"reason": told.reason}
    await crossing.mirror_request(session, case, "case.withdrawn", withdrawn, at=told.at)


async def on_application_amended(
    session: AsyncSession, message: Received[ApplicationAmended]
) -> None:
    """What an officer has read before is no longer what stands there."""
    told = message.data
    case = await _case(session, told.case_number)
    facts = {"cause": told.cause, "fields": told.fields}
    await cases.amend_application(session, case, told.application, facts, at=message.now)
    if told.cause == "correction":
        body = crossings.corrected(told.fields, told.application)
        await crossing.mirror_request(session, case, "case.corrected", body, at=message.now)


async def on_promise_broken(session: AsyncSession, message: Received[PromiseBroken]) -> None:
    told = message.data
    case = await _case(session, told.case_number)
    broken = Broken(told.materials, told.due_on)
    await deferrals.follow(session, case, broken, told.follows, at=message.now)


class CaseErased(BaseModel):
    case_number: str
    rule: str
    cause: str
    at: datetime


async def on_case_erased(session: AsyncSession, message: Received[CaseErased]) -> None:
    told = message.data
    await erasing.erase_case(
        session, told.case_number, rule=told.rule, cause=told.cause, at=message.now
    )


class ParcelTracked(BaseModel):
    """A carrier's word on one parcel, or on a waybill that carries several."""

    parcel_id: UUID | None = None
    carrier: str
    waybill: str
    what: str
    at: datetime


class DeliveryChanged(BaseModel):
    case_number: str
    delivery_id: UUID
    method: str
    status: str
    at: datetime


class ResultDelivered(BaseModel):
    case_number: str
    delivered_at: datetime


_TRACKED = MappingProxyType(
    {"in_transit": Deed.TRANSIT, "arrived": Deed.ARRIVE, "returning": Deed.TURN_BACK}
)


async def on_parcel_tracked(session: AsyncSession, message: Received[ParcelTracked]) -> None:
    """A kind of news that routing does not know moves nothing."""
    told = message.data
    deed = _TRACKED.get(told.what)
    if deed is None:
        return
    if told.parcel_id is not None:
        found = await in_parcels.by_ids(session, [told.parcel_id])
    else:
        found = await in_parcels.by_waybill(session, told.carrier, told.waybill)
    for parcel_id in found:
        await parcels.track_parcel(session, parcel_id, deed, told_at=told.at, at=message.now)


async def on_delivery_changed(session: AsyncSession, message: Received[DeliveryChanged]) -> None:
    """A result on paper is in other hands: the post's, the window's, the office's again; one that
    lies at the counter has been told of, and who was told and does not collect has no term against
    us."""
    told = message.data
    await delivering.note_result(
        session,
        told.case_number,
        told_on=local_date(told.at) if told.status == "ready" else None,
        posted_on=local_date(told.at) if told.status == "on_way" else None,
        at=message.now,
    )
    await results.follow(
        session,
        told.case_number,
        delivery_id=told.delivery_id,
        method=told.method,
        status=told.status,
        at=message.now,
    )


async def on_result_delivered(session: AsyncSession, message: Received[ResultDelivered]) -> None:
    told = message.data
    delivered_on = local_date(told.delivered_at)
    await delivering.note_result(
        session, told.case_number, delivered_on=delivered_on, at=message.now
    )
    await results.collect(session, told.case_number, at=message.now)
    await crossing.mirror_delivery(
        session, told.case_number, delivered_at=told.delivered_at, at=message.now
    )


class HandingInSettled(BaseModel):
    """What intake made of something that a partner's window handed in."""

    partner: str
    webhook_id: str
    kind: str
    outcome: str
    case_number: str | None = None
    joint_number: str
    their_number: str
    faults: list[dict[str, Any]] = []


async def on_handing_in_settled(session: AsyncSession, message: Received[HandingInSettled]) -> None:
    told = message.data
    if told.outcome == "applied" and told.case_number is not None:
        # The number is told to the partner only when the case is one that can be worked on.
        await _case(session, told.case_number)
    settled = handed_in.Settled(**told.model_dump())
    await handed_in.settle(session, settled, at=message.now)


async def _case(session: AsyncSession, case_number: str) -> CaseRow:
    case = await queries.lock_case(session, case_number)
    if case is None:
        raise NotYetError(f"case {case_number}")
    return case


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "intake.item-published.v1": on_item_published,
        "intake.case-received.v1": on_cases_received,
        "intake.content-stored.v1": on_content_stored,
        "intake.supplement-given.v1": on_supplement_given,
        "intake.withdrawal-requested.v1": on_withdrawal_requested,
        "intake.application-amended.v1": on_application_amended,
        "intake.promise-broken.v1": on_promise_broken,
        "intake.handing-in-settled.v1": on_handing_in_settled,
        "intake.case-erased.v1": on_case_erased,
        "notify.parcel-tracked.v1": on_parcel_tracked,
        "notify.delivery-changed.v1": on_delivery_changed,
        "notify.result-delivered.v1": on_result_delivered,
    }
)
