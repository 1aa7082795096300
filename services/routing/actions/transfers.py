"""What goes from place to place without paper: recorded when sent, when received, when verified."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.words import Mode
from services.routing.models import ContentRow, HandoffRow, TransferRow
from services.routing.queries import handoffs
from services.routing.queries.words import read_words
from shared.audit import trail
from shared.chance import new_id
from shared.files.headers import read_digest
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
    passed: list[dict[str, Any]] = []
    if row.mode == Mode.JOINT_HANDLING:
        passed = [
            _of_document(document, row, giver=giver.location, sent_at=act.at, at=at)
            for act, giver in await handoffs.answers_beside(session, row)
            if giver.location != row.location
            for document in read_words(session, act).get("documents", ())
        ]
    await _record(session, [*(_of_content(each, row, at=at) for each in contents), *passed])


async def hand_on_documents(
    session: AsyncSession,
    documents: Iterable[dict[str, Any]],
    *,
    giver: HandoffRow,
    takers: Iterable[HandoffRow],
    at: datetime,
) -> None:
    """What a step made (a permit, a register entry) goes to those at work beside it."""
    made = list(documents)
    await _record(
        session,
        [
            _of_document(document, taker, giver=giver.location, sent_at=at, at=at)
            for taker in takers
            for document in made
        ],
    )


def _of_document(
    document: dict[str, Any], row: HandoffRow, *, giver: str, sent_at: datetime, at: datetime
) -> dict[str, Any]:
    digest = digest_of_document(document)
    return _transfer(row, DOCUMENT, UUID(document["id"]), digest, giver, sent_at, at)


def digest_of_document(document: dict[str, Any]) -> str:
    """Of its file; a document without one is its own record."""
    file = read_digest(document.get("file"))
    return written(file if file is not None else hashlib.sha256(to_json(document)).digest())


def written(sha256: bytes) -> str:
    return f"sha-256:{sha256.hex()}"


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


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that went to a place; `about` names it on the trail."""

    id: UUID
    what: str
    case_number: str
    digest: str
    about: dict[str, str]

    @classmethod
    def of_content(cls, row: ContentRow) -> "Piece":
        about = {"material": row.material_code, "content": str(row.id)}
        return cls(row.id, CONTENT, row.case_number, row.digest, about)

    @classmethod
    def of_document(cls, case_number: str, document: dict[str, Any]) -> "Piece":
        about, id_ = {"document": document["id"]}, UUID(document["id"])
        return cls(id_, DOCUMENT, case_number, digest_of_document(document), about)


async def note_fetched(
    session: AsyncSession, handoff_id: UUID, piece: Piece, *, purpose: str | None, at: datetime
) -> None:
    """Whoever fetches a file is on record before they get it."""
    await trail.record(
        session,
        action=f"{piece.what}-fetched",
        case_number=piece.case_number,
        resource=f"handoff:{handoff_id}",
        facts={**piece.about, "purpose": purpose or ""},
        at=at,
    )


async def note_verified(
    session: AsyncSession, handoff_id: UUID, piece: Piece, *, whole: bool, at: datetime
) -> None:
    """The far end has compared what it got with the digest that was sent."""
    if whole:
        await session.execute(
            update(TransferRow)
            .where(
                TransferRow.handoff_id == handoff_id,
                TransferRow.subject_id == piece.id,
                TransferRow.verified_at.is_(None),
            )
            .values(verified_at=at, verified_by=origin(session).actor)
        )
    await trail.record(
        session,
        action=f"{piece.what}-verified",
        case_number=piece.case_number,
        resource=f"handoff:{handoff_id}",
        outcome="whole" if whole else "damaged",
        facts={**piece.about, "digest": piece.digest},
        at=at,
    )
