"""What is sent to the door of signatures and may not come in: refused, said why, noted without a
word of it, and nothing of it kept."""

import itertools
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
import structlog

from shared.webhooks import headers as heads
from shared.webhooks import secrets
from shared.webhooks.tampering import Genuine, Tampered, tampered
from tests.routing.builders import House
from tests.routing.partners import PARTNER, Province, new_secret, province

NUMBER = "63000026000000123"
WORD = "只有对方知道的话"
_SAMPLE = Genuine(bytes(32), "sample", 1_790_000_000, b'{"a": 1}')
KINDS = [each.zh for each in tampered(_SAMPLE)]


@pytest.fixture
async def gansu(house: House) -> Province:
    # The process has read the registry once.
    await house.receive()
    return await province(house)


@pytest.fixture
def good(house: House, gansu: Province) -> Genuine:
    at = int(house.clock().timestamp())
    body = gansu.told("handoff.claim", case_number=NUMBER, note=WORD)
    return Genuine(secrets.decode(gansu.secret), "msg-genuine", at, body)


async def _sent(
    gansu: Province, body: bytes, headers: Mapping[str, str], **to: str
) -> tuple[httpx.Response, list[Any]]:
    with structlog.testing.capture_logs() as logged:
        answer = await gansu.post(body, headers, **to)
    return answer, list(logged)


def _is_noted_without_a_word(logged: list[Any], answer: httpx.Response, good: Genuine) -> None:
    (line,) = [each for each in logged if each["event"] == "proof_refused"]
    assert line["operation"] == "receive_partner_webhook"
    assert line["reason"] == answer.json()["reason"]
    whole = str(logged) + answer.text
    signature = good.signed()[heads.SIGNATURE].removeprefix("v1,")
    assert not [each for each in (WORD, NUMBER, signature) if each in whole]


async def test_a_good_one_comes_in(house: House, gansu: Province, good: Genuine) -> None:
    """Else all that follows would be refused whatever it is."""
    assert (await gansu.post(good.body, good.signed())).status_code == 202
    assert len(await house.rows("SELECT 1 FROM partner_webhook")) == 1


async def test_no_kind_of_tampering_comes_in(house: House, gansu: Province, good: Genuine) -> None:
    tried: list[Tampered] = list(tampered(good))
    assert len(tried) == len(KINDS) >= 20
    for bad in tried:
        answer, logged = await _sent(gansu, bad.body, bad.headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "webhook-refused"), bad.zh
        _is_noted_without_a_word(logged, answer, good)
    assert await house.rows("SELECT 1 FROM partner_webhook") == []
    # And the genuine one is still new.
    assert (await gansu.post(good.body, good.signed())).status_code == 202


async def test_another_partners_door_does_not_open_with_it(
    house: House, gansu: Province, good: Genuine
) -> None:
    for partner in ("P-510000", "nobody", PARTNER.lower()):
        answer, logged = await _sent(gansu, good.body, good.signed(), partner=partner)
        assert (answer.status_code, answer.json()["reason"]) == (401, "unknown-sender")
        _is_noted_without_a_word(logged, answer, good)
    assert await house.rows("SELECT 1 FROM partner_webhook") == []


async def test_a_replay_changes_nothing_and_one_of_yesterday_is_refused(
    house: House, gansu: Province, good: Genuine
) -> None:
    headers = good.signed()
    for _ in range(3):
        assert (await gansu.post(good.body, headers)).status_code == 202
    (kept,) = await house.rows("SELECT webhook_id FROM partner_webhook")
    assert kept.webhook_id == good.message_id
    house.clock.forward(minutes=6)
    late, logged = await _sent(gansu, good.body, headers)
    assert (late.status_code, late.json()["reason"]) == (401, "too-old")
    _is_noted_without_a_word(logged, late, good)


_DEEP = b'{"specversion":"1.0","id":"1","source":"x","type":"t.v1","data":{"a":'
UNREADABLE: Mapping[str, tuple[bytes, int]] = {
    "no JSON": (b"\xff\xfe\x00", 422),
    "half of it": (_DEEP + b'"', 422),
    "deep": (_DEEP + b"[" * 20_000 + b"]" * 20_000 + b"}}", 422),
    "NUL in a name": (
        b'{"specversion":"1.0","id":"1","source":"x","type":"t.v1","subject":"\\u0000"}',
        422,
    ),
    "half a character": (
        b'{"specversion":"1.0","id":"1","source":"x","type":"t.v1","subject":"\\ud800"}',
        422,
    ),
    "no number": (_DEEP + b"NaN}}", 422),
    "a list": (b"[]", 422),
    "a number": (b"1e400", 422),
    "oversized": (_DEEP + b'"' + b"x" * 70_000 + b'"}}', 413),
}


async def test_what_is_signed_and_cannot_be_read_is_refused_and_not_kept(
    house: House, gansu: Province
) -> None:
    """Signed or not, whatever it says of its type: what is in it decides."""
    types = ("application/json", "text/html", "multipart/form-data")
    for content_type, (name, (body, status)) in itertools.product(types, UNREADABLE.items()):
        headers = gansu.signed(body) | {"Content-Type": content_type}
        answer, logged = await _sent(gansu, body, headers)
        assert answer.status_code == status, (name, answer.text[:300])
        assert b"xxxx" not in answer.content
        assert "xxxx" not in str(logged)
    assert await house.rows("SELECT 1 FROM partner_webhook") == []


async def test_a_body_without_end_is_cut_off(house: House, gansu: Province) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 10_000

    headers = gansu.signed(b"") | {"Content-Type": "application/json"}
    answer = await house.client.post(
        f"/routing/webhooks/partners/{PARTNER}", content=endless(), headers=headers
    )
    assert answer.status_code == 413
    assert await house.rows("SELECT 1 FROM partner_webhook") == []


async def test_one_header_twice_is_refused(house: House, gansu: Province, good: Genuine) -> None:
    pairs = [*good.signed().items(), (heads.SIGNATURE, good.signed()[heads.SIGNATURE])]
    answer = await house.client.post(
        f"/routing/webhooks/partners/{PARTNER}", content=good.body, headers=pairs
    )
    assert (answer.status_code, answer.json()["reason"]) == (401, "header-repeated")


async def test_a_secret_that_is_over_signs_nothing(
    house: House, gansu: Province, good: Genuine
) -> None:
    await new_secret(house, overlap_hours=0)
    answer, logged = await _sent(gansu, good.body, good.signed())
    assert (answer.status_code, answer.json()["reason"]) == (401, "signature-wrong")
    _is_noted_without_a_word(logged, answer, good)
