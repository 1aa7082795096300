"""What routing announces; one builder per message where the facts need arranging."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel

from shared.messaging.envelope import Event
from shared.security.personal import Personal


class LocationRegistered(Event):
    """The full state of one version; the other houses keep the highest."""

    type: ClassVar[str] = "routing.location-registered.v1"
    standalone: ClassVar[bool] = True

    code: str
    version: int
    name: str
    kind: str
    division: str
    system: str
    valid_from: date
    valid_to: date | None
    address: str | None = None
    postcode: str | None = None
    opening: str | None = None
    contacts: tuple[dict[str, Any], ...] = ()


class HandoffFacts(BaseModel):
    id: UUID
    location: str
    step: str
    step_name: str
    stage: int
    role: str
    lead: bool
    status: str
    due_on: date | None = None


class CaseAssigned(Event):
    type: ClassVar[str] = "routing.case-assigned.v1"

    case_number: str
    mode: str
    handoffs: list[HandoffFacts]
    why: list[str]
    powers: list[str]


class CaseUnroutable(Event):
    type: ClassVar[str] = "routing.case-unroutable.v1"

    case_number: str
    reasons: list[dict[str, Any]]


class _OfHandoff(Event):
    case_number: str
    handoff_id: UUID
    location: str
    status: str


class HandoffOpened(_OfHandoff):
    """Its turn has come: an earlier stage is done, or its paper has been scanned in."""

    type: ClassVar[str] = "routing.handoff-opened.v1"

    at: datetime


class HandoffAccepted(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-accepted.v1"

    accepted_at: datetime
    due_on: date | None
    due_provisional: bool
    deemed: bool
    by_location: str


class HandoffRefused(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-refused.v1"

    at: datetime
    ground: str
    competent_authority: str | None
    reason: Annotated[str, Personal("text")]


class NoticeFault(BaseModel):
    material_code: str | None
    text: str


class NoticeIssued(_OfHandoff):
    type: ClassVar[str] = "routing.notice-issued.v1"

    notice_id: UUID
    number: int
    issued_at: datetime
    supplement_due_on: date | None
    materials: list[str]
    faults: Annotated[list[NoticeFault], Personal("text")]


class SupplementApplied(_OfHandoff):
    type: ClassVar[str] = "routing.supplement-applied.v1"

    supplement_id: UUID
    at: datetime


class RequestRefused(Event):
    type: ClassVar[str] = "routing.request-refused.v1"

    case_number: str
    request_id: UUID
    kind: str
    code: str
    reason_zh: str
    at: datetime


class HandoffSuspended(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-suspended.v1"

    at: datetime
    procedure: str
    working_days: int
    expected_until: date | None
    reason: Annotated[str, Personal("text")]


class HandoffResumed(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-resumed.v1"

    at: datetime
    due_on: date | None


class HandoffExtended(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-extended.v1"

    at: datetime
    working_days: int
    due_on: date | None
    reason: Annotated[str, Personal("text")]


class LightTurned(_OfHandoff):
    type: ClassVar[str] = "routing.light-turned.v1"

    light: str
    on_day: date
    due_on: date | None


class HandoffTransferred(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-transferred.v1"

    to_location: str
    new_handoff_id: UUID
    at: datetime


class HandoffDecided(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-decided.v1"

    result: str
    decided_at: datetime


class HandoffClosed(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-closed.v1"

    outcome: str
    at: datetime


class Certificate(BaseModel):
    name: str
    number: str
    form: str


class CaseDecided(Event):
    """The matter is decided; notify delivers the result."""

    type: ClassVar[str] = "routing.case-decided.v1"

    case_number: str
    handoff_id: UUID
    item_code: str
    item_name: str
    result: str
    decided_at: datetime
    location: str
    authority: str
    division: str
    deliver_by: date | None
    opinion: Annotated[str, Personal("text")]
    certificate: Annotated[Certificate | None, Personal("form")]


class CaseClosed(Event):
    type: ClassVar[str] = "routing.case-closed.v1"

    case_number: str
    outcome: str
    at: datetime
