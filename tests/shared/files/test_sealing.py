"""What the chunks of a file promise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.files.sealing import (
    CHUNK,
    SEALED_CHUNK,
    FileDamagedError,
    FileKey,
    chunk_count,
    open_range,
    seal_all,
    sealed_size,
)
from shared.security.algorithms import AES, SM
from tests.shared.files.samples import in_pieces

EDGES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK]
LONG = bytes(range(256)) * (3 * CHUNK // 256) + b"end"


async def seal(key: FileKey, content: bytes, piece: int = 10_000) -> bytes:
    return b"".join([chunk async for chunk in seal_all(key, in_pieces(content, piece))])


async def unseal(
    key: FileKey, sealed: bytes, size: int, start: int = 0, end: int | None = None
) -> bytes:
    first = start // CHUNK * SEALED_CHUNK
    opened = open_range(
        key,
        in_pieces(sealed[first:], 7777),
        size=size,
        start=start,
        end=size if end is None else end,
    )
    return b"".join([part async for part in opened])


@pytest.mark.parametrize("size", EDGES)
@pytest.mark.parametrize("code", [AES.code, SM.code])
async def test_what_was_sealed_opens(size: int, code: int) -> None:
    key = FileKey.fresh(code)
    content = LONG[:size]
    sealed = await seal(key, content)
    assert len(sealed) == sealed_size(size)
    assert await unseal(FileKey.read(key.written()), sealed, size) == content


@given(start=st.integers(0, len(LONG)), length=st.integers(0, len(LONG)))
async def test_any_range_opens_by_itself(start: int, length: int) -> None:
    key = FileKey.fresh(AES.code)
    end = min(start + length, len(LONG))
    sealed = await seal(key, LONG, CHUNK)
    last = max(end, start + 1)
    sealed = sealed[: -(-last // CHUNK) * SEALED_CHUNK]
    assert await unseal(key, sealed, len(LONG), start, end) == LONG[start:end]


@pytest.mark.parametrize("size", [1, CHUNK, 2 * CHUNK, len(LONG)])
async def test_a_file_that_was_cut_does_not_open(size: int) -> None:
    key = FileKey.fresh(AES.code)
    sealed = await seal(key, LONG[:size])
    for cut in {0, 1, len(sealed) - 1, (chunk_count(size) - 1) * SEALED_CHUNK}:
        with pytest.raises(FileDamagedError):
            await unseal(key, sealed[:cut], size)


async def test_a_shorter_file_cannot_be_claimed() -> None:
    """Cut at a chunk's border, with the size in the database changed to match."""
    key = FileKey.fresh(AES.code)
    sealed = await seal(key, LONG)
    with pytest.raises(FileDamagedError):
        await unseal(key, sealed[: 2 * SEALED_CHUNK], 2 * CHUNK)


async def test_chunks_cannot_be_exchanged_repeated_or_added() -> None:
    key = FileKey.fresh(AES.code)
    sealed = await seal(key, LONG)
    chunks = [sealed[at : at + SEALED_CHUNK] for at in range(0, len(sealed), SEALED_CHUNK)]
    for order in ([1, 0, 2, 3], [0, 0, 2, 3], [0, 2, 3], [0, 1, 2, 3, 3], [0, 1, 2, 2]):
        with pytest.raises(FileDamagedError):
            await unseal(key, b"".join(chunks[each] for each in order), len(LONG))


async def test_chunks_of_another_file_do_not_open() -> None:
    sealed = await seal(FileKey.fresh(AES.code), LONG)
    with pytest.raises(FileDamagedError):
        await unseal(FileKey.fresh(AES.code), sealed, len(LONG))


@given(position=st.integers(0), bit=st.integers(0, 7))
async def test_no_bit_of_it_can_be_changed(position: int, bit: int) -> None:
    key = FileKey.fresh(AES.code)
    content = LONG[: CHUNK + 100]
    sealed = bytearray(await seal(key, content))
    sealed[position % len(sealed)] ^= 1 << bit
    with pytest.raises(FileDamagedError):
        await unseal(key, bytes(sealed), len(content))
