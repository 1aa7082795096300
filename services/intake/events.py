"""What intake tells the other houses, one function per message."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.intake.domain import items
from services.intake.domain.words import (
    Authority,
    Basis,
    Level,
    Mode,
    Payer,
    Status,
)
from shared.messaging.envelope import Event
from shared.security.personal import Personal


class MaterialGiven(BaseModel):
    """A paper as it was entered; files follow in `intake.content-stored.v1`."""

    model_config = ConfigDict(frozen=True)

    code: str
    form: str
    count: int


class OriginalGiven(BaseModel):
    model_config = ConfigDict(frozen=True)

    original_id: UUID
    material_code: str


class Promise(BaseModel):
    """Deferral or commitment: which papers, and until when they are due."""

    model_config = ConfigDict(frozen=True)

    materials: tuple[str, ...]
    due_on: date | None = None


class ItemPublished(Event):
    """The whole state of one version of a service item."""

    type: ClassVar[str] = "intake.item-published.v1"
    standalone: ClassVar[bool] = True

    code: str
    version: int
    status: Status
    valid_from: date
    valid_to: date | None
    name: str
    short_name: str
    base_code: str
    implementation_code: str
    item_type: str
    case_kind: str
    service_objects: tuple[str, ...]
    department: str
    handling_body: str
    modes: tuple[Mode, ...]
    basis: Basis
    choice: tuple[Basis, ...]
    level: Level
    steps: dict[Mode, tuple[items.Step, ...]]
    materials: tuple[items.Material, ...]
    form_schema: dict[str, JsonValue]
    limits: items.Limits
    special_procedures: tuple[items.SpecialProcedure, ...]
    remedies: items.Remedies | None = None
    # Where each of its figures comes from, and what is not certain.
    marking: dict[str, items.Mark] = Field(default_factory=dict)
    acceptance_authority: Authority
    agents_allowed: bool
    pre_review: dict[Mode, bool]
    paper_required: dict[Mode, bool]
    deferral: items.DeferralTerms
    commitment: items.CommitmentTerms
    result: items.Result
    fee: items.Fee
    postage_payer: Payer


class CaseReceived(Event):
    """A window took a case. `application` is the whole submission."""

    type: ClassVar[str] = "intake.case-received.v1"

    case_number: str
    item_code: str
    item_version: int
    mode: str
    channel: str
    receiving_location: str
    basis: Mapping[str, str]
    chosen_basis: str | None = None
    received_at: datetime
    priority: str
    delivery_method: str | None = None
    deferral: Promise | None = None
    commitment: Promise | None = None
    materials: tuple[MaterialGiven, ...]
    originals: tuple[OriginalGiven, ...]
    application: Annotated[dict[str, JsonValue], Personal("form")]
    tracking_code: Annotated[str, Personal("text")]
    received_by: Annotated[str | None, Personal("name")] = None


class ContentStored(Event):
    """The file of a material is in the store; `file` says where, and holds its sealed key."""

    type: ClassVar[str] = "intake.content-stored.v1"

    case_number: str
    material_code: str
    content_id: UUID
    digest: str
    size: int
    media_type: str
    stored_at: datetime
    file: Annotated[dict[str, JsonValue], Personal("form")]


class SupplementGiven(Event):
    """The applicant brought what a notice asked for; routing applies or refuses it."""

    type: ClassVar[str] = "intake.supplement-given.v1"

    case_number: str
    supplement_id: UUID
    given_at: datetime
    materials: tuple[MaterialGiven, ...]
    originals: tuple[OriginalGiven, ...]
    application: Annotated[dict[str, JsonValue], Personal("form")]
    form: Annotated[dict[str, JsonValue] | None, Personal("form")] = None


class WithdrawalRequested(Event):
    """The applicant wants the case back; routing applies or refuses it."""

    type: ClassVar[str] = "intake.withdrawal-requested.v1"

    case_number: str
    withdrawal_id: UUID
    at: datetime
    reason: Annotated[str, Personal("text")]


class ApplicationAmended(Event):
    """The window put a clerical error right, or verified at the counter: the parts as they are
    now, for those who keep copies. `fields` says where, without what."""

    type: ClassVar[str] = "intake.application-amended.v1"

    case_number: str
    cause: str
    fields: tuple[str, ...]
    at: datetime
    application: Annotated[dict[str, JsonValue], Personal("form")]


class PromiseBroken(Event):
    """A deferred paper did not come in time. `follows` is what the item says happens now:
    deemed_withdrawn, acceptance_revoked, paused (until `next_due_on`), returned; of what has been
    decided, held or revoke; or nothing."""

    type: ClassVar[str] = "intake.promise-broken.v1"

    case_number: str
    kind: str
    materials: tuple[str, ...]
    due_on: date
    follows: str
    next_due_on: date | None = None
    barred_until: date | None = None
    at: datetime


class HandingInSettled(Event):
    """What became of something that a partner's window handed in: taken under our number, or
    rejected with every fault."""

    type: ClassVar[str] = "intake.handing-in-settled.v1"

    partner: str
    webhook_id: str
    kind: str
    outcome: str
    case_number: str | None = None
    joint_number: str
    their_number: str
    faults: tuple[dict[str, JsonValue], ...] = ()
    at: datetime


class CaseErased(Event):
    """The person has been taken out of the case here, and is to be taken out of every copy. `rule`
    is the line of the table of terms, `cause` says whether the term was over or somebody asked.
    It waits for none of the case's messages: one that is put aside is not to keep it."""

    type: ClassVar[str] = "intake.case-erased.v1"
    standalone: ClassVar[bool] = True

    case_number: str
    rule: str
    cause: str
    at: datetime


PUBLISHED: Sequence[type[Event]] = (
    ItemPublished,
    CaseReceived,
    ContentStored,
    SupplementGiven,
    WithdrawalRequested,
    ApplicationAmended,
    PromiseBroken,
    HandingInSettled,
    CaseErased,
)


def item_published(item: items.ItemVersion) -> ItemPublished:
    told: dict[str, Any] = {name: getattr(item, name) for name in ItemPublished.model_fields}
    return ItemPublished.model_construct(**told)


def item_subject(code: str) -> str:
    return f"item:{code}"


def erasure_subject(case_number: str) -> str:
    return f"erasure:{case_number}"
