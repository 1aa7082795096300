"""Papers with a real seal or signature: the authority's own signed PDF, printed instead of ours, or
the applicant's signed promise as it was scanned."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import printing
from services.intake.actions.contents import Stored, Upload
from services.intake.actions.printing import Printable, Wanted
from services.intake.domain.papers import SIGNED, Paper
from services.intake.models import CaseRow, SignedPaperRow
from services.intake.queries import cases as reads
from services.intake.queries.catalogue import Catalogue
from shared.audit import trail
from shared.chance import new_id
from shared.db.transactions import Opening
from shared.errors import ConflictError, UnsupportedError
from shared.files.store import FileRecord, FileStore
from shared.http import etags
from shared.means import origin
from shared.security.grants import Scope
from shared.security.keys import kid_of

_PDF = "application/pdf"


class NothingToSignError(ConflictError):
    code = "paper-not-signed"

    def __init__(self, paper: Paper) -> None:
        said = "、".join(each.zh for each in Paper if each in SIGNED)
        super().__init__(
            f"{paper.zh}不需要盖章或签字；可以上传：{said}",
            "nobody signs this kind of paper",
            allowed=[each.value for each in Paper if each in SIGNED],
        )


class NotAPdfError(UnsupportedError):
    code = "file-type-not-accepted"

    def __init__(self) -> None:
        super().__init__(
            "盖章或签字的文书须为 PDF", "a signed paper must be a PDF", accepted=[_PDF]
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Whose signed paper it is to be."""

    number: str
    wanted: Wanted
    scope: Scope
    catalogue: Catalogue


async def put_signed(
    opening: Opening, files: FileStore, place: Place, upload: Upload, *, at: datetime
) -> Stored:
    """One that comes again replaces the one before, which is kept for the record."""
    if place.wanted.paper not in SIGNED:
        raise NothingToSignError(place.wanted.paper)
    async with opening() as session:
        case = await reads.find_case(session, place.number, place.scope)
        etags.require(upload.if_match, case.version)
        await printing.find(session, case, place.wanted, place.catalogue)
    record = await files.put(
        upload.stream, declared=upload.declared, repr_digest=upload.repr_digest
    )
    try:
        if record.media_type != _PDF:
            raise NotAPdfError
        async with opening() as session:
            case = await reads.lock_case(session, place.number, place.scope)
            etags.require(upload.if_match, case.version)
            chosen = await printing.find(session, case, place.wanted, place.catalogue)
            await _note(session, case, chosen, record, at=at)
    except BaseException:
        await files.delete(record.name)
        raise
    return Stored(record, case.version)


async def _note(
    session: AsyncSession, case: CaseRow, chosen: Printable, record: FileRecord, *, at: datetime
) -> None:
    row = SignedPaperRow
    await session.execute(
        update(row)
        .where(
            row.case_number == case.case_number,
            row.kind == chosen.paper.value,
            row.of_paper.is_not_distinct_from(chosen.id),
            row.replaced_at.is_(None),
        )
        .values(replaced_at=at)
    )
    session.add(
        row(
            paper_id=new_id(),
            case_number=case.case_number,
            kind=chosen.paper.value,
            of_paper=chosen.id,
            store_key=record.name,
            key_sealed=record.sealed_key,
            sha256=record.sha256,
            size=record.size,
            stored_at=at,
            stored_by=origin(session).actor,
            replaced_at=None,
        )
    )
    case.version += 1
    case.changed_at = at
    await session.flush()
    await trail.record(
        session,
        action="signed-paper-stored",
        at=at,
        case_number=case.case_number,
        resource=f"case:{case.case_number}",
        facts=_facts(chosen.paper, chosen.id) | {"sha256": record.sha256.hex()},
    )


def _facts(paper: Paper, of_paper: UUID | None) -> dict[str, str]:
    return {"kind": paper.value} | ({"document": str(of_paper)} if of_paper else {})


def record_of(row: SignedPaperRow) -> FileRecord:
    return FileRecord(
        name=row.store_key,
        key_id=kid_of(row.key_sealed),
        sealed_key=row.key_sealed,
        sha256=row.sha256,
        size=row.size,
        media_type=_PDF,
    )
