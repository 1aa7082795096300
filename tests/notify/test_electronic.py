"""An electronic result: the link, who may have it, and opening it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from services.notify import timers
from services.notify.models import DeliveryRow, LinkRow
from shared.audit.trail import AUDIT
from shared.messaging.outbox import OUTBOX
from shared.premises import Premises
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.town import CASE, OFFICE, Post, Time

DELIVERIES = "/notify/v1/deliveries"


async def decided(post: Post, **changes: Any) -> None:
    await post.tell(town.case_received())
    await post.tell(town.case_decided(**changes))


async def delivery_of(client: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, Any]:
    answer = await client.get(DELIVERIES, params={"case_number": CASE}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["deliveries"]
    assert len(found) == 1
    return found[0]


async def announced(premises: Premises) -> list[tuple[str, dict[str, Any]]]:
    async with premises.sessions() as session:
        rows = await session.execute(select(OUTBOX).order_by(OUTBOX.c.sequence))
    return [(row.type, row.data) for row in rows]


async def test_the_window_gets_the_link_and_the_office_does_not(
    post: Post, client: httpx.AsyncClient, token: Tokens
) -> None:
    await decided(post)
    found = await delivery_of(client, token())
    assert (found["status"], found["method"]) == ("ready", "electronic")
    assert found["link"]["url"] == f"http://notify.test/notify/results/{found['link']['code']}"
    seen_there = await delivery_of(client, token("officer", OFFICE))
    assert seen_there["link"] is None


async def test_opening_the_link_delivers_the_result_without_the_name(
    post: Post, client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    await decided(post)
    link = (await delivery_of(client, token()))["link"]
    answer = await client.get(town.result_path(link))
    assert answer.status_code == 200
    seen = answer.json()
    assert seen["result_zh"] == "准予"
    assert seen["certificate"] == {"name": "备案回执", "number": "示例-0001", "form": "electronic"}
    assert seen["opinion"] is None
    assert "李示例" not in answer.text
    assert town.PHONE not in answer.text
    found = await delivery_of(client, token())
    assert found["status"] == "delivered"
    assert found["proof_kind"] == "link_opened"
    types = [type_ for type_, _ in await announced(premises)]
    assert types == [
        "notify.delivery-changed.v1",
        "notify.delivery-changed.v1",
        "notify.delivery-changed.v1",
        "notify.result-delivered.v1",
    ]


async def test_a_denial_says_why_and_what_can_be_done(
    post: Post, client: httpx.AsyncClient, token: Tokens
) -> None:
    await decided(post, result="denied", certificate=None)
    link = (await delivery_of(client, token()))["link"]
    seen = (await client.get(town.result_path(link))).json()
    assert seen["result_zh"] == "不予许可"
    assert seen["opinion"] == "不符合条件"
    assert "行政复议" in seen["remedies"]


async def test_many_openings_at_once_are_one_delivery(
    post: Post, client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    await decided(post)
    link = (await delivery_of(client, token()))["link"]
    answers = await asyncio.gather(*(client.get(town.result_path(link)) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    types = [type_ for type_, _ in await announced(premises)]
    assert types.count("notify.result-delivered.v1") == 1
    async with premises.sessions() as session:
        opened = await session.scalar(
            select(func.count()).select_from(AUDIT).where(AUDIT.c.action == "result-opened")
        )
    assert opened == 20


@pytest.mark.parametrize("place", [0, 5, 11, 12, 20, 27])
async def test_a_changed_link_opens_nothing(
    post: Post, client: httpx.AsyncClient, token: Tokens, place: int
) -> None:
    await decided(post)
    code = (await delivery_of(client, token()))["link"]["code"]
    other = "A" if code[place] != "A" else "B"
    tampered = code[:place] + other + code[place + 1 :]
    for wrong in (tampered, code[:-1], code + "A", code.swapcase(), "x", "%00", "A" * 28):
        answer = await client.get(f"/notify/v1/results/{wrong}")
        assert answer.status_code == (400 if wrong == "%00" else 404), wrong
    assert (await delivery_of(client, token()))["status"] == "ready"


async def test_an_expired_link_says_so_and_the_window_issues_another(
    post: Post, client: httpx.AsyncClient, token: Tokens, premises: Premises, time: Time
) -> None:
    await decided(post)
    clerk = token()
    found = await delivery_of(client, clerk)
    time.at += timedelta(days=30)
    gone = await client.get(town.result_path(found["link"]))
    assert gone.status_code == 410
    assert gone.json()["code"] == "result-link-expired"
    assert "窗口" in gone.json()["detail"]

    await timers.expire_links(premises.sessions, time)()
    assert (await delivery_of(client, clerk))["status"] == "unclaimed"
    renewed = await client.post(f"{DELIVERIES}/{found['id']}/link", headers=clerk)
    assert renewed.status_code == 200, renewed.text
    assert renewed.json()["status"] == "ready"
    assert renewed.json()["link"]["code"] != found["link"]["code"]
    assert (await client.get(town.result_path(renewed.json()["link"]))).status_code == 200
    assert (await client.get(town.result_path(found["link"]))).json()[
        "code"
    ] == "result-link-replaced"


async def test_a_result_can_be_looked_at_again_with_a_new_link(
    post: Post, client: httpx.AsyncClient, token: Tokens
) -> None:
    await decided(post)
    found = await delivery_of(client, token())
    await client.get(town.result_path(found["link"]))
    renewed = await client.post(f"{DELIVERIES}/{found['id']}/link", headers=token())
    assert renewed.json()["status"] == "delivered"
    assert (await client.get(town.result_path(renewed.json()["link"]))).status_code == 200
    assert (await client.get(town.result_path(found["link"]))).status_code == 410


async def test_the_database_alone_opens_no_link(
    post: Post, client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    """The code is nowhere in it, and neither is the opinion."""
    await decided(post, result="denied")
    code = (await delivery_of(client, token()))["link"]["code"]
    async with premises.sessions() as session:
        links = (await session.scalars(select(LinkRow))).all()
        row = (await session.scalars(select(DeliveryRow))).one()
        written = await session.execute(text("SELECT message::text AS row FROM message"))
        messages = [each.row for each in written]
    assert all(code not in str(vars(link)) for link in links)
    assert "不符合条件".encode() not in row.outcome
    assert all(code not in each for each in messages)


async def test_the_list_says_when_nothing_changed(
    post: Post, client: httpx.AsyncClient, token: Tokens
) -> None:
    await decided(post)
    headers = token()
    first = await client.get(DELIVERIES, params={"case_number": CASE}, headers=headers)
    again = await client.get(
        DELIVERIES,
        params={"case_number": CASE},
        headers={**headers, "If-None-Match": first.headers["etag"]},
    )
    assert again.status_code == 304
