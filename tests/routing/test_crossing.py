"""A case that our window took and a partner's office works on: told, fetched, never echoed."""

import hashlib
import json
from typing import Any

import pytest

from services.routing.queries.registry import Known
from tests.routing.builders import OFFICE, WINDOW, House
from tests.routing.partners import PARTNER, Province, province

TOLD = "routing.partner-told.v1"


@pytest.fixture
async def gansu(house: House) -> Province:
    """Its installation takes webhooks."""
    await house.receive()
    opened = await province(house)
    known = house.premises.carried.caches[Known]
    assert isinstance(known, Known)
    partner = {**known.documents["partner", PARTNER], "version": 2, "way": "webhooks"}
    answer = await house.client.post(
        "/routing/v1/partners", json=[partner], headers=house.token("ops")
    )
    assert answer.status_code == 200, answer.text
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
