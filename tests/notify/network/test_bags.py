"""Routing's sealed bags are posted like results: booked, labelled, followed, told back."""

from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.notify.actions import booking, tracking
from services.notify.gateways.carriers import CarrierGateway
from services.notify.models import DispatchRow
from shared.messaging.outbox import OUTBOX
from shared.premises import Premises
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.network.remotes import Remote
from tests.notify.town import OFFICE, PARCEL, PARCEL_SUBJECT, WINDOW, Post, Time

DISPATCH = f"/notify/v1/dispatches/{PARCEL}"


async def bag(premises: Premises) -> DispatchRow:
    async with premises.sessions() as session:
        return (await session.scalars(select(DispatchRow))).one()


async def told(premises: Premises) -> list[str]:
    async with premises.sessions() as session:
        rows = await session.execute(select(OUTBOX).order_by(OUTBOX.c.sequence))
        return [row.data["what"] for row in rows if row.type == "notify.parcel-tracked.v1"]


async def test_a_bag_is_booked_labelled_followed_and_told_of(
    post: Post,
    premises: Premises,
    carrier: Remote,
    carriers: dict[str, CarrierGateway],
    time: Time,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    await post.tell(town.parcel_sealed(), town.parcel_sealed(), subject=PARCEL_SUBJECT)
    assert await booking.book_next(premises.sessions, carriers, time, Random(1))
    sender = token("dispatcher", WINDOW)
    seen = (await client.get(DISPATCH, headers=sender)).json()
    assert (seen["kind"], seen["status"], seen["carrier"]) == ("parcel", "booked", "simulated")
    label = await client.get(f"{DISPATCH}/label", headers=sender)
    assert label.content.startswith(b"%PDF")
    elsewhere = await client.post(f"{DISPATCH}/handover", json={}, headers=sender)
    assert elsewhere.json()["code"] == "parcel-elsewhere"
    handed = town.parcel_handed_over(seen["waybill"])
    await post.tell(handed, subject=PARCEL_SUBJECT)
    assert (await bag(premises)).status == "moving"
    await carrier.post(f"/admin/parcels/{seen['waybill']}/advance?steps=5")
    time.at += timedelta(hours=1)
    assert await tracking.track_next(premises.sessions, carriers, time)
    assert (await bag(premises)).status == "delivered"
    assert await told(premises) == ["arrived"]
    await post.tell(town.parcel_arrived(), subject=PARCEL_SUBJECT)
    assert (await bag(premises)).status == "delivered"
    records = await carrier.records()
    assert [each["asked"] for each in records["bookings"]] == [1]


async def test_a_bag_that_turns_back_is_told_of_once(
    post: Post,
    premises: Premises,
    carrier: Remote,
    carriers: dict[str, CarrierGateway],
    time: Time,
) -> None:
    script = {"journey": "returned"}
    await carrier.post("/admin/scripts", script)
    await post.tell(town.parcel_sealed(), subject=PARCEL_SUBJECT)
    await booking.book_next(premises.sessions, carriers, time, Random(1))
    waybill = (await bag(premises)).waybill
    await post.tell(town.parcel_handed_over(waybill), subject=PARCEL_SUBJECT)
    for steps in (2, 4, 2):
        await carrier.post(f"/admin/parcels/{waybill}/advance?steps={steps}")
        time.at += timedelta(hours=1)
        assert await tracking.track_next(premises.sessions, carriers, time)
    assert (await bag(premises)).status == "returned"
    assert await told(premises) == ["returning"]


@pytest.mark.parametrize(
    ("carrier_name", "gateway"), [("EMS", None), ("模拟快递", "simulated"), ("messenger", None)]
)
async def test_what_was_typed_at_the_counter_holds_and_no_booking_stays(
    post: Post,
    premises: Premises,
    carrier: Remote,
    carriers: dict[str, CarrierGateway],
    time: Time,
    carrier_name: str,
    gateway: str | None,
) -> None:
    waybill = None if carrier_name == "messenger" else "EA000000027CN"
    await post.tell(town.parcel_sealed(), subject=PARCEL_SUBJECT)
    await booking.book_next(premises.sessions, carriers, time, Random(1))
    handed = town.parcel_handed_over(waybill, carrier=carrier_name)
    await post.tell(handed, subject=PARCEL_SUBJECT)
    row = await bag(premises)
    assert (row.status, row.carrier, row.waybill) == ("moving", carrier_name, waybill)
    assert row.gateway == gateway
    assert await booking.cancel_next(premises.sessions, carriers, time)
    assert (await carrier.records())["bookings"][0]["cancelled"]
    await post.tell(town.parcel_arrived(), subject=PARCEL_SUBJECT)
    assert (await bag(premises)).status == "delivered"
    assert await told(premises) == []


async def test_both_ends_see_the_bag_and_nobody_else(
    post: Post, client: httpx.AsyncClient, token: Tokens
) -> None:
    await post.tell(town.parcel_sealed(), subject=PARCEL_SUBJECT)
    found: dict[str, Any] = {}
    for role, place in (
        ("clerk", WINDOW),
        ("dispatcher", WINDOW),
        ("dispatcher", OFFICE),
        ("dispatcher", "630102-C1"),
    ):
        answer = await client.get(DISPATCH, headers=token(role, place))
        found[f"{role} {place}"] = answer.status_code
    assert list(found.values()) == [200, 200, 200, 404], found
