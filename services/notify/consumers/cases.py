"""What becomes of a case: who works on it, what they say of it, how it ends."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import deliveries, fanning, participation, promises
from services.notify.actions.deliveries import Decided
from services.notify.actions.messages import tell
from services.notify.consumers.knowing import dated, known_case, known_cases
from services.notify.domain.messages import Event, Placeholder
from services.notify.domain.practice import Practice, spoken_day
from services.notify.domain.templates import listed
from services.notify.queries import places
from services.notify.queries.seals import Certificate, Outcome
from shared.clock import local_date
from shared.means import cached
from shared.messaging.envelope import Received
from shared.messaging.handling import Handler
from shared.security.personal import Personal


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


async def on_cases_assigned(
    session: AsyncSession, messages: Sequence[Received[CaseAssigned]]
) -> None:
    known = await known_cases(session, messages)
    at_work: dict[str, dict[UUID, str]] = {}
    for message in messages:
        case, handoffs = known[message.data.case_number], message.data.handoffs
        lead = next((each for each in handoffs if each.lead), None)
        case.handling_location = lead.location if lead else None
        case.powers = message.data.powers
        at_work[case.case_number] = {each.id: each.location for each in handoffs}
    await participation.join(session, at_work)


async def on_handoff_transferred(
    session: AsyncSession, message: Received[HandoffTransferred]
) -> None:
    """Both places hear of it; afterwards only the new one hears of the case."""
    told = message.data
    new = dict.fromkeys((told.new_handoff_id, *told.also_moved), told.to_location)
    await participation.join(session, {told.case_number: new})
    await fanning.fan_out(session, fanning.heard(message))
    await participation.leave(session, told.case_number, [told.handoff_id], at=message.now)


async def on_notice_issued(session: AsyncSession, message: Received[NoticeIssued]) -> None:
    told = message.data
    case = await known_case(session, told.case_number)
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
    case = await known_case(session, told.case_number)
    words = {
        Placeholder.DATE: spoken_day(local_date(told.accepted_at)),
        Placeholder.DUE: spoken_day(told.due_on) if told.due_on else "规定期限",
    }
    source = str(told.handoff_id)
    await tell(session, case, Event.ACCEPTED, source=source, at=message.now, words=words)


async def on_handoff_refused(session: AsyncSession, message: Received[HandoffRefused]) -> None:
    case = await known_case(session, message.data.case_number)
    source = str(message.data.handoff_id)
    await tell(session, case, Event.REFUSED, source=source, at=message.now, words=dated(message.at))


async def on_case_decided(session: AsyncSession, message: Received[CaseDecided]) -> None:
    told = message.data
    case = await known_case(session, told.case_number)
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
    words = {**dated(told.decided_at), Placeholder.OFFICE: told.authority}
    await tell(session, case, Event.DECIDED, source="", at=message.now, words=words)
    await deliveries.open_delivery(session, case, decided, at=message.now)


async def on_case_closed(session: AsyncSession, message: Received[CaseClosed]) -> None:
    """A refusal has been told already, with what can be done about it."""
    told = message.data
    case = await known_case(session, told.case_number)
    case.closed_at = told.at
    promises.schedule(cached(session, Practice), case)
    if told.outcome != "refused":
        await tell(session, case, Event.CLOSED, source="", at=message.now, words=dated(told.at))


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "routing.case-assigned.v1": on_cases_assigned,
        "routing.notice-issued.v1": on_notice_issued,
        "routing.handoff-accepted.v1": on_handoff_accepted,
        "routing.handoff-refused.v1": on_handoff_refused,
        "routing.case-decided.v1": on_case_decided,
        "routing.case-closed.v1": on_case_closed,
    }
)
