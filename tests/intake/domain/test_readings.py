"""Whatever JSON comes in is answered with faults, and what could be read is kept."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain import readings
from services.intake.domain.submissions import SubmissionIn
from services.intake.domain.words import Kind, Mode
from shared.errors import Fault
from tests.intake import builders

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(alphabet=st.characters(exclude_categories=()), max_size=20)
)
names = st.sampled_from(
    [*SubmissionIn.model_fields, "kind", "name", "id_number", "code", "form", "committed", "method"]
) | st.text(alphabet=st.characters(exclude_categories=()), max_size=8)
any_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=25,
)


def codes(raw: object) -> dict[str, str]:
    return {fault.pointer: fault.code for fault in readings.read(raw).faults}


@given(any_json)
def test_any_json_whatsoever_is_read(raw: object) -> None:
    reading = readings.read(raw)
    for fault in reading.faults:
        json.dumps(vars_of(fault), ensure_ascii=False).encode()


def vars_of(fault: Fault) -> list[str]:
    return [fault.pointer, fault.code, fault.message_zh, fault.message_en]


@given(st.sampled_from(sorted(builders.items())), st.data())
@settings(max_examples=150)
def test_a_submission_with_one_part_replaced_by_anything_is_read(
    code: str, data: st.DataObject
) -> None:
    raw = builders.make_submission(code)
    part = data.draw(st.sampled_from(sorted(raw)))
    inner = raw[part]
    if isinstance(inner, dict) and inner and data.draw(st.booleans()):
        inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(any_json)
    else:
        raw[part] = data.draw(any_json)
    readings.read(raw)


@pytest.mark.parametrize("code", sorted(builders.items()))
def test_a_good_submission_is_read_whole(code: str) -> None:
    raw = builders.make_submission(code)
    reading = readings.read(raw)
    assert reading.faults == ()
    assert reading.whole().item_code == code


def test_a_reading_with_faults_is_not_whole() -> None:
    with pytest.raises(TypeError):
        readings.read({}).whole()


@pytest.mark.parametrize("raw", [None, 3, "x", [], True])
def test_what_is_no_object_is_said_to_be_none(raw: object) -> None:
    assert codes(raw) == {"": "not-an-object"}


def test_every_fault_of_shape_is_found_at_once() -> None:
    raw = builders.make_submission()
    raw |= {
        "mode": "by_post",
        "applicant": builders.make_person(name=5, id_type=None, nmae="张"),
        "materials": [{"code": "M1", "form": "paper", "count": "2"}, 7, {"form": "copy"}],
        "deferral": {"committed": "yes", "materials": "M4"},
        "priority_needs": ["old"],
        "basis": {"household_registration": 620102},
        "colour": "red",
    }
    del raw["item_code"]
    assert codes(raw) == {
        "/item_code": "missing",
        "/mode": "not-an-option",
        "/applicant/name": "not-a-string",
        "/applicant/id_type": "not-an-option",
        "/applicant/nmae": "unknown-field",
        "/materials/0/form": "not-an-option",
        "/materials/0/count": "not-an-integer",
        "/materials/1": "not-an-object",
        "/materials/2/code": "missing",
        "/deferral/committed": "not-a-boolean",
        "/deferral/materials": "not-a-list",
        "/priority_needs/0": "not-an-option",
        "/basis/household_registration": "not-a-string",
        "/colour": "unknown-field",
    }


def test_what_could_be_read_is_kept_beside_what_could_not() -> None:
    raw = builders.make_submission(
        applicant=builders.make_person(name=5), materials=[7, {"code": "M1"}]
    )
    submission = readings.read(raw).submission
    assert submission.mode is Mode.REMOTE_COLLECTION
    assert submission.applicant is not None
    assert submission.applicant.kind is Kind.PERSON
    assert submission.applicant.name is None
    assert submission.applicant.id_number == builders.resident_number()
    assert submission.materials[0] is None
    assert submission.materials[1] is not None
    assert submission.materials[1].code == "M1"


def test_a_mistyped_field_is_told_what_it_was_meant_to_be() -> None:
    raw = builders.make_submission(applicant=builders.make_person(id_nubmer="1"))
    (fault,) = readings.read(raw).faults
    assert fault.pointer == "/applicant/id_nubmer"
    assert "id_number" in fault.message_zh
    assert "id_number" in fault.message_en


@pytest.mark.parametrize(
    ("part", "pointer", "code"),
    [
        ({"note": "a\x00b"}, "/note", "bad-character"),
        ({"note": "half \ud800"}, "/note", "bad-character"),
        ({"form": {"x": float("nan")}}, "/form/x", "number-out-of-range"),
        ({"form": {"x": 10**400}}, "/form/x", "number-out-of-range"),
        ({"form": {"x": "长" * 5001}}, "/form/x", "text-too-long"),
        ({"form": {"\ud800": 1}}, "/form", "bad-field-name"),
        ({"form": {"n" * 101: 1}}, "/form", "bad-field-name"),
        ({"form": {"x": list(range(6000))}}, "", "too-big"),
        ({"materials": [{"code": "M1", "form": "copy"}] * 201}, "/materials", "too-many"),
        ({"note": "长" * 501}, "/note", "too-long"),
        ({"keep_incomplete": 1}, "/keep_incomplete", "not-a-boolean"),
        (
            {"materials": [{"code": "M1", "form": "copy", "count": 0}]},
            "/materials/0/count",
            "too-small",
        ),
    ],
)
def test_what_no_field_may_hold_is_refused(part: dict[str, Any], pointer: str, code: str) -> None:
    assert codes(builders.make_submission(**part)) == {pointer: code}


def test_deep_nesting_is_refused_before_anything_is_interpreted() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    assert codes(builders.make_submission(form={"x": deep})) == {"/form": "too-deep"}


def test_a_name_may_hold_line_breaks_in_free_text_and_rare_characters() -> None:
    raw = builders.make_submission(
        note="第一行\n第二行", applicant=builders.make_person(name="㛃𬎆䶮")
    )
    assert readings.read(raw).faults == ()


def test_the_value_handed_in_is_never_repeated() -> None:
    raw = builders.make_submission(
        applicant=builders.make_person(id_type="机密", phone=13800000009)
    )
    said = "".join(fault.message_zh + fault.message_en for fault in readings.read(raw).faults)
    assert "机密" not in said
    assert "13800000009" not in said
