"""What *this* applicant must bring in *this* mode, and why."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.intake.domain import people
from services.intake.domain.items import Condition, ItemVersion, Material
from services.intake.domain.messages import Words
from services.intake.domain.submissions import PartialSubmission
from services.intake.domain.words import Capacity, Kind, MaterialForm, Mode


@dataclass(frozen=True, slots=True)
class Situation:
    """What the conditions of an item may ask about; `None` is not known."""

    mode: Mode | None = None
    kind: Kind | None = None
    age: int | None = None
    incapacitated: bool = False
    capacity: Capacity | None = None
    form: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the checklist; `stand_ins` are e-certificates that spare the paper."""

    material: Material
    needed: bool
    why: Words
    stand_ins: tuple[str, ...] = ()

    @property
    def forms(self) -> tuple[MaterialForm, ...]:
        return self.material.forms


def situation(submission: PartialSubmission, on: date) -> Situation:
    applicant, representative = submission.applicant, submission.representative
    return Situation(
        mode=submission.mode,
        kind=applicant.kind if applicant else None,
        age=people.age(applicant, on) if applicant else None,
        incapacitated=bool(applicant and applicant.incapacitated),
        capacity=representative.capacity if representative else None,
        form=submission.form,
    )


def checklist(
    item: ItemVersion, case: Situation, *, e_certificates: Collection[str] = ()
) -> list[Entry]:
    """Every material of the item; `e_certificates` names those the applicant is known to hold."""
    return [_entry(material, case, e_certificates) for material in item.materials]


def _entry(material: Material, case: Situation, e_certificates: Collection[str]) -> Entry:
    why = reason(material, case)
    held = tuple(
        exemption.name
        for exemption in material.exempt_via
        if exemption.kind == "e_certificate" and exemption.name in e_certificates
    )
    return Entry(material, why is not None, why or Words("", ""), held)


def reason(material: Material, case: Situation) -> Words | None:
    """Why it is needed here, as the end of a sentence; nothing where it is not."""
    if material.required:
        return Words("", "")
    if material.required_when is None or not holds(material.required_when, case):
        return None
    said = list(_reasons(material.required_when, case))
    return Words("、".join(w.zh for w in said), ", ".join(w.en for w in said))


def holds(condition: Condition, case: Situation) -> bool:
    """Whether all that the condition says is so; what is not known is not so."""
    parts = [
        _age(condition, case),
        condition.applicant_incapacitated is None or case.incapacitated,
        condition.applicant_kind is None or case.kind in condition.applicant_kind,
        _capacity(condition, case),
        condition.mode is None or case.mode in condition.mode,
        all(_filled(case.form, at) in values for at, values in (condition.form or {}).items()),
        all(_reaches(case.form, at, n) for at, n in (condition.form_minimum or {}).items()),
        condition.any is None or any(holds(each, case) for each in condition.any),
        condition.all is None or all(holds(each, case) for each in condition.all),
    ]
    return all(parts)


def _age(condition: Condition, case: Situation) -> bool:
    below = condition.applicant_age_below
    return below is None or (case.age is not None and case.age < below)


def _capacity(condition: Condition, case: Situation) -> bool:
    wanted = condition.representative
    if wanted is None:
        return True
    if wanted is True:
        # A helper lends a hand at the counter and acts for nobody.
        return case.capacity not in (None, Capacity.HELPER)
    return case.capacity in wanted


def _filled(form: Mapping[str, Any], at: str) -> Any:
    value: Any = form
    for part in at.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _reaches(form: Mapping[str, Any], at: str, least: int) -> bool:
    value = _filled(form, at)
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= least


def _reasons(condition: Condition, case: Situation) -> Iterator[Words]:
    if condition.applicant_age_below:
        age = condition.applicant_age_below
        yield Words(f"未满{age}周岁", f"under {age}")
    if condition.applicant_incapacitated:
        yield Words("行为能力受限", "lacks legal capacity")
    if condition.representative and case.capacity:
        yield Words(f"由{case.capacity.zh}办理", f"{case.capacity.replace('_', ' ')} acts")
    if condition.mode and case.mode:
        yield Words(case.mode.zh, case.mode.replace("_", " "))
    if condition.form or condition.form_minimum:
        yield Words("按申请表所填情况", "as filled in the form")
    yield from _nested_reasons(condition, case)


def _nested_reasons(condition: Condition, case: Situation) -> Iterator[Words]:
    for each in (*(condition.any or ()), *(condition.all or ())):
        if holds(each, case):
            yield from _reasons(each, case)
