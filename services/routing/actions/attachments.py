"""A file for an act or a message: streamed to the store, then noted in a short transaction."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import AttachmentRow
from services.routing.queries import attachments, cases
from shared.audit import trail
from shared.chance import new_id
from shared.db.transactions import Opening
from shared.files.store import FileRecord, FileStore
from shared.means import origin
from shared.security.grants import Scope
from shared.security.keys import kid_of


@dataclass(frozen=True, slots=True)
class Upload:
    """What the headers said of the bytes that follow."""

    stream: AsyncIterable[bytes]
    declared: str | None
    repr_digest: str | None


async def attach(
    opening: Opening,
    files: FileStore,
    case_number: str,
    upload: Upload,
    *,
    scope: Scope,
    at: datetime,
) -> FileRecord:
    """The same file again is the same attachment."""
    async with opening() as session:
        await cases.case_to_act_on(session, case_number, scope)
    record = await files.put(
        upload.stream, declared=upload.declared, repr_digest=upload.repr_digest
    )
    kept = False
    try:
        async with opening() as session:
            kept = await _note(session, case_number, record, at=at)
    finally:
        if not kept:
            await files.delete(record.name)
    return record


async def _note(
    session: AsyncSession, case_number: str, record: FileRecord, *, at: datetime
) -> bool:
    values = {
        "id": new_id(),
        "case_number": case_number,
        "sha256": record.sha256,
        "size": record.size,
        "media_type": record.media_type,
        "store_key": record.name,
        "key_sealed": record.sealed_key,
        "stored_at": at,
        "stored_by": origin(session).actor,
    }
    new = await session.scalar(
        insert(AttachmentRow)
        .values(values)
        .on_conflict_do_nothing(index_elements=["case_number", "sha256"])
        .returning(AttachmentRow.id)
    )
    await trail.record(
        session,
        action="file-attached",
        case_number=case_number,
        resource=f"case:{case_number}",
        facts={"sha256": record.sha256.hex(), "size": record.size, "new": new is not None},
        at=at,
    )
    return new is not None


async def find(
    session: AsyncSession, case_number: str, digest: str, *, scope: Scope, at: datetime
) -> FileRecord:
    """A file shows everything it holds, so each look is on the trail."""
    await cases.visible_case(session, case_number, scope)
    row = await attachments.find(session, case_number, digest)
    await trail.record(
        session,
        action="file-read",
        case_number=case_number,
        resource=f"attachment:{row.id}",
        facts={"sha256": row.sha256.hex()},
        at=at,
    )
    return record_of(row)


def record_of(row: AttachmentRow) -> FileRecord:
    return FileRecord(
        name=row.store_key,
        key_id=kid_of(row.key_sealed),
        sealed_key=row.key_sealed,
        sha256=row.sha256,
        size=row.size,
        media_type=row.media_type,
    )
