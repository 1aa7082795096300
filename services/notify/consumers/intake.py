"""What the window took from the applicant, and took in later."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import deliveries, erasing, promises, received
from services.notify.consumers.knowing import known_case
from services.notify.domain.practice import Practice
from services.notify.models import ItemRow, LocationRow
from services.notify.queries import places
from shared.means import cached
from shared.messaging.envelope import Received
from shared.messaging.handling import Handler, NotYetError
from shared.security.personal import Personal


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


class PromiseBroken(BaseModel):
    case_number: str
    materials: list[str] = []
    follows: str
    next_due_on: date | None = None


class ApplicationAmended(BaseModel):
    case_number: str
    application: Annotated[received.Application, Personal("form")]


async def on_cases_received(
    session: AsyncSession, messages: Sequence[Received[CaseReceived]]
) -> None:
    every = [each.data for each in messages]
    items = {key: await places.item(session, *key) for key in {_item_of(each) for each in every}}
    windows = await places.places(session, sorted({each.receiving_location for each in every}))
    taken, missing = [], []
    for message in messages:
        given = message.data
        item, window = items[_item_of(given)], windows.get(given.receiving_location)
        if item is None or window is None:
            missing.append(message)
        else:
            taken.append(_taken(given, item, window))
    if missing:
        given = missing[0].data
        what = f"item {given.item_code} or location {given.receiving_location}"
        raise NotYetError(what, of=[each.id for each in missing])
    await received.keep_cases(session, taken, at=messages[-1].now)


def _item_of(given: CaseReceived) -> tuple[str, int]:
    return given.item_code, given.item_version


def _taken(given: CaseReceived, item: ItemRow, window: LocationRow) -> received.Taken:
    return received.Taken(
        given.case_number,
        item=item,
        window=window,
        received_at=given.received_at,
        delivery_method=given.delivery_method,
        outstanding=given.deferral.materials if given.deferral else [],
        promised_on=given.deferral.due_on if given.deferral else None,
        application=given.application,
        tracking_code=given.tracking_code,
    )


async def on_supplement_given(session: AsyncSession, message: Received[SupplementGiven]) -> None:
    """A deferred paper counts as come when a window has it in hand."""
    case = await known_case(session, message.data.case_number)
    came = {material.code for material in message.data.materials}
    still = [code for code in case.outstanding if code not in came]
    if still != case.outstanding:
        case.outstanding = still
        promises.schedule(cached(session, Practice), case)
        await deliveries.papers_came(session, case, at=message.now)


async def on_promise_broken(session: AsyncSession, message: Received[PromiseBroken]) -> None:
    broken = message.data
    case = await known_case(session, broken.case_number)
    await promises.told_broken(
        session,
        case,
        broken.follows,
        materials=broken.materials,
        next_due_on=broken.next_due_on,
        source=str(message.id),
        at=message.now,
    )


async def on_application_amended(
    session: AsyncSession, message: Received[ApplicationAmended]
) -> None:
    case = await known_case(session, message.data.case_number)
    received.amend_person(session, case, message.data.application)


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


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "intake.case-received.v1": on_cases_received,
        "intake.supplement-given.v1": on_supplement_given,
        "intake.promise-broken.v1": on_promise_broken,
        "intake.application-amended.v1": on_application_amended,
        "intake.case-erased.v1": on_case_erased,
    }
)
