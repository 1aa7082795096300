"""Standard Webhooks v1: HMAC-SHA256 over `id.timestamp.body`, the raw bytes as they travel."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.webhooks import headers as heads
from shared.webhooks.refusals import Reason, WebhookRefusedError

TOLERANCE = 300


@dataclass(frozen=True, slots=True)
class Verified:
    """The sender knows the secret; whether the message came before is for the store to say."""

    message_id: str
    timestamp: int


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """One entry of the signature header."""
    if not heads.is_message_id(message_id):
        raise ValueError("a webhook id is visible ASCII without a full stop")
    digest = _digest(secret, message_id, timestamp, body)
    return f"{heads.VERSION},{base64.b64encode(digest).decode()}"


def sign_headers(
    secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """All three headers, signed with the new secret and, while it is rotated, with the old one."""
    signatures = [sign(secret, message_id, timestamp, body) for secret in secrets]
    return heads.build(message_id, timestamp, signatures)


def verify(
    secrets: Sequence[bytes],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    tolerance: int = TOLERANCE,
) -> Verified:
    """Who signed `body` holds one of `secrets`; otherwise raise WebhookRefusedError, and only that.

    Every secret is held against every signature, so the time taken tells nothing.
    """
    signed = heads.read(headers)
    if not secrets:
        raise WebhookRefusedError(Reason.UNKNOWN_SENDER)
    matches = 0
    for secret in secrets:
        expected = _digest(secret, signed.message_id, signed.timestamp, body)
        for signature in signed.signatures:
            matches += hmac.compare_digest(expected, signature)
    if not matches:
        raise WebhookRefusedError(Reason.SIGNATURE_WRONG)
    age = now.timestamp() - signed.timestamp
    if age > tolerance:
        raise WebhookRefusedError(Reason.TOO_OLD)
    if age < -tolerance:
        raise WebhookRefusedError(Reason.TOO_NEW)
    return Verified(signed.message_id, signed.timestamp)


def _digest(secret: bytes, message_id: str, timestamp: int, body: bytes) -> bytes:
    signed = b".".join((message_id.encode("ascii"), str(timestamp).encode("ascii"), body))
    return hmac.new(secret, signed, hashlib.sha256).digest()
