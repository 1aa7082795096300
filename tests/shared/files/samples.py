"""The smallest files that are what they claim to be, and longer ones of the same kinds."""

import struct
import zlib
from collections.abc import AsyncIterator


def pdf(size: int = 0) -> bytes:
    start, end = b"%PDF-1.7\n1 0 obj\n", b"\nstartxref\n0\n%%EOF\n"
    return start + bytes(max(size - len(start) - len(end), 0)) + end


def png(width: int = 1, height: int = 1) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x00")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def jpeg(width: int = 8, height: int = 8, *, padding: bytes = b"") -> bytes:
    application = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    return (
        b"\xff\xd8"
        + application
        + frame
        + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\xff\xd9"
        + padding
    )


def ofd() -> bytes:
    return (
        b"PK\x03\x04"
        + bytes(40)
        + b"PK\x01\x02"
        + bytes(42)
        + b"OFD.xml"
        + b"PK\x05\x06"
        + bytes(18)
    )


async def in_pieces(content: bytes, piece: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), piece):
        yield content[start : start + piece]
