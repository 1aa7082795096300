"""What intake reads of the other houses' messages: only the fields it uses."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel

from shared.security.personal import Personal


class Contact(BaseModel):
    role: str = ""
    phone: str = ""


class LocationRegistered(BaseModel):
    code: str
    version: int
    name: str
    kind: str
    division: str
    valid_from: date
    valid_to: date | None = None
    address: str | None = None
    opening: str | None = None
    contacts: list[Contact] = []


class HandoffFacts(BaseModel):
    id: UUID
    location: str
    step: str
    step_name: str = ""
    stage: int
    role: str | None = None
    lead: bool = False
    status: str
    due_on: date | None = None


class CaseAssigned(BaseModel):
    case_number: str
    handoffs: list[HandoffFacts]


class OfCase(BaseModel):
    case_number: str


class OfHandoff(OfCase):
    handoff_id: UUID
    location: str
    status: str


class HandoffAt(OfHandoff):
    at: datetime


class HandoffAccepted(OfHandoff):
    accepted_at: datetime
    due_on: date | None = None
    due_provisional: bool = False
    deemed: bool = False
    by_location: str | None = None


class HandoffRefused(HandoffAt):
    ground: str
    competent_authority: str | None = None
    remedies: str = ""
    reason: Annotated[str, Personal("text")]


class NoticeFault(BaseModel):
    material_code: str | None = None
    text: str


class NoticeIssued(OfHandoff):
    notice_id: UUID
    number: int | None = None
    issued_at: datetime
    supplement_due_on: date | None = None
    faults: Annotated[list[NoticeFault], Personal("text")]


class SupplementApplied(HandoffAt):
    supplement_id: UUID


class RequestRefused(OfCase):
    request_id: UUID
    code: str
    reason_zh: str
    at: datetime


class HandoffDue(HandoffAt):
    due_on: date | None = None
    due_provisional: bool = False


class HandoffSuspended(HandoffAt):
    procedure: str
    working_days: int
    reason: Annotated[str, Personal("text")]


class HandoffExtended(HandoffDue):
    working_days: int
    reason: Annotated[str, Personal("text")]


class LightTurned(OfHandoff):
    light: str
    term: str = "limit"


class HandoffTransferred(HandoffAt):
    to_location: str
    new_handoff_id: UUID
    also_moved: tuple[UUID, ...] = ()


class HandoffPrereviewed(HandoffAt):
    faults: Annotated[list[NoticeFault], Personal("text")]


class DeadlineChanged(HandoffAt):
    due_on: date | None = None
    due_provisional: bool = False


class PromiseChecked(HandoffAt):
    kept: bool


class Certificate(BaseModel):
    name: str
    number: str


class CaseDecided(OfCase):
    handoff_id: UUID
    result: str
    decided_at: datetime
    location: str
    authority: str = ""
    remedies: str = ""
    opinion: Annotated[str, Personal("text")]
    certificate: Annotated[Certificate | None, Personal("form")] = None


class CaseClosed(OfCase):
    outcome: str
    at: datetime


class DeliveryChanged(OfCase):
    status: str
    method: str | None = None


class ResultDelivered(OfCase):
    delivered_at: datetime
    method: str | None = None
