"""One way only to write values down as bytes, so that equal rows have equal hashes; pure."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def encode(values: Iterable[Any]) -> bytes:
    """Each value with its kind and length before it: no two lists of values look alike."""
    parts = (_plain(value) for value in values)
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def canonical_json(values: Iterable[Any]) -> bytes:
    """Independent of the order of keys, and of whether PostgreSQL has had a value in between."""
    return _JSON.encode(list(values)).encode()


def _plain_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - EPOCH) // _MICROSECOND
    return str(value)


def _plain(value: Any) -> bytes:
    if value is None:
        return b"-"
    if type(value) is str:
        return b"=" + value.encode()
    if isinstance(value, bytes):
        return b"b" + value
    if isinstance(value, datetime):
        return b"t%d" % ((value - EPOCH) // _MICROSECOND)
    return f"={value}".encode()


# Made once: json.dumps would make one for every row.
_JSON: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain_json
)
