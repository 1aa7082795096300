"""Subscribers that are down, slow, flapping, elsewhere or gone: nothing is lost, each effect once,
the order of a case kept, and the others not slowed."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.notify.actions.calling import LEASE, Caller, claim
from services.notify.domain import told
from services.notify.gateways.subscribers import FIRST, Line
from services.notify.models import AttemptRow, MessageRow, SubscriptionRow, WebhookRow
from services.notify.queries import seals
from shared.premises import Premises
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.town import CASE, Post, Time
from tests.notify.webhooks.conftest import SUBSCRIPTIONS, Subscribing
from tests.notify.webhooks.subscriber import Answer, Subscriber, huge, status

CASES = [f"6300002600000{number:04d}" for number in range(1000, 1006)]


async def events(post: Post, cases: Sequence[str], *, each: int = 3) -> None:
    for number in cases:
        await post.tell(town.case_received(number=number), subject=number)
        for _ in range(each - 1):
            await post.tell(town.notice_issued(number), subject=number)


async def both(subscribe: Subscribing, endpoint: Subscriber, other: Subscriber) -> str:
    """One that will misbehave, and one beside it; the first one's id."""
    made = await subscribe(endpoint, contact_phone="13900000000")
    await subscribe(other)
    return str(made["id"])


async def until_quiet(caller: Caller, time: Time, *, hours: float, step: float = 0.25) -> None:
    """So many hours pass, a step at a time."""
    for _ in range(int(hours / step)):
        await caller.call_all()
        time.move(hours=step)


async def state(premises: Premises) -> SubscriptionRow:
    async with premises.sessions() as session:
        query = select(SubscriptionRow).order_by(SubscriptionRow.id)
        return (await session.scalars(query)).first() or SubscriptionRow()


def health(endpoint: Subscriber) -> list[dict[str, Any]]:
    """What it was told about subscriptions."""
    return [each["data"] for each in endpoint.heard if each["type"] == told.HEALTH]


async def texts(premises: Premises) -> list[seals.Content]:
    """What owners were sent about their endpoint, in order."""
    async with premises.sessions() as session:
        query = select(MessageRow).where(MessageRow.event == "endpoint").order_by(MessageRow.id)
        rows = (await session.scalars(query)).all()
    return [seals.open_content(premises.carried.keys, row.id, row.content) for row in rows]


async def attempts(premises: Premises) -> Sequence[AttemptRow]:
    async with premises.sessions() as session:
        query = select(AttemptRow).join(WebhookRow).where(WebhookRow.type != told.PROOF)
        return (await session.scalars(query.order_by(AttemptRow.id))).all()


def all_told(endpoint: Subscriber, cases: Sequence[str], *, each: int = 3) -> None:
    assert len(endpoint.heard) == len(endpoint.effects), "told twice"
    for number in cases:
        assert endpoint.of(number) == list(range(1, each + 1)), number


@pytest.mark.timeout(180)
async def test_an_endpoint_that_was_down_for_hours_gets_everything_once_and_in_order(
    post: Post,
    endpoint: Subscriber,
    other: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    time: Time,
    premises: Premises,
) -> None:
    await both(subscribe, endpoint, other)
    endpoint.always = status(503)
    await events(post, CASES)
    await until_quiet(caller, time, hours=9)
    all_told(other, CASES)
    assert endpoint.heard == []
    assert (await state(premises)).breaker in ("open", "half_open")
    # Left alone meanwhile: not so many calls as there are webhooks and retries.
    assert len(endpoint.calls) < 30
    endpoint.always = None
    await until_quiet(caller, time, hours=3)
    all_told(endpoint, CASES)
    assert (await state(premises)).breaker == "closed"


@pytest.mark.timeout(180)
async def test_a_connection_that_is_refused_is_waited_for_like_any_failure(
    post: Post,
    endpoint: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    time: Time,
    premises: Premises,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    made = await subscribe(endpoint)
    await events(post, CASES[:1], each=1)
    async with premises.sessions.begin() as session:
        row = await session.get_one(SubscriptionRow, made["id"])
        address, row.url = row.url, "http://127.0.0.1:1/hook"
    await caller.call_all()
    (tried,) = await attempts(premises)
    assert (tried.status, tried.error, tried.outcome) == (None, "ConnectError", "failed")
    async with premises.sessions.begin() as session:
        (await session.get_one(SubscriptionRow, made["id"])).url = address
    time.move(seconds=7)
    await caller.call_all()
    all_told(endpoint, CASES[:1], each=1)


async def test_a_slow_endpoint_slows_nobody_else_and_gets_one_call_at_a_time(
    post: Post,
    endpoint: Subscriber,
    other: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    premises: Premises,
    time: Time,
) -> None:
    await both(subscribe, endpoint, other)
    endpoint.answering.clear()
    stop = asyncio.Event()
    running = asyncio.create_task(caller.run(stop))
    await events(post, CASES[:2])
    await other.took(6)
    # The slow one has neither answered nor run out of time.
    assert {each.status for each in await attempts(premises)} <= {202}
    all_told(other, CASES[:2])
    assert endpoint.heard == []
    assert endpoint.most_at_once <= 2
    stop.set()
    endpoint.answering.set()
    await running
    before = len(endpoint.calls)
    await until_quiet(caller, time, hours=1)
    assert len(endpoint.calls) > before
    assert sorted(endpoint.effects) == sorted(other.effects)
    assert endpoint.of(CASES[0]) == [1, 2, 3]


async def test_an_endpoint_that_does_not_answer_in_time_is_called_again(
    post: Post,
    endpoint: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    premises: Premises,
    time: Time,
) -> None:
    await subscribe(endpoint)
    await events(post, CASES[:1], each=1)
    endpoint.answering.clear()
    hurried = Caller(premises.sessions, Line(premises.outbound, time, timeout=0.2), time, Random(1))
    await hurried.call_all()
    (tried,) = await attempts(premises)
    assert (tried.status, tried.error, tried.outcome) == (None, "timeout", "failed")
    endpoint.answering.set()
    time.move(seconds=7)
    await caller.call_all()
    assert [each.outcome for each in await attempts(premises)] == ["failed", "taken"]
    assert set(endpoint.of(CASES[0])) == {1}


def flapping(chance: Random, *, most: int) -> Callable[[dict[str, Any]], Answer | None]:
    """Every other call fails, each webhook no more than `most` times: whatever the order in which
    calls come in, none is refused so often that it is given up, which is another test's."""
    refused = Counter[str]()

    def refuses(document: dict[str, Any]) -> Answer | None:
        answer = status(chance.choice([500, 502, 404, 301]))
        if chance.random() >= 0.5 or refused[document["id"]] == most:
            return None
        refused[document["id"]] += 1
        return answer

    return refuses


@pytest.mark.timeout(180)
async def test_a_flapping_endpoint_gets_everything_once_and_in_order(
    post: Post, endpoint: Subscriber, subscribe: Subscribing, caller: Caller, time: Time
) -> None:
    await subscribe(endpoint)
    endpoint.refuses = flapping(Random(11), most=5)
    await events(post, CASES, each=4)
    await until_quiet(caller, time, hours=75, step=0.5)
    all_told(endpoint, CASES, each=4)
    assert len(endpoint.calls) - len(endpoint.heard) > 12


async def test_a_redirect_fails_and_is_not_followed(
    post: Post,
    endpoint: Subscriber,
    other: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    premises: Premises,
) -> None:
    await subscribe(endpoint)
    endpoint.always = status(307, location=other.url)
    await events(post, CASES[:1], each=1)
    await caller.call_all()
    (tried,) = await attempts(premises)
    assert (tried.status, tried.outcome) == (307, "failed")
    assert other.calls == []


async def test_410_switches_it_off_keeps_what_was_not_told_and_tells_its_owner(
    post: Post,
    endpoint: Subscriber,
    other: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    premises: Premises,
    client: httpx.AsyncClient,
    token: Tokens,
    time: Time,
) -> None:
    id_ = await both(subscribe, endpoint, other)
    endpoint.always = status(410)
    await events(post, CASES[:1])
    await until_quiet(caller, time, hours=1)
    assert len(await attempts(premises)) == 1 + 4  # one there; three and the news at the other
    seen = await client.get(f"{SUBSCRIPTIONS}/{id_}", headers=token("ops", None))
    assert (seen.json()["status"], seen.json()["disabled_for"]) == ("disabled", "gone")
    assert [(each["subscription_id"], each["what"]) for each in health(other)] == [(id_, "gone")]
    (words,) = await texts(premises)
    assert (words.phone, "示例系统" in words.text) == ("13900000000", True)
    # What happens meanwhile is kept; recovery proves the address first.
    await post.tell(town.handoff_accepted(CASES[0]), subject=CASES[0])
    endpoint.always = None
    await caller.call_all()
    assert endpoint.heard == []
    back = await client.post(
        f"{SUBSCRIPTIONS}/{id_}/recovery", json={"failed": True}, headers=token("ops", None)
    )
    assert back.json()["status"] == "unproven"
    await until_quiet(caller, time, hours=1)
    assert endpoint.of(CASES[0]) == [1, 2, 3, 4]


async def test_429_is_left_alone_for_as_long_as_it_asks(
    post: Post, endpoint: Subscriber, subscribe: Subscribing, caller: Caller, time: Time
) -> None:
    await subscribe(endpoint)
    endpoint.answers = [status(429, retry_after="3600")]
    await events(post, CASES[:3], each=1)
    await caller.call_all()
    refused = len(endpoint.calls)
    await until_quiet(caller, time, hours=0.9, step=0.1)
    assert len(endpoint.calls) == refused
    time.move(hours=0.2)
    await caller.call_all()
    await until_quiet(caller, time, hours=1)
    all_told(endpoint, CASES[:3], each=1)


async def test_ten_megabytes_of_answer_are_not_read_and_their_beginning_is_kept(
    post: Post,
    endpoint: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    premises: Premises,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    made = await subscribe(endpoint)
    endpoint.answers = [huge(10_000_000)]
    await events(post, CASES[:1])
    await caller.call_all()
    tried = await attempts(premises)
    assert [each.outcome for each in tried] == ["taken"] * 3
    shown = await client.get(f"{SUBSCRIPTIONS}/{made['id']}/attempts", headers=token("ops", None))
    first = shown.json()["attempts"][2]
    assert (first["status"], first["answer"]) == (200, "x" * FIRST)
    assert endpoint.of(CASES[0]) == [2, 3]  # the first was taken with the ten megabytes


@pytest.mark.timeout(180)
async def test_the_schedule_is_the_published_one_and_what_is_given_up_holds_its_case_only(
    post: Post,
    endpoint: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    time: Time,
    premises: Premises,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    made = await subscribe(endpoint)
    bad, good = CASES[:2]
    refuse = status(400)
    await events(post, [bad], each=2)
    begun = time.at
    for _ in range(90 * 60):
        async with premises.sessions() as session:
            due = await session.scalar(
                select(WebhookRow.next_attempt_at).where(
                    WebhookRow.subject == bad, WebhookRow.next_attempt_at.is_not(None)
                )
            )
        if due is None:
            break
        time.at = max(due, time.at)
        endpoint.answers = [refuse]
        await caller.call_all()
        # Others go on, so that the endpoint counts as working.
        other_case = town.notice_issued(good)
        if not post.sequences.get(("intake", good)):
            await post.tell(town.case_received(number=good), subject=good)
        await post.tell(other_case, subject=good)
        endpoint.answers = []
        await caller.call_all()
    times = [each.at for each in await attempts(premises) if each.status == 400]
    waits = [later - before for before, later in pairwise(times)]
    planned = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert len(times) == 10
    assert times[0] == begun
    for wait, seconds in zip(waits, planned, strict=True):
        assert 0.79 * seconds <= wait.total_seconds() <= 1.21 * seconds
    assert endpoint.of(bad) == []
    assert len(endpoint.of(good)) > 8
    headers = token("ops", None)
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    failed = (await client.get(f"{path}/webhooks?status=failed", headers=headers)).json()
    assert [each["subject"] for each in failed["webhooks"]] == [bad]
    back = await client.post(f"{path}/recovery", json={"failed": True}, headers=headers)
    assert back.json()["count"] == 1
    await caller.call_all()
    assert endpoint.of(bad) == [1, 2]


@pytest.mark.timeout(180)
async def test_what_fails_for_five_days_is_switched_off_and_its_owner_told_on_the_way(
    post: Post,
    endpoint: Subscriber,
    other: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    time: Time,
    premises: Premises,
) -> None:
    await both(subscribe, endpoint, other)
    endpoint.always = status(500)
    # Enough that something is always due to be tried.
    await events(post, [f"6300002600000{number:04d}" for number in range(2000, 2030)], each=1)
    await until_quiet(caller, time, hours=124, step=1)
    row = await state(premises)
    assert (row.status, row.disabled_for) == ("disabled", "failing")
    news = [each for each in health(other) if each["what"] != "undelivered"]
    told_of = [(each["what"], each["percent"]) for each in news]
    assert told_of == [
        ("degraded", 0),
        ("failing", 50),
        ("failing", 70),
        ("failing", 90),
        ("disabled", 100),
    ]
    before = len(endpoint.calls)
    await until_quiet(caller, time, hours=5, step=1)
    assert len(endpoint.calls) == before


@pytest.mark.parametrize("step", ["proof", "recovery"])
async def test_who_was_away_is_told_everything_at_once_when_an_operator_says_it_is_back(
    step: str,
    post: Post,
    endpoint: Subscriber,
    other: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    time: Time,
    client: httpx.AsyncClient,
    token: Tokens,
    premises: Premises,
) -> None:
    """Not after the hours of the schedule, and not after the breaker's rest either."""
    id_ = await both(subscribe, endpoint, other)
    endpoint.always = status(503)
    await events(post, CASES)
    await until_quiet(caller, time, hours=2)
    assert (await state(premises)).breaker in ("open", "half_open")
    endpoint.always = None
    await caller.call_all()
    assert endpoint.heard == []
    answer = await client.post(
        f"{SUBSCRIPTIONS}/{id_}/{step}",
        json={"failed": True} if step == "recovery" else None,
        headers=token("ops", None),
    )
    assert answer.status_code in (200, 202), answer.text
    await caller.call_all()
    all_told(endpoint, CASES)


async def test_the_owner_hears_that_a_degraded_endpoint_has_recovered(
    post: Post,
    endpoint: Subscriber,
    other: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    time: Time,
    premises: Premises,
) -> None:
    id_ = await both(subscribe, endpoint, other)
    endpoint.always = status(503)
    await events(post, CASES)
    await until_quiet(caller, time, hours=2)
    endpoint.always = None
    await until_quiet(caller, time, hours=2)
    all_told(endpoint, CASES)
    assert [(each["subscription_id"], each["what"]) for each in health(other)] == [
        (id_, "degraded"),
        (id_, "recovered"),
    ]
    said = [each.text for each in await texts(premises)]
    assert [("已放慢" in text, "已恢复" in text) for text in said] == [
        (True, False),
        (False, True),
    ]


async def test_one_or_all_since_then_are_told_again_under_the_same_ids(
    post: Post,
    endpoint: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    made = await subscribe(endpoint)
    await events(post, CASES[:2], each=2)
    await caller.call_all()
    ids = [each["id"] for each in endpoint.heard]
    headers, path = token("ops", None), f"{SUBSCRIPTIONS}/{made['id']}"
    page = (await client.get(f"{path}/webhooks", headers=headers)).json()["webhooks"]
    one = next(each for each in page if each["webhook_id"] == ids[0])
    again = {"webhook_id": one["id"]}
    assert (await client.post(f"{path}/recovery", json=again, headers=headers)).json()["count"] == 1
    await caller.call_all()
    assert [each["id"] for each in endpoint.heard[4:]] == [ids[0]]
    since = {"since": (town.AT - timedelta(hours=1)).isoformat()}
    assert (await client.post(f"{path}/recovery", json=since, headers=headers)).json()["count"] == 4
    await caller.call_all()
    assert len(endpoint.heard) == 9
    assert set(endpoint.effects) == set(ids)
    for number in CASES[:2]:
        assert endpoint.of(number)[-2:] == [1, 2]
    for body in ({}, {"failed": True, **since}):
        answer = await client.post(f"{path}/recovery", json=body, headers=headers)
        assert answer.status_code == 422


async def test_who_dies_between_the_call_and_its_record_tells_it_again_under_the_same_id(
    post: Post,
    endpoint: Subscriber,
    subscribe: Subscribing,
    caller: Caller,
    time: Time,
    premises: Premises,
) -> None:
    await subscribe(endpoint)
    await events(post, [CASE], each=1)
    async with premises.sessions.begin() as session:
        assert len(await claim(session, most=9, at=time.at)) == 1
    await caller.call_all()
    assert endpoint.heard == []  # it counts as being out
    time.at += LEASE
    await caller.call_all()
    all_told(endpoint, [CASE], each=1)


async def test_two_processes_never_tell_the_same_thing_at_once(
    post: Post, endpoint: Subscriber, subscribe: Subscribing, time: Time, premises: Premises
) -> None:
    await subscribe(endpoint)
    await events(post, CASES)
    endpoint.delay = 0.02
    line = Line(premises.outbound, time, timeout=60)
    callers = [Caller(premises.sessions, line, time, Random(each)) for each in range(4)]
    await asyncio.gather(*(each.call_all() for each in callers))
    await callers[0].call_all()
    all_told(endpoint, CASES)


async def test_a_name_that_leads_inside_is_not_called(
    post: Post, client: httpx.AsyncClient, token: Tokens, premises: Premises, time: Time
) -> None:
    """It looked harmless when it was given; where it leads is looked at with each call."""
    made = await client.post(
        SUBSCRIPTIONS,
        json={"name": "示例", "url": "https://inner.example.gov.cn/hook"},
        headers={**token("ops", None), "Idempotency-Key": "inside-01"},
    )
    assert made.status_code == 201
    async with premises.sessions.begin() as session:
        row = await session.get_one(SubscriptionRow, made.json()["id"])
        row.url = "https://169.254.169.254/latest"
    caller = Caller(premises.sessions, Line(premises.outbound, time), time, Random(1))
    await caller.call_all()
    async with premises.sessions() as session:
        tried = (await session.scalars(select(AttemptRow))).one()
    assert (tried.status, tried.error) == (None, "AddressRefusedError")
