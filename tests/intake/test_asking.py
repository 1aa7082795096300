"""After submission: supplements, completion of a registered visit, withdrawal."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from services.intake import events
from services.intake.models import CaseRow, PromiseRow
from services.routing import events as routing
from shared.audit.trail import AUDIT
from shared.chance import new_id
from shared.messaging.envelope import Event, unseal
from shared.messaging.outbox import OUTBOX
from shared.premises import Premises
from tests.intake.builders import certificate_number
from tests.intake.conftest import AT, Tokens
from tests.intake.test_following import assigned, notice, of_handoff, read
from tests.intake.window import CASES, EXAMPLES, OtherHouse, submission, submit

PHOTO = {"materials": [{"code": "M4", "form": "original", "count": 1}]}


@pytest.fixture
def office(premises: Premises) -> OtherHouse:
    return OtherHouse(premises, "routing")


async def told(premises: Premises, number: str, event: type[Event]) -> list[Any]:
    query = OUTBOX.select().where(OUTBOX.c.subject == number, OUTBOX.c.type == event.type)
    async with premises.sessions() as session:
        rows = (await session.execute(query.order_by(OUTBOX.c.sequence))).all()
    return [unseal(row.data, event, id=row.id, keys=premises.carried.keys) for row in rows]


async def test_a_supplement_is_asked_for_and_applied_when_routing_says_so(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    news = assigned(number, handoff), notice(number, handoff)
    await office.tell(*news, subject=number, at=AT)
    body = PHOTO | {"form": {"residence": "青海省西宁市城西区示例路5号"}}
    answer = await client.post(f"{CASES}/{number}/supplements", json=body, headers=token())
    assert answer.status_code == 202, answer.text
    asked = answer.json()
    assert (asked["status"], asked["kind"]) == ("pending", "supplement")
    assert [each["material_code"] for each in asked["originals"]] == ["M4"]
    (given,) = await told(premises, number, events.SupplementGiven)
    assert given.materials[0].code == "M4"
    assert given.form["residence"].endswith("5号")
    assert (await read(client, token(), number))["next_actor"] == "handling"
    applied = routing.SupplementApplied(
        **of_handoff(number, handoff, "received"), supplement_id=UUID(asked["request_id"]), at=AT
    )
    await office.tell(applied, subject=number, at=AT)
    case = await read(client, token(), number)
    assert case["status"] == "assigned"
    assert case["requests"][0]["status"] == "applied"
    assert case["notices"][0]["answered_at"] is not None
    assert case["promises"][0]["kept_at"] is not None
    params = {"unmask": "true", "purpose": "核对"}
    open_case = await client.get(f"{CASES}/{number}", params=params, headers=token())
    assert open_case.json()["application"]["form"]["residence"].endswith("5号")


async def test_a_bad_supplement_is_refused_with_everything_that_is_wrong_with_it(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    number = (await submit(client, token()))["case_number"]
    bad = {
        "materials": [{"code": "M99", "form": "original"}, {"code": "M4", "form": "stone"}],
        "form": {"disability_grade": 9},
        "applicant": {},
    }
    answer = await client.post(f"{CASES}/{number}/supplements", json=bad, headers=token())
    assert answer.status_code == 422
    assert {fault["pointer"] for fault in answer.json()["faults"]} == {
        "/materials/0/code",
        "/materials/1/form",
        "/form/disability_grade",
        "/applicant",
    }
    empty = await client.post(f"{CASES}/{number}/supplements", json={}, headers=token())
    assert empty.json()["faults"][0]["code"] == "nothing-given"


async def test_a_repeated_supplement_with_its_key_is_given_once(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    headers = token() | {"Idempotency-Key": "supplement-1"}
    url = f"{CASES}/{number}/supplements"
    first = await client.post(url, json=PHOTO, headers=headers)
    again = await client.post(url, json=PHOTO, headers=headers)
    assert first.json() == again.json()
    assert len(await told(premises, number, events.SupplementGiven)) == 1


async def test_a_visit_is_registered_and_completed_without_typing_again(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    materials = EXAMPLES["remote_collection"]["materials"]
    partial = submission(materials=materials[:3], keep_incomplete=True)
    taken = await submit(client, token(), partial)
    number = taken["case_number"]
    assert taken["status"] == "received_incomplete"
    assert [fault["code"] for fault in taken["faults"]] == ["main-material-missing"]
    assert await told(premises, number, events.CaseReceived) == []
    case = await read(client, token(), number)
    assert "残疾人证原件" in case["notices"][0]["faults"][0]["text"]
    still = await client.post(
        f"{CASES}/{number}/supplements",
        json={"form": {"residence": "青海省西宁市城西区示例路5号"}},
        headers=token(),
    )
    assert [fault["code"] for fault in still.json()["faults"]] == ["main-material-missing"]
    done = await client.post(
        f"{CASES}/{number}/supplements", json={"materials": materials[3:]}, headers=token()
    )
    assert (done.status_code, done.json()["status"]) == (202, "applied")
    (received,) = await told(premises, number, events.CaseReceived)
    assert [each.material_code for each in received.originals] == ["M3"]
    assert len(received.materials) == 4
    assert received.tracking_code.isalnum()
    assert (await read(client, token(), number))["status"] == "received"


async def test_other_faults_than_missing_papers_are_not_kept(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    bad = submission(materials=[], basis={}, keep_incomplete=True)
    headers = token() | {"Idempotency-Key": "not-kept-1"}
    assert (await client.post(CASES, json=bad, headers=headers)).status_code == 422


async def test_a_withdrawal_is_asked_for_and_the_case_closes_when_routing_says_so(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    asked = await client.post(
        f"{CASES}/{number}/withdrawal", json={"reason": "不再需要"}, headers=token()
    )
    assert (asked.status_code, asked.json()["status"]) == (202, "pending")
    (request,) = await told(premises, number, events.WithdrawalRequested)
    assert request.reason == "不再需要"
    closed = routing.CaseClosed(case_number=number, outcome="withdrawn", at=AT)
    await office.tell(closed, subject=number, at=AT)
    case = await read(client, token(), number)
    assert (case["status"], case["outcome"]) == ("closed", "withdrawn")
    assert case["requests"][0]["status"] == "applied"
    late = await client.post(
        f"{CASES}/{number}/withdrawal", json={"reason": "再来"}, headers=token()
    )
    assert (late.status_code, late.json()["code"]) == (409, "case-act-not-allowed")
    assert late.json()["status"] == "closed" or "allowed" in late.text


async def test_a_refused_request_is_told_with_its_reason(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse
) -> None:
    number = (await submit(client, token()))["case_number"]
    asked = await client.post(
        f"{CASES}/{number}/withdrawal", json={"reason": "不再需要"}, headers=token()
    )
    refused = routing.RequestRefused(
        case_number=number,
        request_id=UUID(asked.json()["request_id"]),
        kind="withdrawal",
        code="already-decided",
        reason_zh="已作出决定，不能撤回",
        at=AT,
    )
    await office.tell(refused, subject=number, at=AT)
    case = await read(client, token(), number)
    assert (case["status"], case["requests"][0]["status"]) == ("received", "refused")
    assert case["requests"][0]["refusal"] == "已作出决定，不能撤回"


async def test_a_registered_visit_is_withdrawn_by_the_window_itself(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    partial = submission(
        materials=EXAMPLES["remote_collection"]["materials"][:3], keep_incomplete=True
    )
    number = (await submit(client, token(), partial))["case_number"]
    asked = await client.post(
        f"{CASES}/{number}/withdrawal", json={"reason": "不办了"}, headers=token()
    )
    assert asked.json()["status"] == "applied"
    assert (await read(client, token(), number))["status"] == "closed"
    assert await told(premises, number, events.WithdrawalRequested) == []


async def test_a_stale_reader_changes_nothing(client: httpx.AsyncClient, token: Tokens) -> None:
    number = (await submit(client, token()))["case_number"]
    headers = token() | {"If-Match": '"7"'}
    for path, body in (("supplements", PHOTO), ("withdrawal", {"reason": "不办了"})):
        answer = await client.post(f"{CASES}/{number}/{path}", json=body, headers=headers)
        assert answer.status_code == 412


async def test_a_foreign_window_asks_for_nothing(client: httpx.AsyncClient, token: Tokens) -> None:
    number = (await submit(client, token()))["case_number"]
    foreign = token(location="630104-C1")
    for path, body in (("supplements", PHOTO), ("withdrawal", {"reason": "不办了"})):
        answer = await client.post(f"{CASES}/{number}/{path}", json=body, headers=foreign)
        assert answer.status_code == 404


async def test_who_broke_a_promise_is_barred_from_another(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    async with premises.sessions.begin() as session:
        promise = (
            await session.scalars(select(PromiseRow).where(PromiseRow.case_number == number))
        ).one()
        promise.broken_at, promise.barred_until = AT, AT.date().replace(year=2027)
    answer = await client.post(f"{CASES}/check", json=submission(), headers=token())
    assert [fault["code"] for fault in answer.json()["faults"]] == ["deferral-barred"]


async def test_a_paper_of_an_earlier_case_of_the_same_person_spares_it(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    materials = [
        {"code": "M1", "form": "earlier_case", "earlier_case": number},
        *EXAMPLES["remote_collection"]["materials"][1:],
    ]
    reused = submission(materials=materials, consent={"earlier_materials": True})
    await submit(client, token(), reused)
    unknown = [{"code": "M1", "form": "earlier_case", "earlier_case": "1"}, *materials[1:]]
    body = submission(materials=unknown, consent={"earlier_materials": True})
    answer = await client.post(f"{CASES}/check", json=body, headers=token())
    assert [fault["code"] for fault in answer.json()["faults"]] == ["earlier-case-unknown"]
    async with premises.sessions() as session:
        assert len((await session.scalars(select(CaseRow))).all()) == 2


async def test_a_paper_that_was_spared_says_on_what_ground_and_so_does_the_trail(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    earlier = (await submit(client, token()))["case_number"]
    shown = {
        "code": "M2",
        "form": "e_certificate",
        "e_certificate_id": certificate_number(),
    }
    materials = [
        {"code": "M1", "form": "earlier_case", "earlier_case": earlier},
        shown,
        EXAMPLES["remote_collection"]["materials"][3],
    ]
    consent = {"earlier_materials": True, "e_certificates": True}
    body = submission(materials=materials, consent=consent)
    number = (await submit(client, token(), body))["case_number"]
    case = await read(client, token(), number)
    assert {each["code"]: each["spared"] for each in case["materials"]} == {
        "M1": "earlier_case",
        "M2": "consented",
        "M3": None,
    }
    async with premises.sessions() as session:
        query = AUDIT.select().where(AUDIT.c.case_number == number)
        audited = (await session.execute(query)).one()
    assert audited.facts["spared"] == {"M1": "earlier_case", "M2": "consented"}
