"""The carrier gateway against a carrier that misbehaves in each of its ways, over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from standardwebhooks.webhooks import Webhook

from deploy.simulators.doors import serving
from services.notify.domain import dispatches, traces
from services.notify.domain.dispatches import Status
from services.notify.domain.traces import Trace, Tracking
from services.notify.gateways.carriers import BookingOrder, CarrierGateway, Party, Told
from services.notify.gateways.json_carrier import JsonCarrier, open_carrier
from services.notify.gateways.outcomes import Done, Duplicate, Refused, RetryLater
from shared.clock import utc_now
from shared.security.secret_files import replace_secret
from shared.webhooks import secrets, signing
from tests.notify.gateways.conftest import PATIENCE, SECRET, Remote

ORDER = BookingOrder(
    order_id="019921ab-0000-7000-8000-000000000001",
    sender=Party("兰州市政务服务中心", "09310000000", "甘肃省兰州市城关区1号", "730000"),
    recipient=Party("张三", "13900000000", "青海省西宁市城东区2号", "810007"),
    content="certificate",
    payer="government",
)


async def bookings(remote: Remote) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await remote.records())["bookings"]
    return found


async def test_a_booking_brings_a_waybill_and_a_repeat_is_no_second_booking(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    assert isinstance(carrier, CarrierGateway)
    first = await carrier.book(ORDER)
    again = await carrier.book(ORDER)
    assert isinstance(first, Done)
    assert first.reference.startswith("EA")
    assert again == Duplicate(first.reference, "REPEATED")
    assert [each["order_id"] for each in await bookings(remote_carrier)] == [ORDER.order_id]


LOST_ANSWERS: list[dict[str, Any]] = [
    {"kind": "status", "status": 500, "done": True},
    {"kind": "status", "status": 503, "done": True, "retry_after": "7"},
    {"kind": "status", "status": 429, "done": True, "retry_after": "7"},
    {"kind": "garbage", "done": True},
    {"kind": "drop", "done": True},
    {"kind": "delay", "seconds": 0.6},
]
NOT_DONE: list[dict[str, Any]] = [
    {**fault, "done": False} for fault in LOST_ANSWERS if fault["kind"] != "delay"
] + [{"kind": "status", "status": status} for status in (302, 401, 403, 404, 409, 502, 504)]


def hurried(carrier: JsonCarrier, fault: dict[str, Any]) -> JsonCarrier:
    """Where the far side is slow, we do not wait for it."""
    patience = fault.get("seconds", 2 * PATIENCE) / 2
    return replace(carrier, line=replace(carrier.line, timeout=patience))


@pytest.mark.parametrize("fault", [*LOST_ANSWERS, *NOT_DONE], ids=json.dumps)
async def test_whatever_happens_to_the_answer_there_is_one_booking_in_the_end(
    carrier: JsonCarrier, remote_carrier: Remote, fault: dict[str, Any]
) -> None:
    await remote_carrier.order("book", fault)
    failed = await hurried(carrier, fault).book(ORDER)
    assert isinstance(failed, RetryLater), failed
    if "retry_after" in fault:
        assert failed.after == timedelta(seconds=7)
    then = await carrier.book(ORDER)
    if fault["kind"] == "delay":  # the first may be carried out after the second
        await asyncio.sleep(fault["seconds"])
        assert isinstance(then, Done | Duplicate)
    else:
        assert isinstance(then, Duplicate if fault.get("done") else Done)
    assert [each["waybill"] for each in await bookings(remote_carrier)] == [then.reference]


async def test_a_hundred_repeats_at_once_are_one_booking(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    outcomes = await asyncio.gather(*(carrier.book(ORDER) for _ in range(100)))
    assert sum(isinstance(each, Done) for each in outcomes) == 1
    assert sum(isinstance(each, Duplicate) for each in outcomes) == 99
    (booked,) = await bookings(remote_carrier)
    assert booked["asked"] == 100


async def test_a_refusal_is_permanent_and_says_why(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    await remote_carrier.order("book", {"kind": "refuse"})
    assert await carrier.book(ORDER) == Refused("BAD_ADDRESS", "不予受理")


async def test_a_code_nobody_knows_is_neither_success_nor_the_end(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    await remote_carrier.order("book", {"kind": "refuse", "code": "BUSY"})
    assert await carrier.book(ORDER) == RetryLater("BUSY", "不予受理")


async def test_a_duplicate_without_a_waybill_is_found_by_our_own_id(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    await remote_carrier.post("/admin/scripts", {"terse": True})
    first = await carrier.book(ORDER)
    again = await carrier.book(ORDER)
    assert isinstance(first, Done)
    assert again == Duplicate(first.reference, "OK")
    await remote_carrier.order("find", {"kind": "status", "status": 500})
    assert await carrier.book(ORDER) == RetryLater("REPEATED", "reference-missing")


async def test_a_wrong_token_is_our_fault_and_loses_no_booking(
    carrier: JsonCarrier, remote_carrier: Remote, files: Path
) -> None:
    replace_secret(files / "carrier.token", b"old")
    stranger = open_carrier(files / "carrier.toml", carrier.line, base=remote_carrier.url)
    outcome = await stranger.book(ORDER)
    assert isinstance(outcome, RetryLater)
    assert await bookings(remote_carrier) == []


async def test_a_carrier_that_is_not_there_is_tried_later(carrier: JsonCarrier) -> None:
    nowhere = replace(carrier, file=carrier.file.model_copy(update={"base": "http://127.0.0.1:9"}))
    assert await nowhere.book(ORDER) == RetryLater("", "ConnectError")
    assert await nowhere.track("EA473124829CN") == RetryLater("", "ConnectError")


async def test_an_answer_without_end_is_cut_off(carrier: JsonCarrier) -> None:
    small = replace(carrier, line=replace(carrier.line, most_bytes=20))
    assert await small.book(ORDER) == RetryLater("", "answer-too-large")


async def test_cancelling_is_repeatable_and_too_late_once_it_was_picked_up(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    booked = await carrier.book(ORDER)
    assert isinstance(booked, Done)
    assert isinstance(await carrier.cancel(ORDER.order_id, booked.reference), Done)
    assert isinstance(await carrier.cancel(ORDER.order_id, booked.reference), Duplicate)
    other = replace(ORDER, order_id="another")
    moving = await carrier.book(other)
    assert isinstance(moving, Done)
    await remote_carrier.post(f"/admin/parcels/{moving.reference}/pickup")
    refused = await carrier.cancel(other.order_id, moving.reference)
    assert refused == Refused("TOO_LATE", "邮件已收寄")


async def test_tracking_by_asking_survives_every_fault(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    booked = await carrier.book(ORDER)
    assert isinstance(booked, Done)
    await remote_carrier.post(f"/admin/parcels/{booked.reference}/advance?steps=99")
    for fault in NOT_DONE:
        await remote_carrier.order("track", fault)
        assert isinstance(await carrier.track(booked.reference), RetryLater), fault
    told = await carrier.track(booked.reference)
    assert isinstance(told, Told)
    assert len(told.trace) == 5
    assert dispatches.settled(Status.BOOKED, told.trace) is Status.DELIVERED
    assert isinstance(await carrier.track("EA473124829CN"), RetryLater)


@asynccontextmanager
async def listening(
    *, failing: int = 0
) -> AsyncIterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A stand-in for our door: keeps what came in, and fails a few times first."""
    received: list[tuple[dict[str, str], bytes]] = []
    left = [failing]
    app = FastAPI()

    @app.post("/webhooks")
    async def take(request: Request) -> Response:
        received.append((dict(request.headers), await request.body()))
        left[0] -= 1
        return Response(status_code=503 if left[0] >= 0 else 202)

    async with serving(app) as url:
        yield f"{url}/webhooks", received


async def heard(
    carrier: JsonCarrier, remote: Remote, script: dict[str, Any], *, failing: int = 0
) -> tuple[Status, Trace, int]:
    """Where a dispatch stands after everything that the carrier pushed, in the order it came."""
    await remote.post("/admin/scripts", script)
    booked = await carrier.book(ORDER)
    assert isinstance(booked, Done | Duplicate)
    async with listening(failing=failing) as (url, received):
        await remote.subscribe(url)
        await remote.post(f"/admin/parcels/{booked.reference}/advance?steps=99")
    status, trace = Status.BOOKED, Trace()
    for headers, body in received:
        Webhook(SECRET).verify(body, headers)
        signing.verify([secrets.decode(SECRET)], headers, body, now=utc_now())
        for told in carrier.read_push(json.loads(body)):
            assert told.waybill == booked.reference
            assert told.order_id == ORDER.order_id
            trace = traces.merge(trace, told.trace)
            status = dispatches.settled(status, trace)
    return status, trace, len(received)


@pytest.mark.parametrize("push", ["each", "full", "reversed"])
@pytest.mark.parametrize(
    ("journey", "end"),
    [
        ("smooth", Status.DELIVERED),
        ("second_try", Status.DELIVERED),
        ("collected", Status.DELIVERED),
        ("slow", Status.DELIVERED),
        ("odd", Status.DELIVERED),
        ("lost", Status.MOVING),
        ("voided", Status.BOOKED),
    ],
)
async def test_pushes_of_every_kind_end_in_the_right_status(
    carrier: JsonCarrier, remote_carrier: Remote, journey: str, end: Status, push: str
) -> None:
    script = {"journey": journey, "push": push, "copies": 3}
    status, trace, count = await heard(carrier, remote_carrier, script)
    assert status is end
    scans = (await bookings(remote_carrier))[0]["scans"]
    assert len(trace) == scans
    assert count == 3 * scans


@pytest.mark.parametrize("push", ["each", "full"])
async def test_a_parcel_that_comes_back_is_returned_and_not_delivered(
    carrier: JsonCarrier, remote_carrier: Remote, push: str
) -> None:
    script = {"journey": "returned", "push": push}
    status, _, _ = await heard(carrier, remote_carrier, script)
    assert status is Status.RETURNED


async def test_a_return_that_is_told_backwards_is_seen_as_a_contradiction(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    script = {"journey": "returned", "push": "reversed"}
    status, trace, _ = await heard(carrier, remote_carrier, script)
    assert status is Status.DELIVERED
    assert dispatches.contradicted(status, trace)


async def test_a_push_that_is_not_taken_comes_again_under_the_same_id(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    script = {"steps": ["TAKEN"]}
    status, _, count = await heard(carrier, remote_carrier, script, failing=2)
    assert status is Status.MOVING
    assert count == 3
    pushes = (await remote_carrier.records())["pushes"]
    assert [push["status"] for push in pushes] == [503, 503, 202]
    assert len({push["webhook_id"] for push in pushes}) == 1


async def test_what_was_never_pushed_can_be_pulled(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    status, _, count = await heard(carrier, remote_carrier, {"push": "none"})
    assert (status, count) == (Status.BOOKED, 0)
    waybill = (await bookings(remote_carrier))[0]["waybill"]
    told = await carrier.track(waybill)
    assert isinstance(told, Told)
    assert traces.standing(told.trace).tracking is Tracking.DELIVERED


async def test_with_a_pace_a_parcel_travels_by_itself(
    carrier: JsonCarrier, remote_carrier: Remote
) -> None:
    await remote_carrier.post("/admin/scripts", {"pace": 0.01, "starts_at_booking": True})
    booked = await carrier.book(ORDER)
    assert isinstance(booked, Done)
    async with asyncio.timeout(PATIENCE):
        while True:
            told = await carrier.track(booked.reference)
            if isinstance(told, Told) and len(told.trace) == 5:
                break
            await asyncio.sleep(0.02)
    assert dispatches.settled(Status.BOOKED, told.trace) is Status.DELIVERED
