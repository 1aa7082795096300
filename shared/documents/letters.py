"""What an authority writes to an applicant, and what an applicant signs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from shared.documents import codes
from shared.documents.parts import (
    EMPTY_REMEDIES,
    Document,
    Letter,
    Material,
    Matter,
    Office,
    Person,
    Remedies,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Document):
    """收件凭证与收件清单: says that it is not acceptance, and where to follow the case."""

    template: ClassVar[str] = "receipt"

    case_number: str
    tracking_code: str
    progress_url: str
    matter: Matter
    mode: str
    applicant: Person
    representative: Person | None = None
    window: Office
    handled_at: str
    received_at: datetime
    received_by: str
    materials: tuple[Material, ...]
    missing: tuple[Material, ...] = ()
    """What a case saved as incomplete still lacks; the 一次性告知书 says how to mend it."""
    limit: str = ""
    delivery: str = ""
    remarks: tuple[str, ...] = ()

    def drawings(self) -> Mapping[str, object]:
        return {"qr": codes.qr(self.progress_url)}


class NoticeTitle(StrEnum):
    AT_WINDOW = "一次性告知书"
    SUPPLEMENT = "补正通知书"


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing or wrong, and how it is put right."""

    name: str
    text: str
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Letter):
    """一次性告知书、补正通知书: everything that is missing, at once, and until when."""

    template: ClassVar[str] = "notice"

    title: NoticeTitle = NoticeTitle.SUPPLEMENT
    gaps: tuple[Gap, ...]
    received_on: date
    issued_on: date
    due_on: date | None = None
    bring_to: Office | None = None
    first_asked: str = ""
    """首问负责: who took the question and answers for it."""
    consequence: str = ""
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance(Letter):
    """受理通知书: from whoever may accept; by delegation in the authority's name."""

    template: ClassVar[str] = "acceptance"

    received_on: date
    accepted_on: date
    limit: str
    due_on: date | None = None
    special_procedures: tuple[str, ...] = ()
    """Published ones whose time would not count (行政许可法 45)."""
    materials: tuple[Material, ...] = ()
    deferred: tuple[Material, ...] = ()
    fee: str = ""
    delivery: str = ""


class Ground(StrEnum):
    """Why an application is not taken up; only one of them names another authority."""

    NOT_REQUIRED = "not_required"
    NOT_COMPETENT = "not_competent"
    NOT_ELIGIBLE = "not_eligible"
    FALSE_MATERIALS = "false_materials"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Letter):
    """不予受理通知书: the ground, the right authority only for 32(2), the remedies."""

    template: ClassVar[str] = "refusal"

    ground: Ground
    competent_authority: str = ""
    reason: str = ""
    received_on: date
    refused_on: date
    returned: tuple[Material, ...] = ()
    remedies: Remedies = EMPTY_REMEDIES

    def __post_init__(self) -> None:
        if bool(self.competent_authority) != (self.ground is Ground.NOT_COMPETENT):
            raise ValueError("the right authority is named for not_competent, and only then")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferralPromise(Document):
    """容缺受理承诺书, as the applicant signs it."""

    template: ClassVar[str] = "deferral"

    number: str
    case_number: str
    matter: Matter
    applicant: Person
    representative: Person | None = None
    authority: Office
    window: Office
    deferred: tuple[Material, ...]
    due_on: date | None = None
    due: str = ""
    """The last day in words, where it hangs on something still to come."""
    consequence: str
    barred: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment(Document):
    """告知承诺书: what the authority tells, and what the applicant then promises."""

    template: ClassVar[str] = "commitment"

    number: str
    case_number: str
    matter: Matter
    applicant: Person
    representative: Person | None = None
    authority: Office
    legal_basis: str = ""
    conditions: tuple[str, ...]
    replaced: tuple[Material, ...] = ()
    later_check: str = ""
    liability: str
    promise: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial(Letter):
    """不予许可决定书; for what is no 行政许可, 不予办理决定书."""

    template: ClassVar[str] = "denial"

    accepted_on: date
    decided_on: date
    facts: str = ""
    reason: str
    legal_basis: str = ""
    remedies: Remedies = EMPTY_REMEDIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(Letter):
    """延期告知书 (行政许可法 42)."""

    template: ClassVar[str] = "extension"

    accepted_on: date
    was_due_on: date | None = None
    due_on: date | None = None
    working_days: int
    reason: str
    approved_by: str
    issued_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialProcedure(Letter):
    """特别程序告知书 (行政许可法 45): how long it takes is told in writing, and does not count."""

    template: ClassVar[str] = "special_procedure"

    accepted_on: date
    procedure: str
    legal_basis: str = ""
    working_days: int
    begins_on: date
    reason: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Delivered:
    """One paper that was handed over, or is to be."""

    name: str
    number: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryProof(Document):
    """送达回证; whatever is left empty is a line to be filled by hand."""

    template: ClassVar[str] = "delivery_proof"

    number: str
    case_number: str
    matter: Matter
    recipient: Person
    authority: Office
    papers: tuple[Delivered, ...]
    method: str
    place: str = ""
    delivered_at: datetime | None = None
    collector: str = ""
    """Who took it in the recipient's stead, and as what."""
    identity_checked: str = ""
    reference: str = ""
    server: str = ""
    remark: str = ""
