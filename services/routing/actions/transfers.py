"""What goes from place to place without paper: recorded when sent, when received, when verified."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import ContentRow, HandoffRow, TransferRow
from shared.audit import trail
from shared.chance import new_id
from shared.means import means, origin

CONTENT, DOCUMENT = "content", "document"


async def store_content(
    session: AsyncSession, content: ContentRow, file: dict[str, Any], *, at: datetime
) -> None:
    """A file arrived at the window's store: every place that works on the case has it from now."""
    sealed = means(session).keys.seal("fields", to_json(file), context=_context(content.id))
    values = {
        "id": content.id,
        "case_number": content.case_number,
        "material_code": content.material_code,
        "digest": content.digest,
        "size": content.size,
        "media_type": content.media_type,
        "stored_at": content.stored_at,
        "file": sealed,
    }
    await session.execute(insert(ContentRow).values(values).on_conflict_do_nothing())
    rows = await session.scalars(
        select(HandoffRow).where(
            HandoffRow.case_number == content.case_number,
            HandoffRow.opened_at.is_not(None),
            HandoffRow.closed_at.is_(None),
        )
    )
    await _record(session, [_of_content(content, row, at=at) for row in rows])


def open_file(session: AsyncSession, row: ContentRow) -> dict[str, Any]:
    opened: dict[str, Any] = from_json(
        means(session).keys.open("fields", row.file, context=_context(row.id))
    )
    return opened


def _context(content_id: UUID) -> str:
    return f"routing.content.file:{content_id}"


async def hand_on(session: AsyncSession, row: HandoffRow, *, at: datetime) -> None:
    """A place whose turn has come gets every file there is, and what earlier steps made."""
    contents = await session.scalars(
        select(ContentRow).where(ContentRow.case_number == row.case_number)
    )
    made = await session.scalars(
        select(TransferRow)
        .where(TransferRow.case_number == row.case_number, TransferRow.what == DOCUMENT)
        .order_by(TransferRow.id)
    )
    documents = {each.subject_id: each for each in made}
    passed = [
        _transfer(row, DOCUMENT, each.subject_id, each.digest, each.from_location, each.sent_at, at)
        for each in documents.values()
        if each.to_location != row.location
    ]
    await _record(session, [*(_of_content(each, row, at=at) for each in contents), *passed])


async def hand_on_document(
    session: AsyncSession,
    document: dict[str, Any],
    document_id: UUID,
    *,
    giver: HandoffRow,
    takers: Iterable[HandoffRow],
    at: datetime,
) -> None:
    """What a step made (a permit, a register entry) goes to the others as a document."""
    digest = "sha-256:" + hashlib.sha256(to_json(document)).hexdigest()
    await _record(
        session,
        [
            _transfer(taker, DOCUMENT, document_id, digest, giver.location, at, at)
            for taker in takers
        ],
    )


def _of_content(content: ContentRow, row: HandoffRow, *, at: datetime) -> dict[str, Any]:
    sent = max(content.stored_at, row.window_received_at)
    made = _transfer(row, CONTENT, content.id, content.digest, row.receiving_location, sent, at)
    return {**made, "material_code": content.material_code}


def _transfer(
    row: HandoffRow,
    what: str,
    subject_id: UUID,
    digest: str,
    giver: str,
    sent_at: datetime,
    at: datetime,
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "case_number": row.case_number,
        "handoff_id": row.id,
        "what": what,
        "subject_id": subject_id,
        "material_code": None,
        "digest": digest,
        "from_location": giver,
        "to_location": row.location,
        "sent_at": sent_at,
        "received_at": at,
    }


async def _record(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    if rows:
        await session.execute(insert(TransferRow).on_conflict_do_nothing(), rows)


async def note_fetched(
    session: AsyncSession,
    handoff_id: UUID,
    content: ContentRow,
    *,
    purpose: str | None,
    at: datetime,
) -> None:
    """Whoever fetches a file is on record before they get it."""
    await trail.record(
        session,
        action="content-fetched",
        case_number=content.case_number,
        resource=f"handoff:{handoff_id}",
        facts={
            "material": content.material_code,
            "content": str(content.id),
            "purpose": purpose or "",
        },
        at=at,
    )


async def note_verified(
    session: AsyncSession, handoff_id: UUID, content: ContentRow, *, whole: bool, at: datetime
) -> None:
    """The far end has compared what it got with the digest that was sent."""
    if whole:
        await session.execute(
            update(TransferRow)
            .where(
                TransferRow.handoff_id == handoff_id,
                TransferRow.subject_id == content.id,
                TransferRow.verified_at.is_(None),
            )
            .values(verified_at=at, verified_by=origin(session).actor)
        )
    await trail.record(
        session,
        action="content-verified",
        case_number=content.case_number,
        resource=f"handoff:{handoff_id}",
        outcome="whole" if whole else "damaged",
        facts={"material": content.material_code, "digest": content.digest},
        at=at,
    )
