"""A result goes only where its item lets it go, and its 送达回证 says where that was."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.notify.actions import printing
from services.notify.models import DeliveryRow
from shared.premises import Premises
from shared.security.grants import EVERYTHING
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.town import Post, Time

BY_POST = {
    "method": "post",
    "recipient": "李示例",
    "phone": "13900000000",
    "address": "青海省西宁市城西区示例路3号",
    "postcode": "810000",
}


async def delivery(premises: Premises) -> DeliveryRow:
    async with premises.sessions() as session:
        return (await session.scalars(select(DeliveryRow))).one()


async def change(premises: Premises, client: httpx.AsyncClient, token: Tokens, body: Any) -> Any:
    found = await delivery(premises)
    path = f"/notify/v1/deliveries/{found.id}/change"
    return await client.post(path, json=body, headers=token())


async def test_what_is_electronic_only_cannot_be_posted(
    post: Post, premises: Premises, client: httpx.AsyncClient, token: Tokens
) -> None:
    await post.tell(town.item_published(ways=["electronic"]), subject=f"item:{town.ITEM}")
    await post.tell(town.case_received())
    await post.tell(town.case_decided())
    answer = await change(premises, client, token, BY_POST)
    assert answer.status_code == 422
    (fault,) = answer.json()["faults"]
    assert (fault["pointer"], fault["code"]) == ("/method", "way-not-offered")
    assert (await delivery(premises)).method == "electronic"


async def test_a_way_that_the_item_offers_is_taken(
    post: Post, premises: Premises, client: httpx.AsyncClient, token: Tokens
) -> None:
    ways = ["electronic", "post"]
    await post.tell(town.item_published(ways=ways), subject=f"item:{town.ITEM}")
    await post.tell(town.case_received())
    await post.tell(town.case_decided())
    answer = await change(premises, client, token, BY_POST)
    assert (answer.status_code, answer.json()["method"]) == (200, "post")


@pytest.mark.parametrize(
    ("method", "place"),
    [
        ("post", "青海省西宁市城西区示例路3号"),
        ("window_pickup", "青海省政务服务中心(示例)"),
        ("handling_pickup", "兰州市城关区医保局(示例)"),
        ("electronic", "网上（凭链接查收）"),
    ],
)
async def test_the_proof_names_the_place_where_it_comes_into_their_hands(
    post: Post, premises: Premises, time: Time, method: str, place: str
) -> None:
    await post.tell(town.case_received(method))
    await post.tell(town.case_decided(form="electronic" if method == "electronic" else "paper"))
    found = await delivery(premises)
    async with premises.sessions.begin() as session:
        proof = await printing.delivery_proof(session, found.id, scope=EVERYTHING, at=time.at)
    assert proof.place == place
