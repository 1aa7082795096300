"""Divisions on a day, and the demo data that leans on them."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploy.divisions_snapshot import Listing, Span, trace
from shared.divisions import divisions
from shared.divisions.divisions import Division, Level
from shared.identity import items as item_codes
from shared.identity import uscc

TODAY = date(2026, 3, 2)
DEPLOY = Path(__file__).parents[2] / "deploy"

Json = dict[str, Any]


def load(name: str) -> Json:
    loaded: Json = json.loads((DEPLOY / name).read_text(encoding="utf-8"))
    return loaded


CATALOGUE = load("catalogue.json")
DIRECTORY = load("directory.json")
ITEMS: list[Json] = CATALOGUE["items"]
LOCATIONS: dict[str, Json] = {place["code"]: place for place in DIRECTORY["locations"]}
CENTRES = [place for place in LOCATIONS.values() if place["kind"] == "centre"]


@pytest.mark.parametrize(
    ("code", "name", "level", "full"),
    [
        ("630000", "青海省", Level.PROVINCE, "青海省"),
        ("630100", "西宁市", Level.PREFECTURE, "青海省西宁市"),
        ("630104", "城西区", Level.COUNTY, "青海省西宁市城西区"),
        ("630106", "湟中区", Level.COUNTY, "青海省西宁市湟中区"),
        ("630104001", "西关大街街道", Level.TOWN, "青海省西宁市城西区西关大街街道"),
        ("632801", "格尔木市", Level.COUNTY, "青海省海西蒙古族藏族自治州格尔木市"),
        ("110101", "东城区", Level.COUNTY, "北京市东城区"),
        ("469001", "五指山市", Level.COUNTY, "海南省五指山市"),
        ("810000", "香港特别行政区", Level.PROVINCE, "香港特别行政区"),
    ],
)
def test_a_division_has_a_name_and_a_level(code: str, name: str, level: Level, full: str) -> None:
    found = divisions.lookup(code, TODAY)
    assert found is not None
    assert (found.name, found.level) == (name, level)
    assert divisions.full_name(code) == full


@pytest.mark.parametrize("code", ["999999", "63010", "abc", "６３０１０４", "6301040", "630104999"])
def test_an_unknown_code_is_nothing(code: str) -> None:
    assert divisions.lookup(code, TODAY) is None
    assert not divisions.is_retired(code, TODAY)
    assert divisions.current_codes(code, TODAY) == ()


@pytest.mark.parametrize(
    ("code", "then", "successor"),
    [
        ("630122", date(2018, 1, 1), "630106"),  # 湟中县, 湟中区
        ("632321", date(2018, 1, 1), "632301"),  # 同仁县, 同仁市
        ("630221", date(2014, 6, 1), "630203"),  # 平安县, 平安区
        ("632721", date(2010, 1, 1), "632701"),  # 玉树县, 玉树市
        ("620824", date(2017, 1, 1), "620881"),  # 华亭县, 华亭市
        ("622600", date(2000, 1, 1), "621200"),  # 陇南地区, 陇南市
        ("120225", date(2010, 1, 1), "120119"),  # 蓟县, 蓟州区
    ],
)
def test_a_retired_code_was_valid_then_and_leads_to_its_successor(
    code: str, then: date, successor: str
) -> None:
    assert divisions.lookup(code, then) is not None
    assert divisions.lookup(code, TODAY) is None
    assert divisions.is_retired(code, TODAY)
    assert not divisions.is_retired(code, then)
    assert divisions.successors(code) == (successor,)
    assert divisions.current_codes(code, TODAY) == (successor,)


def test_successors_are_followed_to_the_end() -> None:
    """湟中县 moved from 海东 to 西宁 before it became a district."""
    assert divisions.successors("632124") == ("630122",)
    assert divisions.current_codes("632124", TODAY) == ("630106",)
    assert divisions.current_codes("632124", date(2010, 1, 1)) == ("630122",)


def test_an_uncertain_successor_is_left_empty() -> None:
    """上饶市 became 信州区 while another place was called 上饶县; 东山区 was merged away."""
    for code in ("362301", "440102"):
        assert divisions.is_retired(code, TODAY)
        assert divisions.successors(code) == ()


def test_a_town_of_a_retired_county_is_retired_with_it() -> None:
    assert divisions.is_retired("630122100", TODAY)
    assert divisions.current_codes("630122100", TODAY) == ("630106",)


def test_ancestors_go_from_the_village_to_the_nation() -> None:
    expected = ("630104001002", "630104001", "630104", "630100", "630000", "")
    assert divisions.ancestors("630104001002") == expected
    assert divisions.ancestors("") == ("",)


def test_padded_codes_mean_the_shorter_ones() -> None:
    assert divisions.lookup("630104000000", TODAY) == divisions.lookup("630104", TODAY)
    assert divisions.ancestors("630104001000")[0] == "630104001"
    assert divisions.is_below("630104000", "630100000000")


@pytest.mark.parametrize(
    ("code", "above", "expected"),
    [
        ("630104001", "630104", True),
        ("630104", "630100", True),
        ("630104", "630000", True),
        ("630104", "630104", True),
        ("630104", "", True),
        ("630104", "630200", False),
        ("630100", "630104", False),
        ("620102", "630000", False),
    ],
)
def test_below_means_in_it_or_the_same(code: str, above: str, expected: bool) -> None:
    assert divisions.is_below(code, above) is expected


def test_villages_are_listed_for_qinghai_and_taken_on_trust_elsewhere() -> None:
    listed = next(iter(divisions._villages("63")))
    found = divisions.lookup(listed, TODAY)
    assert found is not None
    assert found.listed
    assert divisions.lookup("630104001998", TODAY) is None
    elsewhere = divisions.lookup("620102001001", TODAY)
    assert elsewhere is not None
    assert (elsewhere.listed, elsewhere.name) == (False, "")
    assert divisions.lookup("620102999001", TODAY) is None


def test_a_local_division_is_known_only_where_it_was_registered() -> None:
    here = Division("QH-LH", "冷湖行委", Level.COUNTY, "632803", date(2024, 1, 1))
    local = {here.code: here}
    assert divisions.lookup("QH-LH", TODAY) is None
    assert divisions.lookup("QH-LH", TODAY, local=local) == here
    assert divisions.lookup("QH-LH", date(2023, 1, 1), local=local) is None
    assert divisions.ancestors("QH-LH", local=local) == (
        "QH-LH",
        "632803",
        "632800",
        "630000",
        "",
    )
    assert divisions.is_below("QH-LH", "632800", local=local)
    assert divisions.full_name("QH-LH", local=local).endswith("茫崖市冷湖行委")


def all_codes() -> Iterator[str]:
    with (Path(divisions.__file__).parent / "divisions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield row["code"]


def test_every_row_is_sound() -> None:
    for code in set(all_codes()):
        for version in divisions.versions(code):
            if version.valid_from is not None and version.valid_to is not None:
                assert version.valid_from <= version.valid_to
            for successor in version.successors:
                assert divisions.versions(successor), code
                assert successor[:2] == code[:2]
                assert divisions.level(successor) is version.level


def test_every_current_county_has_its_province() -> None:
    for code in set(all_codes()):
        if divisions.lookup(code, TODAY):
            assert divisions.lookup(code[:2] + "0000", TODAY), code


def test_successors_never_run_in_circles() -> None:
    for code in set(all_codes()):
        for reached in divisions.current_codes(code, TODAY):
            assert divisions.lookup(reached, TODAY)


# The catalogue


def item_ids(item: Json) -> str:
    return str(item["code"])


def each_item() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("item", ITEMS, ids=item_ids)


@each_item()
def test_codes_of_an_item_hold(item: Json) -> None:
    assert item_codes.check_basic(item["base_code"]) == []
    assert item_codes.check(item["implementation_code"]) == []
    assert item["implementation_code"][18] == item["level"]
    assert item["implementation_code"][19:] == item["base_code"]


def test_no_code_is_used_twice() -> None:
    for key in ("code", "base_code", "implementation_code"):
        values = [item[key] for item in ITEMS]
        assert len(set(values)) == len(values) == 13


def leaves(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}")
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{index}")
    else:
        yield path


def marking_of(path: str, marking: Mapping[str, Json]) -> Json:
    while path and path not in marking:
        path = path.rpartition("/")[0]
    return marking[path]


@each_item()
def test_every_field_keeps_its_source_marking(item: Json) -> None:
    body = {key: value for key, value in item.items() if key != "marking"}
    paths = list(leaves(body))
    for path in paths:
        mark = marking_of(path, item["marking"])
        assert mark["confidence"] in CATALOGUE["confidence"]
        assert mark["source"], path
    for path in item["marking"]:
        assert not path or any((p + "/").startswith(path + "/") for p in paths), path


@each_item()
def test_the_form_example_fits_its_schema(item: Json) -> None:
    schema = item["form_schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    assert list(validator.iter_errors(item["form_example"])) == []
    assert all(field["title"] for field in schema["properties"].values())


@each_item()
def test_the_plan_of_steps_is_whole(item: Json) -> None:
    assert set(item["steps"]) == set(item["modes"]) == set(item["paper_required"])
    for steps in item["steps"].values():
        assert sum(step["accepts"] for step in steps) == 1
        assert sum(step["decides"] for step in steps) == 1
        lead = {step["role"] for step in steps if step["lead"]}
        assert len(lead) == 1
        assert {step["role"] for step in steps if step["accepts"] or step["decides"]} == lead
        stages = sorted({step["stage"] for step in steps})
        assert stages == list(range(1, len(stages) + 1))
        roles = {step["role"] for step in steps}
        assert roles <= set(item["basis_example"]) | {"chosen_basis"}
        assert ("chosen_basis" in roles) == bool(item["choice"])


@each_item()
def test_materials_can_be_handed_in_in_every_mode(item: Json) -> None:
    codes = [material["code"] for material in item["materials"]]
    assert codes == [f"M{index + 1}" for index in range(len(codes))]
    for material in item["materials"]:
        assert material["forms"]
        assert not (material["main"] and material["deferrable"])
        if "full_online" in item["modes"] and material["required"]:
            assert {"electronic", "e_certificate"} & set(material["forms"]), material["name"]
        for fields in conditions(material["required_when"], "form", "form_minimum"):
            for pointer in fields:
                assert pointer.removeprefix("/") in item["form_schema"]["properties"]


def conditions(condition: Json | None, *keys: str) -> Iterator[Json]:
    for key, value in (condition or {}).items():
        if key in {"any", "all"}:
            for inner in value:
                yield from conditions(inner, *keys)
        elif key in keys:
            yield value


@each_item()
def test_every_limit_is_a_number_of_days(item: Json) -> None:
    limits = item["limits"]
    for name in ("notify_window", "promised", "supplement_term", "deliver_within"):
        assert isinstance(limits[name]["value"], int)
        assert limits[name]["unit"] in {"working_day", "natural_day"}
    assert limits["clock_start"] in {"acceptance", "receipt"}
    if not item["paper_required"].get("remote_collection", False):
        assert "remote_collection" not in item["pre_review"] or (
            item["pre_review"]["remote_collection"] is False
        )


def test_the_demo_needs_are_met() -> None:
    modes = [mode for item in ITEMS for mode in item["modes"]]
    assert modes.count("full_online") >= 1
    assert modes.count("remote_collection") >= 2
    assert modes.count("joint_handling") >= 2
    renewal = next(item for item in ITEMS if item["name"] == "残疾人证到期换领")
    assert renewal["paper_required"]["remote_collection"]
    old = next(m for m in renewal["materials"] if m["name"] == "残疾人证原件")
    assert (old["forms"], old["custody"]) == (["original"], "handed_in")


# The directory


def test_every_place_of_the_directory_exists() -> None:
    for place in LOCATIONS.values():
        assert divisions.lookup(place["division"], TODAY), place["code"]
        assert uscc.check(place["uscc"]) == [], place["code"]
        assert place["example"]
    for rule in DIRECTORY["rules"]:
        assert divisions.lookup(rule["division"], TODAY), rule["id"]
        assert rule["location"] in LOCATIONS
        assert int(rule["level"]) == divisions.level(rule["division"])
        assert (rule["item_code"] is None) != (rule["department"] is None)
    for agreement in DIRECTORY["agreements"]:
        assert all(divisions.lookup(party, TODAY) for party in agreement["parties"])
        assert agreement["items"]
        assert set(agreement["items"]) <= {item["code"] for item in ITEMS}
        assert set(agreement["delegated_powers"]) <= {"accept", "notify", "verify", "hand_over"}


def test_no_code_of_the_directory_is_used_twice() -> None:
    for key, name in (("locations", "code"), ("rules", "id"), ("agreements", "id")):
        values = [row[name] for row in DIRECTORY[key]]
        assert len(set(values)) == len(values)


def test_phone_numbers_are_plainly_invented() -> None:
    for place in LOCATIONS.values():
        for contact in place["contacts"]:
            assert contact["phone"].partition("-")[2].startswith("0000")


def handlers(item: Json, division: str, received_in: str) -> list[Json]:
    """As competence has it: most specific division, agreements first, the level respected."""
    fitting = [
        rule
        for rule in DIRECTORY["rules"]
        if rule["level"] == item["level"]
        and item["code"] == (rule["item_code"] or item["code"])
        and item["department"] == (rule["department"] or item["department"])
        and divisions.is_below(division, rule["division"])
        and divisions.is_below(received_in, rule["received_in"] or "")
    ]
    best = max((len(divisions.ancestors(r["division"])) for r in fitting), default=0)
    nearest = [r for r in fitting if len(divisions.ancestors(r["division"])) == best]
    agreed = [rule for rule in nearest if rule["agreement"]]
    return agreed or nearest


@pytest.mark.parametrize("centre", CENTRES, ids=lambda centre: str(centre["code"]))
@each_item()
def test_every_item_has_one_handler_in_each_mode_from_each_centre(item: Json, centre: Json) -> None:
    for steps in item["steps"].values():
        for role in {step["role"] for step in steps}:
            keys = item["choice"] if role == "chosen_basis" else [role]
            for key in keys:
                found = handlers(item, item["basis_example"][key], centre["division"])
                assert len(found) == 1, (item["code"], centre["code"], key)
                place = LOCATIONS[found[0]["location"]]
                assert item["department"] in place["handles"]["departments"]


@pytest.mark.parametrize("province", ["63", "62", "51", "61"])
@each_item()
def test_every_item_is_handled_in_several_divisions_of_each_province(
    item: Json, province: str
) -> None:
    places = {
        rule["division"]
        for rule in DIRECTORY["rules"]
        if rule["level"] == item["level"]
        and rule["department"] == item["department"]
        and rule["division"].startswith(province)
    }
    assert len(places) >= 2


@pytest.mark.parametrize("province", ["63", "62", "51", "61"])
def test_each_province_has_two_centres(province: str) -> None:
    assert sum(place["division"].startswith(province) for place in CENTRES) >= 2


def test_kinds_and_systems_are_all_there() -> None:
    assert {place["kind"] for place in LOCATIONS.values()} == {
        "centre",
        "station",
        "office",
        "agent",
        "partner",
    }
    offline = [place for place in LOCATIONS.values() if place["system"] == "offline"]
    assert len(offline) == 1
    agents = [place for place in LOCATIONS.values() if place["kind"] == "agent"]
    assert len(agents) == 1


# The index of items


def test_the_index_names_its_sources() -> None:
    with (DEPLOY / "items_index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 147
    for row in rows:
        assert row["name"]
        assert row["source"]
        assert row["confidence"] in CATALOGUE["confidence"]


# How the snapshot is derived


def listings(*named: tuple[int, dict[str, str]]) -> list[Listing]:
    return [Listing(date(year, 12, 31), names) for year, names in named]


def successors_in(spans: list[Span]) -> dict[str, list[str]]:
    return {span.code: span.successors for span in spans if span.valid_to is not None}


def test_a_short_interruption_of_a_list_is_healed() -> None:
    spans = trace(
        listings(
            (2001, {"630101": "甲县"}),
            (2002, {}),
            (2003, {"630101": "甲县"}),
        )
    )
    # 2003-12-31 is more than 400 days after 2001-12-31: two spans; a year apart is healed
    assert len(spans) == 2
    healed = trace(
        [
            Listing(date(2001, 12, 31), {"630101": "甲县"}),
            Listing(date(2002, 6, 30), {}),
            Listing(date(2002, 12, 31), {"630101": "甲县"}),
        ]
    )
    assert [(s.valid_from, s.valid_to) for s in healed] == [(None, None)]


def test_a_window_is_as_wide_as_the_lists_allow() -> None:
    spans = trace(listings((2001, {"630121": "甲乙县"}), (2005, {"630102": "甲乙区"})))
    assert [(s.code, s.valid_from, s.valid_to) for s in spans] == [
        ("630102", date(2002, 1, 1), None),
        ("630121", None, date(2005, 12, 31)),
    ]
    assert successors_in(spans) == {"630121": ["630102"]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # a name that two places bear at once, in another prefecture
        (
            {"630111": "郊区", "630211": "郊区"},
            {"630211": "郊区", "630311": "郊区"},
        ),
        # two claimants of one district
        ({"630121": "甲乙县", "630181": "甲乙市"}, {"630102": "甲乙区"}),
        # the candidate carries on another code's name
        ({"632101": "甲乙市", "632121": "甲乙县"}, {"630121": "甲乙县"}),
        # another province
        ({"630121": "甲乙县"}, {"620121": "甲乙县"}),
    ],
)
def test_what_is_not_certain_has_no_successor(
    before: dict[str, str], after: dict[str, str]
) -> None:
    found = successors_in(trace(listings((2001, before), (2002, after))))
    code = next(iter(before))
    assert found[code] == []
