"""Intake has taken the person out of a case: so does notify, and sends nobody anything more."""

import httpx
from sqlalchemy import text

from services.intake.events import CaseErased
from services.notify.app import KEPT, SEALED
from shared.audit.trail import AUDIT
from shared.premises import Premises
from shared.retention.blanking import ERASED
from shared.retention.purging import purge, waiting
from shared.retention.rules import Terms
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.town import AT, CASE, OFFICE, PHONE, Post, Time
from tests.opened import opened
from tests.plans import plan_of

MARKS = ("李示例", PHONE, "示例路3号", "示例-0001", "准予备案", "0123456789ABCDEFGHJK")


async def a_result_on_its_way(post: Post) -> None:
    await post.tell(town.case_received("post"))
    await post.tell(town.case_assigned(), town.handoff_accepted(), town.case_decided(form="paper"))


async def erase(post: Post, number: str = CASE) -> None:
    told = CaseErased(case_number=number, rule="case", cause="term", at=AT)
    await post.tell(told, subject=f"erasure:{number}")


async def test_nobody_is_left_in_notifys_copy(post: Post, premises: Premises) -> None:
    await a_result_on_its_way(post)
    before = await opened(premises, SEALED)
    assert all(mark in before for mark in MARKS)
    await erase(post)
    left = await opened(premises, SEALED)
    assert not [mark for mark in MARKS if mark in left]
    async with premises.sessions() as session:
        case = (await session.execute(text("SELECT * FROM told_case"))).one()
        assert (case.phone_blind, case.item_code) == (None, town.ITEM)
        assert case.erased_at is not None
        blinds = "SELECT count(*) FROM message WHERE phone_blind IS NOT NULL"
        assert await session.scalar(text(blinds)) == 0
        due = "SELECT count(*) FROM message WHERE next_attempt_at IS NOT NULL"
        assert await session.scalar(text(due)) == 0
        rows = await session.execute(AUDIT.select().where(AUDIT.c.action == "case-erased"))
        facts = rows.one().facts
    assert facts["erased"]["delivery"] >= 2
    assert facts["erased"]["dispatch"] == 1
    await erase(post)


async def test_every_way_of_reading_copes_and_nothing_is_done_any_more(
    post: Post, premises: Premises, client: httpx.AsyncClient, token: Tokens
) -> None:
    await a_result_on_its_way(post)
    await erase(post)
    listed = await client.get(
        "/notify/v1/deliveries", params={"case_number": CASE}, headers=token()
    )
    (found,) = listed.json()["deliveries"]
    one = await client.get(f"/notify/v1/deliveries/{found['id']}", headers=token())
    assert one.status_code == 200
    sent = await client.get("/notify/v1/dispatches", headers=token("officer", OFFICE))
    async with premises.sessions.begin() as session:
        booked = "UPDATE dispatch SET carrier = 'manual', waybill = 'EA473124829CN'"
        await session.execute(text(booked))
    label = await client.get(
        f"/notify/v1/dispatches/{sent.json()['dispatches'][0]['id']}/label",
        headers=token("dispatcher", OFFICE),
    )
    assert (label.status_code, label.json()["code"]) == (409, "case-erased")
    ops = await client.get("/notify/v1/messages", headers=token("ops", None))
    read = [
        await client.get(f"/notify/v1/messages/{each['id']}", headers=token("ops", None))
        for each in ops.json()["messages"]
    ]
    assert read
    assert all(each.json()["text"] == ERASED for each in read)
    told = "".join(each.text for each in (listed, one, sent, ops, *read))
    assert not [mark for mark in MARKS if mark in told]
    changed = await client.post(
        f"/notify/v1/deliveries/{found['id']}/change",
        json={"method": "window_pickup"},
        headers=token(),
    )
    assert (changed.status_code, changed.json()["code"]) == (409, "case-erased")
    printed = await client.get(f"/notify/v1/deliveries/{found['id']}/proof", headers=token())
    assert (printed.status_code, printed.json()["code"]) == (409, "case-erased")


async def test_what_is_held_is_told_by_case(
    post: Post, client: httpx.AsyncClient, token: Tokens
) -> None:
    await a_result_on_its_way(post)
    body = {"case_numbers": [CASE], "purpose": "个人查阅申请"}
    auditor = token("auditor", None)
    answer = await client.post("/notify/v1/holdings", json=body, headers=auditor)
    assert answer.status_code == 200, answer.text
    held = {each["zh"]: each["count"] for each in answer.json()["cases"][0]["held"]}
    assert held["联系电话和查询码"] == held["寄递的收件人"] == held["送达的收件人"] == 1
    assert held["短信"] >= 1
    assert not [mark for mark in MARKS if mark in answer.text]
    await erase(post)
    after = await client.post("/notify/v1/holdings", json=body, headers=auditor)
    assert after.json()["cases"][0]["erased_at"] is not None


async def test_webhooks_pushes_and_messages_to_staff_go_by_their_own_age(
    post: Post, premises: Premises, time: Time
) -> None:
    async with premises.sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO carrier_push (carrier, webhook_id, body, received_at, applied_at)"
                " VALUES ('c', 'w', 'x', :at, :at)"
            ),
            {"at": time()},
        )
    terms = Terms()
    time.move(days=91)
    for kept in KEPT:
        async with premises.sessions.begin() as session:
            (due,) = await waiting(session, [kept], terms, at=time())
            plan = await plan_of(session, kept.find(kept.due(terms, time())).limit(20))
            assert "Seq Scan on webhook" not in plan, plan
            assert "Seq Scan on carrier_push" not in plan, plan
            assert "Seq Scan on message" not in plan, plan
            assert await purge(session, kept, terms, at=time()) == due.count
            assert due.count == (1 if kept.kind == "carrier_pushes" else 0)
    async with premises.sessions() as session:
        assert await session.scalar(text("SELECT count(*) FROM carrier_push")) == 0
        rows = await session.execute(AUDIT.select().where(AUDIT.c.action == "data-removed"))
        assert rows.one().facts["rule"] == "carrier_pushes"
