"""An office fetches a file: on record before it gets it, compared with what was sent."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import transfers
from services.routing.actions.attachments import record_of
from services.routing.actions.transfers import Piece
from services.routing.models import ContentRow
from services.routing.queries import transfers as queries
from shared.db.transactions import Opening
from shared.errors import ConflictError
from shared.files.sealing import FileDamagedError
from shared.files.store import FileRecord, FileStore
from shared.security.grants import Scope
from shared.security.keys import kid_of


class ContentDamagedError(ConflictError):
    """It is not what was sent; nothing of it is handed out."""

    code = "content-damaged"

    def __init__(self, material_code: str) -> None:
        super().__init__(
            "文件与发送时的摘要不符，请联系收件窗口重新上传",
            "the file is not what was sent",
            material=material_code,
        )


@dataclass(frozen=True, slots=True)
class Fetched:
    """`name` for saving it, with nothing personal in it."""

    name: str
    record: FileRecord


@dataclass(frozen=True, slots=True)
class Written:
    """A document that is no more than its record."""

    name: str
    content: bytes
    sha256: bytes


async def fetch_content(
    opening: Opening,
    files: FileStore,
    handoff_id: UUID,
    material_code: str,
    *,
    purpose: str | None,
    scope: Scope,
    at: datetime,
) -> Fetched:
    """No transaction is open while the file is read; the first fetch of a place compares all of
    it with the digest that was sent, before a byte is handed out."""
    async with opening() as session:
        content, verified = await queries.content(session, handoff_id, material_code, scope)
        found = fetched(session, content)
        piece = Piece.of_content(content)
        await transfers.note_fetched(session, handoff_id, piece, purpose=purpose, at=at)
    if not verified:
        whole = await _is_whole(files, found.record)
        await _note(opening, handoff_id, piece, whole=whole, at=at)
    return found


def fetched(session: AsyncSession, content: ContentRow) -> Fetched:
    """A material's file, by what intake said of it."""
    record = _record(content, transfers.open_file(session, content))
    return Fetched(f"{content.case_number}-{content.material_code}", record)


async def fetch_document(
    opening: Opening,
    files: FileStore,
    handoff_id: UUID,
    document_id: UUID,
    *,
    purpose: str | None,
    scope: Scope,
    at: datetime,
) -> Fetched | Written:
    """What another step made, compared at the first fetch with what was sent."""
    async with opening() as session:
        handed = await queries.document(session, handoff_id, document_id, scope)
        piece = Piece.of_document(handed.case_number, handed.record)
        await transfers.note_fetched(session, handoff_id, piece, purpose=purpose, at=at)
    name = f"{piece.case_number}-{document_id}"
    unseen = handed.transfer is not None and handed.transfer.verified_at is None
    sent = handed.transfer is None or handed.transfer.digest == piece.digest
    if handed.file is None:
        content = to_json(handed.record)
        if unseen or not sent:
            await _note(opening, handoff_id, piece, whole=sent, at=at)
        return Written(name, content, hashlib.sha256(content).digest())
    record = record_of(handed.file)
    if unseen or not sent:
        whole = sent and await _is_whole(files, record)
        await _note(opening, handoff_id, piece, whole=whole, at=at)
    return Fetched(name, record)


async def _note(
    opening: Opening, handoff_id: UUID, piece: Piece, *, whole: bool, at: datetime
) -> None:
    """On record first; then nothing of what is damaged is handed out."""
    async with opening() as session:
        await transfers.note_verified(session, handoff_id, piece, whole=whole, at=at)
    if not whole:
        raise ContentDamagedError(next(iter(piece.about.values())))


def _record(content: ContentRow, file: dict[str, str]) -> FileRecord:
    try:
        sealed_key = base64.b64decode(file["sealed_key"], validate=True)
        sha256 = bytes.fromhex(content.digest.removeprefix("sha-256:"))
    except (KeyError, ValueError, binascii.Error):
        raise ContentDamagedError(content.material_code) from None
    return FileRecord(
        name=file["name"],
        key_id=kid_of(sealed_key),
        sealed_key=sealed_key,
        sha256=sha256,
        size=content.size,
        media_type=content.media_type,
    )


async def _is_whole(files: FileStore, record: FileRecord) -> bool:
    found = hashlib.sha256()
    try:
        async for chunk in files.read(record):
            found.update(chunk)
    except FileDamagedError:
        return False
    return found.digest() == record.sha256
