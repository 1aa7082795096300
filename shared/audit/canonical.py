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


def canonical_json(value: Any) -> str:
    """Independent of the order of keys, and of whether PostgreSQL has had it in between."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> bytes:
    if value is None:
        return b"-"
    if isinstance(value, bytes):
        return b"b" + value
    if isinstance(value, datetime):
        return b"t%d" % ((value - EPOCH) // _MICROSECOND)
    return f"={value}".encode()
