"""Booking, tracking and texting against simulators on real ports that misbehave as told."""

import asyncio
from datetime import timedelta
from io import BytesIO
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import select

from services.notify.actions import booking, pushes, sending, tracking
from services.notify.gateways.carriers import CarrierGateway
from services.notify.gateways.json_sms import JsonSms
from services.notify.models import DeliveryRow, DispatchRow, MessageRow, PushRow, ScanRow
from services.notify.queries import seals
from shared.clock import utc_now
from shared.premises import Premises
from shared.webhooks import secrets, signing
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.network.remotes import SECRET, Remote
from tests.notify.town import CASE, OFFICE, Post, Time

WEBHOOK = "/notify/webhooks/carriers/simulated"


async def posted(post: Post) -> None:
    await post.tell(town.case_received("post"))
    await post.tell(town.case_decided(form="paper"))


async def dispatch_of(premises: Premises) -> DispatchRow:
    async with premises.sessions() as session:
        return (await session.scalars(select(DispatchRow))).one()


async def delivery_status(premises: Premises) -> str:
    async with premises.sessions() as session:
        return (await session.scalars(select(DeliveryRow.status))).one()


async def statuses(premises: Premises) -> dict[str, str]:
    async with premises.sessions() as session:
        return {row.event: row.status for row in await session.scalars(select(MessageRow))}


async def book(premises: Premises, carriers: dict[str, CarrierGateway], time: Time) -> bool:
    return await booking.book_next(premises.sessions, carriers, time, Random(1))


async def test_a_result_travels_booked_tracked_and_delivered(
    post: Post,
    premises: Premises,
    carrier: Remote,
    carriers: dict[str, CarrierGateway],
    time: Time,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    await posted(post)
    assert await book(premises, carriers, time)
    assert not await book(premises, carriers, time)
    booked = await dispatch_of(premises)
    assert (booked.status, booked.carrier) == ("booked", "simulated")
    assert await delivery_status(premises) == "booked"
    handed = await client.post(
        f"/notify/v1/dispatches/{booked.id}/handover", json={}, headers=token("dispatcher", OFFICE)
    )
    assert handed.json()["status"] == "moving"
    await called_by_its_name(premises, client, token("dispatcher", OFFICE), booked.id)
    await carrier.post(f"/admin/parcels/{booked.waybill}/advance?steps=5")
    time.at += timedelta(hours=1)
    assert await tracking.track_next(premises.sessions, carriers, time)
    assert (await dispatch_of(premises)).status == "delivered"
    assert await delivery_status(premises) == "delivered"
    assert len((await carrier.records())["bookings"]) == 1
    async with premises.sessions() as session:
        scans = (await session.scalars(select(ScanRow).order_by(ScanRow.at))).all()
    assert [scan.code for scan in scans] == ["TAKEN", "LEFT", "REACHED", "OUT", "SIGNED"]


async def called_by_its_name(
    premises: Premises, client: httpx.AsyncClient, headers: dict[str, str], dispatch: UUID
) -> None:
    """People read 模拟快递; its code is for machines."""
    path = "/notify/v1/dispatches"
    printed = [
        await client.get(f"{path}/{dispatch}/label", headers=headers),
        await client.get(f"{path}/handover-list?carrier=simulated", headers=headers),
    ]
    read = [PdfReader(BytesIO(each.content)).pages[0].extract_text() for each in printed]
    async with premises.sessions() as session:
        row = (await session.scalars(select(MessageRow).where(MessageRow.event == "on_way"))).one()
    read.append(seals.open_content(premises.carried.keys, row.id, row.content).text)
    for text in read:
        assert "模拟快递" in text
        assert "simulated" not in text


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 500, "done": True},
        {"kind": "status", "status": 429, "retry_after": "3"},
        {"kind": "garbage", "done": True},
        {"kind": "drop", "done": True},
    ],
)
async def test_whatever_the_carrier_answers_there_is_one_booking(
    post: Post,
    premises: Premises,
    carrier: Remote,
    carriers: dict[str, CarrierGateway],
    time: Time,
    fault: dict[str, Any],
) -> None:
    await posted(post)
    await carrier.order("book", {**fault, "times": 2})
    for _ in range(3):
        assert await book(premises, carriers, time)
        time.at += timedelta(minutes=2)
    assert (await dispatch_of(premises)).status == "booked"
    assert len((await carrier.records())["bookings"]) == 1


async def test_who_dies_after_booking_books_the_same_again(
    post: Post,
    premises: Premises,
    carrier: Remote,
    carriers: dict[str, CarrierGateway],
    time: Time,
) -> None:
    """The claim is a lease: what was asked and not recorded is asked again, under the same id."""
    await posted(post)

    class Dies:
        code, automatic = "simulated", True

        async def book(self, order: Any) -> Any:
            await carriers["simulated"].book(order)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await book(premises, {"simulated": Dies()}, time)  # type: ignore[dict-item]  # books only
    assert (await dispatch_of(premises)).status == "planned"
    assert not await book(premises, carriers, time)
    time.at += booking.LEASE
    assert await book(premises, carriers, time)
    records = await carrier.records()
    assert [(each["asked"], each["cancelled"]) for each in records["bookings"]] == [(2, False)]


async def test_a_refused_booking_can_be_posted_by_hand(
    post: Post,
    premises: Premises,
    carrier: Remote,
    carriers: dict[str, CarrierGateway],
    time: Time,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    await posted(post)
    await carrier.order("book", {"kind": "refuse", "code": "BAD_ADDRESS"})
    await book(premises, carriers, time)
    refused = await dispatch_of(premises)
    assert (refused.status, refused.next_attempt_at) == ("refused", None)
    by_hand = await client.post(
        f"/notify/v1/dispatches/{refused.id}/handover",
        json={"carrier": "邮政快递", "waybill": "EA473124829CN"},
        headers=token("dispatcher", OFFICE),
    )
    assert by_hand.json()["status"] == "moving"


async def test_a_change_after_booking_cancels_it_there(
    post: Post,
    premises: Premises,
    carrier: Remote,
    carriers: dict[str, CarrierGateway],
    time: Time,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    await posted(post)
    await book(premises, carriers, time)
    page = await client.get("/notify/v1/deliveries", params={"case_number": CASE}, headers=token())
    delivery = page.json()["deliveries"][0]
    changed = await client.post(
        f"/notify/v1/deliveries/{delivery['id']}/change",
        json={"method": "electronic"},
        headers=token(),
    )
    assert changed.json()["status"] == "ready"
    await carrier.order("cancel", {"kind": "status", "status": 503})
    assert await booking.cancel_next(premises.sessions, carriers, time)
    time.at += timedelta(minutes=15)
    assert await booking.cancel_next(premises.sessions, carriers, time)
    assert not await booking.cancel_next(premises.sessions, carriers, time)
    assert (await carrier.records())["bookings"][0]["cancelled"]


def signed(body: bytes, time: Time, *, id_: str = "msg_1", age: int = 0) -> dict[str, str]:
    at = int(time().timestamp()) - age
    headers = signing.sign_headers([secrets.decode(SECRET)], id_, at, body)
    return {**headers, "content-type": "application/json"}


def push_body(waybill: str, order_id: str, *codes: str) -> bytes:
    traces = ",".join(
        f'{{"time": "2026-09-07 1{n}:00:00", "op_code": "{code}", "op_org": "西宁"}}'
        for n, code in enumerate(codes)
    )
    parcel = f'{{"waybill_no": "{waybill}", "client_order_no": "{order_id}", "traces": [{traces}]}}'
    return f'{{"parcels": [{parcel}]}}'.encode()


async def apply_pushes(premises: Premises, carriers: dict[str, CarrierGateway], time: Time) -> None:
    while await pushes.apply_next(premises.sessions, carriers, time):
        pass


async def test_pushes_are_merged_whatever_their_order_and_number(
    post: Post,
    premises: Premises,
    carriers: dict[str, CarrierGateway],
    time: Time,
    client: httpx.AsyncClient,
) -> None:
    await posted(post)
    await book(premises, carriers, time)
    row = await dispatch_of(premises)
    waybill, order = row.waybill or "", row.id.hex
    bodies = [
        push_body(waybill, order, "TAKEN", "LEFT", "REACHED", "OUT", "SIGNED"),
        push_body(waybill, order, "TAKEN"),
        push_body(waybill, "", "TAKEN", "LEFT"),
    ]
    for number, body in enumerate(bodies):
        for _ in range(2):
            answer = await client.post(
                WEBHOOK, content=body, headers=signed(body, time, id_=f"msg_{number}")
            )
            assert answer.status_code == 202, answer.text
    await apply_pushes(premises, carriers, time)
    assert (await dispatch_of(premises)).status == "delivered"
    assert await delivery_status(premises) == "delivered"
    async with premises.sessions() as session:
        assert len((await session.scalars(select(ScanRow))).all()) == 5
        assert len((await session.scalars(select(PushRow))).all()) == 3


async def test_a_push_may_come_before_the_booking_is_recorded(
    post: Post,
    premises: Premises,
    carriers: dict[str, CarrierGateway],
    time: Time,
    client: httpx.AsyncClient,
) -> None:
    await posted(post)
    row = await dispatch_of(premises)
    body = push_body("EA000000016CN", row.id.hex, "TAKEN")
    await client.post(WEBHOOK, content=body, headers=signed(body, time))
    await apply_pushes(premises, carriers, time)
    assert (await dispatch_of(premises)).status == "planned"
    await book(premises, carriers, time)
    assert (await dispatch_of(premises)).status == "moving"
    assert await delivery_status(premises) == "on_way"


@pytest.mark.parametrize("wrong", ["signature", "old", "unsigned", "carrier"])
async def test_a_push_that_is_not_proven_is_refused(
    post: Post, premises: Premises, time: Time, client: httpx.AsyncClient, wrong: str
) -> None:
    body = push_body("EA000000016CN", "", "SIGNED")
    headers = signed(body, time, age=301 if wrong == "old" else 0)
    if wrong == "signature":
        body += b" "
    if wrong == "unsigned":
        headers = {}
    path = "/notify/webhooks/carriers/other" if wrong == "carrier" else WEBHOOK
    answer = await client.post(path, content=body, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "webhook-refused"
    async with premises.sessions() as session:
        assert (await session.scalars(select(PushRow))).all() == []


async def test_what_a_push_says_wrongly_is_kept_for_people(
    post: Post,
    premises: Premises,
    carriers: dict[str, CarrierGateway],
    time: Time,
    client: httpx.AsyncClient,
) -> None:
    for number, body in enumerate((b"not json", push_body("EA999999999CN", "", "TAKEN"))):
        answer = await client.post(
            WEBHOOK, content=body, headers=signed(body, time, id_=f"msg_{number}")
        )
        assert answer.status_code == 202
    await apply_pushes(premises, carriers, time)
    async with premises.sessions() as session:
        errors = {row.last_error for row in await session.scalars(select(PushRow))}
    assert errors == {"unreadable", "unknown=1 skipped=0"}


async def send_all(premises: Premises, texting: JsonSms, time: Time) -> None:
    while await sending.send_next(premises.sessions, texting, time, Random(1)):
        pass


@pytest.mark.parametrize(
    "fault",
    [
        None,
        {"kind": "status", "status": 500, "done": True},
        {"kind": "drop", "done": True},
        {"kind": "status", "status": 429},
    ],
)
async def test_each_message_goes_out_once(
    post: Post,
    premises: Premises,
    sms: Remote,
    texting: JsonSms,
    time: Time,
    fault: dict[str, Any] | None,
) -> None:
    if fault:
        await sms.order("send", fault)
    await post.tell(town.case_received())
    await send_all(premises, texting, time)
    time.at += timedelta(minutes=5)
    await send_all(premises, texting, time)
    assert await statuses(premises) == {"received": "sent"}
    sent = (await sms.records())["sent"]
    assert len(sent) == 1
    assert sent[0]["mobile"] == town.PHONE
    assert CASE in sent[0]["content"]


async def test_a_message_stuck_in_sending_is_swept_and_counts_once(
    post: Post, premises: Premises, sms: Remote, texting: JsonSms, time: Time
) -> None:
    class Dies:
        code = "simulated"

        async def send(self, order: Any) -> Any:
            await texting.send(order)
            raise asyncio.CancelledError

    await post.tell(town.case_received())
    with pytest.raises(asyncio.CancelledError):
        await sending.send_next(premises.sessions, Dies(), time, Random(1))  # type: ignore[arg-type]  # sends only
    assert not await sending.send_next(premises.sessions, texting, time, Random(1))
    time.at += sending.LEASE
    assert await sending.send_next(premises.sessions, texting, time, Random(1))
    assert await statuses(premises) == {"received": "sent"}
    assert [each["asked"] for each in (await sms.records())["sent"]] == [2]


async def test_a_refused_number_is_not_tried_again(
    post: Post, premises: Premises, sms: Remote, texting: JsonSms, time: Time
) -> None:
    await sms.order("send", {"kind": "refuse", "code": "BLACKLIST"})
    await post.tell(town.case_received())
    await send_all(premises, texting, time)
    assert await statuses(premises) == {"received": "refused"}


async def test_nobody_gets_more_than_so_many_an_hour(
    post: Post, premises: Premises, sms: Remote, texting: JsonSms, time: Time
) -> None:
    """A limit delays and drops nothing, across cases and with many senders at once."""
    for number in range(6):
        case = f"6300002600000{number:04}"
        await post.tell(town.case_received(number=case), subject=case)
    await asyncio.gather(*(send_all(premises, texting, time) for _ in range(4)))
    assert len((await sms.records())["sent"]) == 4
    time.at += timedelta(hours=1)
    await send_all(premises, texting, time)
    assert len((await sms.records())["sent"]) == 6


async def test_the_limit_counts_what_was_sent_before_the_keys_were_rotated(
    post: Post, premises: Premises, sms: Remote, texting: JsonSms, time: Time
) -> None:
    """Some of a person's messages are found by the old key, some by the new."""
    keys = premises.carried.keys
    for number in range(6):
        if number == 3:
            await send_all(premises, texting, time)
            keys.rotate("index", clock=lambda: utc_now() - timedelta(minutes=1))
        case = f"6300002600000{number:04}"
        await post.tell(town.case_received(number=case), subject=case)
    await send_all(premises, texting, time)
    assert len((await sms.records())["sent"]) == 4
    async with premises.sessions() as session:
        blinds = set(await session.scalars(select(MessageRow.phone_blind)))
    assert blinds == set(keys.blinds("phone", town.PHONE))
    assert len(blinds) == 2


async def test_old_news_is_not_sent_and_nobody_is_woken(
    post: Post, premises: Premises, sms: Remote, texting: JsonSms, time: Time
) -> None:
    time.at += timedelta(hours=12)  # ten in the evening
    await post.tell(town.case_received())
    await post.tell(town.case_assigned(), town.handoff_accepted(), town.case_decided())
    await send_all(premises, texting, time)
    found = await statuses(premises)
    assert found["received"] == "overtaken"
    assert found["accepted"] == "overtaken"
    assert found["decided"] == "waiting"
    assert (await sms.records())["sent"] == []
    time.at += timedelta(hours=11)
    await send_all(premises, texting, time)
    assert (await statuses(premises))["decided"] == "sent"
