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
    valid_to: date | None = None
    address: str | None = None
    postcode: str | None = None
    opening: str | None = None
    contacts: tuple[dict[str, Any], ...] = ()


class TokenRevoked(Event):
    """One token, or all that a subject was given until then; every house shuts them out."""

    type: ClassVar[str] = "routing.token-revoked.v1"
    standalone: ClassVar[bool] = True

    id: UUID
    issuer: str | None = None
    token_id: str | None = None
    account: str | None = None
    revoked_at: datetime
    reason: str
    revoked_by: str


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
    remedies: str = ""
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
    due_provisional: bool = False


class HandoffExtended(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-extended.v1"

    at: datetime
    working_days: int
    due_on: date | None
    due_provisional: bool = False
    reason: Annotated[str, Personal("text")]


class LightTurned(_OfHandoff):
    """`term`: the limit, the notice window, delivery, a hop …; `responsible`: whose turn it is."""

    type: ClassVar[str] = "routing.light-turned.v1"

    light: str
    on_day: date
    due_on: date | None
    term: str = "limit"
    responsible: str = ""


class DeadlineChanged(_OfHandoff):
    """A holiday notice, a local day or a deferred paper moved it, or it became certain."""

    type: ClassVar[str] = "routing.deadline-changed.v1"

    was: date | None
    due_on: date | None
    due_provisional: bool
    supplement_due_on: date | None
    at: datetime


class HandoffTransferred(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-transferred.v1"

    to_location: str
    new_handoff_id: UUID
    at: datetime
    # Steps still to come that go to the new office as well.
    also_moved: tuple[UUID, ...] = ()


class HandoffPrereviewed(_OfHandoff):
    """The scans were looked at: send the paper, or everything that is missing."""

    type: ClassVar[str] = "routing.handoff-prereviewed.v1"

    at: datetime
    answer: str
    materials: list[str]
    faults: Annotated[list[NoticeFault], Personal("text")]


class HandoffReturned(_OfHandoff):
    """Back to the window, which mends its own mistake; the clock runs on."""

    type: ClassVar[str] = "routing.handoff-returned.v1"

    at: datetime
    due_on: date | None
    reason: Annotated[str, Personal("text")]


class HandoffHandedBack(_OfHandoff):
    type: ClassVar[str] = "routing.handoff-handed-back.v1"

    at: datetime


class OriginalsVerified(_OfHandoff):
    type: ClassVar[str] = "routing.originals-verified.v1"

    at: datetime
    materials: list[str]
    passed: bool
    by_location: str


class GapsFound(_OfHandoff):
    """A branch tells the lead what is missing; the applicant hears it from the lead."""

    type: ClassVar[str] = "routing.gaps-found.v1"

    at: datetime
    materials: list[str]
    lead_handoff_id: UUID | None
    lead_location: str | None
    ready_to_notify: bool


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
    # 行政许可法 38: a denial tells them; empty for what was granted.
    remedies: str = ""
    opinion: Annotated[str, Personal("text")]
    certificate: Annotated[Certificate | None, Personal("form")]
    result_original: UUID | None = None
    # The partner whose window took the case, and which gives the applicant the result.
    delivered_by: str | None = None


class PromiseChecked(_OfHandoff):
    """事后核查 of what was granted on a promise: kept, or broken."""

    type: ClassVar[str] = "routing.promise-checked.v1"

    kept: bool
    at: datetime
    finding: Annotated[str, Personal("text")]


class DecisionRevoked(_OfHandoff):
    """你失信、我撤销."""

    type: ClassVar[str] = "routing.decision-revoked.v1"

    at: datetime
    remedies: str
    reason: Annotated[str, Personal("text")]


class MessageWritten(Event):
    """Thin: what was said is fetched, by those who may."""

    type: ClassVar[str] = "routing.message-written.v1"

    case_number: str
    message_id: UUID
    from_location: str
    to_location: str
    at: datetime


class ReminderSent(Event):
    """催办: the office is asked to act."""

    type: ClassVar[str] = "routing.reminder-sent.v1"

    case_number: str
    handoff_id: UUID
    reminder_id: UUID
    number: int
    from_location: str
    to_location: str
    answer_by: date
    at: datetime


class ReminderRaised(Event):
    """Nobody answered: the supervisors of both places are told."""

    type: ClassVar[str] = "routing.reminder-raised.v1"

    case_number: str
    handoff_id: UUID
    reminder_id: UUID
    locations: list[str]
    at: datetime


class AppointmentMade(Event):
    """视频会商 between the two places, with the applicant where it is needed."""

    type: ClassVar[str] = "routing.appointment-made.v1"

    case_number: str
    appointment_id: UUID
    from_location: str
    to_location: str
    starts_at: datetime
    minutes: int


class AppointmentSettled(Event):
    type: ClassVar[str] = "routing.appointment-settled.v1"

    case_number: str
    appointment_id: UUID
    outcome: str
    at: datetime


class CaseClosed(Event):
    type: ClassVar[str] = "routing.case-closed.v1"

    case_number: str
    outcome: str
    at: datetime
    reason: Annotated[str | None, Personal("text")] = None


class OriginalMoved(BaseModel):
    original_id: UUID
    label: str
    material_code: str
    kind: str
    act: str
    holder_kind: str
    holder: str


class OriginalsMoved(Event):
    """Where papers of one case are now."""

    type: ClassVar[str] = "routing.originals-moved.v1"

    case_number: str
    parcel_number: str | None
    at: datetime
    originals: list[OriginalMoved]


class _OfParcel(Event):
    """Of a bag (subject parcel:<id>); `cases` are those whose papers are on its manifest."""

    parcel_id: UUID
    number: str
    from_location: str
    to_location: str
    state: str
    cases: list[str]
    at: datetime


class ParcelSealed(_OfParcel):
    type: ClassVar[str] = "routing.parcel-sealed.v1"

    originals: int
    seal_number: str | None


class ParcelHandedOver(_OfParcel):
    type: ClassVar[str] = "routing.parcel-handed-over.v1"

    carrier: str
    waybill: str | None
    due_on: date | None


class ParcelArrived(_OfParcel):
    type: ClassVar[str] = "routing.parcel-arrived.v1"


class FoundDifferent(BaseModel):
    discrepancy_id: UUID
    kind: str
    original_id: UUID | None
    label: str | None
    case_number: str | None


class ParcelScanned(_OfParcel):
    type: ClassVar[str] = "routing.parcel-scanned.v1"

    found: int
    discrepancies: list[FoundDifferent]


class DiscrepancySettled(_OfParcel):
    type: ClassVar[str] = "routing.discrepancy-settled.v1"

    discrepancy_id: UUID
    kind: str
    original_id: UUID | None
    case_number: str | None
    settlement: str


class CaseClock(BaseModel):
    """How the clock of a case stood: a loss stops none."""

    case_number: str
    handoff_id: UUID
    clock_state: str
    due_on: date | None


class ParcelReturning(_OfParcel):
    type: ClassVar[str] = "routing.parcel-returning.v1"

    clocks: list[CaseClock]


class ParcelReturned(_OfParcel):
    type: ClassVar[str] = "routing.parcel-returned.v1"

    clocks: list[CaseClock]


class ParcelLost(_OfParcel):
    type: ClassVar[str] = "routing.parcel-lost.v1"

    clocks: list[CaseClock]


class ParcelFound(_OfParcel):
    type: ClassVar[str] = "routing.parcel-found.v1"


class ParcelOverdue(_OfParcel):
    """It should be there by now: a reminder for both ends."""

    type: ClassVar[str] = "routing.parcel-overdue.v1"

    due_on: date | None


class ParcelClosed(_OfParcel):
    type: ClassVar[str] = "routing.parcel-closed.v1"


class PapersDelayed(Event):
    """Papers of one case are late, come back, cannot be found, or have been found again; for
    whoever tells the applicant."""

    type: ClassVar[str] = "routing.papers-delayed.v1"

    case_number: str
    parcel_number: str
    what: str
    originals: int
    at: datetime
    clock_state: str | None = None
    due_on: date | None = None


class PartnerAnswered(Event):
    """To the partner that sent a webhook: it was applied, or rejected with every reason."""

    type: ClassVar[str] = "routing.partner-answered.v1"

    partner: str
    webhook_id: str
    kind: str
    outcome: str
    case_number: str | None = None
    joint_number: str | None = None
    faults: list[dict[str, Any]]
    at: datetime


class ToldContent(BaseModel):
    """Where the partner fetches what it was told, with its token, and what it must be."""

    path: str
    digest: str


class PartnerTold(Event):
    """To a partner that has a case of ours, or works on one: what was done here. Thin: whatever
    was said with it is fetched."""

    type: ClassVar[str] = "routing.partner-told.v1"

    partner: str
    kind: str
    # The number over both installations; of a bag, the one printed on it.
    case_number: str | None = None
    parcel_number: str | None = None
    step: str | None = None
    location: str | None = None
    actor: dict[str, str]
    content: ToldContent
    at: datetime


class CaseHandedIn(Event):
    """A partner's window hands in a case, or something for one that it handed in: intake fetches
    it with the access given, and says what became of it."""

    type: ClassVar[str] = "routing.case-handed-in.v1"

    partner: str
    webhook_id: str
    kind: str
    joint_number: str
    their_number: str
    case_number: str | None = None
    location: str
    content: ToldContent
    actor: dict[str, str]
    access: Annotated[dict[str, str], Personal("form")]
    at: datetime


class ResultHandedOver(Event):
    """Of a case that a partner's window handed in: its applicant has the result."""

    type: ClassVar[str] = "routing.result-handed-over.v1"

    case_number: str
    partner: str
    delivered_at: datetime
