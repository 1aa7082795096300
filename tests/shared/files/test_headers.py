"""Digest and range headers, as RFC 9530 and RFC 9110 have them."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.files.headers import (
    DigestHeaderError,
    RangeError,
    read_digest,
    read_range,
    write_digest,
)

SHA = hashlib.sha256(b"x").digest()
GOOD = write_digest(SHA)


@pytest.mark.parametrize(
    "header", [GOOD, f"sha-512=:AAAA:, {GOOD}", f"{GOOD},md5=:AAAA:", f" {GOOD} "]
)
def test_the_sha_256_is_found_among_the_digests(header: str) -> None:
    assert read_digest(header) == SHA


def test_no_header_is_no_digest() -> None:
    assert read_digest(None) is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "junk",
        "sha-512=:AAAA:",
        "sha-256=:AAAA:",
        "sha-256=::",
        f"sha-256={base64.b64encode(SHA).decode()}",
        f"sha-256=:{SHA.hex()}:",
        "sha-256=:" + "A" * 43 + ":",
    ],
)
def test_a_header_without_a_proper_sha_256_is_refused(header: str) -> None:
    with pytest.raises(DigestHeaderError):
        read_digest(header)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-99", (0, 100)),
        ("bytes=10-", (10, 100)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=x-1", None),
    ],
)
def test_a_range_is_read_or_the_whole_file_is_meant(
    header: str | None, found: tuple[int, int] | None
) -> None:
    assert read_range(header, 100) == found


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(header: str) -> None:
    with pytest.raises(RangeError):
        read_range(header, 100)


@given(header=st.text(max_size=30), size=st.integers(0, 1000))
def test_whatever_is_sent_gives_a_range_within_the_file(header: str, size: int) -> None:
    try:
        found = read_range(header, size)
    except RangeError:
        return
    assert found is None or 0 <= found[0] < found[1] <= size
