"""What this applicant must bring, why, and what could stand in for it."""

from typing import Any

import pytest

from services.intake.domain import checklists, exemptions
from services.intake.domain.checklists import Situation
from services.intake.domain.items import Condition
from services.intake.domain.readings import read
from services.intake.domain.submissions import MaterialIn
from services.intake.domain.words import Capacity, Kind, Mode
from tests.intake import builders
from tests.intake.builders import ON, make_item, make_person, make_submission


def needed(code: str, **case: object) -> dict[str, str]:
    entries = checklists.checklist(make_item(code), Situation(**case))  # type: ignore[arg-type]
    return {entry.material.code: entry.why.zh for entry in entries if entry.needed}


def test_a_grown_person_brings_what_everybody_brings() -> None:
    assert set(needed("CL-001", mode=Mode.FULL_ONLINE, age=30)) == {"M1", "M2", "M4"}


def test_the_old_card_is_handed_in_where_paper_travels() -> None:
    assert needed("CL-001", mode=Mode.REMOTE_COLLECTION, age=30)["M3"] == "异地代收代办"


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ({"age": 17}, "未满18周岁"),
        ({"capacity": Capacity.GUARDIAN}, "由监护人办理"),
        ({"form": {"disability_kind": "mental"}}, "按申请表所填情况"),
        ({"age": 3, "capacity": Capacity.GUARDIAN}, "未满18周岁、由监护人办理"),
    ],
)
def test_the_guardians_papers_are_asked_for_with_the_reason(
    case: dict[str, object], why: str
) -> None:
    assert needed("CL-001", **case)["M5"] == why


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"applicant_age_below": 18}, False),
        ({"applicant_incapacitated": True}, False),
        ({"applicant_kind": ["person"]}, True),
        ({"applicant_kind": ["organisation"]}, False),
        ({"representative": True}, True),
        ({"representative": ["guardian"]}, False),
        ({"mode": ["full_online"], "representative": True}, True),
        ({"mode": ["full_online"], "representative": ["guardian"]}, False),
        ({"form": {"/a/b": [1, 2]}}, True),
        ({"form": {"/a": [1]}}, False),
        ({"form_minimum": {"/n": 3}}, True),
        ({"form_minimum": {"/n": 4}}, False),
        ({"form_minimum": {"/flag": 1}}, False),
        ({"any": [{"applicant_age_below": 18}, {"representative": True}]}, True),
        ({"all": [{"applicant_age_below": 18}, {"representative": True}]}, False),
        ({}, True),
    ],
)
def test_conditions_hold_where_all_they_say_is_so(
    condition: dict[str, object], *, holds: bool
) -> None:
    case = Situation(
        mode=Mode.FULL_ONLINE,
        kind=Kind.PERSON,
        age=None,
        capacity=Capacity.ATTORNEY,
        form={"a": {"b": 2}, "n": 3, "flag": True},
    )
    assert checklists.holds(Condition.model_validate(condition), case) is holds


def test_a_helper_is_no_representative() -> None:
    helped = Situation(capacity=Capacity.HELPER)
    assert not checklists.holds(Condition(representative=True), helped)


def test_the_situation_is_read_from_the_submission() -> None:
    raw = make_submission(applicant=make_person(incapacitated=True))
    case = checklists.situation(read(raw).submission, ON)
    assert (case.kind, case.age, case.incapacitated) == (Kind.PERSON, 35, True)
    assert checklists.situation(read({}).submission, ON) == Situation()


def test_held_certificates_spare_the_paper() -> None:
    entries = checklists.checklist(
        make_item(), Situation(age=30), e_certificates={"居住证", "护照"}
    )
    assert entries[0].stand_ins == ("居住证",)
    assert entries[1].stand_ins == ()


def test_the_checklist_says_how_a_paper_could_be_spared() -> None:
    first, *_, photo, _ = checklists.checklist(make_item(), Situation())
    said = exemptions.offered(first)
    assert said is not None
    assert "居住证" in said.zh
    assert exemptions.offered(photo) is None
    shared = checklists.checklist(make_item("ST-001"), Situation())[1]
    told = exemptions.offered(shared)
    assert told is not None
    assert "共享数据" in told.zh


def test_the_ground_of_every_exemption_is_recorded() -> None:
    number = builders.certificate_number()
    materials = [
        {"code": "M1", "form": "e_certificate", "e_certificate_id": number},
        {"code": "M2", "form": "earlier_case", "earlier_case": "63000026000000123"},
        {"code": "M4", "form": "original"},
    ]
    assert [exemptions.ground(each, None) for each in _entries(materials)] == [
        exemptions.Ground.PRESENTED,
        exemptions.Ground.EARLIER_CASE,
        None,
    ]
    agreed = read(make_submission(materials=materials, consent={"e_certificates": True})).whole()
    assert exemptions.ground(agreed.materials[0], agreed.consent) is exemptions.Ground.CONSENTED


def _entries(materials: list[dict[str, Any]]) -> tuple[MaterialIn, ...]:
    return read(make_submission(materials=materials)).whole().materials
