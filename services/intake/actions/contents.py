"""A material's file: streamed to the store with no transaction open, then noted in a short one."""

import base64
from collections.abc import AsyncIterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import events
from services.intake.domain import cases
from services.intake.domain.cases import Act, Status
from services.intake.models import CaseRow, ContentRow
from services.intake.queries import cases as reads
from services.intake.queries.catalogue import Catalogue
from shared.audit import trail
from shared.chance import new_id
from shared.db.transactions import Opening
from shared.errors import NotFoundError, told_back
from shared.files.store import FileRecord, FileStore
from shared.http import etags
from shared.means import origin
from shared.messaging import outbox
from shared.messaging.outbox import Announcement
from shared.security.grants import Scope
from shared.security.keys import kid_of


class MaterialUnknownError(NotFoundError):
    code = "material-unknown"

    def __init__(self, material_code: str) -> None:
        said = told_back(material_code, "?")
        super().__init__(
            f"本事项的材料清单里没有「{said}」",
            f"“{said}” is not on this item's list of materials",
            material_code=said,
        )


class NoContentError(NotFoundError):
    code = "no-content"

    def __init__(self, material_code: str) -> None:
        said = told_back(material_code, "?")
        super().__init__(
            f"材料「{said}」还没有上传文件",
            f"no file has been uploaded for “{said}”",
            material_code=said,
        )


@dataclass(frozen=True, slots=True)
class Upload:
    """What the headers said of the bytes that follow."""

    stream: AsyncIterable[bytes]
    declared: str | None
    repr_digest: str | None
    if_match: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    record: FileRecord
    version: int


async def put_content(
    opening: Opening,
    files: FileStore,
    number: str,
    material_code: str,
    upload: Upload,
    *,
    scope: Scope,
    catalogue: Catalogue,
    at: datetime,
) -> Stored:
    """A file that comes later replaces the one before, which is kept for the record; the same one
    again changes nothing."""
    async with opening() as session:
        case = await reads.find_case(session, number, scope)
        etags.require(upload.if_match, case.version)
        cases.must_allow(Status(case.status), Act.UPLOAD)
        item = await catalogue.version(session, case.item_code, case.item_version)
    if item.material(material_code) is None:
        raise MaterialUnknownError(material_code)
    record = await files.put(
        upload.stream, declared=upload.declared, repr_digest=upload.repr_digest
    )
    kept = False
    try:
        async with opening() as session:
            case = await reads.lock_case(session, number, scope)
            etags.require(upload.if_match, case.version)
            cases.must_allow(Status(case.status), Act.UPLOAD)
            kept = await _note(session, case, material_code, record, at=at)
    finally:
        if not kept:
            await files.delete(record.name)
    return Stored(record, case.version)


async def _note(
    session: AsyncSession, case: CaseRow, material_code: str, record: FileRecord, *, at: datetime
) -> bool:
    """Whether it is another file than the one that is there."""
    if await is_there(session, case.case_number, material_code, record.sha256):
        return False
    content = ContentRow
    await session.execute(
        update(content)
        .where(
            content.case_number == case.case_number,
            content.material_code == material_code,
            content.replaced_at.is_(None),
        )
        .values(replaced_at=at)
    )
    row = ContentRow(
        content_id=new_id(),
        case_number=case.case_number,
        material_code=material_code,
        store_key=record.name,
        key_sealed=record.sealed_key,
        sha256=record.sha256,
        size=record.size,
        media_type=record.media_type,
        stored_at=at,
        stored_by=origin(session).actor,
        replaced_at=None,
    )
    session.add(row)
    case.version += 1
    case.changed_at = at
    await session.flush()
    await trail.record(
        session,
        action="content-stored",
        at=at,
        case_number=case.case_number,
        resource=f"material:{material_code}",
        facts={"size": record.size, "sha256": record.sha256.hex()},
    )
    # A case that was only registered is nobody else's yet; completing it tells of its files too.
    if case.status != Status.RECEIVED_INCOMPLETE:
        await outbox.record(session, stored_event(row), subject=case.case_number, at=at)
    return True


async def is_there(session: AsyncSession, number: str, material_code: str, sha256: bytes) -> bool:
    """The material has this very file now."""
    there = await reads.content_of(session, number, material_code)
    return there is not None and there.sha256 == sha256


async def announcements(session: AsyncSession, number: str, *, at: datetime) -> list[Announcement]:
    """Of all files that a case has now."""
    rows = await reads.contents_of(session, number)
    return [Announcement(stored_event(row), subject=number, at=at) for row in rows]


def stored_event(row: ContentRow) -> events.ContentStored:
    return events.ContentStored(
        case_number=row.case_number,
        material_code=row.material_code,
        content_id=row.content_id,
        digest=f"sha-256:{row.sha256.hex()}",
        size=row.size,
        media_type=row.media_type,
        stored_at=row.stored_at,
        file={
            "name": row.store_key,
            "sealed_key": base64.b64encode(row.key_sealed).decode(),
        },
    )


async def find_content(
    session: AsyncSession, number: str, material_code: str, *, scope: Scope, at: datetime
) -> FileRecord:
    """A file shows everything it holds, so each look is on the trail."""
    await reads.find_case(session, number, scope)
    row = await reads.content_of(session, number, material_code)
    if row is None:
        raise NoContentError(material_code)
    await trail.record(
        session,
        action="content-read",
        at=at,
        case_number=number,
        resource=f"material:{material_code}",
        facts={"content": str(row.content_id)},
    )
    return record_of(row)


def record_of(row: ContentRow) -> FileRecord:
    return FileRecord(
        name=row.store_key,
        key_id=kid_of(row.key_sealed),
        sealed_key=row.key_sealed,
        sha256=row.sha256,
        size=row.size,
        media_type=row.media_type,
    )
