"""What systems are told by webhook: signed, thin, in order, and only what is their business."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.notify.actions.calling import Caller
from services.notify.domain import told
from services.notify.models import WebhookRow
from shared.premises import Premises
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.town import CASE, PHONE, Post, Time
from tests.notify.webhooks.conftest import PARTNER, SUBSCRIPTIONS, Subscribing
from tests.notify.webhooks.subscriber import Subscriber, status

FOREIGN = "63000026000000134"


async def story(post: Post, number: str = CASE) -> None:
    await post.tell(town.case_received(number=number), subject=number)
    await post.tell(town.case_assigned(number), town.handoff_accepted(number), subject=number)
    await post.tell(town.case_decided(number), subject=number)


STORY = [
    "routing.case-assigned.v1",
    "routing.handoff-accepted.v1",
    "routing.case-decided.v1",
    "notify.delivery-changed.v1",
    "notify.delivery-changed.v1",
]


async def test_an_endpoint_is_told_nothing_before_it_is_proven_and_then_everything_in_order(
    post: Post, endpoint: Subscriber, subscribe: Subscribing, caller: Caller, time: Time
) -> None:
    endpoint.always = status(200)
    await subscribe(endpoint)
    await story(post)
    await caller.call_all()
    assert {each["type"] for each in endpoint.calls} == {told.PROOF}
    endpoint.always = None
    time.move(seconds=7)
    await caller.call_all()
    types = [each["type"] for each in endpoint.heard]
    assert types == ["intake.case-received.v1", *STORY]
    assert endpoint.of(CASE) == [1, 2, 3, 4, 5, 6]


async def test_a_webhook_names_nobody_and_says_only_what_the_table_lets_it(
    post: Post, endpoint: Subscriber, subscribe: Subscribing, caller: Caller
) -> None:
    await subscribe(endpoint)
    await story(post)
    await post.tell(town.notice_issued(), town.handoff_refused())
    await caller.call_all()
    assert len(endpoint.heard) == 8
    for each in endpoint.heard:
        assert set(each["data"]) <= set(told.KINDS[each["type"]].facts)
        assert "sealed" not in json.dumps(each)
        for personal in ("李示例", PHONE, "准予备案", "缺少签名", "不属于本机关职权", "示例-0001"):
            assert personal not in json.dumps(each, ensure_ascii=False)
        assert each["source"] == f"urn:tongban:630000:{each['type'].split('.')[0]}"
        assert len(json.dumps(each)) < 20_000


async def test_a_partner_hears_of_a_case_only_while_one_of_its_places_takes_part(
    post: Post, partner: str, endpoint: Subscriber, subscribe: Subscribing, caller: Caller
) -> None:
    await subscribe(endpoint, partner=partner)
    await post.tell(town.case_received())
    await post.tell(town.case_received(number=FOREIGN), subject=FOREIGN)
    await caller.call_all()
    assert endpoint.heard == []  # nobody knows yet whose matter it is
    assigned = town.case_assigned()
    await post.tell(assigned, town.handoff_accepted())
    elsewhere = town.case_assigned(FOREIGN)
    other = elsewhere.handoffs[0].model_copy(update={"location": town.WINDOW})
    await post.tell(elsewhere.model_copy(update={"handoffs": [other]}), subject=FOREIGN)
    await post.tell(town.handoff_accepted(FOREIGN), subject=FOREIGN)
    await caller.call_all()
    assert {each["subject"] for each in endpoint.heard} == {CASE}
    await post.tell(town.handoff_transferred(assigned.handoffs[0].id, to=town.WINDOW))
    await post.tell(town.case_closed())
    await caller.call_all()
    assert endpoint.heard[-1]["type"] == "routing.handoff-transferred.v1"


async def test_filters_by_type_place_and_item_only_narrow(
    post: Post,
    partner: str,
    endpoint: Subscriber,
    other: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
) -> None:
    await subscribe(endpoint, types=["routing.case-decided.v1"], locations=[town.OFFICE])
    await post.tell(town.item_published("RS-002"), subject="item:RS-002")
    await subscribe(other, items=["RS-002"])
    await story(post)
    await caller.call_all()
    assert [each["type"] for each in endpoint.heard] == ["routing.case-decided.v1"]
    assert other.heard == []


async def test_a_subscription_is_refused_with_every_fault(
    client: httpx.AsyncClient, token: Tokens, post: Post
) -> None:
    body = {
        "name": "示例",
        "url": "http://user:pass@169.254.169.254/latest#x",
        "types": ["routing.case-decided.v1", "routing.nothing.v1"],
        "locations": ["NOWHERE"],
        "items": ["XX-999"],
        "contact_phone": "0971-6123456",
        "partner": "P-510000",
    }
    answer = await client.post(
        SUBSCRIPTIONS,
        json=body,
        headers={**token("partner", town.OFFICE, partner=PARTNER), "Idempotency-Key": "faults-01"},
    )
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["faults"]] == [
        "/partner",
        "/url",
        "/url",
        "/url",
        "/url",
        "/contact_phone",
        "/types/1",
        "/locations/0",
        "/items/0",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.7/hook",
        "https://[::1]/hook",
        "https://localhost/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/hook",
        "https://0x7f.1/hook",
        "http://hooks.example.gov.cn/hook",
        "ftp://hooks.example.gov.cn/hook",
        "https:///hook",
        "https://hooks.example.gov.cn:99999/hook",
        "hooks.example.gov.cn",
    ],
)
async def test_an_address_that_must_not_be_called_is_refused_before_anybody_is_called(
    client: httpx.AsyncClient, token: Tokens, post: Post, url: str
) -> None:
    answer = await client.post(
        SUBSCRIPTIONS,
        json={"name": "示例", "url": url},
        headers={**token("ops", None), "Idempotency-Key": "address-01"},
    )
    assert answer.status_code == 422, answer.text


async def test_the_secret_is_shown_once_and_kept_sealed(
    client: httpx.AsyncClient,
    token: Tokens,
    post: Post,
    endpoint: Subscriber,
    subscribe: Subscribing,
    premises: Premises,
) -> None:
    made = await subscribe(endpoint, proven=False, contact_phone="13900000000")
    secret = made["secret"]
    assert secret.startswith("whsec_")
    headers = token("ops", None)
    shown = [
        await client.get(SUBSCRIPTIONS, headers=headers),
        await client.get(f"{SUBSCRIPTIONS}/{made['id']}", headers=headers),
        await client.post(f"{SUBSCRIPTIONS}/{made['id']}/proof", headers=headers),
    ]
    for answer in shown:
        assert answer.status_code == 200
        assert secret not in answer.text
        assert "13900000000" not in answer.text
        assert "139****0000" in answer.text


async def test_a_partner_sees_and_touches_its_own_subscriptions_only(
    client: httpx.AsyncClient,
    token: Tokens,
    partner: str,
    endpoint: Subscriber,
    subscribe: Subscribing,
) -> None:
    made = await subscribe(endpoint, partner=partner, proven=False)
    mine, theirs = (token("partner", town.OFFICE, partner=each) for each in (partner, "P-510000"))
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    assert (await client.get(path, headers=mine)).status_code == 200
    assert (await client.get(SUBSCRIPTIONS, headers=theirs)).json()["subscriptions"] == []
    for method, end, body in (
        ("GET", "", None),
        ("GET", "/attempts", None),
        ("GET", "/webhooks", None),
        ("POST", "/change", {"name": "别人"}),
        ("POST", "/rotation", {}),
        ("POST", "/recovery", {"failed": True}),
        ("POST", "/proof", None),
        ("DELETE", "", None),
    ):
        answer = await client.request(method, path + end, json=body, headers=theirs)
        assert answer.status_code == 404, (method, end, answer.text)
    gone = await client.delete(path, headers=mine)
    assert gone.status_code == 204
    assert (await client.get(SUBSCRIPTIONS, headers=mine)).json()["subscriptions"] == []


async def test_both_secrets_sign_while_one_is_rotated_and_then_the_new_one_alone(
    client: httpx.AsyncClient,
    token: Tokens,
    post: Post,
    endpoint: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    time: Time,
) -> None:
    made = await subscribe(endpoint)
    old = endpoint.secret
    await post.tell(town.case_received())
    rotated = await client.post(
        f"{SUBSCRIPTIONS}/{made['id']}/rotation",
        json={"overlap_hours": 24},
        headers=token("ops", None),
    )
    assert rotated.status_code == 200
    await caller.call_all()  # verified with the old one
    endpoint.secret = rotated.json()["secret"]
    assert endpoint.secret != old
    await post.tell(town.case_assigned())
    await caller.call_all()
    signed = [len(each["headers"]["webhook-signature"].split(" ")) for each in endpoint.calls]
    time.move(hours=25)
    await post.tell(town.handoff_accepted())
    await caller.call_all()
    last = endpoint.calls[-1]["headers"]["webhook-signature"].split(" ")
    assert (signed, len(last)) == ([1, 2, 2], 1)
    assert endpoint.of(CASE) == [1, 2, 3]


async def test_what_is_told_keeps_one_id_and_the_very_bytes_that_were_signed(
    post: Post,
    endpoint: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    premises: Premises,
    time: Time,
) -> None:
    await subscribe(endpoint)
    endpoint.answers = [status(500), status(500)]
    await post.tell(town.case_received())
    for _ in range(3):
        await caller.call_all()
        time.move(minutes=7)
    calls: list[dict[str, Any]] = [each for each in endpoint.calls if each["type"] != told.PROOF]
    assert len(calls) == 3
    assert len({each["headers"]["webhook-id"] for each in calls}) == 1
    assert len({each["headers"]["webhook-timestamp"] for each in calls}) == 3
    assert {each["id"] for each in calls} == {calls[0]["headers"]["webhook-id"]}
    async with premises.sessions() as session:
        row = (await session.scalars(select(WebhookRow).where(WebhookRow.type != told.PROOF))).one()
    assert (row.status, row.attempts, row.failures) == ("delivered", 3, 2)
