"""The registry at the door: all faults at once, dated, told to the others, out and in again."""

from typing import Any

import pytest

from services.routing import timers
from services.routing.domain import registrations
from shared.errors import InvalidError
from tests.routing.builders import OFFICE, WINDOW, House, counted

BEGINS = {"version": 1, "valid_from": "2026-01-01"}


async def put(house: House, section: str, *entries: dict[str, Any]) -> Any:
    return await house.client.post(
        f"/routing/v1/{section}", headers=house.token("ops"), json=list(entries)
    )


def faults(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["faults"]]


async def test_all_faults_of_a_file_are_told_with_row_and_field(house: House) -> None:
    file = {
        "locations": [
            {**BEGINS, "code": "630104-X1", "name": "甲", "kind": "centre", "division": "999999"},
            {**BEGINS, "code": "630104-X2", "name": "乙", "kind": "palace", "division": "630104"},
            {
                **BEGINS,
                "code": "630104-X3",
                "name": "丙",
                "kind": "partner",
                "division": "630104",
                "system": "partner:P-NONE",
                "valid_to": "2025-01-01",
            },
        ],
        "rules": [
            {**BEGINS, "id": "R-X1", "division": "630104", "location": "NOWHERE"},
            {**BEGINS, "id": "R-X2", "division": "630104"},
            {
                **BEGINS,
                "id": "R-X3",
                "division": "630104",
                "location": "630103-P1",
                "agreement": "A-NONE",
            },
            {**BEGINS, "id": "R-X4", "division": "630104", "location": WINDOW},
            {**BEGINS, "id": "R-X4", "division": "630104", "location": WINDOW},
        ],
        "agreements": [
            {
                **BEGINS,
                "id": "A-X1",
                "name": "协议",
                "parties": ["630000", "MARS-1"],
                "delegates_to": ["agent"],
            }
        ],
    }
    before = await house.rows("SELECT count(*) AS n FROM registry")
    answer = await house.post("/registry/import", house.token("ops"), **file)
    assert sorted(faults(answer)) == sorted(
        [
            ("/locations/0/division", "unknown-division"),
            ("/locations/1/kind", "not-an-option"),
            ("/locations/2/system", "unknown-partner"),
            ("/locations/2/valid_to", "ends-before-it-begins"),
            ("/agreements/0/parties/1", "unknown-division"),
            ("/agreements/0/delegates_to", "not-an-organ"),
            ("/rules/0/location", "unknown-location"),
            ("/rules/1/location", "one-target"),
            ("/rules/2/location", "agent-cannot-decide"),
            ("/rules/2/agreement", "unknown-agreement"),
            ("/rules/4/version", "twice"),
        ]
    )
    after = await house.rows("SELECT count(*) AS n FROM registry")
    assert before[0].n == after[0].n


async def test_versions_follow_one_another(house: House) -> None:
    place = {"code": "630104-X1", "name": "甲", "kind": "centre", "division": "630104"}
    first = {**place, "version": 2, "valid_from": "2026-03-01"}
    assert (await put(house, "locations", first)).json() == {"registered": 1}
    assert (await put(house, "locations", first)).json() == {"registered": 0}
    changed = await put(house, "locations", {**first, "name": "乙"})
    assert faults(changed) == [("/0/version", "version-taken")]
    behind = await put(house, "locations", {**place, "version": 1, "valid_from": "2026-01-01"})
    assert faults(behind) == [("/0/version", "version-behind")]
    overlap = await put(house, "locations", {**place, "version": 3, "valid_from": "2026-02-01"})
    assert faults(overlap) == [("/0/valid_from", "overlaps")]
    assert (await put(house, "locations", {**first, "version": 3})).status_code == 200


async def test_only_ops_change_it_and_the_trail_says_who(house: House) -> None:
    rule = {**BEGINS, "id": "R-X1", "division": "630104", "location": WINDOW}
    answer = await house.client.post("/routing/v1/rules", headers=house.officer(), json=[rule])
    assert answer.status_code == 403
    await put(house, "rules", rule)
    rows = await house.rows(
        "SELECT actor, facts FROM audit WHERE action = 'registry-changed' ORDER BY id DESC LIMIT 1"
    )
    assert (rows[0].actor, rows[0].facts) == ("ops-1", {"entries": ["R-X1@1"]})


async def test_what_ends_takes_effect_for_new_cases_only(house: House) -> None:
    number = await house.receive()
    place = (await house.get(f"/locations/{OFFICE}", house.token("ops"))).json()
    ended = {**place, "version": 2, "valid_from": "2026-01-01", "valid_to": "2026-09-07"}
    assert (await put(house, "locations", ended)).status_code == 200
    house.clock.set("2026-09-08")
    handoff = await house.claimed(number)
    accepted = await house.post(f"/handoffs/{handoff}/acceptance", house.officer())
    assert accepted.status_code == 200
    later = await house.receive()
    rows = await house.rows(
        "SELECT case_number, status FROM routed_case WHERE case_number = :n", n=later
    )
    assert rows[0].status == "unroutable"
    # A version stands for all before it: the first does not come back to life.
    assert (await house.get(f"/locations/{OFFICE}", house.token("ops"))).status_code == 404


async def test_a_whole_directory_goes_out_and_in_again(house: House) -> None:
    ops = house.token("ops")
    file = (await house.get("/registry/export", ops)).json()
    assert len(file["locations"]) > 100
    again = await house.post("/registry/import", ops, **file)
    assert again.json() == {"registered": 0}
    added = {**BEGINS, "code": "630104-X1", "name": "甲", "kind": "centre", "division": "630104"}
    file["locations"].append(added)
    dry = await house.client.post(
        "/routing/v1/registry/import", params={"dry": True}, headers=ops, json=file
    )
    assert dry.json() == {"registered": 1}
    assert (await house.get("/locations/630104-X1", ops)).status_code == 404
    done = await house.post("/registry/import", ops, **file)
    assert done.json() == {"registered": 1}
    rows = await house.rows("SELECT data FROM outbox WHERE subject = 'location:630104-X1'")
    assert (rows[0].data["name"], rows[0].data["version"]) == ("甲", 1)


@pytest.mark.parametrize(
    ("address", "body", "named"),
    [
        ("/registry/import", '{"rules": [], "locations": [{"code": "A"}], "rules": []}', ["rules"]),
        (
            "/locations",
            '[{"code": "A", "code": "B", "name": "甲", "name": "乙"}]',
            ["code", "name"],
        ),
    ],
)
async def test_of_what_stands_twice_in_a_file_neither_is_taken(
    house: House, address: str, body: str, named: list[str]
) -> None:
    headers = house.token("ops") | {"content-type": "application/json"}
    answer = await house.client.post(f"/routing/v1{address}", content=body, headers=headers)
    assert answer.status_code == 422
    said = answer.json()["faults"]
    assert [each["code"] for each in said] == ["name-repeated"] * len(named)
    assert [each["message_en"] for each in said] == [
        f"“{name}” stands twice in one object" for name in named
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"rules": [], "rules": []}', "name-repeated"),
        (b'{"rules": [}', "not-json"),
        ("{}".encode("utf-16"), "not-json"),
        (b"[]", "not-an-object"),
    ],
)
def test_a_file_of_the_registry_is_read_whole_or_not_at_all(content: bytes, fault: str) -> None:
    with pytest.raises(InvalidError) as said:
        registrations.read(content)
    assert [each.code for each in said.value.faults] == [fault]


async def test_republishing_tells_every_place_again(house: House) -> None:
    answer = await house.post("/registry/republication", house.token("ops"))
    places = await house.rows(
        "SELECT count(DISTINCT code) AS n FROM registry WHERE kind='location'"
    )
    assert answer.json() == {"republished": places[0].n}
    told = await house.rows(
        "SELECT count(*) AS n FROM outbox WHERE type = 'routing.location-registered.v1'"
    )
    assert told[0].n == 2 * places[0].n


UNKNOWN = {"basis": {"household_registration": "310101"}}


async def test_a_case_without_a_place_waits_with_reasons_and_a_later_rule_picks_it_up(
    house: House,
) -> None:
    number = await house.receive(**UNKNOWN)
    ops = house.token("ops")
    waiting = (await house.get("/unroutable", ops)).json()["cases"]
    assert [each["case_number"] for each in waiting] == [number]
    assert [each["why"] for each in waiting[0]["reasons"]] == ["nothing-found"]
    retry = timers.retry_unroutable(house.premises.sessions, house.clock)
    await retry()
    rule = {**BEGINS, "id": "R-SH", "division": "310101", "location": OFFICE, "level": "4"}
    assert (await put(house, "rules", rule)).status_code == 200
    await retry()
    assert (await house.get("/unroutable", ops)).json()["cases"] == []
    told = [type_ for type_, _ in await house.told(number)]
    assert told == [
        "routing.case-unroutable.v1",
        "routing.case-assigned.v1",
        "routing.handoff-opened.v1",
    ]
    async with counted(house.premises.engine) as statements:
        await retry()
    own = [each for each in statements if "pg_snapshot_xmin" not in each]
    assert len(own) == 1, "asked only when the registry has changed"


async def test_what_preview_says_before_is_what_becomes_of_the_case(house: House) -> None:
    asked = {"item_code": "RS-002", "mode": "full_online", "receiving_location": WINDOW}
    for basis in ({"household_registration": "620102"}, UNKNOWN["basis"]):
        told = await house.post(
            "/assignments/preview",
            house.token("clerk", WINDOW),
            **asked,
            basis=basis,
            choice="household_registration",
        )
        number = await house.receive(basis=basis)
        (case,) = await house.rows(
            "SELECT status FROM routed_case WHERE case_number = :number", number=number
        )
        assert (told.status_code, case.status) in ((200, "open"), (422, "unroutable")), told.text


async def test_a_supplement_without_a_place_is_refused_for_that_reason(house: House) -> None:
    number = await house.receive(**UNKNOWN)
    await house.supplement(number, "M1")
    refused = dict(await house.told(number))["routing.request-refused.v1"]
    assert refused["code"] == "no-place-yet"


async def test_a_manual_assignment_needs_a_reason_and_keeps_it(house: House) -> None:
    number = await house.receive(**UNKNOWN)
    ops = house.token("ops")
    path = f"/unroutable/{number}/assignment"
    assert (await house.post(path, ops, location=OFFICE)).status_code == 422
    nowhere = await house.post(path, ops, location="NOWHERE", reason="与对方核实")
    assert faults(nowhere) == [("/location", "unknown-location")]
    answer = await house.post(path, ops, location=OFFICE, reason="与对方联络员核实")
    assert (answer.status_code, answer.json()["status"]) == (200, "open"), answer.text
    again = await house.post(path, ops, location=OFFICE, reason="再次")
    assert (again.status_code, again.json()["code"]) == (409, "not-unroutable")
    rows = await house.rows("SELECT facts FROM audit WHERE action = 'case-assigned-by-hand'")
    assert rows[0].facts == {"location": OFFICE}
    (handoff,) = await house.rows("SELECT id FROM handoff WHERE case_number = :n", n=number)
    officer = house.token("officer", OFFICE)
    hidden = await house.get(f"/handoffs/{handoff.id}", officer)
    assert "联络员" not in hidden.json()["assigned_because"]
    shown = await house.get(f"/handoffs/{handoff.id}", officer, purpose="examine")
    assert shown.json()["assigned_because"] == "与对方联络员核实"


async def test_an_agreement_that_ends_delegates_nothing_any_more(house: House) -> None:
    agreement = {
        **BEGINS,
        "id": "A-TEST",
        "name": "示例协议",
        "parties": ["620000", "630000"],
        "delegated_powers": ["notify"],
    }
    await put(house, "agreements", agreement)
    body = {
        "item_code": "RS-002",
        "mode": "full_online",
        "receiving_location": WINDOW,
        "basis": {"household_registration": "620102"},
    }
    clerk = house.token("clerk", WINDOW)
    found = (await house.post("/assignments/preview", clerk, **body)).json()
    assert "notify" in found["handoffs"][0]["powers"]
    await put(house, "agreements", {**agreement, "version": 2, "valid_to": "2026-09-06"})
    found = (await house.post("/assignments/preview", clerk, **body)).json()
    assert "notify" not in found["handoffs"][0]["powers"]
