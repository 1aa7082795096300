"""What HTTP says about a file: its digest (RFC 9530) and the range asked for (RFC 9110); pure."""

import base64
import binascii
import re
from typing import Final

from shared.errors import DomainError, OutOfRangeError

_SHA_256: Final = re.compile(r"(?:^|,)\s*sha-256\s*=\s*:([A-Za-z0-9+/=]*):\s*(?=$|,)")
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


class DigestHeaderError(DomainError):
    code = "digest-malformed"

    def __init__(self) -> None:
        super().__init__(
            "Repr-Digest 头应为 sha-256=:<base64>:",
            "Repr-Digest should be sha-256=:<base64>:",
        )


class RangeError(OutOfRangeError):
    code = "range-not-satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__("请求的范围超出文件", "the range lies outside the file", size=size)


def read_digest(header: str | None) -> bytes | None:
    """The SHA-256 among the digests that were sent; None where none was."""
    if header is None:
        return None
    found = _SHA_256.findall(header)
    try:
        digest = base64.b64decode(found[-1], validate=True) if found else b""
    except binascii.Error:
        raise DigestHeaderError from None
    if len(digest) != 32:
        raise DigestHeaderError
    return digest


def write_digest(sha256: bytes) -> str:
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def read_range(header: str | None, size: int) -> tuple[int, int] | None:
    """From where up to where; None for the whole file, also when several ranges were asked for."""
    found = _RANGE.fullmatch(header.strip().replace(" ", "")) if header else None
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= size or start >= end:
        raise RangeError(size)
    return start, end
