"""Bounds of a JSON body besides its size: how deep, and of how many parts. Looked at before it is
parsed, for what is nested deeply costs more than its bytes."""

import re
from typing import Final

from shared.errors import Fault, InvalidError

DEEPEST: Final = 40
MOST_PARTS: Final = 200_000
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_BRACKETS: Final = re.compile(rb"[\[\]{}]")


def check(body: bytes) -> None:
    # Most bodies have too few brackets and commas for either: three counts and no more.
    brackets = body.count(b"[") + body.count(b"{")
    parts = body.count(b",") + brackets
    if brackets <= DEEPEST and parts <= MOST_PARTS:
        return
    plain = _STRING.sub(b"", body)
    faults = []
    if brackets > DEEPEST and _depth(plain) > DEEPEST:
        faults.append(
            Fault("", "too-deep", f"层次过深，最多 {DEEPEST} 层", f"nested deeper than {DEEPEST}")
        )
    if plain.count(b",") + plain.count(b"[") + plain.count(b"{") > MOST_PARTS:
        faults.append(
            Fault(
                "", "too-many", f"内容过多，最多 {MOST_PARTS} 项", f"more than {MOST_PARTS} parts"
            )
        )
    if faults:
        raise InvalidError(faults)


def _depth(plain: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(plain):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest
