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

_DIRECTORY_END: Final = b"PK\x05\x06"
# Marker, length, precision, height, width; and after which markers no frame header comes.
_FRAME_HEADER: Final = 9
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NO_FRAME_AFTER: Final = frozenset({0x00, 0x01, *range(0xD0, 0xD8), 0xD8, 0xD9, 0xDA})

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
        self._frame = _Frame()

    def update(self, data: bytes) -> None:
        self._frame.feed(data)
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
        """By how it ends as well; None for what is cut, padded out, two things at once, or a
        bomb."""
        media_type, tail = self.guess(), bytes(self._tail[-TAIL:])
        if media_type is None or not _ENDS[media_type](tail):
            return None
        if media_type != OFD and _ends_as_package(tail):
            return None
        return media_type if self._pixels(media_type) <= MOST_PIXELS else None

    def _pixels(self, media_type: str) -> int:
        """What it would be in memory. The rest is kept and given back as it is, never opened."""
        if media_type == PNG:
            return _png_pixels(bytes(self._head))
        return self._frame.pixels if media_type == JPEG else 0


class _Frame:
    """Finds a JPEG's frame header as the file passes by, however much stands before it: segments
    say how long they are."""

    def __init__(self) -> None:
        # Without a frame header before its picture begins, or with one that tells no height.
        self.pixels = MOST_PIXELS + 1
        self._over = False
        self._skip = 2
        self._held = bytearray()

    def feed(self, data: bytes) -> None:
        if self._over:
            return
        self._held += data[self._skip :]
        self._skip = max(self._skip - len(data), 0)
        while not self._over and len(self._held) >= _FRAME_HEADER:
            self._step()

    def _step(self) -> None:
        held, marker = self._held, self._held[1]
        if held[0] != 0xFF or marker in _NO_FRAME_AFTER:
            self._over = True
        elif marker == 0xFF:
            del held[:1]
        elif marker in _FRAMES:
            height, width = struct.unpack(">HH", held[5:9])
            self.pixels = int(width * height) or self.pixels
            self._over = True
        else:
            length = 2 + int.from_bytes(held[2:4])
            self._skip = max(length - len(held), 0)
            del held[:length]


def _pdf_ends(tail: bytes) -> bool:
    return b"%%EOF" in tail[-1024:]


def _jpeg_ends(tail: bytes) -> bool:
    # Cameras and scanners pad, some generously.
    return b"\xff\xd9" in tail.rstrip(b"\x00\xff\r\n ")[-1024:] or tail.endswith(b"\xff\xd9")


def _png_ends(tail: bytes) -> bool:
    return tail.endswith(b"\x00\x00\x00\x00IEND\xaeB`\x82")


def _ofd_ends(tail: bytes) -> bool:
    return _ends_as_package(tail) and b"OFD.xml" in tail[: tail.rfind(_DIRECTORY_END)]


def _ends_as_package(tail: bytes) -> bool:
    """Whether a programme that opens packages would find one, whatever stands before it."""
    end = tail.rfind(_DIRECTORY_END)
    comment = int.from_bytes(tail[end + 20 : end + 22], "little")
    return end >= 0 and end + 22 + comment == len(tail)


def _png_pixels(head: bytes) -> int:
    if head[12:16] != b"IHDR" or len(head) < 24:
        return MOST_PIXELS + 1
    width, height = struct.unpack(">II", head[16:24])
    return int(width * height)


_ENDS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {PDF: _pdf_ends, JPEG: _jpeg_ends, PNG: _png_ends, OFD: _ofd_ends}
)
ACCEPTED: Final = frozenset(_ENDS)
