"""The reference library reads our signatures and we read its; nothing tampered with passes."""

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared import chance
from shared.webhooks import headers as heads
from shared.webhooks import secrets, signing
from shared.webhooks.refusals import Reason, WebhookRefusedError
from shared.webhooks.signing import TOLERANCE, Verified

KEY, OLD_KEY, FOREIGN_KEY = (bytes([value]) * 32 for value in (1, 2, 3))
NOW = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
ID = "018f3c1e-7b2a-7c4d-9e5f-0a1b2c3d4e5f"
BODY = '{"type":"routing.handoff-accepted.v1","note":"受理"}'.encode()

IDS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."),
    min_size=1,
    max_size=64,
)


def make_headers(*keys: bytes, body: bytes = BODY, at: int = AT) -> dict[str, str]:
    return signing.sign_headers(keys or (KEY,), ID, at, body)


def refusal(headers: dict[str, str], body: bytes = BODY, *keys: bytes) -> Reason:
    with pytest.raises(WebhookRefusedError) as caught:
        signing.verify(keys or (KEY,), headers, body, now=NOW)
    return caught.value.reason


def test_what_we_sign_we_believe() -> None:
    assert signing.verify([KEY], make_headers(), BODY, now=NOW) == Verified(ID, AT)


def test_the_published_example_of_the_standard_holds() -> None:
    key = secrets.decode("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signing.sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(
    message_id=IDS,
    key=st.binary(min_size=24, max_size=64),
    data=st.dictionaries(st.text(), st.text()),
)
def test_the_reference_library_reads_our_signatures(
    message_id: str, key: bytes, data: dict[str, str]
) -> None:
    body = json.dumps(data, ensure_ascii=True).encode()
    headers = signing.sign_headers([key], message_id, int(time.time()), body)
    assert Webhook(secrets.encode(key)).verify(body, headers) == data


@given(message_id=IDS, key=st.binary(min_size=24, max_size=64), text=st.text())
def test_we_read_the_signatures_of_the_reference_library(
    message_id: str, key: bytes, text: str
) -> None:
    theirs = Webhook(key).sign(message_id, NOW, text)
    headers = heads.build(message_id, AT, [theirs])
    body = text.encode("utf-8")
    assert signing.verify([key], headers, body, now=NOW) == Verified(message_id, AT)
    assert signing.sign(key, message_id, AT, body) == theirs


def test_the_reference_library_reads_us_while_a_secret_is_rotated() -> None:
    headers = signing.sign_headers([KEY, OLD_KEY], ID, int(time.time()), b"{}")
    assert Webhook(KEY).verify(b"{}", headers) == {}
    assert Webhook(OLD_KEY).verify(b"{}", headers) == {}
    with pytest.raises(WebhookVerificationError):
        Webhook(FOREIGN_KEY).verify(b"{}", headers)


@pytest.mark.parametrize("signers", [(KEY,), (OLD_KEY,), (KEY, OLD_KEY), (FOREIGN_KEY, OLD_KEY)])
def test_one_common_secret_is_enough_while_it_is_rotated(signers: tuple[bytes, ...]) -> None:
    assert signing.verify([KEY, OLD_KEY], make_headers(*signers), BODY, now=NOW)


def test_a_secret_that_was_taken_away_is_not_believed_any_more() -> None:
    assert refusal(make_headers(OLD_KEY)) is Reason.SIGNATURE_WRONG


def test_no_secret_means_nobody_is_believed() -> None:
    with pytest.raises(WebhookRefusedError) as caught:
        signing.verify([], make_headers(), BODY, now=NOW)
    assert caught.value.reason is Reason.UNKNOWN_SENDER


@pytest.mark.parametrize(
    ("late", "reason"),
    [
        (timedelta(seconds=TOLERANCE), None),
        (timedelta(seconds=-TOLERANCE), None),
        (timedelta(seconds=TOLERANCE, milliseconds=1), Reason.TOO_OLD),
        (timedelta(seconds=-TOLERANCE, milliseconds=-1), Reason.TOO_NEW),
        (timedelta(days=400), Reason.TOO_OLD),
    ],
)
def test_a_message_is_believed_for_five_minutes(late: timedelta, reason: Reason | None) -> None:
    if reason is None:
        assert signing.verify([KEY], make_headers(), BODY, now=NOW + late)
        return
    with pytest.raises(WebhookRefusedError) as caught:
        signing.verify([KEY], make_headers(), BODY, now=NOW + late)
    assert caught.value.reason is reason


def test_only_who_knows_the_secret_learns_that_the_clock_is_wrong() -> None:
    assert refusal(make_headers(FOREIGN_KEY, at=AT - 4000)) is Reason.SIGNATURE_WRONG


def changed(name: str, value: str) -> dict[str, str]:
    return {**make_headers(), f"webhook-{name}": value}


def flipped(text: str, place: int) -> str:
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


SIGNATURE = make_headers()[heads.SIGNATURE]
TAMPERINGS: dict[str, tuple[Callable[[], dict[str, str]], bytes, Reason]] = {
    "a byte of the body": (make_headers, BODY.replace(b"v1", b"v2"), Reason.SIGNATURE_WRONG),
    "a byte more": (make_headers, BODY + b"\n", Reason.SIGNATURE_WRONG),
    "a byte less": (make_headers, BODY[:-1], Reason.SIGNATURE_WRONG),
    "no body": (make_headers, b"", Reason.SIGNATURE_WRONG),
    "an invalid UTF-8 body": (make_headers, BODY + b"\xff", Reason.SIGNATURE_WRONG),
    "a BOM before the body": (make_headers, b"\xef\xbb\xbf" + BODY, Reason.SIGNATURE_WRONG),
    "another id": (lambda: changed("id", ID[:-1] + "0"), BODY, Reason.SIGNATURE_WRONG),
    "an id in upper case": (lambda: changed("id", ID.upper()), BODY, Reason.SIGNATURE_WRONG),
    "a later time": (lambda: changed("timestamp", str(AT + 1)), BODY, Reason.SIGNATURE_WRONG),
    "a wrong key": (lambda: make_headers(FOREIGN_KEY), BODY, Reason.SIGNATURE_WRONG),
    "a changed signature": (
        lambda: changed("signature", flipped(SIGNATURE, 10)),
        BODY,
        Reason.SIGNATURE_WRONG,
    ),
    "the signature of another body": (
        lambda: changed("signature", signing.sign(KEY, ID, AT, b"{}")),
        BODY,
        Reason.SIGNATURE_WRONG,
    ),
    "the id swallowing the time": (
        lambda: heads.build(f"{ID}.{AT}", AT, [signing.sign(KEY, ID, AT, f"{AT}.".encode())]),
        b"",
        Reason.ID_MALFORMED,
    ),
    "a line break in the id": (lambda: changed("id", ID + "\n"), BODY, Reason.ID_MALFORMED),
    "a line break in the time": (
        lambda: changed("timestamp", f"{AT}\n"),
        BODY,
        Reason.TIMESTAMP_MALFORMED,
    ),
    "Arabic digits": (
        lambda: changed("timestamp", "١٧٩٠٠٠٠٠٠٠"),
        BODY,
        Reason.TIMESTAMP_MALFORMED,
    ),
    "an endless time": (
        lambda: changed("timestamp", "9" * 5000),
        BODY,
        Reason.TIMESTAMP_MALFORMED,
    ),
    "an infinite time": (lambda: changed("timestamp", "inf"), BODY, Reason.TIMESTAMP_MALFORMED),
    "a negative time": (lambda: changed("timestamp", f"-{AT}"), BODY, Reason.TIMESTAMP_MALFORMED),
    "no comma": (
        lambda: changed("signature", SIGNATURE.replace(",", "")),
        BODY,
        Reason.SIGNATURE_MALFORMED,
    ),
    "base64 for addresses": (
        lambda: changed("signature", "v1," + base64.urlsafe_b64encode(b"\xff" * 32).decode()),
        BODY,
        Reason.SIGNATURE_MALFORMED,
    ),
    "spare bits of base64 set": (
        lambda: changed("signature", SIGNATURE[:-2] + chr(ord(SIGNATURE[-2]) + 1) + "="),
        BODY,
        Reason.SIGNATURE_MALFORMED,
    ),
    "not ASCII in the signature": (
        lambda: changed("signature", "v1,签名"),
        BODY,
        Reason.SIGNATURE_MALFORMED,
    ),
    "an endless signature": (
        lambda: changed("signature", "v1," + "A" * 100_000),
        BODY,
        Reason.SIGNATURE_MALFORMED,
    ),
    "only the version of another scheme": (
        lambda: changed("signature", SIGNATURE.replace("v1,", "v1a,")),
        BODY,
        Reason.SIGNATURE_VERSION_UNKNOWN,
    ),
    "the same header in two spellings": (
        lambda: {**make_headers(), "Webhook-Id": ID},
        BODY,
        Reason.HEADER_REPEATED,
    ),
    "no headers": (dict, BODY, Reason.HEADER_MISSING),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_whatever_was_tampered_with_is_refused_with_its_reason(name: str) -> None:
    headers, body, reason = TAMPERINGS[name]
    assert refusal(headers(), body) is reason


def test_the_names_of_headers_are_read_in_any_case() -> None:
    headers = {name.title(): value for name, value in make_headers().items()}
    assert signing.verify([KEY], headers, BODY, now=NOW)


@given(
    message_id=st.text(max_size=200),
    timestamp=st.text(max_size=30) | st.integers().map(str),
    signature=st.text(max_size=300)
    | st.binary(max_size=40).map(lambda raw: "v1," + base64.b64encode(raw).decode()),
    body=st.binary(max_size=50),
)
def test_no_input_gets_anything_but_a_refusal(
    message_id: str, timestamp: str, signature: str, body: bytes
) -> None:
    headers = {heads.ID: message_id, heads.TIMESTAMP: timestamp, heads.SIGNATURE: signature}
    with pytest.raises(WebhookRefusedError) as caught:
        signing.verify([KEY], headers, body, now=NOW)
    assert caught.value.message_zh
    assert caught.value.facts == {"reason": caught.value.reason.value}


@given(place=st.integers(0, len(BODY) * 8 - 1))
def test_no_bit_of_the_body_can_be_turned(place: int) -> None:
    turned = bytearray(BODY)
    turned[place // 8] ^= 1 << place % 8
    assert refusal(make_headers(), bytes(turned)) is Reason.SIGNATURE_WRONG


def test_we_do_not_sign_an_id_that_we_would_refuse() -> None:
    with pytest.raises(ValueError, match="full stop"):
        signing.sign(KEY, "a.b", AT, b"")


def test_a_secret_is_written_and_read() -> None:
    secret = secrets.generate(chance.new_bytes)
    assert secret.startswith(secrets.PREFIX)
    assert secrets.encode(secrets.decode(secret)) == secret
    assert secrets.decode(secret.rstrip("=") + " ") == secrets.decode(secret)
    assert len({secrets.generate(chance.new_bytes) for _ in range(20)}) == 20


@given(st.binary(min_size=24, max_size=64))
def test_secrets_are_those_of_the_reference_library(key: bytes) -> None:
    assert Webhook(secrets.encode(key))._whsecret == secrets.decode(secrets.encode(key)) == key


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_AAAA",
        "whsec_***",
        "whsec_密钥",
        "A" * 44,
        "whsec_" + "A" * 200,
        "whsec_A",
    ],
)
def test_what_is_no_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(secrets.SecretMalformedError) as caught:
        secrets.decode(secret)
    assert len(secret) < 7 or secret not in str(caught.value) + caught.value.message_zh


def test_a_short_key_is_not_made_a_secret() -> None:
    with pytest.raises(secrets.SecretMalformedError):
        secrets.encode(b"short")
