"""Delivery reports of the SMS gateway: signed, late, repeated, before the answer."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.notify.actions import sending
from services.notify.gateways.json_sms import JsonSms
from services.notify.models import MessageRow
from shared.premises import Premises
from shared.webhooks import secrets, signing
from tests.notify import town
from tests.notify.network.remotes import SECRET, Remote
from tests.notify.town import Post, Time

PATH = "/notify/webhooks/sms/simulated"


async def message(premises: Premises) -> MessageRow:
    async with premises.sessions() as session:
        return (await session.scalars(select(MessageRow))).one()


async def report(
    client: httpx.AsyncClient, time: Time, *reports: dict[str, str], path: str = PATH
) -> int:
    body = json.dumps({"reports": reports}).encode()
    headers = signing.sign_headers([secrets.decode(SECRET)], "msg_1", int(time().timestamp()), body)
    answer = await client.post(
        path, content=body, headers={**headers, "content-type": "application/json"}
    )
    return answer.status_code


@pytest.mark.parametrize(
    ("codes", "fate"),
    [
        (["DELIVRD"], "arrived"),
        (["UNDELIV", "DELIVRD"], "arrived"),
        (["DELIVRD", "EXPIRED", "DELIVRD"], "arrived"),
        (["UNDELIV", "X"], "failed"),
        (["X"], "unknown"),
    ],
)
async def test_what_arrived_has_arrived_whatever_is_reported_late(
    post: Post,
    premises: Premises,
    texting: JsonSms,
    time: Time,
    client: httpx.AsyncClient,
    codes: list[str],
    fate: str,
) -> None:
    await post.tell(town.case_received())
    await sending.send_next(premises.sessions, texting, time, Random(1))
    row = await message(premises)
    for code in codes:
        by_id = {"request_id": row.id.hex, "sid": "", "stat": code}
        by_reference = {"request_id": "", "sid": row.reference or "", "stat": code}
        assert await report(client, time, by_id, by_reference) == 202
    assert (await message(premises)).fate == fate


async def test_a_report_proves_that_it_was_sent_though_the_answer_was_lost(
    post: Post,
    premises: Premises,
    sms: Remote,
    texting: JsonSms,
    time: Time,
    client: httpx.AsyncClient,
) -> None:
    await sms.order("send", {"kind": "drop", "done": True})
    await post.tell(town.case_received())
    await sending.send_next(premises.sessions, texting, time, Random(1))
    row = await message(premises)
    assert row.status == "waiting"
    assert await report(client, time, {"request_id": row.id.hex, "stat": "DELIVRD"}) == 202
    time.at += timedelta(hours=1)
    assert not await sending.send_next(premises.sessions, texting, time, Random(1))
    settled = await message(premises)
    assert (settled.status, settled.fate) == ("sent", "arrived")
    assert [each["asked"] for each in (await sms.records())["sent"]] == [1]


async def test_a_report_of_nothing_known_is_to_come_again_and_a_forged_one_is_refused(
    post: Post, premises: Premises, time: Time, client: httpx.AsyncClient
) -> None:
    await post.tell(town.case_received())
    known: dict[str, Any] = {"request_id": (await message(premises)).id.hex, "stat": "DELIVRD"}
    unknown = {"request_id": "01890000000070008000000000000001", "stat": "DELIVRD"}
    assert await report(client, time, known, unknown) == 404
    assert (await message(premises)).fate is None
    other = "/notify/webhooks/sms/other"
    assert await report(client, time, known, path=other) == 401
    assert (await client.post(PATH, content=b"{}")).status_code == 401
