"""The papers of a case as PDF: each when its time has come, with the words that it must have."""

import io
import re
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import text

from services.routing import events as routing
from shared.chance import new_id
from shared.premises import Premises
from tests.intake.conftest import AT, Tokens
from tests.intake.window import CASES, OtherHouse, submission, submit

PLACE = "513201-CL"
LATER = AT + timedelta(hours=3)

Read = Callable[..., Coroutine[Any, Any, str]]


@pytest.fixture
def office(premises: Premises) -> OtherHouse:
    return OtherHouse(premises, "routing")


@pytest.fixture
def printed(client: httpx.AsyncClient, token: Tokens) -> Read:
    """The words of a paper, without what only separates them."""

    async def read(number: str, kind: str, **query: str) -> str:
        url = f"{CASES}/{number}/documents/{kind}"
        answer = await client.get(url, params=query, headers=token())
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["cache-control"] == "no-store"
        pages = PdfReader(io.BytesIO(answer.content)).pages
        return re.sub(r"[\s\u200b]+", "", "".join(page.extract_text() for page in pages))

    return read


def of_handoff(number: str, handoff: UUID, status: str) -> dict[str, Any]:
    return {"case_number": number, "handoff_id": handoff, "location": PLACE, "status": status}


def assigned(number: str, handoff: UUID) -> routing.CaseAssigned:
    facts = routing.HandoffFacts(
        id=handoff,
        location=PLACE,
        step="handle",
        step_name="审核制证",
        stage=1,
        role="household_registration",
        lead=True,
        status="received",
    )
    return routing.CaseAssigned(
        case_number=number, mode="remote_collection", handoffs=[facts], why=[], powers=[]
    )


def accepted(number: str, handoff: UUID, *, deemed: bool = False) -> routing.HandoffAccepted:
    return routing.HandoffAccepted(
        **of_handoff(number, handoff, "accepted"),
        accepted_at=LATER,
        due_on=date(2026, 9, 28),
        due_provisional=False,
        deemed=deemed,
        by_location="630000-C1",
    )


def decided(number: str, handoff: UUID, result: str, **changes: Any) -> routing.CaseDecided:
    facts: dict[str, Any] = {
        "case_number": number,
        "handoff_id": handoff,
        "item_code": "CL-001",
        "item_name": "残疾人证到期换领",
        "result": result,
        "decided_at": LATER,
        "location": PLACE,
        "authority": "示例残联",
        "division": "620102",
        "deliver_by": None,
        "opinion": "评定表缺少主检医师签名",
        "certificate": None,
    }
    return routing.CaseDecided(**{**facts, **changes})


async def kinds(client: httpx.AsyncClient, headers: dict[str, str], number: str) -> list[str]:
    answer = await client.get(f"{CASES}/{number}/documents", headers=headers)
    assert answer.status_code == 200, answer.text
    return [each["kind"] for each in answer.json()["documents"]]


async def test_the_receipt_of_the_answer_can_be_fetched_and_says_it_is_not_acceptance(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    taken = await submit(client, token())
    answer = await client.get(taken["receipt_url"], headers=token())
    assert answer.status_code == 200
    assert "filename*=UTF-8''" in answer.headers["content-disposition"]
    page = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    words = re.sub(r"[\s\u200b]+", "", page)
    for wanted in (
        "不代表受理",
        taken["case_number"],
        taken["tracking_code"],
        "李示例",
        "620***********8896",
        "残疾人证原件",
        "收存，随办件流转",
        "容缺，限期补交",
        "自受理之日起15个工作日",
        "盖章处",
    ):
        assert wanted in words
    assert "620102199003078896" not in words
    async with premises.sessions() as session:
        (row,) = await session.execute(
            text("SELECT actor, case_number, facts FROM audit WHERE action = 'document-printed'")
        )
    assert row.case_number == taken["case_number"]
    assert row.facts == {"kind": "receipt"}


async def test_what_the_applicant_signs_carries_the_whole_number_and_what_follows(
    client: httpx.AsyncClient, token: Tokens, printed: Read
) -> None:
    number = (await submit(client, token()))["case_number"]
    words = await printed(number, "deferral")
    for wanted in ("容缺受理承诺书", "620102199003078896", "近期免冠", "12个月内不再适用容缺受理"):
        assert wanted in words
    assert "中止办理" in words
    words = await printed(number, "checklist")
    for wanted in ("办理材料清单", "自然人，本人办理", "残疾人证原件", "不收费"):
        assert wanted in words
    words = await printed(number, "materials-list")
    assert "已收材料清单" in words
    assert "以前补交" in words
    refused = await client.get(f"{CASES}/{number}/documents/commitment", headers=token())
    assert refused.status_code == 409


async def test_a_commitment_names_what_is_promised_and_the_later_check(
    client: httpx.AsyncClient, token: Tokens, printed: Read
) -> None:
    body = submission("full_online", commitment={"committed": True, "materials": []})
    body["materials"] = [each for each in body["materials"] if each["code"] != "M3"]
    body["commitment"]["materials"] = ["M3"]
    number = (await submit(client, token(), body))["case_number"]
    words = await printed(number, "commitment")
    for wanted in ("告知承诺书", "60个工作日内核查", "以承诺代替", "撤销备案"):
        assert wanted in words


async def test_a_document_exists_only_once_its_time_has_come(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse
) -> None:
    number = (await submit(client, token()))["case_number"]
    first = ["receipt", "materials-list", "checklist", "deferral"]
    assert await kinds(client, token(), number) == first
    for kind in ("acceptance", "refusal", "denial", "extension", "notice", "delivery-proof"):
        answer = await client.get(f"{CASES}/{number}/documents/{kind}", headers=token())
        assert answer.status_code == 409
        problem = answer.json()
        assert (problem["code"], problem["allowed"]) == ("document-not-available", first)
    unknown = await client.get(f"{CASES}/{number}/documents/nonsense", headers=token())
    assert unknown.status_code == 422
    await office.tell(assigned(number, new_id()), subject=number, at=LATER)
    officer = token("officer", PLACE)
    answer = await client.get(f"{CASES}/{number}/documents/receipt", headers=officer)
    assert answer.status_code == 200
    for abroad in (token(location="630104-C1"), token("officer", "620102-CL")):
        answer = await client.get(f"{CASES}/{number}/documents/receipt", headers=abroad)
        assert answer.status_code == 404


async def test_the_window_hands_out_its_own_notice_for_a_case_that_is_incomplete(
    client: httpx.AsyncClient, token: Tokens, printed: Read
) -> None:
    body = submission(keep_incomplete=True)
    body["materials"] = [each for each in body["materials"] if each["code"] != "M3"]
    number = (await submit(client, token(), body))["case_number"]
    words = await printed(number, "notice")
    for wanted in ("一次性告知书", "残疾人证原件", "首问负责人"):
        assert wanted in words
    assert "补正通知书" not in words
    words = await printed(number, "receipt")
    assert "尚缺的材料" in words
    assert "仅作登记" in words


async def test_every_letter_says_what_the_office_said(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, printed: Read, premises: Premises
) -> None:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    notice = routing.NoticeIssued(
        **of_handoff(number, handoff, "noticed"),
        notice_id=new_id(),
        number=1,
        issued_at=LATER,
        supplement_due_on=date(2026, 9, 28),
        materials=["M2"],
        faults=[routing.NoticeFault(material_code="M2", text="复印件看不清")],
    )
    suspended = routing.HandoffSuspended(
        **of_handoff(number, handoff, "suspended"),
        at=LATER,
        procedure="S1",
        working_days=12,
        expected_until=None,
        reason="需要重新评定",
    )
    extended = routing.HandoffExtended(
        **of_handoff(number, handoff, "accepted"),
        at=LATER,
        working_days=10,
        due_on=date(2026, 10, 16),
        due_provisional=True,
        reason="需要向原评定医院核实",
    )
    denied = decided(number, handoff, "denied", remedies="可以自收到本决定书之日起申请复议。")
    told = (
        assigned(number, handoff),
        notice,
        accepted(number, handoff),
        suspended,
        extended,
        denied,
    )
    await office.tell(*told, subject=number, at=LATER)
    case = (await client.get(f"/intake/v1/cases/{number}", headers=token())).json()
    assert case["deadline"]["provisional"] is True
    wanted = {
        "notice": ["补正通知书", "复印件看不清", "2026年9月28日以前", "申请终结"],
        "acceptance": ["受理通知书", "2026年9月28日以前", "委托出具", "残疾评定"],
        "special-procedure": ["残疾评定", "12个工作日", "需要重新评定"],
        "extension": ["原应在2026年9月28日以前", "2026年10月16日以前", "向原评定医院核实"],
        "denial": ["不予办理决定书", "缺少主检医师签名", "之日起申请复议"],
        "delivery-proof": ["送达回证", "620102199003078896", "邮寄送达", "不予办理决定书"],
    }
    assert set(wanted) <= set(await kinds(client, token(), number))
    for kind, sentences in wanted.items():
        words = await printed(number, kind)
        assert [each for each in sentences if each not in words] == []
        assert "行政许可法" not in words
    async with premises.sessions() as session:
        kept = repr((await session.execute(text("SELECT * FROM case_letter"))).all())
    assert "主检医师" not in kept


async def test_a_refusal_names_the_right_authority_and_the_remedies(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, printed: Read
) -> None:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    refused = routing.HandoffRefused(
        **of_handoff(number, handoff, "refused"),
        at=LATER,
        ground="not_competent",
        competent_authority="安宁区残联",
        remedies="如不服本决定，可以申请行政复议。",
        reason="户籍在安宁区",
    )
    await office.tell(assigned(number, handoff), refused, subject=number, at=LATER)
    words = await printed(number, "refusal")
    for wanted in ("不予受理通知书", "安宁区残联", "户籍在安宁区", "可以申请行政复议", "盖章处"):
        assert wanted in words
    assert "不予受理通知书" in await printed(number, "delivery-proof")


async def test_what_silence_accepted_has_no_notice_of_acceptance(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse
) -> None:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    told = assigned(number, handoff), accepted(number, handoff, deemed=True)
    await office.tell(*told, subject=number, at=LATER)
    assert "acceptance" not in await kinds(client, token(), number)
    answer = await client.get(f"{CASES}/{number}/documents/acceptance", headers=token())
    assert answer.status_code == 409
    assert "视为受理" in answer.json()["detail"]


async def test_a_certificate_that_was_granted_stands_on_the_proof_of_delivery(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, printed: Read
) -> None:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    certificate = routing.Certificate(name="残疾人证", number="62010219900307889644", form="paper")
    granted = decided(number, handoff, "granted", opinion="准予", certificate=certificate)
    await office.tell(
        assigned(number, handoff), accepted(number, handoff), granted, subject=number, at=LATER
    )
    words = await printed(number, "delivery-proof")
    assert "62010219900307889644" in words
    assert "denial" not in await kinds(client, token(), number)


async def test_an_earlier_paper_of_a_kind_can_be_printed_again(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, printed: Read
) -> None:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    notices = [
        routing.NoticeIssued(
            **of_handoff(number, handoff, "noticed"),
            notice_id=new_id(),
            number=place,
            issued_at=LATER + timedelta(days=place),
            supplement_due_on=None,
            materials=["M2"],
            faults=[routing.NoticeFault(material_code="M2", text=f"第{place}次告知")],
        )
        for place in (1, 2)
    ]
    await office.tell(assigned(number, handoff), *notices, subject=number, at=LATER)
    latest = await printed(number, "notice")
    assert "第2次告知" in latest
    assert "再次告知" in latest
    first = await printed(number, "notice", document_id=str(notices[0].notice_id))
    assert "第1次告知" in first


async def test_a_rare_character_prints_and_one_that_cannot_is_named(
    client: httpx.AsyncClient, token: Tokens, printed: Read
) -> None:
    body = submission()
    body["applicant"]["name"] = "李䶮𬎆㛃"
    number = (await submit(client, token(), body))["case_number"]
    assert "李䶮𬎆㛃" in await printed(number, "receipt")
    body["applicant"]["name"] = "李𰻝"
    number = (await submit(client, token(), body))["case_number"]
    answer = await client.get(f"{CASES}/{number}/documents/receipt", headers=token())
    assert answer.status_code == 422
    assert "U+30EDD" in answer.text


async def test_the_page_behind_the_code_shows_steps_and_no_person(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse
) -> None:
    taken = await submit(client, token())
    number, handoff = taken["case_number"], new_id()
    told = assigned(number, handoff), accepted(number, handoff)
    await office.tell(*told, subject=number, at=LATER)
    page = await client.get(f"/intake/progress/{taken['tracking_code']}")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "'unsafe" not in page.headers["content-security-policy"]
    for wanted in ("残疾人证到期换领", "已受理", "2026年9月28日以前", "窗口收件"):
        assert wanted in page.text
    for hidden in ("李示例", number, "http", "<script", "src="):
        assert hidden not in page.text
    unknown = await client.get("/intake/progress/ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ")
    assert unknown.status_code == 404
    assert "没有找到" in unknown.text
    hostile = await client.get("/intake/progress/%3Cscript%3E")
    assert "<script" not in hostile.text


SIGNED = b"%PDF-1.7\n% signed by the authority\n" + b"1" * 5000 + b"\n%%EOF\n"


async def test_the_authoritys_own_signed_pdf_is_printed_instead_of_ours(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, printed: Read
) -> None:
    number, handoff = (await submit(client, token()))["case_number"], new_id()
    await office.tell(
        assigned(number, handoff), accepted(number, handoff), subject=number, at=LATER
    )
    signed = f"{CASES}/{number}/documents/acceptance/signed"
    officer = token("officer", PLACE)
    put = await client.put(signed, content=SIGNED, headers=officer)
    assert put.status_code == 201, put.text
    url = f"{CASES}/{number}/documents/acceptance"
    for who in (token(), officer):
        assert (await client.get(url, headers=who)).content == SIGNED
    listed = (await client.get(f"{CASES}/{number}/documents", headers=token())).json()["documents"]
    assert {each["kind"]: each["signed"] for each in listed}["acceptance"] is True
    assert "受理通知书" in await printed(number, "acceptance", unsigned="true")
    newer = SIGNED.replace(b"1", b"2")
    assert (await client.put(signed, content=newer, headers=officer)).status_code == 201
    assert (await client.get(url, headers=token())).content == newer


async def test_only_a_pdf_of_a_paper_that_is_there_and_is_signed_at_all_is_taken(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    base = f"{CASES}/{number}/documents"
    early = await client.put(f"{base}/acceptance/signed", content=SIGNED, headers=token())
    assert (early.status_code, early.json()["code"]) == (409, "document-not-available")
    listed = await client.put(f"{base}/checklist/signed", content=SIGNED, headers=token())
    assert (listed.status_code, listed.json()["code"]) == (409, "paper-not-signed")
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + b"IEND\xaeB`\x82"
    other = await client.put(f"{base}/deferral/signed", content=picture, headers=token())
    assert other.status_code == 415
    foreign = await client.put(
        f"{base}/deferral/signed", content=SIGNED, headers=token("officer", "620102-CL")
    )
    assert foreign.status_code == 404
    scan = await client.put(f"{base}/deferral/signed", content=SIGNED, headers=token())
    assert scan.status_code == 201
    async with premises.sessions() as session:
        assert await session.scalar(text("SELECT count(*) FROM case_signed_paper")) == 1


async def test_the_receipt_says_what_was_verified_at_the_counter(
    client: httpx.AsyncClient, token: Tokens, printed: Read
) -> None:
    checks = [
        {"of": "applicant", "how": "card_reader"},
        {"of": "M3", "how": "original_seen"},
    ]
    number = (await submit(client, token(), submission(verifications=checks)))["case_number"]
    said = await printed(number, "receipt")
    assert "窗口核验：申请人（读卡器核验）；残疾人证原件（当面核对原件）。" in said
