"""Where files are kept: a folder, or anything that speaks S3; sealed before they get there.

Files stream through with a few megabytes in memory. An object appears whole or not at all, and
what is checked (size, type, digest) is checked before its last chunk is handed over, so a refused
upload was never there. What a killed process leaves behind, the sweep takes away. On S3 the parts
of an upload that never ended are not objects: let the bucket expire incomplete uploads.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

from shared.files.arriving import Arriving
from shared.files.headers import RangeError, write_digest
from shared.files.media import ACCEPTED
from shared.files.sealing import (
    CHUNK,
    SEALED_CHUNK,
    FileDamagedError,
    FileKey,
    open_range,
    seal_all,
    sealed_size,
)
from shared.security.keys import Keyring, kid_of

LIMIT: Final = 50 * 1024 * 1024
# The smallest part that S3 takes; a file below it is sent at once.
PART: Final = 5 * 1024 * 1024
READ_AT_ONCE: Final = 16 * SEALED_CHUNK

# How the local store names what is not finished yet; it does not list it.
_UNFINISHED: Final = re.compile(r"#\d+$")

Known = Callable[[Collection[str]], Awaitable[Collection[str]]]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What the database keeps of a file; without `sealed_key` the object is noise."""

    name: str
    key_id: str
    sealed_key: bytes = field(repr=False)
    sha256: bytes = field(repr=False)
    size: int
    media_type: str

    @property
    def repr_digest(self) -> str:
        return write_digest(self.sha256)


class FileStore:
    """`owner` (a house) begins every name, so that a sweep touches nobody else's files."""

    def __init__(
        self,
        objects: ObjectStore,
        keys: Keyring,
        *,
        owner: str,
        limit: int = LIMIT,
        accepted: Collection[str] = ACCEPTED,
        folder: Path | None = None,
    ) -> None:
        self._objects = objects
        self._keys = keys
        self._owner = owner
        self._limit = limit
        self._accepted = frozenset(accepted)
        self._folder = folder

    @classmethod
    def open(
        cls,
        url: str,
        keys: Keyring,
        *,
        owner: str,
        options: Mapping[str, Any] | None = None,
        limit: int = LIMIT,
        accepted: Collection[str] = ACCEPTED,
    ) -> "FileStore":
        """`url` is file:///a/folder or s3://bucket/prefix; `options` are S3's (endpoint, region,
        access_key_id, secret_access_key), and otherwise come from AWS_… in the environment."""
        parts = urlsplit(url)
        folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        return cls(
            _open_objects(url, folder, dict(options or {})),
            keys,
            owner=owner,
            limit=limit,
            accepted=accepted,
            folder=folder,
        )

    async def put(
        self,
        stream: AsyncIterable[bytes],
        *,
        declared: str | None = None,
        repr_digest: str | None = None,
        limit: int | None = None,
    ) -> FileRecord:
        """Store what the stream brings, or nothing of it. `declared` is a Content-Type, and
        `repr_digest` a Repr-Digest header, both as they were sent."""
        arriving = Arriving(
            declared=declared,
            repr_digest=repr_digest,
            limit=min(limit or self._limit, self._limit),
            accepted=self._accepted,
        )
        code = secrets.token_hex(16)
        name = f"{self._owner}/{code[:2]}/{code[2:]}"
        key = FileKey.fresh(self._keys.prefix("files")[0])
        async with (
            aclosing(arriving.watch(stream)) as watched,
            aclosing(seal_all(key, watched)) as sealed,
        ):
            await self._write(name, sealed)
        sealed_key = self._keys.seal("files", key.written(), context=name)
        return FileRecord(
            name=name,
            key_id=kid_of(sealed_key),
            sealed_key=sealed_key,
            sha256=arriving.sha256.digest(),
            size=arriving.size,
            media_type=arriving.media_type,
        )

    def read(
        self, record: FileRecord, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The file's bytes from `start` up to `end`; only the chunks that hold them are fetched."""
        until = record.size if end is None else end
        if not 0 <= start <= until <= record.size:
            raise RangeError(record.size)
        return self._read(record, start, until)

    async def delete(self, name: str) -> None:
        """Gone afterwards, whether it was there or not."""
        try:
            await obstore.delete_async(self._objects, name)
        except FileNotFoundError:
            return

    def reseal(self, record: FileRecord) -> FileRecord:
        """Under the present key; the file itself stays as it is, its own key is still secret."""
        written = self._keys.open("files", record.sealed_key, context=record.name)
        sealed_key = self._keys.seal("files", written, context=record.name)
        return replace(record, sealed_key=sealed_key, key_id=kid_of(sealed_key))

    async def sweep(self, known: Known, *, older_than: datetime) -> int:
        """Delete what no row knows of: a file whose transaction never came. `older_than` leaves the
        transactions under way alone. Returns how many were deleted."""
        swept = 0
        async for batch in obstore.list(self._objects, f"{self._owner}/", chunk_size=500):
            old = {each["path"] for each in batch if each["last_modified"] < older_than}
            orphans = old - set(await known(old)) if old else set()
            for name in orphans:
                await self.delete(name)
            swept += len(orphans)
        if self._folder is not None:
            swept += await asyncio.to_thread(
                _remove_unfinished, self._folder / self._owner, older_than
            )
        return swept

    async def _write(self, name: str, sealed: AsyncIterator[bytes]) -> None:
        """The writer is driven from here, so that a refusal or a cancellation reaches it at once:
        leaving it by an exception abandons the upload."""
        async with obstore.open_writer_async(
            self._objects, name, buffer_size=PART, max_concurrency=2
        ) as writer:
            async for chunk in sealed:
                await writer.write(chunk)

    async def _read(self, record: FileRecord, start: int, end: int) -> AsyncIterator[bytes]:
        key = FileKey.read(self._keys.open("files", record.sealed_key, context=record.name))
        first = start // CHUNK * SEALED_CHUNK
        last = (max(end, start + 1) - 1) // CHUNK + 1
        until = min(last * SEALED_CHUNK, sealed_size(record.size))
        try:
            found = await obstore.get_async(
                self._objects, record.name, options={"range": (first, until)}
            )
        except FileNotFoundError:
            raise FileDamagedError("the object is gone") from None
        if found.meta["size"] != sealed_size(record.size):
            raise FileDamagedError("the object is not as long as it was")
        async for data in open_range(
            key, found.stream(READ_AT_ONCE), size=record.size, start=start, end=end
        ):
            yield data


def _open_objects(url: str, folder: Path | None, options: dict[str, Any]) -> ObjectStore:
    scheme = urlsplit(url).scheme
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return LocalStore(folder)
    if scheme == "memory":
        return MemoryStore()
    if scheme != "s3":
        raise ValueError(f"files are kept in file:///… or s3://…, not {scheme}://")
    config: Any = options or None
    plain = str(options.get("endpoint", "")).startswith("http://")
    return S3Store.from_url(url, config=config, client_options={"allow_http": plain})


def _remove_unfinished(folder: Path, older_than: datetime) -> int:
    removed = 0
    for path in folder.rglob("*"):
        if not _UNFINISHED.search(path.name):
            continue
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < older_than:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
