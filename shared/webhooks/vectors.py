"""Test vectors for a partner's engineers: what we sign, and what we refuse and why.

`python -m shared.webhooks.vectors` prints the file docs/webhooks/vectors.json.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from shared.webhooks import headers, secrets, signing
from shared.webhooks.refusals import WebhookRefusedError

_SECRET, _OLD, _FOREIGN = (bytes(range(start, start + 32)) for start in (0, 32, 64))
_ID = "018f3c1e-7b2a-7c4d-9e5f-0a1b2c3d4e5f"
_AT = 1790000000
_BODY = (
    '{"specversion":"1.0","type":"routing.handoff-accepted.v1",'
    '"id":"018f3c1e-7b2a-7c4d-9e5f-0a1b2c3d4e5f","source":"/qinghai/routing",'
    '"subject":"63000026000001234"}'
)
_CHINESE = '{"note":"受理通知"}'


def vectors() -> dict[str, Any]:
    return {
        "scheme": "Standard Webhooks v1: base64(HMAC-SHA256(key, id.timestamp.body))",
        "tolerance_seconds": signing.TOLERANCE,
        "now": _AT,
        "secret": secrets.encode(_SECRET),
        "previous_secret": secrets.encode(_OLD),
        "accepted": [_accepted(name, sent, body) for name, sent, body in _good()],
        "refused": [_refused(name, sent, body) for name, sent, body in _bad()],
    }


def verdict(sent: dict[str, str], body: str) -> str:
    """What a receiver with both secrets says at the vectors' time."""
    try:
        signing.verify([_SECRET, _OLD], sent, body.encode(), now=instant(_AT))
    except WebhookRefusedError as refused:
        return refused.reason.value
    return "accepted"


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _accepted(name: str, sent: dict[str, str], body: str) -> dict[str, Any]:
    return {"name": name, "headers": sent, "body": body}


def _refused(name: str, sent: dict[str, str], body: str) -> dict[str, Any]:
    return {"name": name, "headers": sent, "body": body, "reason": verdict(sent, body)}


def _sent(*keys: bytes, at: int = _AT, body: str = _BODY) -> dict[str, str]:
    return signing.sign_headers(keys or (_SECRET,), _ID, at, body.encode())


def _but(**changes: str | None) -> dict[str, str]:
    """Signed headers, some of them changed afterwards or left out (None)."""
    changed = {f"webhook-{name}": value for name, value in changes.items()}
    return {name: value for name, value in (_sent() | changed).items() if value is not None}


def _good() -> Iterator[tuple[str, dict[str, str], str]]:
    signature = _sent()[headers.SIGNATURE]
    yield "signed with the secret", _sent(), _BODY
    yield "signed with the previous secret", _sent(_OLD), _BODY
    yield "signed with both while the secret is rotated", _sent(_SECRET, _OLD), _BODY
    yield "the second signature is ours", _sent(_FOREIGN, _SECRET), _BODY
    yield "another version stands beside v1", _but(signature=f"v1a,AAAA {signature}"), _BODY
    yield "a body with Chinese text, in UTF-8", _sent(body=_CHINESE), _CHINESE
    yield "an empty body", _sent(body=""), ""
    yield "as old as allowed", _sent(at=_AT - signing.TOLERANCE), _BODY
    yield "as early as allowed", _sent(at=_AT + signing.TOLERANCE), _BODY


def _bad() -> Iterator[tuple[str, dict[str, str], str]]:
    signature = _sent()[headers.SIGNATURE]
    yield "a byte of the body changed", _sent(), _BODY.replace("accepted", "refused1")
    yield "a space added to the body", _sent(), _BODY + " "
    yield "the body re-encoded with spaces", _sent(), json.dumps(json.loads(_BODY))
    yield "the body cut off", _sent(), _BODY[:-1]
    yield "the body taken from another message", _sent(), _CHINESE
    yield "another id", _but(id="018f3c1e-7b2a-7c4d-9e5f-0a1b2c3d4e60"), _BODY
    yield "another timestamp", _but(timestamp=str(_AT + 1)), _BODY
    yield "another sender's secret", _sent(_FOREIGN), _BODY
    yield "a signature of 32 zero bytes", _but(signature="v1," + "A" * 43 + "="), _BODY
    yield "too old", _sent(at=_AT - signing.TOLERANCE - 1), _BODY
    yield "too early", _sent(at=_AT + signing.TOLERANCE + 1), _BODY
    for name in ("id", "timestamp", "signature"):
        yield f"no webhook-{name}", _but(**{name: None}), _BODY
        yield f"an empty webhook-{name}", _but(**{name: ""}), _BODY
    yield "an id with a full stop", _but(id="018f.3c1e"), _BODY
    yield "an id with a space", _but(id="018f 3c1e"), _BODY
    yield "an id that is not ASCII", _but(id="办件"), _BODY
    yield "an id that is too long", _but(id="a" * 129), _BODY
    yield "a timestamp with a fraction", _but(timestamp=f"{_AT}.0"), _BODY
    yield "a timestamp in milliseconds", _but(timestamp=f"{_AT}000"), _BODY
    yield "a timestamp with a sign", _but(timestamp=f"+{_AT}"), _BODY
    yield "a timestamp with a leading zero", _but(timestamp=f"0{_AT}"), _BODY
    yield "a timestamp in full-width digits", _but(timestamp="１７９００００００００"), _BODY
    yield "a timestamp that is a date", _but(timestamp="2026-09-21T12:53:20Z"), _BODY
    yield "a timestamp that is no number", _but(timestamp="NaN"), _BODY
    yield "a signature without its version", _but(signature=signature.removeprefix("v1,")), _BODY
    yield "a signature that is not base64", _but(signature="v1,***"), _BODY
    yield "a signature in hexadecimal", _but(signature="v1," + "0f" * 32), _BODY
    yield "a signature cut off", _but(signature=signature[:-8]), _BODY
    yield "a signature without its padding", _but(signature=signature.rstrip("=")), _BODY
    yield "an empty v1 signature", _but(signature="v1,"), _BODY
    yield "only blanks for a signature", _but(signature="   "), _BODY
    yield "signatures separated by a tab", _but(signature=f"{signature}\t{signature}"), _BODY
    yield "a malformed signature beside a good one", _but(signature=f"{signature} v1"), _BODY
    yield "too many signatures", _but(signature=" ".join([signature] * 17)), _BODY
    yield "only a version we do not know", _but(signature="v2" + signature[2:]), _BODY
    yield "the version in upper case", _but(signature="V1" + signature[2:]), _BODY


def text() -> str:
    return json.dumps(vectors(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
