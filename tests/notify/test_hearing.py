"""What notify makes of what it hears: once, whatever comes twice or out of order."""

import asyncio

import pytest
from sqlalchemy import func, select

from services.intake.events import ApplicationAmended
from services.notify.models import CaseRow, DeliveryRow, MessageRow
from services.notify.queries import seals
from shared.messaging.inbox import INBOX
from shared.premises import Premises
from tests.notify import town
from tests.notify.town import CASE, Post


async def events_told(premises: Premises) -> dict[str, str]:
    async with premises.sessions() as session:
        rows = await session.scalars(select(MessageRow))
        return {row.event: row.status for row in rows}


async def text_of(premises: Premises, event: str) -> str:
    async with premises.sessions() as session:
        row = (await session.scalars(select(MessageRow).where(MessageRow.event == event))).one()
    return seals.open_content(premises.carried.keys, row.id, row.content).text


async def waiting(premises: Premises) -> int:
    async with premises.sessions() as session:
        query = select(func.count()).select_from(INBOX).where(INBOX.c.applied_at.is_(None))
        return await session.scalar(query) or 0


async def test_the_decision_may_be_heard_before_the_case(post: Post, premises: Premises) -> None:
    await post.tell(town.case_assigned(), town.handoff_accepted(), town.case_decided())
    assert await waiting(premises) == 3
    await post.tell(town.case_received())
    for _ in range(50):
        await post.apply()
        if not await waiting(premises):
            break
        await asyncio.sleep(0.05)
    async with premises.sessions() as session:
        delivery = (await session.scalars(select(DeliveryRow))).one()
    assert (delivery.case_number, delivery.status) == (CASE, "ready")


async def test_a_decision_told_twice_is_one_delivery(post: Post, premises: Premises) -> None:
    await post.tell(town.case_received())
    decided = town.case_decided()
    message = post.message(decided)
    await post.store([message, message])
    await post.store([message])
    await post.tell(decided)
    async with premises.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(DeliveryRow)) == 1
    assert await waiting(premises) == 0


async def test_each_step_is_told_to_the_person_in_words_that_name_nobody(
    post: Post, premises: Premises
) -> None:
    await post.tell(town.case_received())
    await post.tell(
        town.case_assigned(), town.notice_issued(), town.handoff_accepted(), town.case_decided()
    )
    told = await events_told(premises)
    assert told == dict.fromkeys(
        ("received", "notice", "accepted", "decided", "link_ready"), "kept"
    )
    notice = await text_of(premises, "notice")
    assert "需补正1项：备案表" in notice
    assert "9月21日" in notice
    accepted = await text_of(premises, "accepted")
    assert "兰州市城关区医保局(示例)受理" in accepted
    for event in told:
        assert "李示例" not in await text_of(premises, event)


@pytest.mark.parametrize(("outcome", "told"), [("withdrawn", True), ("refused", False)])
async def test_a_closed_case_is_told_unless_the_refusal_was(
    post: Post, premises: Premises, outcome: str, *, told: bool
) -> None:
    await post.tell(town.case_received())
    await post.tell(town.case_closed(outcome=outcome))
    assert ("closed" in await events_told(premises)) is told


async def test_whoever_has_no_mobile_number_is_on_the_list(post: Post, premises: Premises) -> None:
    application = {"applicant": {"phone": "0971-6123456"}, "delivery": {"method": "electronic"}}
    await post.tell(town.case_received(application=application))
    assert await events_told(premises) == {"received": "unreachable"}


async def test_a_notice_without_a_term_is_told_all_the_same(post: Post, premises: Premises) -> None:
    await post.tell(town.case_received())
    await post.tell(town.notice_issued(due=None))
    assert (await events_told(premises))["notice"] == "kept"


async def test_a_certificate_waits_for_the_deferred_paper(post: Post, premises: Premises) -> None:
    await post.tell(town.case_received("post", deferred=["M4"]))
    await post.tell(town.case_decided(form="paper"))
    async with premises.sessions() as session:
        assert (await session.scalars(select(DeliveryRow.status))).one() == "held"
    await post.tell(town.supplement_given("M9"))
    async with premises.sessions() as session:
        assert (await session.scalars(select(DeliveryRow.status))).one() == "held"
    await post.tell(town.supplement_given("M4"))
    async with premises.sessions() as session:
        assert (await session.scalars(select(DeliveryRow.status))).one() == "pending"
        assert (await session.scalars(select(CaseRow.outstanding))).one() == []


async def test_a_denial_is_not_held(post: Post, premises: Premises) -> None:
    await post.tell(town.case_received("electronic", deferred=["M4"]))
    await post.tell(town.case_decided(result="denied", certificate=None))
    async with premises.sessions() as session:
        assert (await session.scalars(select(DeliveryRow.status))).one() == "ready"


async def test_what_notify_keeps_of_people_is_sealed(post: Post, premises: Premises) -> None:
    await post.tell(town.case_received("post"))
    async with premises.sessions() as session:
        case = (await session.scalars(select(CaseRow))).one()
    assert "李示例".encode() not in case.person
    assert town.PHONE.encode() not in case.person
    opened = seals.open_person(premises.carried.keys, CASE, case.person)
    assert opened.envelope.recipient == "李示例"


async def test_whom_to_tell_and_where_to_send_follows_an_error_put_right(
    post: Post, premises: Premises
) -> None:
    await post.tell(town.case_received())
    amended = ApplicationAmended(
        case_number=CASE,
        cause="correction",
        fields=("/applicant/phone", "/delivery/address"),
        at=town.AT,
        application={
            "applicant": {"phone": "13900000077"},
            "delivery": {"method": "post", "recipient": "李士例", "address": "示例路9号"},
        },
    )
    await post.tell(amended)
    async with premises.sessions() as session:
        case = await session.get_one(CaseRow, CASE)
    person = seals.open_person(premises.carried.keys, CASE, case.person)
    assert person.phone == "13900000077"
    assert (person.envelope.recipient, person.envelope.address) == ("李士例", "示例路9号")
    assert person.tracking_code is not None
