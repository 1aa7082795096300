"""What carriers and text gateways push is signed, and nothing that was tampered with is kept."""

import httpx
import pytest
import structlog
from sqlalchemy import text

from shared.premises import Premises
from shared.webhooks import headers, secrets
from shared.webhooks.tampering import Genuine, tampered
from tests.notify.network.remotes import SECRET
from tests.notify.town import Time

WORD = "只有对方知道的话"
DOORS = ("/notify/webhooks/carriers/simulated", "/notify/webhooks/sms/simulated")


def _good(time: Time) -> Genuine:
    body = f'{{"said": "{WORD}", "reports": []}}'.encode()
    return Genuine(secrets.decode(SECRET), "push-1", int(time().timestamp()), body)


async def _kept(premises: Premises) -> int:
    async with premises.sessions() as session:
        return int(await session.scalar(text("SELECT count(*) FROM carrier_push")) or 0)


@pytest.mark.parametrize("door", DOORS)
async def test_no_kind_of_tampering_comes_in(
    door: str, client: httpx.AsyncClient, premises: Premises, time: Time
) -> None:
    good = _good(time)
    for bad in tampered(good):
        with structlog.testing.capture_logs() as logged:
            answer = await client.post(door, content=bad.body, headers=bad.headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "webhook-refused"), bad.zh
        (line,) = [each for each in logged if each["event"] == "proof_refused"]
        assert line["reason"] == answer.json()["reason"]
        assert WORD not in str(logged) + answer.text
    assert await _kept(premises) == 0
    genuine = await client.post(door, content=good.body, headers=good.signed())
    assert genuine.status_code != 401


@pytest.mark.parametrize("door", DOORS)
async def test_what_somebody_else_signed_or_for_another_door_does_not_come_in(
    door: str, client: httpx.AsyncClient, premises: Premises, time: Time
) -> None:
    good = _good(time)
    elsewhere = await client.post(
        door.replace("simulated", "another"), content=good.body, headers=good.signed()
    )
    assert (elsewhere.status_code, elsewhere.json()["reason"]) == (401, "unknown-sender")
    foreign = good.signed(secret=bytes(32))
    assert headers.SIGNATURE in foreign
    answer = await client.post(door, content=good.body, headers=foreign)
    assert (answer.status_code, answer.json()["reason"]) == (401, "signature-wrong")
    assert await _kept(premises) == 0


async def test_a_report_that_cannot_be_read_is_refused(
    client: httpx.AsyncClient, time: Time
) -> None:
    nul, half = b'{"a": "\\u0000"}', b'{"a": "\\ud800"}'
    for body in (b"\xff\xfe", b"{", b"[" * 30_000, nul, half, b"NaN"):
        good = Genuine(secrets.decode(SECRET), "push-2", int(time().timestamp()), body)
        answer = await client.post(DOORS[1], content=body, headers=good.signed())
        assert answer.status_code == 422, body[:40]
