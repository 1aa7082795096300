"""The life of personal data at the window: kept for its term, then gone; the case still counts."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.intake.actions.erasing import KEPT
from services.intake.app import SEALED
from services.routing import events as routing
from shared import commands
from shared.audit.evidence import check, export
from shared.audit.sealer import seal_once
from shared.audit.trail import AUDIT
from shared.audit.verify import verify
from shared.chance import new_id
from shared.clock import utc_now
from shared.premises import Premises
from shared.retention.blanking import ERASED
from shared.retention.platform import PLATFORM_KEPT, forgetting_logs
from shared.retention.purging import purge, waiting
from shared.retention.rules import Terms
from shared.security import resealing
from shared.security.resealing import count_stale, reseal_all
from shared.security.ring import ROTATED
from shared.telemetry.access import AccessLog
from tests import opened as everything
from tests.intake.conftest import AT, Tokens
from tests.intake.window import CASES, OtherHouse, submission, submit
from tests.plans import plan_of

PLACE = "620102-CL"
NUMBER = "620102199003078896"
AGENT = "630104199003070012"
MARKS = ("李示例", "王代办", NUMBER, AGENT, "13900000000", "示例路3号", "照片不是白底", "不合规定")
PDF = b"%PDF-1.7\n" + b"0123456789abcdef" * 900 + b"\n%%EOF\n"
TERMS = Terms()
LATER = AT + timedelta(days=11 * 365)

Headers = dict[str, str]


@pytest.fixture
def office(premises: Premises) -> OtherHouse:
    return OtherHouse(premises, "routing")


def above(token: Tokens) -> Headers:
    return token("supervisor", None, division="630000")


async def refused(office: OtherHouse, number: str) -> None:
    """An office says no, with a reason: the case has ended, and there is a letter."""
    handoff = new_id()
    of = {"case_number": number, "handoff_id": handoff, "location": PLACE}
    noticed = routing.NoticeIssued(
        **of,
        status="noticed",
        notice_id=new_id(),
        number=1,
        issued_at=AT,
        supplement_due_on=date(2026, 9, 28),
        materials=["M4"],
        faults=[routing.NoticeFault(material_code="M4", text="照片不是白底")],
    )
    refusal = routing.HandoffRefused(
        **of,
        status="refused",
        at=AT,
        ground="not_in_scope",
        competent_authority=None,
        reason="不合规定",
    )
    await office.tell(noticed, refusal, subject=number, at=AT)


async def a_case_that_ended(client: httpx.AsyncClient, token: Tokens, office: OtherHouse) -> str:
    acting = {"kind": "person", "name": "王代办", "id_type": "resident_id", "id_number": AGENT}
    consent = {"e_certificates": True, "sensitive_data": True}
    body = submission(representative=acting | {"capacity": "attorney"}, consent=consent)
    number: str = (await submit(client, token(), body))["case_number"]
    put = await client.put(f"{CASES}/{number}/materials/M1/content", content=PDF, headers=token())
    assert put.status_code == 201, put.text
    wrong = {"form": {"residence": "青海省西宁市示例路3号甲"}, "reason": "门牌号误写：示例路3号"}
    corrected = await client.post(f"{CASES}/{number}/corrections", json=wrong, headers=token())
    assert corrected.status_code == 201, corrected.text
    await refused(office, number)
    return number


async def purged(premises: Premises, at: datetime = LATER) -> int:
    count = 0
    for kept in KEPT:
        async with premises.sessions.begin() as session:
            count += await purge(session, kept, TERMS, at=at)
    return count


async def audited(premises: Premises, action: str) -> list[Mapping[str, Any]]:
    async with premises.sessions() as session:
        rows = await session.execute(
            AUDIT.select().where(AUDIT.c.action == action).order_by(AUDIT.c.id)
        )
        return [{**row.facts, "outcome": row.outcome} for row in rows]


async def opened(premises: Premises) -> str:
    return await everything.opened(premises, SEALED)


async def test_a_case_whose_term_is_over_is_a_skeleton_and_nobody_is_left_in_it(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    number = await a_case_that_ended(client, token, office)
    before = await opened(premises)
    assert all(mark in before for mark in MARKS)
    assert await purged(premises, AT + timedelta(days=3649)) == 0
    assert await purged(premises) == 1
    left = await opened(premises)
    assert not [mark for mark in MARKS if mark in left]
    async with premises.sessions() as session:
        row = (
            await session.execute(
                text(
                    "SELECT name_index, id_number_index, phone_index, representative_index,"
                    " item_code, status, received_at, outcome, erased_at FROM case_file"
                )
            )
        ).one()
        assert row[:4] == (None, None, None, None)
        assert (row.item_code, row.status, row.outcome) == ("CL-001", "refused", "refused")
        assert row.erased_at == LATER
        assert await session.scalar(text("SELECT count(*) FROM case_content")) == 0
    (facts,) = await audited(premises, "case-erased")
    assert (facts["rule"], facts["cause"]) == ("case", "term")
    assert facts["erased"]["case_content"] == 1
    # Again there is nothing to do, and nothing is said twice.
    assert await purged(premises) == 0
    assert len(await audited(premises, "case-erased")) == 1
    assert number


async def test_every_way_of_reading_copes_with_a_case_that_is_erased(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    number = await a_case_that_ended(client, token, office)
    code = await tracking_code(premises, number)
    await purged(premises)
    url = f"{CASES}/{number}"
    case = (await client.get(url, headers=token())).json()
    assert case["erased_at"] is not None
    assert case["allowed"] == []
    assert case["application"]["applicant"]["name"] == ERASED
    assert [each["code"] for each in case["materials"]] == ["M1", "M2", "M2", "M3"]
    assert case["notices"][0]["faults"][0]["text"] == ERASED
    open_ = await client.get(url, params={"unmask": "true", "purpose": "核对"}, headers=token())
    assert open_.status_code == 200
    assert not [mark for mark in MARKS if mark in open_.text]
    (line,) = (await client.get(CASES, headers=token())).json()["cases"]
    assert (line["case_number"], line["applicant"]) == (number, ERASED)
    for sought in ({"name": "李示例"}, {"id_number": NUMBER}, {"phone": "13900000000"}):
        found = await client.post(f"{CASES}/search", json=sought, headers=token())
        assert found.json()["cases"] == []
    by_number = await client.post(f"{CASES}/search", json={"case_number": number}, headers=token())
    assert len(by_number.json()["cases"]) == 1
    assert (await client.get(f"{url}/documents", headers=token())).json() == {"documents": []}
    printed = await client.get(f"{url}/documents/receipt", headers=token())
    assert (printed.status_code, printed.json()["code"]) == (409, "case-erased")
    content = await client.get(f"{url}/materials/M1/content", headers=token())
    assert content.status_code == 404
    progress = (await client.get(f"/intake/v1/progress/{code}")).json()
    assert progress["steps"][-1]["title"].startswith("个人信息已删除")
    page = await client.get(f"/intake/progress/{code}")
    assert page.status_code == 200
    assert "个人信息已删除" in page.text


async def test_nothing_is_added_to_a_case_that_is_erased(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    number = await a_case_that_ended(client, token, office)
    await purged(premises)
    put = await client.put(f"{CASES}/{number}/materials/M1/content", content=PDF, headers=token())
    assert put.status_code == 409
    for tail, body in (
        ("withdrawal", {"reason": "不需要"}),
        ("verifications", {"verifications": [{"of": "applicant", "how": "face"}]}),
        ("erasure", {"ground": "purpose_gone", "reference": "SQ-2026-0001"}),
    ):
        who = above(token) if tail == "erasure" else token()
        answer = await client.post(f"{CASES}/{number}/{tail}", json=body, headers=who)
        assert (answer.status_code, answer.json()["code"]) == (409, "case-erased"), tail


async def test_the_audit_chain_is_whole_after_an_erasure_and_says_nothing_of_anybody(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    number = await a_case_that_ended(client, token, office)
    while await seal_once(premises.sealer_engine, at=AT):
        pass
    before = await verify(premises.sealer_engine, keys=premises.carried.keys)
    await purged(premises)
    while await seal_once(premises.sealer_engine, at=LATER):
        pass
    after = await verify(premises.sealer_engine, keys=premises.carried.keys)
    assert before.whole
    assert after.whole
    assert after.rows > before.rows
    evidence = await export(premises.sealer_engine, number)
    assert check(evidence) == []
    assert "case-erased" in [row["columns"]["action"] for row in evidence["rows"]]
    async with premises.sessions() as session:
        trail = "\n".join(map(str, await session.execute(AUDIT.select())))
    assert not [mark for mark in MARKS if mark in trail]


async def test_what_is_erased_takes_a_rotation_of_keys_like_everything_else(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    await a_case_that_ended(client, token, office)
    await purged(premises)
    keys = premises.carried.keys
    for purpose in ("fields", "events", "index"):
        keys.rotate(purpose)
    await reseal_all(
        premises.sessions, SEALED, clock=premises.clock, rotated_at=AT - timedelta(hours=1)
    )
    assert await count_stale(premises.sessions, SEALED) == {}
    found = await client.post(f"{CASES}/search", json={"name": ERASED}, headers=token())
    assert found.json()["cases"] == []


async def test_who_is_erased_while_keys_are_rotated_is_not_brought_back(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    await a_case_that_ended(client, token, office)
    for purpose in ROTATED:
        premises.carried.keys.rotate(purpose, clock=lambda: utc_now() - timedelta(minutes=1))
    while await resealing._round(premises.sessions, SEALED):
        pass
    names = "name_index", "id_number_index", "phone_index", "representative_index"
    indexes = text(f"SELECT {', '.join(f'{each}, {each}_next' for each in names)} FROM case_file")
    async with premises.sessions() as session:
        assert None not in (await session.execute(indexes)).one()
    # A bar that still holds outlives its case, and is found by the key of its time.
    async with premises.sessions.begin() as session:
        await session.execute(
            text("UPDATE case_promise SET barred_until = :day, id_number_index_next = NULL"),
            {"day": LATER.date() + timedelta(days=1)},
        )
        barred = await session.scalar(text("SELECT count(*) FROM case_promise"))
    assert await purged(premises) == 1
    at = premises.clock() - timedelta(minutes=1)
    await reseal_all(premises.sessions, SEALED, clock=premises.clock, rotated_at=at)
    async with premises.sessions() as session:
        assert set((await session.execute(indexes)).one()) == {None}
        left = text(
            "SELECT count(*) FROM case_promise"
            " WHERE id_number_index IS NOT NULL AND id_number_index_next IS NULL"
        )
        assert await session.scalar(left) == barred > 0
    assert await count_stale(premises.sessions, SEALED) == {}
    # Once it is over nothing of the person is left.
    assert await purged(premises, LATER + timedelta(days=30)) == 0
    assert await purged(premises, LATER + timedelta(days=32)) == barred
    async with premises.sessions() as session:
        assert await session.scalar(left) == 0


async def test_a_visit_that_was_never_completed_goes_soon_and_nobody_else_is_told(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    body = submission(materials=[{"code": "M1", "form": "original"}], keep_incomplete=True)
    body.pop("deferral", None)
    taken = await submit(client, token(), body)
    assert taken["status"] == "received_incomplete"
    url = f"{CASES}/{taken['case_number']}"
    gone = await client.post(f"{url}/withdrawal", json={"reason": "不办了"}, headers=token())
    assert gone.status_code == 202, gone.text
    assert await purged(premises, AT + timedelta(days=29)) == 0
    assert await purged(premises, AT + timedelta(days=31)) == 1
    assert not [mark for mark in MARKS if mark in await opened(premises)]
    async with premises.sessions() as session:
        assert (
            await session.scalar(text("SELECT count(*) FROM outbox WHERE subject LIKE 'e%'")) == 0
        )


async def test_a_dispute_keeps_a_case_until_it_is_lifted(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    number = await a_case_that_ended(client, token, office)
    url = f"{CASES}/{number}"
    body = {"kind": "lawsuit", "reason": "李示例起诉，案号另存卷"}
    clerk = await client.post(f"{url}/holds", json=body, headers=token())
    assert clerk.status_code == 403
    held = await client.post(f"{url}/holds", json=body, headers=above(token))
    assert held.status_code == 201, held.text
    assert await purged(premises) == 0
    asked = {"ground": "purpose_gone", "reference": "SQ-2026-0001"}
    answer = (await client.post(f"{url}/erasure", json=asked, headers=above(token))).json()
    assert (answer["outcome"], answer["because"]) == ("refused", "held")
    lifting = f"{url}/holds/{held.json()['hold_id']}/lifting"
    for status in (200, 409):
        lifted = await client.post(lifting, json={"reason": "终审维持"}, headers=above(token))
        assert lifted.status_code == status, lifted.text
    assert (await client.get(url, headers=token())).json()["holds"][0]["lifted_at"] is not None
    assert await purged(premises) == 1
    assert [each["kind"] for each in await audited(premises, "hold-set")] == ["lawsuit"]
    assert len(await audited(premises, "hold-lifted")) == 1
    assert "李示例" not in await opened(premises)


async def test_a_person_is_answered_by_the_law_and_either_answer_is_on_the_trail(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    asked = {"ground": "consent_withdrawn", "reference": "SQ-2026-0002"}

    async def ask(number: str) -> dict[str, Any]:
        answer = await client.post(f"{CASES}/{number}/erasure", json=asked, headers=above(token))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    going_on = (await submit(client, token()))["case_number"]
    assert (await ask(going_on))["because"] == "open"
    decided = await a_case_that_ended(client, token, office)
    said = await ask(decided)
    assert (said["because"], said["until"]) == ("archive", "2036-09-04")
    assert "归档" in said["because_text"]
    withdrawn = (await submit(client, token()))["case_number"]
    closed = routing.CaseClosed(case_number=withdrawn, outcome="withdrawn", at=AT)
    await office.tell(closed, subject=withdrawn, at=AT)
    said = await ask(withdrawn)
    assert (said["because"], said["until"]) == ("remedy", "2027-03-06")
    async with premises.sessions.begin() as session:
        await session.execute(
            text("UPDATE case_file SET ended_at = :long_ago WHERE case_number = :number"),
            {"long_ago": AT - timedelta(days=181), "number": withdrawn},
        )
    assert await ask(withdrawn) == {
        "case_number": withdrawn,
        "outcome": "erased",
        "because": None,
        "because_text": None,
        "until": None,
    }
    facts = await audited(premises, "erasure-asked")
    assert [each["outcome"] for each in facts] == ["refused", "refused", "refused", "done"]
    assert {each["reference"] for each in facts} == {"SQ-2026-0002"}
    async with premises.sessions() as session:
        told = (
            await session.execute(
                text("SELECT subject, standalone, data FROM outbox WHERE type LIKE '%case-erased%'")
            )
        ).one()
    assert (told.subject, told.standalone) == (f"erasure:{withdrawn}", True)
    assert told.data["cause"] == "request"


async def test_what_is_held_about_somebody_is_told_with_ground_and_term(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    number = await a_case_that_ended(client, token, office)
    await submit(client, token(), submission(applicant=other_person()))
    auditor = token("auditor", None)
    body = {"id_number": NUMBER, "purpose": "个人查阅申请"}
    answer = await client.post("/intake/v1/holdings", json=body, headers=auditor)
    assert answer.status_code == 200, answer.text
    (case,) = answer.json()["cases"]
    assert (case["case_number"], case["part"], case["until"]) == (number, "applicant", "2036-09-04")
    held = {each["what"]: each["count"] for each in case["held"]}
    assert held["case_file"] == 1
    assert held["case_content"] == 1
    assert held["case_letter"] == 1
    assert case["ground"]["ground"] == "statutory_duty"
    assert case["ground"]["item_code"] == "CL-001"
    assert re.search(
        rf"办件 {number}（残疾人证到期换领，申请人）：保存申请内容 1 条", answer.json()["text"]
    )
    assert not [mark for mark in MARKS if mark in answer.text]
    agent = {"id_number": AGENT, "purpose": "个人查阅申请"}
    (acted,) = (await client.post("/intake/v1/holdings", json=agent, headers=auditor)).json()[
        "cases"
    ]
    assert (acted["case_number"], acted["part"]) == (number, "representative")
    mute = await client.post(
        "/intake/v1/holdings", json={"id_number": NUMBER, "purpose": " "}, headers=auditor
    )
    assert mute.json()["faults"][0]["code"] == "purpose-missing"
    assert [each["cases"] for each in await audited(premises, "holdings-read")] == [[number]] * 2
    await purged(premises)
    after = await client.post("/intake/v1/holdings", json=body, headers=auditor)
    assert after.json()["text"] == "没有以此证件号码保存的个人信息。"


def other_person() -> dict[str, str]:
    return {
        "kind": "person",
        "name": "王例",
        "id_type": "resident_id",
        "id_number": "630104198003070018",
        "phone": "13911111111",
    }


async def test_a_case_states_its_ground_and_which_text_was_agreed_to_when(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse
) -> None:
    number = await a_case_that_ended(client, token, office)
    ground = (await client.get(f"{CASES}/{number}", headers=token())).json()["ground"]
    assert ground["text"] == "为履行法定职责所必需（个人信息保护法 13(3)）"
    assert (ground["item_code"], ground["item_version"]) == ("CL-001", 1)
    assert ground["department"] == "中国残联"
    assert [
        (each["kind"], each["text_version"], datetime.fromisoformat(each["given_at"]))
        for each in ground["consents"]
    ] == [("e_certificates", 1, AT), ("sensitive_data", 1, AT)]
    assert all(each["text"] for each in ground["consents"])


async def test_what_all_houses_keep_alike_goes_in_time_and_the_trail_says_how_much(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, tmp_path: Path
) -> None:
    await submit(client, token())
    logs = tmp_path / "access"
    log = AccessLog(logs, "intake")
    for day in (AT - timedelta(days=184), AT - timedelta(days=183), AT):
        log.note(day, status=200)
    log.close()
    settings = premises.settings.model_copy(update={"access_log_dir": logs})
    there = replace(premises, settings=settings)
    assert not await forgetting_logs(there)()
    assert sorted(_days(logs)) == ["2026-03-08", "2026-09-07"]
    assert not await forgetting_logs(there)()
    for at, count in ((AT + timedelta(days=7), 0), (AT + timedelta(days=8), 1)):
        async with premises.sessions.begin() as session:
            done = [await purge(session, kept, TERMS, at=at) for kept in PLATFORM_KEPT]
        assert sum(done) == count
    facts = await audited(premises, "data-removed")
    assert [(each["rule"], each["count"]) for each in facts] == [
        ("access_log", 1),
        ("idempotency", 1),
    ]


async def test_an_operator_sees_the_terms_and_what_is_due_and_nothing_goes_by_looking(
    client: httpx.AsyncClient,
    token: Tokens,
    office: OtherHouse,
    premises: Premises,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await a_case_that_ended(client, token, office)
    settings = premises.settings.model_copy(update={"retention": {"case": 730}})
    there = replace(premises, settings=settings, clock=lambda: AT + timedelta(days=731))
    await commands._print_terms(there, KEPT)
    told = capsys.readouterr().out
    lines = {line.split("│")[1].strip(): line for line in told.splitlines() if "│" in line}
    assert "730 天（本地设置）" in lines["case"]
    assert lines["case"].split("│")[-2].strip() == "1"
    assert "183 天" in lines["access_log"]
    assert "网络安全法 21" in told
    assert not [mark for mark in MARKS if mark in told]
    assert await audited(premises, "case-erased") == []


def _days(logs: Path) -> list[str]:
    return [path.name[len("access-intake-") :][:10] for path in logs.iterdir()]


async def test_what_is_due_is_counted_by_an_index_and_left_alone(
    client: httpx.AsyncClient, token: Tokens, office: OtherHouse, premises: Premises
) -> None:
    await a_case_that_ended(client, token, office)
    async with premises.sessions() as session:
        found = {
            each.kept.kind: each.count for each in await waiting(session, KEPT, TERMS, at=LATER)
        }
        none = dict.fromkeys(("bars", "case_closed", "case_incomplete", "handed_in"), 0)
        assert found == {"case": 1, **none}
        for kept in KEPT:
            plan = await plan_of(session, kept.find(kept.due(TERMS, LATER)).limit(20))
            own = {"handed_in": "ix_handed_in_settled", "bars": "ix_case_promise_bar_over"}
            index = own.get(kept.kind, "ix_case_file_term")
            assert index in plan, plan
            assert "Sort" not in plan, plan
    assert await purged(premises) == 1


async def tracking_code(premises: Premises, number: str) -> str:
    async with premises.sessions() as session:
        sealed = await session.scalar(text("SELECT tracking_sealed FROM case_file"))
    context = f"intake.case_file.tracking:{number}"
    return premises.carried.keys.open("fields", sealed, context=context).decode()
