"""The three headers of Standard Webhooks: built for what we send, read strictly when received."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.webhooks.refusals import Reason, WebhookRefusedError

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"
VERSION = "v1"
DIGEST_SIZE = 32

# No full stop: it divides what is signed, and an id with one could swallow another's timestamp.
_ID = re.compile(r"[!-\-/-~]{1,128}")
# No leading zero, no sign: one instant has one spelling.
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}")
_VERSION = re.compile(r"v[0-9]{1,3}[a-z]{0,3}")
_MOST_ENTRIES = 16
_LONGEST_ENTRY = 256


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    message_id: str
    timestamp: int
    signatures: tuple[bytes, ...]


def build(message_id: str, timestamp: int, signatures: Sequence[str]) -> dict[str, str]:
    """Several signatures stand beside each other while a secret is rotated."""
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: " ".join(signatures)}


def is_message_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def read(headers: Mapping[str, str]) -> SignedHeaders:
    """Signatures of other versions than v1 are passed over; whatever is malformed is refused."""
    message_id, timestamp, signature = _three(headers)
    if not is_message_id(message_id):
        raise WebhookRefusedError(Reason.ID_MALFORMED)
    if not _TIMESTAMP.fullmatch(timestamp):
        raise WebhookRefusedError(Reason.TIMESTAMP_MALFORMED)
    return SignedHeaders(message_id, int(timestamp), _signatures(signature))


def _three(headers: Mapping[str, str]) -> tuple[str, str, str]:
    found: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower not in (ID, TIMESTAMP, SIGNATURE):
            continue
        if lower in found:
            raise WebhookRefusedError(Reason.HEADER_REPEATED)
        found[lower] = value
    if len(found) < 3 or not all(found.values()):
        raise WebhookRefusedError(Reason.HEADER_MISSING)
    return found[ID], found[TIMESTAMP], found[SIGNATURE]


def _signatures(header: str) -> tuple[bytes, ...]:
    entries = [entry for entry in header.split(" ") if entry]
    if not 0 < len(entries) <= _MOST_ENTRIES:
        raise WebhookRefusedError(Reason.SIGNATURE_MALFORMED)
    signatures = []
    for entry in entries:
        version, comma, encoded = entry.partition(",")
        if not comma or not _VERSION.fullmatch(version) or len(entry) > _LONGEST_ENTRY:
            raise WebhookRefusedError(Reason.SIGNATURE_MALFORMED)
        if version == VERSION:
            signatures.append(_decode(encoded))
    if not signatures:
        raise WebhookRefusedError(Reason.SIGNATURE_VERSION_UNKNOWN)
    return tuple(signatures)


def _decode(encoded: str) -> bytes:
    """Only the one canonical spelling of 32 bytes: a signature cannot be written in two ways."""
    try:
        digest = base64.b64decode(encoded, validate=True)
    except ValueError:
        digest = b""
    if len(digest) != DIGEST_SIZE or base64.b64encode(digest).decode() != encoded:
        raise WebhookRefusedError(Reason.SIGNATURE_MALFORMED)
    return digest
