"""Service items (事项): what may be applied for, how, with which papers; dated and versioned."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, StrictInt

from services.intake.domain.forms import Form
from services.intake.domain.words import (
    CHOSEN_BASIS,
    Authority,
    Basis,
    Capacity,
    ClockStart,
    Custody,
    DeficiencyPolicy,
    DeliveryMethod,
    ExcludedArea,
    ExpiryPolicy,
    FeeDue,
    Kind,
    LatePaper,
    Level,
    MaterialForm,
    Mode,
    OnceBroken,
    OnceDecided,
    Payer,
    ResultForm,
    Status,
    Unit,
)

ADULT = 18
PAPER = frozenset({MaterialForm.ORIGINAL, MaterialForm.COPY})

Code = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z_.-]{0,49}$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Long = Annotated[str, Field(max_length=5_000)]
# What must be said at all: an empty text says as little as none, and a table cannot tell the two.
Said = Annotated[str, Field(min_length=1)]
Prose = Annotated[str, Field(min_length=1, max_length=5_000)]
ItemCode = Annotated[str, Field(min_length=1, max_length=50)]
Age = Annotated[StrictInt, Field(ge=1, le=100)]
Number = Annotated[StrictInt, Field(ge=0, le=999)]


class Clause(BaseModel):
    """A part of an item; a mistyped field name is a fault, not a field that is ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Term(Clause):
    value: Number | None
    unit: Unit
    basis: Long = ""


class Condition(Clause):
    """When a material is required of somebody; several keys must all hold."""

    applicant_age_below: Age | None = None
    applicant_incapacitated: Literal[True] | None = None
    applicant_kind: tuple[Kind, ...] | None = None
    representative: Literal[True] | tuple[Capacity, ...] | None = None
    mode: tuple[Mode, ...] | None = None
    form: dict[str, tuple[JsonValue, ...]] | None = None
    form_minimum: dict[str, StrictInt] | None = None
    any: tuple["Condition", ...] | None = None
    all: tuple["Condition", ...] | None = None


class Deferrable(Clause):
    basis: Text


class Exemption(Clause):
    """What stands in for the paper: an e-certificate, or data that offices share."""

    kind: Literal["e_certificate", "data_sharing"]
    name: Text
    type_code: str | None = None


class ReviewPoint(Clause):
    code: Code
    text: Text


class Material(Clause):
    code: Code
    name: Text
    source_form: str = ""
    forms: Annotated[tuple[MaterialForm, ...], Field(min_length=1)]
    originals: Number = 0
    copies: Number = 0
    custody: Custody
    main: StrictBool
    required: StrictBool
    required_when: Condition | None = None
    deferrable: Deferrable | None = None
    committable: StrictBool | None = None
    exempt_via: tuple[Exemption, ...] = ()
    issuer: str = ""
    sample: str = ""
    filling_note: str = ""
    review_points: tuple[ReviewPoint, ...] = ()

    def needed(self, form: MaterialForm) -> int:
        """How many of them, when handed in like that."""
        if form is MaterialForm.ORIGINAL:
            return max(self.originals, 1)
        if form is MaterialForm.COPY:
            return max(self.copies, 1)
        return 1

    @property
    def may_be_promised(self) -> bool:
        """Whether a commitment may stand in for it: as marked, otherwise where it is deferrable."""
        return self.deferrable is not None if self.committable is None else self.committable

    @property
    def original_must_be_seen(self) -> bool:
        """A copy alone is not enough."""
        return MaterialForm.ORIGINAL in self.forms and self.originals > 0


class Step(Clause):
    """One office's part in a mode; equal stages run in parallel."""

    step: Code
    name: Text
    role: Said
    stage: Annotated[StrictInt, Field(ge=1, le=20)]
    lead: StrictBool
    accepts: StrictBool
    decides: StrictBool
    limit: Term | None = None


class Hops(Clause):
    push: Term | None = None
    post: Term | None = None
    recheck: Term | None = None
    post_result: Term | None = None


class Limits(Clause):
    notify_window: Term
    deficiency_policy: DeficiencyPolicy
    deficiency_note: str = ""
    clock_start: ClockStart
    counts_while_supplementing: StrictBool = False
    unit: Unit
    promised: Term
    statutory: Term
    supplement_term: Term
    extension_max: Term | None = None
    joint_departments: StrictBool = False
    deliver_within: Term | None = None
    silence_is_consent: StrictBool = False
    hops: Hops = Hops()
    # Where the law can be read two ways, and what no law names: routing has an answer of its own
    # where the item has none.
    receipt_day: Literal["authority", "window"] | None = None
    deemed_after: Term | None = None
    deemed_after_supplement: StrictBool | None = None
    suspension_end: Literal["resumed", "told"] | None = None
    over_rest_days: StrictBool | None = None
    window_return: Term | None = None
    reminder_answer: Term | None = None


class Remedy(Clause):
    value: Annotated[StrictInt, Field(ge=1, le=999)]
    unit: Literal["natural_day", "month"]
    basis: Text


class Remedies(Clause):
    """How long the applicant may ask for 行政复议, or sue; what is not named is not printed."""

    review: Remedy | None = None
    suit: Remedy | None = None


class SpecialProcedure(Clause):
    code: Code
    name: Text
    kind: Literal["1", "2"]
    category: Said
    max_working_days: Number | None = None


class DeferralTerms(Clause):
    available: StrictBool
    term: Term | None = None
    expiry_policy: ExpiryPolicy | None = None
    once_decided: OnceDecided | None = None
    late_paper: LatePaper | None = None
    barred_months: Annotated[StrictInt, Field(ge=0, le=600)] | None = None


class CommitmentTerms(Clause):
    available: StrictBool
    text: Long | None = None
    later_check_within: Term | None = None
    once_broken: OnceBroken | None = None
    barred_months: Annotated[StrictInt, Field(ge=0, le=600)] | None = None


class Result(Clause):
    name: Text
    forms: Annotated[tuple[ResultForm, ...], Field(min_length=1)]
    delivery: Annotated[tuple[DeliveryMethod, ...], Field(min_length=1)]
    certificate: StrictBool
    validity: str = ""


class Fee(Clause):
    amount: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)]
    currency: Literal["CNY"] = "CNY"
    due: FeeDue
    note: str = ""


class Question(Clause):
    question: Prose
    answer: Prose


class Mark(Clause):
    confidence: str
    source: str


class ItemVersion(Clause):
    """One version of a service item; a case stays with the version it was taken under."""

    code: Code
    version: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    status: Status
    valid_from: date
    valid_to: date | None = None
    example: StrictBool = False
    name: Text
    short_name: str = ""
    base_code: ItemCode
    implementation_code: ItemCode
    item_type: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    case_kind: Literal["1", "2", "9"]
    service_objects: Annotated[
        tuple[Literal["1", "2", "3", "4", "5", "6"], ...], Field(min_length=1)
    ]
    department: Text
    handling_body: str = ""
    modes: Annotated[tuple[Mode, ...], Field(min_length=1)]
    receiving_place: str = ""
    handling_place: str = ""
    basis: Basis
    choice: tuple[Basis, ...] = ()
    level: Level
    steps: dict[Mode, Annotated[tuple[Step, ...], Field(min_length=1)]]
    materials: tuple[Material, ...] = ()
    form_schema: dict[str, JsonValue] = Field(default_factory=dict)
    form_example: dict[str, JsonValue] = Field(default_factory=dict)
    basis_example: dict[str, str] = Field(default_factory=dict)
    limits: Limits
    special_procedures: tuple[SpecialProcedure, ...] = ()
    remedies: Remedies | None = None
    acceptance_authority: Authority
    agents_allowed: StrictBool
    guardian_below_age: Age | None = None
    organisation_sends_somebody: StrictBool = True
    excluded_areas: tuple[ExcludedArea, ...] = ()
    pre_review: dict[Mode, StrictBool] = Field(default_factory=dict)
    paper_required: dict[Mode, StrictBool] = Field(default_factory=dict)
    deferral: DeferralTerms = DeferralTerms(available=False)
    commitment: CommitmentTerms = CommitmentTerms(available=False)
    credit_conditions: tuple[str, ...] = ()
    result: Result
    fee: Fee
    postage_payer: Payer
    flow: tuple[str, ...] = ()
    guide: Long = ""
    faq: tuple[Question, ...] = ()
    sources: tuple[str, ...] = ()
    marking: dict[str, Mark] = Field(default_factory=dict)

    def offered_on(self, day: date) -> bool:
        return self.status is Status.PUBLISHED and self.covers(day)

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Who may apply (GB/T 39046 A.4: 1 is a natural person, the others organisations)."""
        person = (Kind.PERSON,) if "1" in self.service_objects else ()
        return person + ((Kind.ORGANISATION,) if set(self.service_objects) - {"1"} else ())

    @cached_property
    def ages(self) -> tuple[int, ...]:
        """Below which ages this item asks for something more."""
        if self.guardian_below_age is not None:
            return (self.guardian_below_age,)
        conditions = [m.required_when for m in self.materials if m.required_when]
        return tuple(age for condition in conditions for age in _ages(condition))

    @property
    def adult_age(self) -> int:
        """From which age on nobody needs a guardian for this item.

        The item says so, or its materials do (监护人材料, 未满16周岁必备), or it is 18.
        """
        return min(self.ages, default=ADULT)

    def bases(self, mode: Mode) -> tuple[Basis, ...]:
        """The places that must be known before this item can go anywhere in this mode."""
        return self._bases.get(mode, ())

    @cached_property
    def _bases(self) -> Mapping[Mode, tuple[Basis, ...]]:
        return {mode: self._bases_of(mode) for mode in self.modes}

    def _bases_of(self, mode: Mode) -> tuple[Basis, ...]:
        roles = [step.role for step in self.steps.get(mode, ())] or [self.basis]
        named = [self.basis if role == CHOSEN_BASIS else Basis(role) for role in roles]
        return tuple(
            basis
            for basis in dict.fromkeys(named)
            if basis is not Basis.FIXED and basis not in self.choice
        )

    @cached_property
    def every_basis(self) -> tuple[Basis, ...]:
        """Whatever a submission may name, in any mode."""
        asked = [basis for mode in self.modes for basis in self.bases(mode)]
        return tuple(dict.fromkeys([*asked, *self.choice]))

    @cached_property
    def form(self) -> Form:
        return Form(self.form_schema)

    @cached_property
    def _materials(self) -> Mapping[str, Material]:
        return {each.code: each for each in self.materials}

    def material(self, code: str) -> Material | None:
        return self._materials.get(code)


def _ages(condition: Condition) -> list[int]:
    own = [condition.applicant_age_below] if condition.applicant_age_below else []
    below = (*(condition.any or ()), *(condition.all or ()))
    return own + [age for each in below for age in _ages(each)]


def current(versions: Mapping[int, ItemVersion], day: date) -> ItemVersion | None:
    """The one to take a case under; otherwise the one that best explains why not."""
    offered = [v for v in versions.values() if v.offered_on(day)]
    if offered:
        return max(offered, key=lambda v: v.version)
    return max(
        versions.values(), key=lambda v: (v.status is Status.PUBLISHED, v.version), default=None
    )
