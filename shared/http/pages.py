"""Keyset pages: a cursor says where the last page ended; nothing is counted or skipped over."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Query

from shared.errors import Fault, InvalidError

Limit = Annotated[int, Query(ge=1, le=200, description="每页条数，最多 200")]
After = Annotated[
    str | None,
    Query(max_length=500, description="上一页答复中的 next；不填则从头开始"),
]


def cursor(*key: Any) -> str:
    """`key` is the last row's ordering key: strings and numbers only."""
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode().rstrip("=")


def position(after: str | None, *kinds: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """The key a cursor holds, each part made by its kind (int, UUID, datetime.fromisoformat …)."""
    if after is None:
        return None
    try:
        padded = after + "=" * (-len(after) % 4)
        parts = json.loads(base64.urlsafe_b64decode(padded))
        return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, TypeError, binascii.Error, UnicodeDecodeError):
        fault = Fault("/query/after", "bad-cursor", "翻页标记无效，请从头查起", "invalid cursor")
        raise InvalidError([fault]) from None


def cut(rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], bool]:
    """Of `limit + 1` rows asked for: the page, and whether there is more."""
    return rows[:limit], len(rows) > limit
