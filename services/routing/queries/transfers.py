"""Electronic transfers of a case, and the file of a material as an office may fetch it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import AttachmentRow, ContentRow, HandoffRow, TransferRow
from services.routing.queries import attachments, handoffs
from services.routing.queries.words import read_words
from shared.errors import NotFoundError
from shared.security.grants import Scope


async def of_case(session: AsyncSession, case_number: str) -> Sequence[TransferRow]:
    query = select(TransferRow).where(TransferRow.case_number == case_number)
    return (await session.scalars(query.order_by(TransferRow.id))).all()


async def contents(session: AsyncSession, case_number: str) -> Sequence[ContentRow]:
    """Every file of a case, in the order in which they came."""
    query = select(ContentRow).where(ContentRow.case_number == case_number)
    return (await session.scalars(query.order_by(ContentRow.stored_at, ContentRow.id))).all()


async def here(session: AsyncSession, row: HandoffRow) -> Mapping[str, ContentRow]:
    """The latest file of each material that has reached this place."""
    rows = await session.scalars(
        select(ContentRow)
        .join(TransferRow, TransferRow.subject_id == ContentRow.id)
        .where(
            TransferRow.case_number == row.case_number,
            TransferRow.handoff_id == row.id,
            TransferRow.what == "content",
        )
        .order_by(ContentRow.stored_at, ContentRow.id)
    )
    return {each.material_code: each for each in rows}


async def content(
    session: AsyncSession, handoff_id: UUID, material_code: str, scope: Scope
) -> tuple[ContentRow, bool]:
    """The latest file of the material that has reached this place, and whether it was compared."""
    row = await handoffs.read_handoff(session, handoff_id, scope)
    found = (
        await session.execute(
            select(ContentRow, TransferRow.verified_at)
            .join(TransferRow, TransferRow.subject_id == ContentRow.id)
            .where(
                TransferRow.handoff_id == row.id,
                ContentRow.case_number == row.case_number,
                ContentRow.material_code == material_code,
            )
            .order_by(ContentRow.stored_at.desc(), ContentRow.id.desc())
            .limit(1)
        )
    ).first()
    if found is None:
        raise NotFoundError
    return found[0], found[1] is not None


@dataclass(frozen=True, slots=True)
class Handed:
    """A document as a place has it; `file` is empty where the record is all there is, `transfer`
    where the place made it itself."""

    case_number: str
    record: dict[str, Any]
    file: AttachmentRow | None
    transfer: TransferRow | None


async def document(
    session: AsyncSession, handoff_id: UUID, document_id: UUID, scope: Scope
) -> Handed:
    """What another step made: handed to this place, or its own from an earlier step."""
    row = await handoffs.read_handoff(session, handoff_id, scope)
    transfer = await session.scalar(
        select(TransferRow).where(
            TransferRow.handoff_id == row.id,
            TransferRow.subject_id == document_id,
            TransferRow.what == "document",
        )
    )
    made = [
        each
        for act, giver in await handoffs.answers_beside(session, row)
        if transfer is not None or giver.location == row.location
        for each in read_words(session, act).get("documents", ())
        if each["id"] == str(document_id)
    ]
    if not made:
        raise NotFoundError
    digest = made[0].get("file")
    file = await attachments.find(session, row.case_number, digest) if digest else None
    return Handed(row.case_number, made[0], file, transfer)
