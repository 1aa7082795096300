"""The page in a message's link: looking opens nothing, the button does, and nobody is named."""

from datetime import timedelta

import httpx
from sqlalchemy import select

from services.notify.models import DeliveryRow
from shared.premises import Premises
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.town import CASE, Post, Time


async def link(post: Post, client: httpx.AsyncClient, token: Tokens, **decided: str) -> str:
    await post.tell(town.case_received())
    await post.tell(town.case_decided(**decided))
    page = await client.get("/notify/v1/deliveries", params={"case_number": CASE}, headers=token())
    url: str = page.json()["deliveries"][0]["link"]["url"]
    return url


async def status(premises: Premises) -> str:
    async with premises.sessions() as session:
        return (await session.scalars(select(DeliveryRow.status))).one()


async def test_fetching_the_link_is_not_receiving_and_pressing_the_button_is(
    post: Post, premises: Premises, client: httpx.AsyncClient, token: Tokens
) -> None:
    url = await link(post, client, token)
    for _ in range(3):
        shown = await client.get(url)
        assert shown.status_code == 200
        assert CASE not in shown.text
    assert '<form method="post">' in shown.text
    assert await status(premises) == "ready"
    opened = await client.post(url)
    assert "准予" in opened.text
    assert "示例-0001" in opened.text
    assert await status(premises) == "delivered"
    assert (await client.post(url)).status_code == 200


async def test_the_page_asks_for_nothing_elsewhere_and_names_nobody(
    post: Post, client: httpx.AsyncClient, token: Tokens
) -> None:
    url = await link(post, client, token, result="denied")
    for answer in (await client.get(url), await client.post(url)):
        assert "李示例" not in answer.text
        assert "<script" not in answer.text
        assert "http" not in answer.text.replace("http-equiv", "")
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
    assert "行政复议" in answer.text


async def test_a_link_that_opens_nothing_says_so_in_words(
    post: Post, client: httpx.AsyncClient, token: Tokens, time: Time
) -> None:
    url = await link(post, client, token)
    wrong = url[:-1] + ("A" if url[-1] != "A" else "B")
    for answer in (await client.get(wrong), await client.post(wrong)):
        assert answer.status_code == 404
        assert "链接有误" in answer.text
    time.at += timedelta(days=31)
    for answer in (await client.get(url), await client.post(url)):
        assert answer.status_code == 410
        assert "已过期" in answer.text
