"""A file as a run of sealed chunks: the STREAM construction of Hoang, Reyhanitabar, Rogaway and
Vizár (2015), as the age file format uses it.

Every file has a key of its own, used for nothing else. Chunk i is sealed under the nonce "i, and
whether it is the last": a chunk that is moved, repeated or missing does not open in its place, and
a file that was cut has no last chunk. Any chunk opens by itself, so a range costs what it is long.
"""

import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidTag

from shared.security.algorithms import BY_CODE, TAG_SIZE, Aead

CHUNK: Final = 64 * 1024
SEALED_CHUNK: Final = CHUNK + TAG_SIZE


class FileDamagedError(Exception):
    """What is stored is not what was put there: altered, cut, exchanged or gone."""


def chunk_count(size: int) -> int:
    """An empty file is one empty chunk, so that even its emptiness is sealed."""
    return max(1, -(-size // CHUNK))


def sealed_size(size: int) -> int:
    return size + chunk_count(size) * TAG_SIZE


@dataclass(frozen=True, slots=True)
class FileKey:
    """Written down as the algorithm's code and the key; sealed by the ring before it is stored."""

    code: int
    cipher: Aead
    material: bytes

    @classmethod
    def fresh(cls, code: int) -> Self:
        return cls.read(bytes([code]) + os.urandom(BY_CODE[code].key_size))

    @classmethod
    def read(cls, written: bytes) -> Self:
        code, material = written[0], written[1:]
        return cls(code, BY_CODE[code].cipher(material), material)

    def written(self) -> bytes:
        return bytes([self.code]) + self.material

    def seal(self, index: int, chunk: bytes, *, last: bool) -> bytes:
        return self.cipher.encrypt(_nonce(index, last=last), chunk, b"")

    def open(self, index: int, sealed: bytes, *, last: bool) -> bytes:
        try:
            return self.cipher.decrypt(_nonce(index, last=last), sealed, b"")
        except (InvalidTag, ValueError):
            raise FileDamagedError(f"chunk {index} does not open") from None


async def seal_all(key: FileKey, stream: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """Holds one chunk back: only the end of the stream says which one is the last."""
    held = bytearray()
    index = 0
    async for data in stream:
        held += data
        while len(held) > CHUNK:
            yield key.seal(index, bytes(held[:CHUNK]), last=False)
            del held[:CHUNK]
            index += 1
    yield key.seal(index, bytes(held), last=True)


async def open_range(
    key: FileKey, sealed: AsyncIterable[bytes], *, size: int, start: int, end: int
) -> AsyncIterator[bytes]:
    """The bytes from `start` up to `end` of a file of `size`; `sealed` begins with the chunk that
    holds `start`."""
    count = chunk_count(size)
    index = start // CHUNK
    async for chunk in _whole_chunks(sealed):
        if index >= count:
            raise FileDamagedError("more chunks than the file has")
        opened = key.open(index, chunk, last=index == count - 1)
        offset = index * CHUNK
        wanted = opened[max(start - offset, 0) : max(end - offset, 0)]
        if wanted:
            yield wanted
        index += 1
    if min(index * CHUNK, size) < end:
        raise FileDamagedError("fewer chunks than the file has")


async def _whole_chunks(sealed: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for data in sealed:
        held += data
        while len(held) >= SEALED_CHUNK:
            yield bytes(held[:SEALED_CHUNK])
            del held[:SEALED_CHUNK]
    if held:
        yield bytes(held)


def _nonce(index: int, *, last: bool) -> bytes:
    return index.to_bytes(11) + (b"\x01" if last else b"\x00")
