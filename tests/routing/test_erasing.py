"""Intake has taken the person out of a case: so does routing, and the partner that has it hears."""

from sqlalchemy import text

from services.routing.actions.erasing import KEPT
from services.routing.app import SEALED
from services.routing.queries.registry import Known
from shared.audit.sealer import seal_once
from shared.audit.verify import verify
from shared.messaging import inbox
from shared.retention.blanking import ERASED
from shared.retention.purging import purge, waiting
from shared.retention.rules import Terms
from tests.opened import opened
from tests.plans import plan_of
from tests.routing.builders import WINDOW, House
from tests.routing.partners import PARTNER, province

MARKS = ("张三丰", "620102199001011234", "13800000000", "请核实派出所", "远程核验", "户口在外地")
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


async def erase(house: House, number: str, cause: str = "term") -> None:
    said = {
        "case_number": number,
        "rule": "case",
        "cause": cause,
        "at": house.clock().isoformat(),
    }
    await house.feed("intake.case-erased.v1", f"erasure:{number}", said, standalone=True)


async def a_case_with_everything(house: House) -> tuple[str, str]:
    number, handoff = await house.accepted()
    clerk, officer = house.token("clerk", WINDOW), house.officer()
    await house.client.post(
        f"/routing/v1/cases/{number}/attachments",
        headers=clerk | {"content-type": "application/pdf"},
        content=PDF,
    )
    await house.post(f"/cases/{number}/messages", clerk, text="请核实派出所")
    await house.post(f"/cases/{number}/reminders", clerk, text="请核实派出所，尽快")
    await house.post(
        f"/cases/{number}/appointments",
        officer,
        starts_at="2026-09-08T02:00:00Z",
        subject="远程核验",
    )
    decided = await house.post(
        f"/handoffs/{handoff}/decision", officer, result="denied", opinion="户口在外地"
    )
    assert decided.status_code == 200, decided.text
    return number, handoff


async def test_nobody_is_left_in_routings_copy_and_the_chain_is_whole(house: House) -> None:
    number, handoff = await a_case_with_everything(house)
    other = await house.receive(application={"applicant": {"kind": "person", "name": "王例"}})
    before = await opened(house.premises, SEALED)
    assert all(mark in before for mark in MARKS)
    await erase(house, number)
    left = await opened(house.premises, SEALED)
    assert not [mark for mark in MARKS if mark in left]
    # Only this one.
    assert "王例" in left
    assert (await house.rows("SELECT count(*) AS count FROM attachment"))[0].count == 0
    (row,) = await house.rows("SELECT facts FROM audit WHERE action = 'case-erased'")
    assert (row.facts["rule"], row.facts["cause"]) == ("case", "term")
    assert row.facts["erased"]["act"] >= 1
    # Told again it is the same erasure.
    await erase(house, number)
    assert len(await house.rows("SELECT 1 FROM audit WHERE action = 'case-erased'")) == 1
    while await seal_once(house.premises.sealer_engine, at=house.clock()):
        pass
    # The directory's rows were attested with the keys of whoever stocked the database.
    verdict = await verify(house.premises.sealer_engine, keys=None)
    assert verdict.whole
    assert verdict.rows
    assert handoff
    assert other


async def test_every_way_of_reading_copes_and_nothing_is_added(house: House) -> None:
    number, handoff = await a_case_with_everything(house)
    await erase(house, number)
    officer = house.officer()
    for query in ({}, {"purpose": "核对"}):
        read = (await house.get(f"/handoffs/{handoff}", officer, **query)).json()
        assert read["application"]["applicant"]["name"] == ERASED
        assert (read["status"], read["case_number"]) == ("decided", number)
        for path in (
            f"/handoffs/{handoff}/acts",
            f"/cases/{number}/messages",
            f"/cases/{number}/appointments",
            f"/cases/{number}/custody",
        ):
            answer = await house.get(path, officer, **query)
            assert answer.status_code == 200, answer.text
            assert not [mark for mark in MARKS if mark in answer.text]
    words = {"text": "再问一句"}
    for path, body in (
        (f"/cases/{number}/messages", words),
        (f"/cases/{number}/appointments", {"starts_at": "2026-09-09T02:00:00Z", "subject": "再核"}),
        (f"/handoffs/{handoff}/revocation", {"ground": "fraud", "reason": "不实"}),
    ):
        refused = await house.post(path, house.supervisor(), **body)
        assert refused.status_code in {403, 409, 422}, refused.text
    refused = await house.post(f"/cases/{number}/messages", officer, **words)
    assert (refused.status_code, refused.json()["code"]) == (409, "case-erased")


async def test_a_message_that_is_put_aside_holds_no_erasure_up_and_keeps_nobody(
    house: House,
) -> None:
    number = await house.receive()
    async with house.premises.sessions.begin() as session:
        await session.execute(
            text(
                "UPDATE inbox SET applied_at = NULL, parked_at = now(), words = 'x'"
                " WHERE subject = :number"
            ),
            {"number": number},
        )
    at = house.clock().isoformat()
    said = {"case_number": number, "rule": "case_closed", "cause": "request", "at": at}
    message = house._message("intake.case-erased.v1", f"erasure:{number}", said, (), True)
    async with house.premises.sessions.begin() as session:
        await inbox.store(session, [message])
    await house._applier.apply_due()
    assert "张三丰" not in await opened(house.premises, SEALED)
    (left,) = await house.rows("SELECT count(words) AS count FROM inbox")
    assert left.count == 0


async def test_the_partner_that_has_the_case_is_told(house: House) -> None:
    await house.receive()
    gansu = await province(house)
    known = house.premises.carried.caches[Known]
    assert isinstance(known, Known)
    partner = {**known.documents["partner", PARTNER], "version": 2, "way": "webhooks"}
    await house.client.post("/routing/v1/partners", json=[partner], headers=house.token("ops"))
    number = await house.receive()
    await erase(house, number, "request")
    told = [data for type_, data in await house.told(number) if data.get("kind") == "case.erased"]
    assert [(each["partner"], each["case_number"]) for each in told] == [(PARTNER, f"J{number}")]
    content = await house.client.get(
        told[0]["content"]["path"], headers=house.token("partner", partner=PARTNER)
    )
    assert content.json()["cause"] == "request"
    first = await house.rows("SELECT id FROM partner_message WHERE kind = 'case.submitted'")
    handed_out = await house.get(
        f"/partner-messages/{first[-1].id}/content", house.token("partner", partner=PARTNER)
    )
    assert "张三丰" not in handed_out.text
    # And the other way round: theirs is written down, ours is our own duty.
    ours = await house.receive()
    said = {"case_number": f"J{ours}", "body": {"cause": "term"}}
    assert await gansu.does("case.erased", **said) == ("applied", [])
    (row,) = await house.rows(
        "SELECT case_number, facts FROM audit WHERE action = 'partner-erased'"
    )
    assert (row.case_number, row.facts) == (ours, {"partner": PARTNER, "cause": "term"})
    assert "张三丰" in await opened(house.premises, SEALED)
    stranger = await gansu.does("case.erased", case_number="J63000026000000123")
    assert stranger == ("rejected", ["not-found"])


async def test_what_is_held_is_told_by_case_and_the_question_is_on_the_trail(house: House) -> None:
    number, _ = await a_case_with_everything(house)
    auditor = house.token("auditor")
    body = {"case_numbers": [number, "63000026000000123"], "purpose": "个人查阅申请"}
    answer = await house.post("/holdings", auditor, **body)
    assert answer.status_code == 200, answer.text
    (case,) = answer.json()["cases"]
    held = {each["what"]: each["count"] for each in case["held"]}
    assert held["routed_case"] == held["attachment"] == held["message"] == 1
    assert f"办件 {number}：分办流转保存申请内容 1 条" in answer.json()["text"]
    assert not [mark for mark in MARKS if mark in answer.text]
    (row,) = await house.rows("SELECT facts FROM audit WHERE action = 'holdings-read'")
    assert row.facts == {"purpose": "个人查阅申请", "cases": [number]}
    mute = await house.post("/holdings", auditor, case_numbers=[number], purpose=" ")
    assert mute.json()["faults"][0]["code"] == "purpose-missing"
    await erase(house, number)
    after = (await house.post("/holdings", auditor, **body)).json()
    assert "已于 2026-09-07 删除" in after["text"]


async def test_what_is_of_many_cases_goes_by_its_own_age_by_an_index(house: House) -> None:
    terms, old = Terms(), house.clock()
    await house.rows(
        "INSERT INTO partner_webhook (partner, webhook_id, subject, kind, body, digest,"
        " received_at, settled_at) VALUES ('p', 'w', 's', 'k', 'x', 'x', now(), :at)",
        at=old,
    )
    house.clock.forward(days=89)
    assert await _purged(house, terms) == 0
    house.clock.forward(days=2)
    assert await _purged(house, terms) == 1
    assert await _purged(house, terms) == 0
    (row,) = await house.rows("SELECT body FROM partner_webhook")
    assert row.body is None
    (said,) = await house.rows("SELECT facts FROM audit WHERE action = 'data-erased'")
    assert (said.facts["rule"], said.facts["count"]) == ("partner_webhooks", 1)


async def _purged(house: House, terms: Terms) -> int:
    count = 0
    for kept in KEPT:
        async with house.premises.sessions.begin() as session:
            (due,) = await waiting(session, [kept], terms, at=house.clock())
            plan = await plan_of(session, kept.find(kept.due(terms, house.clock())).limit(20))
            assert "Seq Scan" not in plan, plan
            done = await purge(session, kept, terms, at=house.clock())
            assert done == due.count
            count += done
    return count
