"""A catalogue is taken whole or not at all, and says everything that is wrong with it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain import catalogues, items
from services.intake.domain.items import ItemVersion
from services.intake.domain.words import Basis, IdType, Kind, Mode
from shared.identity.papers import PaperType
from tests.intake import builders
from tests.intake.domain.test_readings import any_json

Item = dict[str, Any]


def found(*spoilt: Item) -> set[tuple[str, str]]:
    read = catalogues.read({"items": list(spoilt)})
    assert not read.items or not read.faults
    return {(fault.pointer, fault.code) for fault in read.faults}


def item(code: str = "CL-001") -> Item:
    return builders.item_file(code)


def test_the_demo_catalogue_has_no_fault() -> None:
    read = catalogues.read(builders.catalogue())
    assert read.faults == ()
    assert len(read.items) == 13


def test_what_was_read_can_be_written_and_read_again() -> None:
    read = catalogues.read(builders.catalogue())
    again = catalogues.read({"items": [each.model_dump(mode="json") for each in read.items]})
    assert again == read


@given(any_json)
@settings(max_examples=50)
def test_any_json_whatsoever_is_read(raw: object) -> None:
    catalogues.read(raw)


@given(st.sampled_from(sorted(builders.items())), st.data())
@settings(max_examples=150)
def test_an_item_spoilt_anywhere_is_read(code: str, data: st.DataObject) -> None:
    spoilt = item(code)
    part: Any = spoilt
    while isinstance(part, dict | list) and part:
        places = sorted(part) if isinstance(part, dict) else range(len(part))
        place = data.draw(st.sampled_from(places))
        if data.draw(st.booleans()):
            part[place] = data.draw(any_json)
            break
        part = part[place]
    catalogues.read({"items": [spoilt]})


@pytest.mark.parametrize("raw", [None, [], {}, {"items": {}}, "x"])
def test_what_is_no_catalogue_is_said_to_be_none(raw: object) -> None:
    (fault,) = catalogues.read(raw).faults
    assert fault.code == "not-a-catalogue"


def spoil(change: Callable[[Item], object], code: str = "CL-001") -> Item:
    changed = item(code)
    change(changed)
    return changed


STEPS = "/items/0/steps/remote_collection"
# How an item is spoilt -> where the fault is, and which.
SPOILT: list[tuple[Callable[[Item], object], str, str]] = [
    (lambda i: i.pop("department"), "/items/0/department", "missing"),
    (lambda i: i.update(version="1"), "/items/0/version", "not-an-integer"),
    (lambda i: i.update(modes=["by_post"]), "/items/0/modes/0", "not-an-option"),
    (lambda i: i.update(departmnet="x"), "/items/0/departmnet", "unknown-field"),
    (lambda i: i.update(valid_to="2000-01-01"), "/items/0/valid_to", "dates-reversed"),
    (
        lambda i: i.update(implementation_code="1" * 31),
        "/items/0/implementation_code",
        "check-character",
    ),
    (lambda i: i.update(base_code="12"), "/items/0/base_code", "length"),
    (
        lambda i: i.update(base_code="000000000000"),
        "/items/0/implementation_code",
        "base-code-differs",
    ),
    (lambda i: i.update(modes=["full_online", "full_online"]), "/items/0/modes", "mode-repeated"),
    (lambda i: i["steps"].pop("full_online"), "/items/0/steps", "mode-without-steps"),
    (
        lambda i: i.update(modes=["full_online"]),
        "/items/0/steps/remote_collection",
        "steps-without-mode",
    ),
    (lambda i: i.update(choice=["usual_residence"]), "/items/0/choice", "choice-too-small"),
    (
        lambda i: i["steps"]["remote_collection"].append({**i["steps"]["remote_collection"][0]}),
        STEPS,
        "step-repeated",
    ),
    (lambda i: i["steps"]["remote_collection"][0].update(stage=2), STEPS, "stage-gap"),
    (lambda i: i["steps"]["remote_collection"][0].update(accepts=False), STEPS, "one-accepts"),
    (lambda i: i["steps"]["remote_collection"][0].update(decides=False), STEPS, "one-decides"),
    (lambda i: i["steps"]["remote_collection"][0].update(lead=False), STEPS, "lead-missing"),
    (
        lambda i: i["steps"]["remote_collection"].append(
            {**i["steps"]["remote_collection"][0], "step": "x", "stage": 2, "lead": False}
        ),
        STEPS,
        "lead-decides",
    ),
    (
        lambda i: i["steps"]["remote_collection"][0].update(role="moveout"),
        f"{STEPS}/0/role",
        "role-unknown",
    ),
    (
        lambda i: i["steps"]["remote_collection"][0].update(role="chosen_basis"),
        f"{STEPS}/0/role",
        "role-without-choice",
    ),
    (
        lambda i: i["materials"][1].update(code="M1"),
        "/items/0/materials/1/code",
        "material-code-repeated",
    ),
    (
        lambda i: i["materials"][0].update(deferrable={"basis": "x"}),
        "/items/0/materials/0/deferrable",
        "main-deferrable",
    ),
    (
        lambda i: i["materials"][0].update(required_when={"representative": True}),
        "/items/0/materials/0/required_when",
        "condition-idle",
    ),
    (
        lambda i: i["materials"][4].update(required_when={"form": {"/nothing": [1]}}),
        "/items/0/materials/4/required_when",
        "condition-pointer",
    ),
    (
        lambda i: i["materials"][0]["exempt_via"][0].update(type_code="身份证"),
        "/items/0/materials/0/exempt_via/0/type_code",
        "certificate-type",
    ),
    (
        lambda i: i["materials"][0].update(review_points=[{"code": "R1", "text": "a"}] * 2),
        "/items/0/materials/0/review_points",
        "point-repeated",
    ),
    (
        lambda i: i.update(excluded_areas=["environment"]),
        "/items/0/excluded_areas",
        "promise-excluded",
    ),
    (lambda i: i["deferral"].update(term=None), "/items/0/deferral", "deferral-incomplete"),
    (
        lambda i: i["commitment"].update(available=True),
        "/items/0/commitment",
        "commitment-incomplete",
    ),
    (
        lambda i: i["result"].update(delivery=["electronic"]),
        "/items/0/result/delivery/0",
        "delivery-unfit",
    ),
    (lambda i: i.update(postage_payer="none"), "/items/0/postage_payer", "payer-missing"),
    (lambda i: i["fee"].update(amount="10.00"), "/items/0/fee", "fee-unfit"),
    (
        lambda i: i["limits"]["statutory"].update(value=3),
        "/items/0/limits/promised",
        "promise-over-limit",
    ),
    (
        lambda i: i["form_schema"].update(type="objekt"),
        "/items/0/form_schema/type",
        "schema-invalid",
    ),
    (
        lambda i: i["form_schema"]["properties"]["residence"].update(pattern="("),
        "/items/0/form_schema/properties/residence/pattern",
        "schema-invalid",
    ),
    (
        lambda i: i["form_schema"]["properties"].update(
            residence={"$ref": "https://example.org/x"}
        ),
        "/items/0/form_schema",
        "schema-refers-out",
    ),
    (
        lambda i: i["form_schema"]["properties"].update(residence={"$ref": "#"}),
        "/items/0/form_schema",
        "schema-refers-out",
    ),
    (
        lambda i: i["form_schema"]["properties"]["residence"].pop("title"),
        "/items/0/form_schema/properties/residence",
        "schema-untitled",
    ),
    (
        lambda i: i["form_example"].update(residence=""),
        "/items/0/form_example/residence",
        "example-unfit",
    ),
]


@pytest.mark.parametrize(("change", "pointer", "code"), SPOILT)
def test_one_thing_spoilt_is_said_in_its_place(
    change: Callable[[Item], object], pointer: str, code: str
) -> None:
    assert (pointer, code) in found(spoil(change))


def test_faults_of_every_item_and_every_kind_come_together() -> None:
    one = spoil(lambda i: (i.pop("department"), i.update(postage_payer="none")))
    two = spoil(lambda i: i["materials"][0].pop("custody"), "GA-001")
    two["materials"][4]["main"] = True
    assert found(one, two, 3) == {  # type: ignore[arg-type]  # not an item, on purpose
        ("/items/0/department", "missing"),
        ("/items/0/postage_payer", "payer-missing"),
        ("/items/1/materials/0/custody", "missing"),
        ("/items/1/materials/4/deferrable", "main-deferrable"),
        ("/items/2", "item-not-an-object"),
    }


def test_a_fault_names_the_row_as_a_person_would() -> None:
    (fault,) = catalogues.read({"items": [item("GA-001"), spoil(lambda i: i.pop("name"))]}).faults
    assert fault.message_zh.startswith("第2项（CL-001）")


def test_versions_of_one_item_do_not_share_days() -> None:
    second = {**item(), "version": 2}
    assert found(item(), second) == {("/items/1/valid_from", "versions-overlap")}
    assert found(item(), item()) == {("/items/1/version", "version-repeated")}
    assert (
        found({**item(), "valid_to": "2026-06-30"}, {**second, "valid_from": "2026-07-01"}) == set()
    )
    assert found(item(), {**second, "status": "draft"}) == set()


def test_the_papers_are_those_that_can_be_checked() -> None:
    assert {str(each) for each in IdType} - {"being_founded"} == {str(each) for each in PaperType}


@pytest.mark.parametrize(
    ("day", "offered"),
    [("2025-12-31", False), ("2026-01-01", True), ("2026-06-30", True), ("2026-07-01", False)],
)
def test_a_version_is_offered_on_its_days(day: str, *, offered: bool) -> None:
    assert (
        builders.make_item(valid_from="2026-01-01", valid_to="2026-06-30").offered_on(
            date.fromisoformat(day)
        )
        is offered
    )


def versions(*changes: dict[str, Any]) -> dict[int, ItemVersion]:
    made = [builders.make_item(version=n, **change) for n, change in enumerate(changes, 1)]
    return {each.version: each for each in made}


def test_a_case_is_taken_under_the_version_of_the_day() -> None:
    known = versions({"valid_to": "2026-06-30"}, {"valid_from": "2026-07-01"}, {"status": "draft"})
    for day, version in [(date(2026, 6, 30), 1), (date(2026, 7, 1), 2)]:
        current = items.current(known, day)
        assert current is not None
        assert current.version == version


def test_where_nothing_is_offered_the_version_that_explains_most_is_given() -> None:
    known = versions({"status": "retired"}, {"valid_from": "2030-01-01"}, {"status": "draft"})
    current = items.current(known, builders.ON)
    assert current is not None
    assert current.version == 2
    assert items.current({}, builders.ON) is None


@pytest.mark.parametrize(
    ("code", "kinds", "age"),
    [
        ("CL-001", (Kind.PERSON,), 18),
        ("GA-002", (Kind.PERSON,), 16),
        ("SC-001", (Kind.ORGANISATION,), 18),
        ("GA-003", (Kind.PERSON, Kind.ORGANISATION), 18),
        ("RS-002", (Kind.PERSON,), 16),
    ],
)
def test_an_item_knows_for_whom_it_is(code: str, kinds: tuple[Kind, ...], age: int) -> None:
    made = builders.make_item(code)
    assert made.kinds == kinds
    assert made.adult_age == age


def test_the_places_asked_for_follow_the_plan_of_steps() -> None:
    made = builders.make_item("RS-001")
    assert made.bases(Mode.FULL_ONLINE) == (Basis.TRANSFER_IN,)
    assert made.bases(Mode.JOINT_HANDLING) == (Basis.TRANSFER_IN, Basis.TRANSFER_OUT)
    assert builders.make_item("RS-002").bases(Mode.FULL_ONLINE) == ()
