"""Carrier and gateway misbehave in every way at once, with several workers: the database says that
there is one booking for each dispatch and one text for each message, and that all ended right."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.notify.actions import booking, sending, tracking
from services.notify.gateways.carriers import CarrierGateway
from services.notify.gateways.json_sms import JsonSms
from services.notify.models import DeliveryRow, DispatchRow, MessageRow
from shared.premises import Premises
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.network.remotes import Remote
from tests.notify.town import OFFICE, Post, Time

CASES = [f"6300002600000{number:04d}" for number in range(3001, 3004)]
FAULTS: list[dict[str, Any]] = [
    {"kind": "delay", "seconds": 0.2},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 500, "done": True},
    {"kind": "status", "status": 429, "retry_after": "60"},
    {"kind": "status", "status": 503, "done": True},
    {"kind": "garbage", "done": True},
    {"kind": "drop", "done": True},
    {"kind": "drop"},
]


async def busily(*works: Callable[[], Awaitable[bool]]) -> None:
    """Four workers for each kind of work, until none has anything left."""

    async def worker(work: Callable[[], Awaitable[bool]]) -> None:
        while await work():
            pass

    await asyncio.gather(*(worker(work) for work in works for _ in range(4)))


@pytest.mark.timeout(240)
async def test_one_booking_for_each_dispatch_and_one_text_for_each_message(
    post: Post,
    premises: Premises,
    carrier: Remote,
    carriers: dict[str, CarrierGateway],
    sms: Remote,
    texting: JsonSms,
    time: Time,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    sessions = premises.sessions
    for operation in ("book", "track"):
        await carrier.order(operation, *FAULTS)
    await sms.order("send", *FAULTS)
    for number in CASES:
        await post.tell(town.case_received("post", number=number), subject=number)
        await post.tell(town.case_decided(number, form="paper"), subject=number)
    works = (
        lambda: booking.book_next(sessions, carriers, time, Random(1)),
        lambda: sending.send_next(sessions, texting, time, Random(2)),
        lambda: tracking.track_next(sessions, carriers, time),
    )
    sender = token("dispatcher", OFFICE)
    for _ in range(40):
        await busily(*works)
        time.move(minutes=31)
        async with sessions() as session:
            rows = (await session.scalars(select(DispatchRow))).all()
        for row in rows:
            if row.status == "booked":
                path = f"/notify/v1/dispatches/{row.id}/handover"
                assert (await client.post(path, json={}, headers=sender)).status_code == 200
                await carrier.post(f"/admin/parcels/{row.waybill}/advance?steps=5")
    async with sessions() as session:
        dispatches = (await session.scalars(select(DispatchRow))).all()
        deliveries = (await session.scalars(select(DeliveryRow.status))).all()
        messages = (await session.scalars(select(MessageRow))).all()
    bookings = (await carrier.records())["bookings"]
    assert [row.status for row in dispatches] == ["delivered"] * len(CASES)
    assert sorted(each["waybill"] for each in bookings) == sorted(
        row.waybill or "" for row in dispatches
    )
    assert deliveries == ["delivered"] * len(CASES)
    assert {row.status for row in messages} <= {"sent", "overtaken"}
    texts = [each["content"] for each in (await sms.records())["sent"]]
    assert len(texts) == len(set(texts)) == sum(row.status == "sent" for row in messages)
