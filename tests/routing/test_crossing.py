"""A case that our window took and a partner's office works on: told, fetched, never echoed."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import local_date
from tests.routing.builders import OFFICE, WINDOW, House, item_document
from tests.routing.partners import PARTNER, Province, province, webhooks, with_access

TOLD = "routing.partner-told.v1"


@pytest.fixture
async def gansu(house: House) -> Province:
    """Its installation takes webhooks."""
    await house.receive()
    opened = await province(house)
    await webhooks(house)
    return opened


async def _told(house: House, number: str) -> list[dict[str, Any]]:
    return [data for type_, data in await house.told(number) if type_ == TOLD]


def _partner(house: House, code: str = PARTNER) -> dict[str, str]:
    return house.token("partner", partner=code)


async def _fetched(house: House, told: dict[str, Any], who: dict[str, str]) -> Any:
    return await house.client.get(told["content"]["path"], headers=who)


async def test_a_case_for_a_partners_office_is_handed_out_thin_and_fetched_whole(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    (told,) = await _told(house, number)
    assert (told["kind"], told["partner"]) == ("case.submitted", PARTNER)
    assert told["case_number"] == f"J{number}"
    # Its window took it: no system ever did anything.
    name = (await house.get(f"/locations/{WINDOW}", house.officer())).json()["name"]
    assert told["actor"] == {"id": WINDOW, "name": name}
    assert "张三丰" not in json.dumps(told, ensure_ascii=False)
    answer = await _fetched(house, told, _partner(house))
    assert answer.json()["submission"]["applicant"]["name"] == "张三丰"
    digest = "sha-256:" + hashlib.sha256(answer.content).hexdigest()
    assert digest == told["content"]["digest"]
    rows = await house.rows("SELECT actor FROM audit WHERE action = 'partner-content-fetched'")
    assert len(rows) == 1


async def test_what_one_partner_is_told_no_other_fetches(house: House, gansu: Province) -> None:
    number = await house.receive()
    (told,) = await _told(house, number)
    assert (await _fetched(house, told, _partner(house, "P-510000"))).status_code == 404
    assert (await _fetched(house, told, house.officer())).status_code == 403
    assert await house.rows("SELECT 1 FROM audit WHERE action = 'partner-content-fetched'") == []


async def test_a_case_for_an_office_of_our_own_is_told_to_nobody(
    house: House, gansu: Province
) -> None:
    number = await house.receive(basis={"household_registration": "610113"})
    assert await _told(house, number) == []


async def test_the_number_that_they_gave_it_stands_beside_ours(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    (row,) = await house.rows("SELECT webhook_id FROM partner_message")
    body = json.dumps(
        {
            "specversion": "1.0",
            "id": "1",
            "source": "urn:tongban:620000:routing",
            "type": "routing.partner-answered.v1",
            "data": {
                "webhook_id": str(row.webhook_id),
                "outcome": "applied",
                "case_number": "62000026000000011",
            },
        }
    ).encode()
    assert (await gansu.post(body, gansu.signed(body))).status_code == 202
    await gansu.applied()
    clerk = house.token("clerk", WINDOW)
    (crossing,) = (await house.get(f"/cases/{number}/crossings", clerk)).json()["crossings"]
    assert (crossing["their_number"], crossing["way"]) == ("62000026000000011", "out")
    answered = [type_ for type_, _ in await house.told(number) if "answered" in type_]
    assert answered == []


async def test_what_a_partner_did_is_not_told_back_to_it(house: House, gansu: Province) -> None:
    number = await house.receive()
    for kind in ("handoff.acceptance", "handoff.claim"):
        await gansu.does(kind, case_number=f"J{number}")
    assert [each["kind"] for each in await _told(house, number)] == ["case.submitted"]


async def test_a_supplement_at_our_window_goes_after_the_case(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    notice = {"faults": [{"material_code": "M2", "text": "缺签字"}]}
    await gansu.does("handoff.notice", case_number=f"J{number}", body=notice)
    await house.supplement(number, "M2")
    assert [each["kind"] for each in await _told(house, number)] == [
        "case.submitted",
        "case.supplemented",
    ]


async def test_a_case_that_is_transferred_on_to_a_partners_office_goes_there(
    house: House, gansu: Province
) -> None:
    number = await house.receive(basis={"household_registration": "620103"})
    assert await _told(house, number) == []
    other = "620103-RS"
    handoff = await house.claimed(number, house.officer(other))
    answer = await house.post(
        f"/handoffs/{handoff}/transfer-on",
        house.officer(other),
        location=OFFICE,
        reason="户籍在城关",
    )
    assert answer.status_code == 200, answer.text
    assert "case.submitted" in [each["kind"] for each in await _told(house, number)]


async def _of_theirs(house: House, gansu: Province) -> tuple[str, str]:
    """A case that their window took and an office of ours has accepted."""
    await house.publish(item_document("RS-002", version=2, limits={"extension_max": {"value": 5}}))
    await with_access(house)
    id_ = await gansu.say(
        "case.submitted",
        case_number="J62000026000000011",
        location=OFFICE,
        content=gansu.there.content("case", {}),
    )
    await gansu.applied()
    number = await house.receive(
        item_version=2,
        receiving_location=OFFICE,
        basis={"household_registration": "620103"},
        commitment={"materials": ["M2"]},
    )
    settled = {
        "partner": PARTNER,
        "webhook_id": id_,
        "kind": "case.submitted",
        "outcome": "applied",
        "case_number": number,
        "joint_number": "J62000026000000011",
        "their_number": "62000026000000011",
        "at": house.clock().isoformat(),
    }
    await house.feed("intake.handing-in-settled.v1", number, settled)
    handoff = await house.claimed(number, house.officer("620103-RS"))
    answer = await house.post(f"/handoffs/{handoff}/acceptance", house.officer("620103-RS"))
    assert answer.status_code == 200, answer.text
    return number, handoff


async def test_what_a_supervisor_allowed_is_told_and_what_was_only_asked_for_is_not(
    house: House, gansu: Province
) -> None:
    number, handoff = await _of_theirs(house, gansu)
    officer, head = house.officer("620103-RS"), house.supervisor("620103-RS")

    async def allowed(step: str, **words: Any) -> dict[str, Any]:
        """Asked for, allowed, and what they then fetch."""
        before = len(await _told(house, number))
        asked = await house.post(f"/handoffs/{handoff}/{step}", officer, **words)
        assert asked.status_code == 202, asked.text
        assert len(await _told(house, number)) == before
        path = f"/approvals/{asked.json()['id']}/approval"
        assert (await house.post(path, head)).status_code == 200
        (told,) = (await _told(house, number))[before:]
        assert (told["kind"], told["actor"]["id"]) == (f"handoff.{step}", "supervisor-1")
        content: dict[str, Any] = (await _fetched(house, told, _partner(house))).json()
        assert content.pop("attachments", []) == []
        return content

    assert await allowed("extension", working_days=5, reason="需要核实") == {
        "working_days": 5,
        "reason": "需要核实",
    }
    granted = {"result": "granted", "opinion": "准予"}
    await house.post(f"/handoffs/{handoff}/decision", officer, **granted)
    await house.post(f"/handoffs/{handoff}/later-check", officer, kept=False, finding="不实")
    assert await allowed("revocation", reason="承诺不实") == {"reason": "承诺不实"}


async def test_what_their_supervisor_allowed_is_done_here_without_another_leave(
    house: House, gansu: Province
) -> None:
    await house.publish(item_document("RS-002", version=2, limits={"extension_max": {"value": 5}}))
    number = await house.receive(item_version=2, commitment={"materials": ["M2"]})
    for kind, body in (
        ("handoff.acceptance", {}),
        ("handoff.extension", {"working_days": 5, "reason": "需要核实"}),
        ("handoff.decision", {"result": "granted", "opinion": "准予"}),
        ("handoff.later-check", {"kept": False, "finding": "不实"}),
        ("handoff.revocation", {"reason": "承诺不实"}),
    ):
        assert await gansu.does(kind, case_number=f"J{number}", body=body) == ("applied", []), kind
    (row,) = await house.rows(
        "SELECT status, outcome FROM routed_case WHERE case_number = :number", number=number
    )
    assert (row.status, row.outcome) == ("closed", "revoked")


async def test_a_withdrawal_and_a_delivery_go_where_the_case_is_worked_on(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    await house.withdraw(number)
    assert [each["kind"] for each in await _told(house, number)] == [
        "case.submitted",
        "case.withdrawn",
    ]
    told = (await _told(house, number))[-1]
    assert (await _fetched(house, told, _partner(house))).json() == {"reason": "示例"}
    # The window is an example too.
    assert "示例" not in json.dumps({**told, "actor": None}, ensure_ascii=False)


async def test_what_they_did_counts_from_the_day_on_which_they_did_it(
    house: House, gansu: Province
) -> None:
    """Their line was down over a week-end; the limit runs from Friday all the same."""
    number, other = await house.receive(), await house.receive()
    house.clock.set("2026-09-11", 15)
    friday = house.clock()
    await gansu.does("handoff.acceptance", case_number=other)
    house.clock.set("2026-09-14", 9)
    said = await gansu.does("handoff.acceptance", case_number=number, at=friday)
    assert said == ("applied", [])
    rows = await house.rows(
        "SELECT accepted_at, due_on, id FROM handoff WHERE accepted_at = :at", at=friday
    )
    assert len(rows) == 2
    assert len({row.due_on for row in rows}) == 1
    handoff = await _handoff(house, number)
    acts = (await house.get(f"/handoffs/{handoff}/acts", house.token("clerk", WINDOW))).json()
    act = acts["acts"][-1]
    assert (act["step"], act["at"], act["acted_at"]) == (
        "accept",
        "2026-09-14T01:00:00Z",
        "2026-09-11T07:00:00Z",
    )
    (noted,) = await house.rows(
        "SELECT at, facts FROM audit WHERE case_number = :number AND action = 'handoff-accept'",
        number=number,
    )
    assert (noted.at, noted.facts["acted_at"]) == (house.clock(), friday.isoformat())


async def _handoff(house: House, number: str) -> str:
    (row,) = await house.rows("SELECT id FROM handoff WHERE case_number = :n", n=number)
    return str(row.id)


@pytest.mark.parametrize(("days", "counts"), [(-30, 0), (1, 3)])
async def test_nothing_is_done_before_the_case_came_nor_in_time_to_come(
    house: House, gansu: Province, days: int, counts: int
) -> None:
    received = house.clock()
    number = await house.receive()
    house.clock.forward(days=3)
    at = received - timedelta(days=30) if days < 0 else house.clock() + timedelta(days=days)
    await gansu.does("handoff.acceptance", case_number=number, at=at)
    (row,) = await house.rows(
        "SELECT accepted_at FROM handoff WHERE case_number = :number", number=number
    )
    assert row.accepted_at == received + timedelta(days=counts)


async def test_a_supplement_counts_from_the_day_on_which_the_window_had_it(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    notice = {"faults": [{"material_code": "M2", "text": "缺签字"}]}
    await gansu.does("handoff.notice", case_number=number, body=notice)
    given = house.clock()
    house.clock.forward(days=2)
    await house.supplement(number, "M2", given_at=given.isoformat())
    (row,) = await house.rows(
        "SELECT supplemented_on FROM handoff WHERE case_number = :number", number=number
    )
    assert row.supplemented_on == local_date(given)
    (request,) = await house.rows("SELECT asked_at, settled_at FROM request")
    assert (request.asked_at, request.settled_at) == (given, house.clock())


async def test_what_a_window_puts_right_is_put_right_over_there(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    amended = {
        "case_number": number,
        "cause": "correction",
        "fields": ["/applicant/phone", "/form/reason"],
        "at": house.clock().isoformat(),
        "application": {"applicant": {"name": "张三丰", "phone": "13900000009"}, "form": {}},
    }
    await house.feed("intake.application-amended.v1", number, amended, personal=("application",))
    told = (await _told(house, number))[-1]
    assert told["kind"] == "case.corrected"
    assert (await _fetched(house, told, _partner(house))).json() == {
        "reason": "收件窗口更正笔误",
        "applicant": {"phone": "13900000009"},
        "form": {"reason": None},
    }


async def test_a_case_goes_out_whole_with_what_was_supplemented(
    house: House, gansu: Province
) -> None:
    number = await house.receive(basis={"household_registration": "620103"})
    other = house.officer("620103-RS")
    handoff = await house.claimed(number, other)
    gaps = [{"material_code": "M2", "text": "缺"}]
    await house.post(f"/handoffs/{handoff}/notice", other, faults=gaps)
    given = {"materials": [{"code": "M2", "form": "electronic", "count": 1}], "form": {"new": 1}}
    await house.supplement(number, "M2", application=given)
    moved = await house.post(
        f"/handoffs/{handoff}/transfer-on", other, location=OFFICE, reason="户籍在城关"
    )
    assert moved.status_code == 200, moved.text
    told = next(each for each in await _told(house, number) if each["kind"] == "case.submitted")
    whole = (await _fetched(house, told, _partner(house))).json()["submission"]
    assert "supplements" not in whole
    assert (whole["materials"], whole["form"]) == (
        given["materials"],
        {"reason": "示例", "new": 1},
    )
