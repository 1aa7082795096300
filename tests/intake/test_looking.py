"""Looking at cases: one, the to-do, a search; masked, unless somebody says what for."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from services.intake.models import CaseRow
from shared.audit.trail import AUDIT
from shared.http import pages
from shared.premises import Premises
from tests.intake.conftest import Tokens
from tests.intake.window import CASES, submission, submit


async def test_a_confirmed_case_is_there_at_once_and_masked(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    taken = await submit(client, token())
    answer = await client.get(f"{CASES}/{taken['case_number']}", headers=token())
    case = answer.json()
    assert answer.status_code == 200
    assert (case["status"], case["next_actor"]) == ("received", "handling")
    assert case["item"]["name"] == "残疾人证到期换领"
    assert case["application"]["applicant"]["name"] == "李**"
    assert case["application"]["applicant"]["id_number"] == "620***********8896"
    assert case["application"]["form"]["residence"] == "***"
    assert [each["code"] for each in case["materials"]] == ["M1", "M2", "M2", "M3"]
    assert case["promises"][0]["material_code"] == "M4"
    assert "李示例" not in answer.text


async def test_unmasking_needs_a_purpose_and_is_on_the_trail(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    url = f"{CASES}/{number}"
    refused = await client.get(url, params={"unmask": "true"}, headers=token())
    assert refused.status_code == 422
    assert refused.json()["faults"][0]["code"] == "purpose-missing"
    params = {"unmask": "true", "purpose": "核对收件信息"}
    case = (await client.get(url, params=params, headers=token())).json()
    assert case["application"]["applicant"]["name"] == "李示例"
    async with premises.sessions() as session:
        audited = await session.execute(
            AUDIT.select().where(AUDIT.c.action == "personal-data-read")
        )
        assert audited.one().facts == {"purpose": "核对收件信息"}


async def test_an_unchanged_case_is_304(client: httpx.AsyncClient, token: Tokens) -> None:
    number = (await submit(client, token()))["case_number"]
    first = await client.get(f"{CASES}/{number}", headers=token())
    headers = token() | {"If-None-Match": first.headers["etag"]}
    again = await client.get(f"{CASES}/{number}", headers=headers)
    assert (again.status_code, again.content) == (304, b"")


async def test_a_foreign_case_is_not_found(client: httpx.AsyncClient, token: Tokens) -> None:
    number = (await submit(client, token()))["case_number"]
    for headers in (
        token(location="630104-C1"),
        token("officer", "620102-CL"),
        token("supervisor", None, division="620000"),
    ):
        assert (await client.get(f"{CASES}/{number}", headers=headers)).status_code == 404
        listed = await client.get(CASES, headers=headers)
        assert listed.status_code == 403 or listed.json()["cases"] == []
    above = token("supervisor", None, division="630000")
    assert (await client.get(f"{CASES}/{number}", headers=above)).status_code == 200


async def test_the_to_do_holds_what_waits_for_the_window(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    taken = [await submit(client, token()) for _ in range(3)]
    async with premises.sessions.begin() as session:
        await session.execute(
            update(CaseRow)
            .where(CaseRow.case_number == taken[1]["case_number"])
            .values(next_actor="receiving", status="noticed", light="yellow")
        )
    for params in ({"next_actor": "receiving"}, {"status": "noticed"}, {"light": "yellow"}):
        listed = (await client.get(CASES, params=params, headers=token())).json()
        assert [case["case_number"] for case in listed["cases"]] == [taken[1]["case_number"]]
        assert listed["cases"][0]["applicant"] == "李**"


async def test_pages_follow_each_other_without_gap_or_repeat(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    numbers = {(await submit(client, token()))["case_number"] for _ in range(5)}
    seen: list[str] = []
    after: str | None = None
    for _ in range(3):
        params = {"limit": "2"} | ({"after": after} if after else {})
        page = (await client.get(CASES, params=params, headers=token())).json()
        seen += [case["case_number"] for case in page["cases"]]
        after = page["next"]
    assert after is None
    assert sorted(seen) == sorted(numbers)
    broken = await client.get(CASES, params={"after": "zzz"}, headers=token())
    assert broken.status_code == 422


async def test_several_statuses_and_lights_are_one_list_in_order(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    """Each from its own index, merged; page by page without gap or repeat."""
    numbers = [(await submit(client, token()))["case_number"] for _ in range(6)]
    kept: list[str] = []
    for place, number in enumerate(numbers):
        async with premises.sessions.begin() as session:
            case = await session.get_one(CaseRow, number)
            case.status = ("accepted", "noticed", "closed")[place % 3]
            case.light = ("red", "missed", "green")[place % 3]
        kept += [number] if place % 3 < 2 else []
    for wanted in (
        {"status": ["accepted", "noticed"]},
        {"light": ["red", "missed", "red"]},
        {"light": ["red", "missed"], "status": ["accepted", "noticed"]},
    ):
        found: list[str] = []
        after: dict[str, str] = {}
        for _ in range(len(kept)):
            params: dict[str, Any] = {**wanted, "limit": 1, **after}
            page = (await client.get(CASES, params=params, headers=token())).json()
            found += [each["case_number"] for each in page["cases"]]
            after = {"after": page["next"]} if page["next"] else {}
        assert found == sorted(kept, reverse=True)
        assert after == {}


@pytest.mark.parametrize(
    "sought",
    [
        {"name": "李 示例"},
        {"id_number": "620102199003078896"},
        {"phone": "+86 139 0000 0000"},
        {"name": "李示例", "phone": "13900000000"},
    ],
)
async def test_people_are_found_by_what_is_sealed(
    client: httpx.AsyncClient, token: Tokens, sought: dict[str, str], premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    other = {"kind": "person", "name": "王例", "id_type": "resident_id"}
    other |= {"id_number": "630104199003070012", "phone": "13911111111"}
    await submit(client, token(), submission("full_online", applicant=other))
    found = await client.post(f"{CASES}/search", json=sought, headers=token())
    assert [case["case_number"] for case in found.json()["cases"]] == [number]
    foreign = await client.post(f"{CASES}/search", json=sought, headers=token(location="630104-C1"))
    assert foreign.json()["cases"] == []
    async with premises.sessions() as session:
        facts = (
            await session.scalars(select(AUDIT.c.facts).where(AUDIT.c.action == "cases-searched"))
        ).all()
    assert facts[0] == {"by": ",".join(sorted(sought)), "found": 1}


async def test_a_search_for_nothing_is_refused(client: httpx.AsyncClient, token: Tokens) -> None:
    answer = await client.post(f"{CASES}/search", json={}, headers=token())
    assert answer.json()["faults"][0]["code"] == "nothing-sought"


@pytest.mark.parametrize("cursor", [["9" * 30], [10**30, "x"], ["0001-01-01T00:00:00+08:00", "x"]])
async def test_a_cursor_that_somebody_made_up_is_refused(
    client: httpx.AsyncClient, token: Tokens, cursor: list[Any]
) -> None:
    answer = await client.get(CASES, params={"after": pages.cursor(*cursor)}, headers=token())
    assert answer.status_code in (400, 422)


async def test_days_at_the_ends_of_the_calendar_find_what_lies_between(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    taken = await submit(client, token())
    days = {"received_from": "0001-01-01", "received_to": "9999-12-31"}
    sought = {"case_number": taken["case_number"], **days}
    found = await client.post(f"{CASES}/search", json=sought, headers=token())
    listed = await client.get(CASES, params=days, headers=token())
    for answer in (found, listed):
        assert [each["case_number"] for each in answer.json()["cases"]] == [taken["case_number"]]
