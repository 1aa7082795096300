"""Bounds of a JSON body besides its size: how deep, of how many parts, of which characters. Looked
at before it is parsed, for what is nested deeply costs more than its bytes; and what parsers let
pass although it is no JSON (NaN) or no text (NUL, half a character) can be stored nowhere."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from shared.errors import Fault, InvalidError, told_back

DEEPEST: Final = 40
MOST_PARTS: Final = 200_000
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_BRACKETS: Final = re.compile(rb"[\[\]{}]")
_SUSPECT: Final = re.compile(rb"\\u(?:0000|[dD][89abAB-F])")
_ESCAPE: Final = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_NO_NUMBER: Final = re.compile(rb"NaN|Infinity")
_NUL: Final = Fault("", "bad-character", "含有不可用的字符（NUL）", "contains NUL")
_HALF: Final = Fault(
    "", "bad-character", "含有不完整的字符（单个代理项）", "contains half of a surrogate pair"
)
_NAN: Final = Fault("", "not-a-number", "NaN、Infinity 不是 JSON 数字", "NaN is no JSON number")


def check(body: bytes) -> None:
    faults = [*_bounds(body), *characters(body)]
    if faults:
        raise InvalidError(faults)


def read_once(text: str | bytes) -> tuple[Any, list[Fault]]:
    """What a file says; and of a name that stands twice in one object, that it does: one value
    would go in silence, and who knows which. Raises what `json` raises."""
    repeated: set[str] = set()

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.update(name for name in found if names.count(name) > 1)
        return found

    said = json.loads(text, object_pairs_hook=once)
    named = sorted({told_back(each, "?") for each in repeated})
    return said, [
        Fault(
            "",
            "name-repeated",
            f"同一个对象里“{each}”写了两次，无法判断以哪个为准",
            f"“{each}” stands twice in one object",
        )
        for each in named
    ]


def characters(body: bytes) -> Iterator[Fault]:
    """What a parser lets pass, and what nothing can keep."""
    if _SUSPECT.search(body):
        yield from _escapes(body)
    if _NO_NUMBER.search(body) and _NO_NUMBER.search(_STRING.sub(b"", body)):
        yield _NAN


def _escapes(body: bytes) -> Iterator[Fault]:
    """A high surrogate with nothing low behind it, or a low one with nothing high before."""
    codes = [(each.start(), each.end(), each[1]) for each in _ESCAPE.finditer(body)]
    units = [(start, end, int(code, 16)) for start, end, code in codes if code is not None]
    if any(code == 0 for _, _, code in units):
        yield _NUL
    open_at = None
    for start, end, code in units:
        low = 0xDC00 <= code < 0xE000
        if (open_at is not None or low) and not (low and open_at == start):
            yield _HALF
            return
        open_at = end if 0xD800 <= code < 0xDC00 else None
    if open_at is not None:
        yield _HALF


def _bounds(body: bytes) -> Iterator[Fault]:
    # Most bodies have too few brackets and commas for either: three counts and no more.
    brackets = body.count(b"[") + body.count(b"{")
    parts = body.count(b",") + brackets
    if brackets <= DEEPEST and parts <= MOST_PARTS:
        return
    plain = _STRING.sub(b"", body)
    if brackets > DEEPEST and _depth(plain) > DEEPEST:
        yield Fault("", "too-deep", f"层次过深，最多 {DEEPEST} 层", f"nested deeper than {DEEPEST}")
    if plain.count(b",") + plain.count(b"[") + plain.count(b"{") > MOST_PARTS:
        yield Fault(
            "", "too-many", f"内容过多，最多 {MOST_PARTS} 项", f"more than {MOST_PARTS} parts"
        )


def _depth(plain: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(plain):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest
