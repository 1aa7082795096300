"""What a file is, by what is in it: never by its name, never by what was said of it."""

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

HEAD: Final = 64 * 1024
TAIL: Final = 64 * 1024
ENOUGH: Final = 16
# A scanned A3 page at 600 dpi has 70 million pixels; a picture of ten times that is a bomb.
MOST_PIXELS: Final = 200_000_000

PDF: Final = "application/pdf"
OFD: Final = "application/ofd"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"

_SIGNATURES: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        b"%PDF-1.": PDF,
        b"%PDF-2.": PDF,
        b"\xff\xd8\xff": JPEG,
        b"\x89PNG\r\n\x1a\n": PNG,
        # OFD (GB/T 33190) is a package; that it holds OFD.xml is seen at its end.
        b"PK\x03\x04": OFD,
    }
)


class Probe:
    """Fed with the file as it passes by; remembers its beginning and its end."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()

    def update(self, data: bytes) -> None:
        if len(self._head) < HEAD:
            self._head += data[: HEAD - len(self._head)]
        self._tail += data[-TAIL:]
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]

    @property
    def undecided(self) -> bool:
        return len(self._head) < ENOUGH

    def guess(self) -> str | None:
        """By the signature it begins with."""
        return next((t for mark, t in _SIGNATURES.items() if self._head.startswith(mark)), None)

    def confirm(self) -> str | None:
        """By how it ends as well; None for what is cut, padded out, or a bomb."""
        media_type = self.guess()
        if media_type is None or not _ENDS[media_type](bytes(self._tail[-TAIL:])):
            return None
        measure = _PIXELS.get(media_type)
        if measure is not None and measure(bytes(self._head)) > MOST_PIXELS:
            return None
        return media_type


def _pdf_ends(tail: bytes) -> bool:
    return b"%%EOF" in tail[-1024:]


def _jpeg_ends(tail: bytes) -> bool:
    # Cameras and scanners pad, some generously.
    return b"\xff\xd9" in tail.rstrip(b"\x00\xff\r\n ")[-1024:] or tail.endswith(b"\xff\xd9")


def _png_ends(tail: bytes) -> bool:
    return tail.endswith(b"\x00\x00\x00\x00IEND\xaeB`\x82")


def _ofd_ends(tail: bytes) -> bool:
    end = tail.rfind(b"PK\x05\x06")
    comment = int.from_bytes(tail[end + 20 : end + 22], "little")
    return end >= 0 and end + 22 + comment == len(tail) and b"OFD.xml" in tail[:end]


def _png_pixels(head: bytes) -> int:
    if head[12:16] != b"IHDR" or len(head) < 24:
        return MOST_PIXELS + 1
    width, height = struct.unpack(">II", head[16:24])
    return int(width * height)


def _jpeg_pixels(head: bytes) -> int:
    """From the frame header, if it comes early; segments before it say how long they are."""
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        marker = head[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[place + 5 : place + 9])
            return int(width * height)
        place += 2 + int.from_bytes(head[place + 2 : place + 4])
    return 0


_ENDS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {PDF: _pdf_ends, JPEG: _jpeg_ends, PNG: _png_ends, OFD: _ofd_ends}
)
_PIXELS: Final[Mapping[str, Callable[[bytes], int]]] = MappingProxyType(
    {JPEG: _jpeg_pixels, PNG: _png_pixels}
)
ACCEPTED: Final = frozenset(_ENDS)
