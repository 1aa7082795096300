"""Which characters the fonts that come with the installation can print."""

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
_FILES = ("TongbanSong-Regular.otf", "TongbanSong-Rare.ttf")


def can_print(text: str) -> list[str]:
    """The characters that no font has, each once, in their order; empty: all of it prints."""
    covered = _covered()
    lacking = (c for c in text if ord(c) not in covered and c != "\n")
    return list(dict.fromkeys(lacking))


@cache
def _covered() -> frozenset[int]:
    return frozenset(point for file in _FILES for point in _characters(FONTS / file))


def _characters(font: Path) -> Iterator[int]:
    """From the font's character map: its format 12 table, which both of our fonts have."""
    with font.open("rb") as file:
        cmap = _table(file.read(4096), b"cmap")
        file.seek(cmap[0])
        data = file.read(cmap[1])
    for start, end, glyph in _groups(data):
        for point in range(start, end + 1):
            if glyph + point - start:
                yield point


def _table(head: bytes, tag: bytes) -> tuple[int, int]:
    (count,) = struct.unpack_from(">H", head, 4)
    for i in range(count):
        name, _, offset, length = struct.unpack_from(">4sIII", head, 12 + 16 * i)
        if name == tag:
            return offset, length
    raise ValueError("not a font: no character map")


def _groups(cmap: bytes) -> Iterator[tuple[int, int, int]]:
    """(first character, last character, glyph of the first) of every run."""
    (count,) = struct.unpack_from(">H", cmap, 2)
    for i in range(count):
        _, _, offset = struct.unpack_from(">HHI", cmap, 4 + 8 * i)
        (form,) = struct.unpack_from(">H", cmap, offset)
        if form == 12:
            (groups,) = struct.unpack_from(">I", cmap, offset + 12)
            yield from struct.iter_unpack(">III", cmap[offset + 16 : offset + 16 + 12 * groups])
            return
    raise ValueError("not one of our fonts: no format 12 character map")
