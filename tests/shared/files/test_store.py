"""The same promises, whether files lie in a folder, in memory, or behind S3."""

import asyncio
import hashlib
import re
import tracemalloc
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import obstore
import pytest

from shared.files.arriving import (
    DigestMismatchError,
    FileTooLargeError,
    FileTypeError,
    FileTypeMismatchError,
)
from shared.files.headers import DigestHeaderError, RangeError, write_digest
from shared.files.media import PDF, PNG
from shared.files.sealing import CHUNK, FileDamagedError
from shared.files.store import PART, FileRecord, FileStore
from shared.security.keys import Keyring, SealBrokenError, UnknownKeyError, kid_of
from tests.shared.files.s3 import FakeS3, serve_s3
from tests.shared.files.samples import in_pieces, jpeg, ofd, pdf, png

MB = 1024 * 1024
FAR = datetime(2100, 1, 1, tzinfo=UTC)


class Opens(Protocol):
    fake: FakeS3 | None
    folder: Path | None

    def __call__(self, **changes: Any) -> FileStore: ...


class Opener:
    def __init__(self, kind: str, keys: Keyring, folder: Path, fake: FakeS3 | None) -> None:
        self.fake = fake
        self.folder = folder if kind == "folder" else None
        self._keys = keys
        self._options: dict[str, Any] = {}
        self._url = {"folder": folder.as_uri(), "memory": "memory:///", "s3": "s3://b"}[kind]
        if fake is not None:
            self._options = {
                "endpoint": fake.endpoint,
                "region": "x",
                "access_key_id": "a",
                "secret_access_key": "s",
            }

    def __call__(self, **changes: Any) -> FileStore:
        given = {"keys": self._keys, "owner": "intake", "options": self._options, **changes}
        return FileStore.open(self._url, **given)


@pytest.fixture(params=["folder", "memory", "s3"])
async def opens(
    request: pytest.FixtureRequest, tmp_path: Path, keyring: Keyring
) -> AsyncIterator[Opener]:
    folder = tmp_path / "files here"
    if request.param != "s3":
        yield Opener(request.param, keyring, folder, None)
        return
    async with serve_s3() as fake:
        yield Opener("s3", keyring, folder, fake)


@pytest.fixture
def store(opens: Opens) -> FileStore:
    return opens()


async def names(store: FileStore) -> list[str]:
    return [each["path"] async for batch in obstore.list(store._objects) for each in batch]


def left_behind(opens: Opens) -> list[str]:
    """Parts of what never became an object."""
    if opens.fake:
        return list(opens.fake.uploads)
    if opens.folder:
        return [path.name for path in opens.folder.rglob("*") if path.is_file()]
    return []


async def content_of(store: FileStore, record: FileRecord, *span: int) -> bytes:
    return b"".join([part async for part in store.read(record, *span)])


@pytest.mark.parametrize("size", [0, CHUNK, CHUNK + 1, PART - 1, PART + CHUNK, 12 * MB])
async def test_what_was_put_is_given_back(store: FileStore, size: int) -> None:
    content = pdf(size)
    record = await store.put(in_pieces(content, 100_000))
    assert (record.size, record.media_type) == (len(content), PDF)
    assert record.sha256 == hashlib.sha256(content).digest()
    assert record.repr_digest == write_digest(record.sha256)
    assert await content_of(store, record) == content
    assert await names(store) == [record.name]


@pytest.mark.parametrize("content", [png(), jpeg(), ofd(), pdf()])
async def test_each_accepted_type_is_recognised(store: FileStore, content: bytes) -> None:
    record = await store.put(in_pieces(content, 1))
    assert await content_of(store, record) == content


async def test_a_name_says_nothing_but_whose_house_it_is(store: FileStore) -> None:
    record = await store.put(in_pieces(pdf()))
    assert re.fullmatch(r"intake/[0-9a-f]{2}/[0-9a-f]{30}", record.name)


async def test_nothing_of_the_content_lies_in_the_store(store: FileStore) -> None:
    record = await store.put(in_pieces(pdf(200_000)))
    lying = bytes(await (await obstore.get_async(store._objects, record.name)).bytes_async())
    assert b"%PDF" not in lying
    assert b"startxref" not in lying
    assert record.sealed_key.hex() not in repr(record)


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (CHUNK - 1, CHUNK + 1), (CHUNK, 2 * CHUNK), (199_999, 200_000), (5, 5), (0, 200_000)],
)
async def test_a_range_is_given_back_alone(store: FileStore, start: int, end: int) -> None:
    content = pdf(200_000)
    record = await store.put(in_pieces(content))
    assert await content_of(store, record, start, end) == content[start:end]


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (0, 10**9), (6, 5), (10**9, 10**9)])
async def test_a_range_outside_the_file_is_refused(store: FileStore, start: int, end: int) -> None:
    record = await store.put(in_pieces(pdf()))
    with pytest.raises(RangeError):
        store.read(record, start, end)


# --- what is refused, and that nothing of it stays


@pytest.mark.parametrize("size", [2000, 11 * MB])
async def test_a_file_that_is_too_large_is_refused(opens: Opens, size: int) -> None:
    store = opens(limit=size - 1)
    with pytest.raises(FileTooLargeError):
        await store.put(in_pieces(pdf(size), 100_000))
    assert (await names(store), left_behind(opens)) == ([], [])
    assert await opens(limit=size).put(in_pieces(pdf(size), 100_000))


async def test_a_limit_for_one_file_only_narrows(opens: Opens) -> None:
    store = opens(limit=5000)
    with pytest.raises(FileTooLargeError):
        await store.put(in_pieces(pdf(3000)), limit=2999)
    with pytest.raises(FileTooLargeError):
        await store.put(in_pieces(pdf(6000)), limit=9000)


async def test_a_file_of_another_type_is_refused_at_its_first_bytes(store: FileStore) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"MZ" * 500

    with pytest.raises(FileTypeError):
        await store.put(endless())
    assert taken == 1
    assert await names(store) == []


@pytest.mark.parametrize("content", [b"", b"x", pdf()[:-8], pdf(11 * MB)[:-8]])
async def test_an_incomplete_file_is_refused(opens: Opens, content: bytes) -> None:
    store = opens()
    with pytest.raises(FileTypeError):
        await store.put(in_pieces(content, 100_000))
    assert (await names(store), left_behind(opens)) == ([], [])


async def test_a_type_that_this_place_does_not_take_is_refused(opens: Opens) -> None:
    with pytest.raises(FileTypeError):
        await opens(accepted={PNG}).put(in_pieces(pdf()))


async def test_what_was_said_of_the_type_must_be_true(store: FileStore) -> None:
    with pytest.raises(FileTypeMismatchError):
        await store.put(in_pieces(pdf()), declared="image/png")
    for declared in ("application/pdf", "Application/PDF; x=y", "application/octet-stream", ""):
        assert (await store.put(in_pieces(pdf()), declared=declared)).media_type == PDF


@pytest.mark.parametrize("size", [2000, 11 * MB])
async def test_a_file_that_does_not_match_its_digest_is_refused(opens: Opens, size: int) -> None:
    store, content = opens(), pdf(size)
    with pytest.raises(DigestMismatchError):
        await store.put(in_pieces(content, 100_000), repr_digest=write_digest(bytes(32)))
    with pytest.raises(DigestHeaderError):
        await store.put(in_pieces(content), repr_digest="sha-256=junk")
    assert (await names(store), left_behind(opens)) == ([], [])
    right = write_digest(hashlib.sha256(content).digest())
    assert await store.put(in_pieces(content, 100_000), repr_digest=right)


@pytest.mark.parametrize("size", [2000, 11 * MB])
async def test_an_upload_that_breaks_off_leaves_nothing(opens: Opens, size: int) -> None:
    store = opens()

    async def broken() -> AsyncIterator[bytes]:
        async for piece in in_pieces(pdf(size + 1000)[:size], 100_000):
            yield piece
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put(broken())
    assert (await names(store), left_behind(opens)) == ([], [])


async def test_an_upload_that_is_cancelled_leaves_nothing(opens: Opens) -> None:
    store = opens()
    reached = asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        async for piece in in_pieces(pdf(11 * MB), 100_000):
            yield piece
        reached.set()
        await asyncio.sleep(60)

    putting = asyncio.create_task(store.put(stuck()))
    await reached.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert (await names(store), left_behind(opens)) == ([], [])


# --- what was done to it in the store


async def test_an_object_that_was_altered_does_not_open(store: FileStore) -> None:
    record = await store.put(in_pieces(pdf(200_000)))
    lying = bytearray(await (await obstore.get_async(store._objects, record.name)).bytes_async())
    lying[100_000] ^= 1
    await obstore.put_async(store._objects, record.name, bytes(lying))
    with pytest.raises(FileDamagedError):
        await content_of(store, record)
    assert await content_of(store, record, 0, 100)


async def test_an_object_that_was_cut_or_is_gone_is_known_to_be(store: FileStore) -> None:
    record = await store.put(in_pieces(pdf(200_000)))
    lying = bytes(await (await obstore.get_async(store._objects, record.name)).bytes_async())
    await obstore.put_async(store._objects, record.name, lying[: CHUNK + 16])
    with pytest.raises(FileDamagedError):
        await content_of(store, record, 0, 5)
    await store.delete(record.name)
    await store.delete(record.name)
    with pytest.raises(FileDamagedError):
        await content_of(store, record)


async def test_one_files_object_does_not_open_as_another(store: FileStore) -> None:
    one, two = [await store.put(in_pieces(pdf(3000))) for _ in range(2)]
    exchanged = FileRecord(
        two.name, one.key_id, one.sealed_key, one.sha256, one.size, one.media_type
    )
    with pytest.raises(SealBrokenError):
        await content_of(store, exchanged)


async def test_without_the_ring_nothing_opens(opens: Opens) -> None:
    store = opens()
    record = await store.put(in_pieces(pdf()))
    stranger = FileStore(store._objects, Keyring.new(), owner="intake")
    with pytest.raises(UnknownKeyError):
        await content_of(stranger, record)


# --- keys


@pytest.mark.parametrize("algorithm", [None, "sm4gcm-hmacsm3"])
async def test_after_a_rotation_old_files_open_and_only_their_keys_are_sealed_again(
    opens: Opens, keyring: Keyring, algorithm: str | None
) -> None:
    store, content = opens(), pdf(100_000)
    before = await store.put(in_pieces(content))
    kid = keyring.rotate("files", algorithm=algorithm)
    after = await store.put(in_pieces(content))
    assert after.key_id == kid
    resealed = store.reseal(before)
    assert (resealed.key_id, kid_of(resealed.sealed_key), resealed.name) == (kid, kid, before.name)
    for record in (before, resealed, after):
        assert await content_of(store, record) == content


# --- what a killed process leaves behind


def knowing(*records: FileRecord) -> Any:
    async def known(names: Collection[str]) -> Collection[str]:
        return {record.name for record in records} & set(names)

    return known


async def test_a_sweep_deletes_what_no_row_knows_of(opens: Opens) -> None:
    store = opens()
    kept, lost = [await store.put(in_pieces(pdf())) for _ in range(2)]
    foreign = await opens(owner="notify").put(in_pieces(pdf()))
    assert await store.sweep(knowing(kept), older_than=datetime(2020, 1, 1, tzinfo=UTC)) == 0
    assert await store.sweep(knowing(kept), older_than=FAR) == 1
    assert await content_of(store, kept)
    assert lost.name not in await names(store)
    if opens.folder or opens.fake:
        assert await content_of(opens(owner="notify"), foreign)


async def test_a_sweep_deletes_unfinished_pieces_in_a_folder(
    tmp_path: Path, keyring: Keyring
) -> None:
    store = FileStore.open(tmp_path.as_uri(), keyring, owner="intake")
    kept = await store.put(in_pieces(pdf()))
    piece = tmp_path / "intake" / "ab" / "cdef#1"
    piece.parent.mkdir(parents=True, exist_ok=True)
    piece.write_bytes(b"half")
    assert await store.sweep(knowing(kept), older_than=datetime.now(UTC) - timedelta(hours=1)) == 0  # noqa: TID251
    assert await store.sweep(knowing(kept), older_than=FAR) == 1
    assert not piece.exists()


async def test_the_folder_is_its_owners_alone(tmp_path: Path, keyring: Keyring) -> None:
    folder = tmp_path / "new"
    FileStore.open(folder.as_uri(), keyring, owner="intake")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_no_other_kind_of_place_is_opened(keyring: Keyring) -> None:
    with pytest.raises(ValueError, match="ftp"):
        FileStore.open("ftp://x", keyring, owner="intake")


async def test_a_long_file_passes_with_little_memory(tmp_path: Path, keyring: Keyring) -> None:
    store = FileStore.open(tmp_path.as_uri(), keyring, owner="intake", limit=200 * MB)

    async def long() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7\n" + bytes(100)
        for _ in range(100):
            yield bytes(MB)
        yield b"%%EOF\n"

    tracemalloc.start()
    try:
        record = await store.put(long())
        size = 0
        async for part in store.read(record):
            size += len(part)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == record.size > 100 * MB
    assert peak < 40 * MB
