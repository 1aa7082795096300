"""The legal clock at the door, on cases worked out by hand; the days are in the comments.

2026: 20 September and 10 October are worked, 25 to 27 September and 1 to 7 October are off.
"""

import json
from typing import Any

import pytest

from services.routing import timers
from tests.routing.builders import OFFICE, WINDOW, House, item_document

TEN = {"promised": {"value": 10, "unit": "working_day"}, "statutory": {"value": 20}}
REVIEW = [{"code": "S1", "name": "专家评审", "category": "expert_review", "max_working_days": 30}]


async def due(house: House, handoff: str) -> dict[str, Any]:
    answer = await house.get(f"/handoffs/{handoff}/clock", house.officer())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def fire(house: House) -> None:
    work = timers.fire_watches(house.premises.sessions, house.clock)
    while await work():
        pass


async def lights(house: House, term: str = "limit") -> list[tuple[str, str, str]]:
    """Which have been told of this term, in order: case, light, day."""
    rows = await house.rows(
        "SELECT subject, data FROM outbox WHERE type = 'routing.light-turned.v1' ORDER BY id"
    )
    return [
        (row.subject, row.data["light"], row.data["on_day"])
        for row in rows
        if row.data["term"] == term
    ]


async def recompute(house: House) -> None:
    work = timers.recompute_dates(house.premises.sessions, house.clock)
    while await work():
        pass


async def item(house: House, version: int = 2, **changes: Any) -> int:
    """RS-002 with other terms, as a version of its own."""
    changes.setdefault("limits", TEN)
    document = item_document("RS-002", version=version, special_procedures=REVIEW, **changes)
    await house.publish(document)
    return version


async def test_over_the_national_holiday_with_its_worked_saturday(house: House) -> None:
    version = await item(house)
    house.clock.set("2026-09-24")
    _, handoff = await house.accepted(item_version=version)
    found = await due(house, handoff)
    # 28, 29, 30 Sep = 3; 8, 9, 10 (Sat) Oct = 6; 12, 13, 14, 15 = 10
    assert found["due"]["on"] == "2026-10-15"
    assert found["due"]["provisional"] is False
    assert found["lines"][0] == "自2026-09-24受理次日起算（民法典第201条）。"
    assert any("行政许可法第82条" in line for line in found["lines"])


async def test_an_extension_into_an_unpublished_year_is_told_as_provisional(house: House) -> None:
    version = await item(house, limits={**TEN, "extension_max": {"value": 10}})
    house.clock.set("2026-12-07")
    number, handoff = await house.accepted(item_version=version)
    # 8-11 Dec = 4; 14-18 = 9; Monday 21 = 10
    found = (await due(house, handoff))["due"]
    assert (found["on"], found["provisional"]) == ("2026-12-21", False)
    chief = house.token("supervisor", OFFICE, subject="officer-1", division="620102")
    longer = await house.post(
        f"/handoffs/{handoff}/extension", chief, working_days=10, reason="需要向外省核实"
    )
    assert longer.status_code == 200, longer.text
    told = [data for type_, data in await house.told(number) if "handoff-extended" in type_]
    # By weekdays: 22-25 Dec = 14; 28-31 = 18; 1 Jan = 19; Monday 4 = 20
    assert [(each["due_on"], each["due_provisional"]) for each in told] == [("2027-01-04", True)]


async def test_over_year_end_into_an_unpublished_year_and_recomputed_by_its_notice(
    house: House,
) -> None:
    version = await item(house)
    house.clock.set("2028-12-25")
    number, handoff = await house.accepted(item_version=version)
    found = await due(house, handoff)
    # By weekdays: 26-29 Dec = 4; 1-5 Jan = 9; Monday 8 Jan = 10
    assert found["due"]["on"] == "2029-01-08"
    assert found["due"]["provisional"] is True
    notices = [
        {"year": 2028, "source": "示例", "off": [{"name": "元旦", "day": "2028-01-01"}]},
        {
            "year": 2029,
            "source": "示例",
            "off": [{"name": "元旦", "from": "2028-12-30", "to": "2029-01-01"}],
        },
        {"year": 2030, "source": "示例", "off": [{"name": "元旦", "day": "2030-01-01"}]},
    ]
    ops = house.token("ops")
    loaded = await house.post("/calendars/notices", ops, notice=notices)
    assert loaded.status_code == 201, loaded.text
    assert loaded.json() == {"years": [2028, 2029, 2030]}
    await recompute(house)
    found = await due(house, handoff)
    # 1 January is off now: 9 January, and sure.
    assert found["due"]["on"] == "2029-01-09"
    assert found["due"]["provisional"] is False
    told = [data for type_, data in await house.told(number) if "deadline-changed" in type_]
    assert [(each["was"], each["due_on"]) for each in told] == [("2029-01-08", "2029-01-09")]
    await recompute(house)
    assert len([1 for type_, _ in await house.told(number) if "deadline-changed" in type_]) == 1


async def test_a_local_day_moves_the_dates_of_its_division_only(house: House) -> None:
    version = await item(house)
    _, there = await house.accepted(item_version=version)
    # 8 to 18 September 2026 are nine weekdays, and 20 September (Sunday) is worked.
    assert (await due(house, there))["due"]["on"] == "2026-09-20"
    day = {"day": "2026-09-16", "works": False, "name": "示例节", "source": "示例"}
    ops = house.token("ops")
    elsewhere = [{"division": "510100", **day}]
    answer = await house.client.post(
        "/routing/v1/calendars/local-days", headers=ops, json=elsewhere
    )
    assert answer.status_code == 201, answer.text
    await recompute(house)
    assert (await due(house, there))["due"]["on"] == "2026-09-20"
    above = [{"division": "620100", **day}]
    await house.client.post("/routing/v1/calendars/local-days", headers=ops, json=above)
    await recompute(house)
    assert (await due(house, there))["due"]["on"] == "2026-09-21"
    year = (await house.get("/calendars/620102/2026", house.officer())).json()
    assert year["published"] is True
    found = next(each for each in year["days"] if each["day"] == "2026-09-16")
    assert found["kind"] == "local_holiday"
    assert found["source"] == "示例（620100）"


async def test_unknown_divisions_and_what_is_no_notice_are_told_at_once(house: House) -> None:
    ops = house.token("ops")
    days = [
        {"division": code, "day": "2026-09-16", "name": "示例", "source": "示例"}
        for code in ("999999", "620100", "888888")
    ]
    answer = await house.client.post("/routing/v1/calendars/local-days", headers=ops, json=days)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["faults"]] == ["/0/division", "/2/division"]
    bad = [{"year": 2027, "source": "示例", "off": [{"name": "元旦", "day": "2026-06-01"}]}]
    answer = await house.post("/calendars/notices", ops, notice=bad)
    assert [each["code"] for each in answer.json()["faults"]] == ["not-a-notice"]
    assert (await house.post("/calendars/notices", house.officer(), notice=bad)).status_code == 403


async def test_a_suspension_across_the_holiday_does_not_count(house: House) -> None:
    version = await item(house)
    house.clock.set("2026-09-22")
    _, handoff = await house.accepted(item_version=version)
    # 23, 24 Sep = 2
    house.clock.set("2026-09-24")
    answer = await house.post(
        f"/handoffs/{handoff}/suspension",
        house.officer(),
        procedure="S1",
        working_days=5,
        reason="需要评审",
    )
    assert answer.status_code == 200, answer.text
    house.clock.set("2026-10-12")
    answer = await house.post(f"/handoffs/{handoff}/resumption", house.officer())
    # 13-16 = 6; 19-22 = 10
    assert answer.json()["clock"]["due_on"] == "2026-10-22"
    found = await due(house, handoff)
    assert [(each["kind"], each["since"], each["until"]) for each in found["stretches"]] == [
        ("running", "2026-09-22", "2026-09-24"),
        ("suspended", "2026-09-24", "2026-10-12"),
        ("running", "2026-10-12", None),
    ]
    assert any("行政许可法第45条" in line for line in found["lines"])


async def test_only_a_published_procedure_suspends(house: House) -> None:
    version = await item(house)
    _, handoff = await house.accepted(item_version=version)
    body = {"working_days": 5, "reason": "示例"}
    path = f"/handoffs/{handoff}/suspension"
    other = await house.post(path, house.officer(), procedure="S9", **body)
    assert (other.status_code, other.json()["code"]) == (409, "procedure-not-published")
    assert other.json()["published"] == ["S1"]
    long = await house.post(path, house.officer(), procedure="S1", working_days=31, reason="示例")
    assert (long.status_code, long.json()["code"]) == (409, "term-too-long")


async def test_silence_past_the_window_is_acceptance_from_the_day_of_receipt(
    house: House,
) -> None:
    version = await item(house)
    number = await house.receive(item_version=version)
    handoff = await house.handoff_of(number)
    # Received Monday 7 September; five working days end on Monday 14.
    assert (await due(house, handoff))["deemed_on"] == "2026-09-15"
    house.clock.set("2026-09-14", hour=23)
    await fire(house)
    assert (await due(house, handoff))["state"] == "not_started"
    house.clock.set("2026-09-15", hour=0)
    await fire(house)
    found = await due(house, handoff)
    # From the 7th: 8-11 = 4, 14-18 = 9, 20 (Sunday, worked) = 10
    assert found["due"]["on"] == "2026-09-20"
    assert "行政许可法第32条第1款第4项" in found["lines"][0]
    told = dict(await house.told(number))["routing.handoff-accepted.v1"]
    assert told["deemed"] is True
    acts = (await house.get(f"/handoffs/{handoff}/acts", house.officer())).json()["acts"]
    assert (acts[-1]["step"], acts[-1]["side"], acts[-1]["actor"]) == (
        "deem_accepted",
        "system",
        "system",
    )


async def test_natural_days_end_on_a_working_day(house: House) -> None:
    limits = {
        "unit": "natural_day",
        "promised": {"value": 20, "unit": "natural_day"},
        "statutory": {"value": 60, "unit": "natural_day"},
    }
    version = await item(house, limits=limits)
    house.clock.set("2026-09-14")
    _, handoff = await house.accepted(item_version=version)
    # The twentieth day is 4 October, within the holiday; 8 October is the first working day.
    found = await due(house, handoff)
    assert found["due"]["on"] == "2026-10-08"
    assert found["due"]["statutory"]["due"] == "2026-11-13"


async def test_the_clock_may_run_from_receipt(house: House) -> None:
    version = await item(house, limits={**TEN, "clock_start": "receipt"})
    number = await house.receive(item_version=version)
    handoff = await house.handoff_of(number)
    found = await due(house, handoff)
    assert (found["state"], found["due"]["on"]) == ("running", "2026-09-20")
    handoff = await house.claimed(number)
    house.clock.set("2026-09-09")
    await house.post(f"/handoffs/{handoff}/acceptance", house.officer())
    assert (await due(house, handoff))["due"]["on"] == "2026-09-20"


async def test_delegated_acceptance_counts_from_the_windows_date(house: House) -> None:
    agreement = {
        "id": "A-TEST",
        "name": "示例协议",
        "version": 1,
        "valid_from": "2026-01-01",
        "parties": ["620000", "630000"],
        "items": ["RS-002"],
        "delegated_powers": ["accept"],
    }
    await house.client.post("/routing/v1/agreements", headers=house.token("ops"), json=[agreement])
    version = await item(house, acceptance_authority="receiving")
    given = house.case(item_version=version, received_at="2026-09-04T02:00:00+00:00")
    await house.receive_many([given])
    handoff = await house.handoff_of(given["case_number"])
    found = await due(house, handoff)
    # Friday 4 September at the window: 7-11 = 5, 14-18 = 10
    assert (found["state"], found["due"]["on"]) == ("running", "2026-09-18")
    assert found["window_received_on"] == "2026-09-04"
    told = dict(await house.told(given["case_number"]))["routing.handoff-accepted.v1"]
    assert told["by_location"] == "630104-C1"


async def test_handing_on_keeps_the_windows_date_and_gives_five_days_of_its_own(
    house: House,
) -> None:
    version = await item(house)
    number = await house.receive(item_version=version)
    house.clock.set("2026-09-10")
    handoff = await house.claimed(number)
    answer = await house.post(
        f"/handoffs/{handoff}/transfer-on", house.officer(), location="620103-RS", reason="户籍"
    )
    assert answer.status_code == 200, answer.text
    follower = await house.handoff_of(number)
    other = house.officer("620103-RS")
    found = (await house.get(f"/handoffs/{follower}/clock", other)).json()
    assert found["window_received_on"] == "2026-09-07"
    assert found["handling_received_on"] == "2026-09-10"
    # Received there on Thursday 10: five working days end on Thursday 17.
    assert (found["notice_due"]["due"], found["deemed_on"]) == ("2026-09-17", "2026-09-18")


async def _noticed(house: House, policy: str) -> tuple[str, str]:
    version = await item(house, limits={**TEN, "deficiency_policy": policy})
    number = await house.receive(item_version=version)
    handoff = await house.claimed(number)
    faults = [{"material_code": "M2", "text": "缺签字"}]
    answer = await house.post(f"/handoffs/{handoff}/notice", house.officer(), faults=faults)
    assert answer.status_code == 200, answer.text
    return number, handoff


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [("supplement_before_acceptance", "lapsed"), ("return_and_resubmit", "returned")],
)
async def test_a_supplement_that_never_comes_ends_it_as_the_item_says(
    house: House, policy: str, outcome: str
) -> None:
    number, handoff = await _noticed(house, policy)
    # Ten working days: 20 September is the last.
    assert (await due(house, handoff))["supplement_due"]["due"] == "2026-09-20"
    house.clock.set("2026-09-20", hour=23)
    await fire(house)
    assert "routing.case-closed.v1" not in dict(await house.told(number))
    house.clock.set("2026-09-21", hour=0)
    await fire(house)
    told = await house.told(number)
    assert [type_ for type_, _ in told][-2:] == [
        "routing.handoff-closed.v1",
        "routing.case-closed.v1",
    ]
    assert [data["outcome"] for _, data in told[-2:]] == [outcome, outcome]


async def test_where_the_item_says_refuse_the_office_is_asked_to_and_nothing_lapses(
    house: House,
) -> None:
    number, handoff = await _noticed(house, "refuse_unless_supplemented")
    path = f"/handoffs/{handoff}/refusal"
    body = {"ground": "not_supplemented", "reason": "逾期未补正"}
    early = await house.post(path, house.officer(), **body)
    assert [each["code"] for each in early.json()["faults"]] == ["ground-not-open"]
    assert "2026-09-20" in early.json()["faults"][0]["message_zh"]
    house.clock.set("2026-09-21", hour=0)
    await fire(house)
    assert await lights(house, "supplement") == [(number, "missed", "2026-09-21")]
    seen = await house.get(f"/handoffs/{handoff}", house.officer())
    assert (seen.json()["status"], seen.json()["clock"]["light"]) == ("noticed", "red")
    refused = await house.post(path, house.officer(), **body)
    assert (refused.status_code, refused.json()["status"]) == (200, "refused"), refused.text


async def test_for_want_of_a_supplement_nothing_is_refused_unless_the_item_says_so(
    house: House,
) -> None:
    _, handoff = await _noticed(house, "supplement_before_acceptance")
    house.clock.set("2026-09-20")
    answer = await house.post(
        f"/handoffs/{handoff}/refusal", house.officer(), ground="not_supplemented", reason="逾期"
    )
    assert [each["pointer"] for each in answer.json()["faults"]] == ["/ground"]


async def test_before_acceptance_the_notice_window_has_lights_of_its_own(house: House) -> None:
    version = await item(house)
    number = await house.receive(item_version=version)
    handoff = await house.handoff_of(number)
    found = await due(house, handoff)
    # Five days from Monday 7: the third is Thursday 10, the fifth Monday 14.
    assert found["notice_lights"] == {
        "yellow": "2026-09-10",
        "red": "2026-09-14",
        "missed": "2026-09-15",
    }
    assert any("行政许可法第32条" in line for line in found["lines"])
    house.clock.set("2026-09-09", hour=23)
    await fire(house)
    assert await lights(house, "notice") == []
    house.clock.set("2026-09-10", hour=0)
    await fire(house)
    await fire(house)
    assert await lights(house, "notice") == [(number, "yellow", "2026-09-10")]
    page = (await house.get(f"/queues/{OFFICE}/handoffs", house.officer())).json()
    assert page["handoffs"][0]["clock"]["light"] == "yellow"
    house.clock.set("2026-09-14", hour=0)
    await fire(house)
    assert [each[1] for each in await lights(house, "notice")] == ["yellow", "red"]
    told = [data for type_, data in await house.told(number) if "light" in type_]
    assert {(each["due_on"], each["responsible"]) for each in told if each["term"] == "notice"} == {
        ("2026-09-14", OFFICE)
    }
    house.clock.set("2026-09-14", hour=9)
    handoff = await house.claimed(number)
    await house.post(f"/handoffs/{handoff}/acceptance", house.officer())
    # Accepted in time: the window's light goes out, the limit's begins at green.
    seen = await house.get(f"/handoffs/{handoff}", house.officer())
    assert seen.json()["clock"]["light"] == "green"
    house.clock.set("2026-09-15")
    await fire(house)
    assert [each[1] for each in await lights(house, "notice")] == ["yellow", "red"]


async def test_a_supplement_begins_the_days_and_their_lights_again(house: House) -> None:
    version = await item(house)
    number = await house.receive(item_version=version)
    house.clock.set("2026-09-11")
    await fire(house)
    handoff = await house.claimed(number)
    faults = [{"material_code": "M2", "text": "缺签字"}]
    await house.post(f"/handoffs/{handoff}/notice", house.officer(), faults=faults)
    # Told: the applicant's turn, nothing presses the office.
    seen = await house.get(f"/handoffs/{handoff}", house.officer())
    assert seen.json()["clock"]["light"] == "green"
    house.clock.set("2026-09-16")
    await fire(house)
    await house.supplement(number, "M2")
    found = await due(house, handoff)
    # 17, 18 = 2; 20 (Sunday, worked) = 3; 21, 22 = 5
    assert (found["notice_due"]["due"], found["deemed_on"]) == ("2026-09-22", "2026-09-23")
    house.clock.set("2026-09-22")
    await fire(house)
    assert await lights(house, "notice") == [
        (number, "yellow", "2026-09-10"),
        (number, "yellow", "2026-09-20"),
        (number, "red", "2026-09-22"),
    ]


async def test_who_misses_the_window_is_told_so_and_it_counts_as_accepted(house: House) -> None:
    version = await item(house)
    number = await house.receive(item_version=version)
    house.clock.set("2026-09-18")
    await fire(house)
    assert [each[1] for each in await lights(house, "notice")] == ["yellow", "red", "missed"]
    types = [type_ for type_, _ in await house.told(number)]
    assert types.index("routing.handoff-accepted.v1") > types.index("routing.light-turned.v1")
    await fire(house)
    # Accepted from the 7th: the limit's own half was the 14th, its ninth day the 18th.
    assert await lights(house) == [
        (number, "yellow", "2026-09-14"),
        (number, "red", "2026-09-18"),
    ]


async def _granted(house: House, **changes: Any) -> tuple[str, str]:
    number, handoff = await house.accepted(**changes)
    await house.post(
        f"/handoffs/{handoff}/decision", house.officer(), result="granted", opinion="准予"
    )
    return number, handoff


async def _delivery(house: House, number: str, status: str, method: str) -> None:
    await house.feed(
        "notify.delivery-changed.v1",
        number,
        {
            "case_number": number,
            "delivery_id": "01990000-0000-7000-8000-000000000001",
            "method": method,
            "status": status,
            "at": house.clock().isoformat(),
        },
    )


async def test_the_ten_days_do_not_run_against_who_was_told_and_does_not_collect(
    house: House,
) -> None:
    kept, handoff = await _granted(house, delivery_method="window_pickup")
    left, _ = await _granted(house, delivery_method="window_pickup")
    house.clock.set("2026-09-11")
    await _delivery(house, kept, "ready", "window_pickup")
    found = await due(house, handoff)
    assert found["delivery_due"] is None
    assert "2026-09-11已告知申请人领取，未领取的时间不计" in found["lines"][-1]
    # Ten working days from the 7th end on Sunday 20; half of them on the 14th, nine on the 18th.
    house.clock.set("2026-09-25")
    await fire(house)
    await fire(house)
    assert await lights(house, "delivery") == [
        (left, "yellow", "2026-09-14"),
        (left, "red", "2026-09-18"),
        (left, "missed", "2026-09-21"),
    ]


async def test_what_was_delivered_has_no_term_any_more(house: House) -> None:
    number, _ = await _granted(house)
    house.clock.set("2026-09-10")
    await house.feed(
        "notify.result-delivered.v1",
        number,
        {"case_number": number, "delivered_at": house.clock().isoformat()},
    )
    house.clock.set("2026-09-25")
    await fire(house)
    assert await lights(house, "delivery") == []


async def test_each_hop_that_is_late_is_told_once_with_whose_turn_it_was(house: House) -> None:
    electronic = [{"code": "M1", "form": "electronic", "count": 1}]
    number = await house.receive(materials=electronic)
    handoff = await house.handoff_of(number)
    found = {each["hop"]: each["due"] for each in (await due(house, handoff))["hops"]}
    # One working day each after Monday 7.
    assert found == {"push": "2026-09-08", "recheck": "2026-09-08"}
    house.clock.set("2026-09-08", hour=23)
    await fire(house)
    assert await lights(house, "recheck") == []
    house.clock.set("2026-09-12")
    await fire(house)
    await fire(house)
    assert await lights(house, "push") == [(number, "missed", "2026-09-09")]
    assert await lights(house, "recheck") == [(number, "missed", "2026-09-09")]
    told = {data["term"]: data for type_, data in await house.told(number) if "light" in type_}
    assert (told["push"]["responsible"], told["recheck"]["responsible"]) == (WINDOW, OFFICE)


async def test_a_hop_done_in_time_is_not_told(house: House) -> None:
    number = await house.receive(materials=[])
    await house.claimed(number)
    await house.post(f"/handoffs/{await house.handoff_of(number)}/acceptance", house.officer())
    house.clock.set("2026-09-09")
    await fire(house)
    assert await lights(house, "push") == await lights(house, "recheck") == []


async def test_a_result_to_be_posted_leaves_within_its_day(house: House) -> None:
    late, _ = await _granted(house, delivery_method="post")
    sent, _ = await _granted(house, delivery_method="post")
    house.clock.set("2026-09-08")
    await _delivery(house, sent, "on_way", "post")
    house.clock.set("2026-09-09")
    await fire(house)
    assert await lights(house, "post_result") == [(late, "missed", "2026-09-09")]


async def test_a_notice_that_moves_the_day_of_delivery_is_waited_for(house: House) -> None:
    number, _ = await _granted(house)
    day = {"division": "620100", "day": "2026-09-14", "works": False, "name": "示例节"}
    answer = await house.client.post(
        "/routing/v1/calendars/local-days",
        headers=house.token("ops"),
        json=[{**day, "source": "示例"}],
    )
    assert answer.status_code == 201, answer.text
    house.clock.set("2026-09-14")
    await fire(house)
    assert await lights(house, "delivery") == []
    house.clock.set("2026-09-15")
    await fire(house)
    assert [each[:2] for each in await lights(house, "delivery")] == [(number, "yellow")]


async def test_after_three_days_of_outage_each_sign_is_told_once_oldest_first(
    house: House,
) -> None:
    version = await item(house)
    first, _ = await house.accepted(item_version=version)
    house.clock.set("2026-09-08")
    second, _ = await house.accepted(item_version=version)
    house.clock.set("2026-09-08", hour=20)
    third, changed = await house.accepted(item_version=version)
    # Half of ten from the 7th is the 14th, from the 8th the 15th.
    rows = await house.rows("SELECT on_day FROM watch WHERE sign = 'yellow' ORDER BY on_day")
    days = [str(row.on_day) for row in rows]
    assert days[0] < days[1] == days[2]
    house.clock.set("2026-09-10")
    await house.post(
        f"/handoffs/{changed}/suspension",
        house.officer(),
        procedure="S1",
        working_days=20,
        reason="示例",
    )
    house.clock.set("2026-09-18")
    await fire(house)
    await fire(house)
    told = await lights(house)
    # The ninth day from the 7th is the 18th itself.
    assert [each[:2] for each in told] == [(first, "yellow"), (second, "yellow"), (first, "red")]
    assert told == sorted(told, key=lambda each: each[2])
    assert third not in {each[0] for each in told}
    house.clock.set("2026-09-28")
    await fire(house)
    await fire(house)
    assert sorted(each[:2] for each in await lights(house)) == sorted(
        [(case, light) for case in (first, second) for light in ("yellow", "red", "missed")]
    )


async def test_a_light_is_not_told_again_because_the_clock_changed(house: House) -> None:
    version = await item(house)
    number, handoff = await house.accepted(item_version=version)
    house.clock.set("2026-09-16")
    await fire(house)
    await house.post(
        f"/handoffs/{handoff}/suspension",
        house.officer(),
        procedure="S1",
        working_days=2,
        reason="示例",
    )
    house.clock.set("2026-09-17")
    await house.post(f"/handoffs/{handoff}/resumption", house.officer())
    await fire(house)
    assert [each[:2] for each in await lights(house)] == [(number, "yellow")]


async def test_an_extension_is_asked_for_and_a_supervisor_answers(house: House) -> None:
    version = await item(house, limits={**TEN, "extension_max": {"value": 5}})
    number, handoff = await house.accepted(item_version=version)
    path = f"/handoffs/{handoff}/extension"
    long = await house.post(path, house.officer(), working_days=6, reason="核实")
    assert (long.status_code, long.json()["code"]) == (409, "term-too-long")
    asked = await house.post(path, house.officer(), working_days=5, reason="需要向外省核实")
    assert asked.status_code == 202, asked.text
    assert (await due(house, handoff))["due"]["on"] == "2026-09-20"
    again = await house.post(path, house.officer(), working_days=5, reason="核实")
    assert again.json()["code"] == "approval-already-asked"
    waiting = (await house.get("/approvals", house.supervisor())).json()["approvals"]
    assert [(each["kind"], each["reason"]) for each in waiting] == [("extension", "需要向外省核实")]
    approval = f"/approvals/{waiting[0]['id']}"
    assert (await house.post(f"{approval}/approval", house.officer())).status_code == 403
    answer = await house.post(f"{approval}/approval", house.supervisor())
    assert (answer.status_code, answer.json()["state"]) == (200, "approved"), answer.text
    # 21-24 = 4, 28 = 5
    assert (await due(house, handoff))["due"]["on"] == "2026-09-28"
    assert [type_ for type_, _ in await house.told(number)][-1] == "routing.handoff-extended.v1"
    settled = await house.post(f"{approval}/refusal", house.supervisor(), note="不需要")
    assert settled.json()["code"] == "approval-settled"
    direct = await house.post(path, house.supervisor(), working_days=1, reason="再延")
    assert direct.json()["code"] == "term-too-long"


async def test_a_supervisor_extends_directly_or_refuses(house: House) -> None:
    version = await item(house, limits={**TEN, "extension_max": {"value": 5}})
    _, handoff = await house.accepted(item_version=version)
    path = f"/handoffs/{handoff}/extension"
    asked = await house.post(path, house.officer(), working_days=5, reason="核实")
    refused = await house.post(
        f"/approvals/{asked.json()['id']}/refusal", house.supervisor(), note="可以办结"
    )
    assert refused.json()["state"] == "refused"
    assert (await due(house, handoff))["due"]["on"] == "2026-09-20"
    done = await house.post(path, house.supervisor(), working_days=2, reason="确需核实")
    assert done.status_code == 200, done.text
    assert done.json()["clock"]["due_on"] == "2026-09-22"


async def test_forty_five_and_fifteen_only_for_items_so_marked(house: House) -> None:
    limits = {"promised": None, "statutory": None, "joint_departments": True}
    document = item_document("RS-002", version=2, limits=limits)
    del document["limits"]["extension_max"]
    await house.publish(document)
    house.clock.set("2026-03-02")
    _, handoff = await house.accepted(item_version=2)
    found = await due(house, handoff)
    assert any("45个工作日（行政许可法第42条）" in line for line in found["lines"])
    path = f"/handoffs/{handoff}/extension"
    long = await house.post(path, house.supervisor(), working_days=16, reason="示例")
    assert long.json()["most"] == 15
    done = await house.post(path, house.supervisor(), working_days=15, reason="示例")
    assert done.status_code == 200


async def test_what_if_changes_nothing(house: House) -> None:
    version = await item(house, limits={**TEN, "extension_max": {"value": 5}})
    _, handoff = await house.accepted(item_version=version)
    path = f"/handoffs/{handoff}/clock/what-if"
    answer = await house.post(path, house.officer(), suspend_from="2026-09-14", working_days=10)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    # 8-11, 14 = 5; suspended over ten working days, to 28 September; 29, 30 = 7; 8, 9, 10 = 10
    assert (body["before"]["on"], body["after"]["on"]) == ("2026-09-20", "2026-10-10")
    assert body["later_by"] == 20
    assert any("专家评审" in line for line in body["lines"])
    answer = await house.post(path, house.officer(), extend=5)
    assert answer.json()["after"]["on"] == "2026-09-28"
    nothing = await house.post(path, house.officer())
    assert nothing.status_code == 422
    assert (await due(house, handoff))["due"]["on"] == "2026-09-20"
    rows = await house.rows("SELECT count(*) AS acts FROM act WHERE step <> 'arrive'")
    assert rows[0].acts == 1


async def test_what_was_granted_is_delivered_within_ten_working_days(house: House) -> None:
    number, handoff = await house.accepted()
    await house.post(
        f"/handoffs/{handoff}/decision", house.officer(), result="granted", opinion="准予"
    )
    assert (await due(house, handoff))["delivery_due"]["due"] == "2026-09-20"
    assert dict(await house.told(number))["routing.case-decided.v1"]["deliver_by"] == "2026-09-20"


@pytest.mark.parametrize("location", ["630104-C1", OFFICE])
async def test_both_ends_see_the_clock_and_nobody_else(house: House, location: str) -> None:
    _, handoff = await house.accepted()
    role = "clerk" if location.endswith("C1") else "officer"
    seen = await house.get(f"/handoffs/{handoff}/clock", house.token(role, location))
    assert seen.status_code == 200
    foreign = await house.get(f"/handoffs/{handoff}/clock", house.token(role, "510107-C1"))
    assert foreign.status_code == 404
    assert json.loads(foreign.text)["code"] == "not-found"


async def test_limits_are_looked_at_with_what_is_known_by_heart_only(house: House) -> None:
    marked = {"/remedies": {"confidence": "memory", "source": "凭记忆"}}
    await house.publish(item_document("RS-002", version=2, marking=marked))
    page = (await house.get("/limits", house.token("ops"), limit=200)).json()
    found = next(each for each in page["items"] if each["item_code"] == "RS-002")
    assert found["version"] == 2
    figures = {each["name"]: each for each in found["figures"]}
    assert figures["送达"]["what"] == "10个工作日"
    assert figures["材料不齐"]["what"] == "逾期未补正的退回，补正后重新提交"
    assert figures["行政复议"]["what"] == "自收到本决定书之日起60日内"
    assert (figures["行政复议"]["confidence"], figures["送达"]["confidence"]) == ("memory", "")
    first = (await house.get("/limits", house.officer(), limit=1)).json()
    second = (await house.get("/limits", house.officer(), limit=1, after=first["next"])).json()
    assert first["items"][0]["item_code"] < second["items"][0]["item_code"]


async def test_a_term_that_no_source_gives_is_not_printed(house: House) -> None:
    await house.publish(item_document("RS-002", version=2, remedies=None))
    number, handoff = await house.accepted(item_version=2)
    await house.post(
        f"/handoffs/{handoff}/decision", house.officer(), result="denied", opinion="不符合条件"
    )
    told = dict(await house.told(number))["routing.case-decided.v1"]
    assert told["remedies"] == (
        "如不服本决定，可以依法申请行政复议，也可以依法向人民法院提起行政诉讼。"
    )


async def granted_on_a_word(house: House) -> tuple[str, str]:
    term = {"value": 10, "unit": "working_day"}
    version = await item(house, commitment={"available": True, "later_check_within": term})
    return await _granted(house, item_version=version, commitment={"materials": ["M2"]})


async def test_what_was_granted_on_a_word_is_looked_into_within_its_term(house: House) -> None:
    """Ten working days from Monday the 7th: the last is Sunday the 20th, a day of work."""
    number, handoff = await granted_on_a_word(house)
    assert (await due(house, handoff))["check_lights"]["missed"] == "2026-09-21"
    house.clock.set("2026-09-28")
    await fire(house)
    told = await lights(house, "later_check")
    assert [each[:2] for each in told] == [(number, each) for each in ("yellow", "red", "missed")]
    assert told[-1][2] == "2026-09-21"
    await fire(house)
    assert await lights(house, "later_check") == told


async def test_what_has_been_looked_into_is_asked_for_no_more(house: House) -> None:
    _, handoff = await granted_on_a_word(house)
    path = f"/handoffs/{handoff}/later-check"
    checked = await house.post(path, house.officer(), kept=True, finding="属实")
    assert checked.status_code == 200, checked.text
    assert (await due(house, handoff))["check_lights"] is None
    house.clock.set("2026-09-28")
    await fire(house)
    assert await lights(house, "later_check") == []
