"""Notify with subscribers on real ports; the office of the cases is a partner's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.notify.actions.calling import Caller
from services.notify.gateways.subscribers import Line
from shared.premises import Premises
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.town import OFFICE, Post, Time
from tests.notify.webhooks.subscriber import Subscriber, subscriber

PARTNER = "P-620000"
SUBSCRIPTIONS = "/notify/v1/subscriptions"

Subscribing = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def gateways() -> dict[str, Any]:
    return {"outbound_allowed": ("127.0.0.0/8",)}


@pytest.fixture
async def partner(post: Post) -> str:
    """From now on the office works in a system of its own."""
    place = town.location(OFFICE, "兰州市城关区医保局(示例)", "620102")
    moved = place.model_copy(update={"version": 2, "system": f"partner:{PARTNER}"})
    await post.tell(moved, subject=f"location:{OFFICE}")
    return PARTNER


@pytest.fixture
async def endpoint(time: Time) -> AsyncIterator[Subscriber]:
    async with subscriber(time) as opened:
        yield opened


@pytest.fixture
async def other(time: Time) -> AsyncIterator[Subscriber]:
    async with subscriber(time) as opened:
        yield opened


@pytest.fixture
def caller(premises: Premises, time: Time) -> Caller:
    return Caller(premises.sessions, Line(premises.outbound, time, timeout=60), time, Random(7))


@pytest.fixture
def subscribe(client: httpx.AsyncClient, token: Tokens, caller: Caller) -> Subscribing:
    """As operations or as a partner; proven, unless told otherwise."""

    async def subscribe(
        at: Subscriber, *, partner: str | None = None, proven: bool = True, **wanted: Any
    ) -> dict[str, Any]:
        headers = token("partner", OFFICE, partner=partner) if partner else token("ops", None)
        made = await client.post(
            SUBSCRIPTIONS,
            json={"name": "示例系统", "url": at.url, **wanted},
            headers={**headers, "Idempotency-Key": str(uuid4())},
        )
        assert made.status_code == 201, made.text
        at.secret = made.json()["secret"]
        if proven:
            await caller.call_all()
        found: dict[str, Any] = made.json()
        return found

    return subscribe
