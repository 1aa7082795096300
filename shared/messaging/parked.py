"""What a person does about messages that could not be applied: list, show, mend, replay, let go."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Row, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import ConflictError, NotFoundError
from shared.means import means
from shared.messaging.envelope import Lane, Message
from shared.messaging.inbox import INBOX
from shared.messaging.turns import mark_applied

WORDS_CONTEXT: Final = "inbox.words:{producer}:{message_id}"

_SUMMARY = [
    column
    for column in INBOX.c
    if column.name not in {"data", "due_at", "applied_at", "delayed_since", "traceparent", "words"}
]

# Under the subject's lock, as in inbox.py: it becomes due if it is its turn, and stays undue behind
# another. What is in conflict has no turn: a person decided that it shall be applied by itself.
_LOCK = text("""
SELECT applied FROM inbox_subject WHERE producer = :producer AND subject = :subject FOR UPDATE
""")
_REPLAY = text("""
UPDATE inbox
SET parked_at = NULL, attempts = 0, delays = 0, delayed_since = NULL,
    data = coalesce(CAST(:data AS jsonb), data), note = coalesce(:note, note),
    due_at = CASE WHEN standalone OR conflict OR sequence = :applied + 1 THEN now() END
WHERE producer = :producer AND message_id = :id
""")


class NotParkedError(ConflictError):
    code = "message-not-parked"

    def __init__(self, message_id: UUID) -> None:
        super().__init__(
            "该消息没有被搁置", "this message is not parked", message_id=str(message_id)
        )


async def list_parked(
    session: AsyncSession, *, after: UUID | None = None, limit: int = 100
) -> Sequence[Row[Any]]:
    """Without their contents, in the order in which the messages were made."""
    query = select(*_SUMMARY).where(INBOX.c.parked_at.is_not(None))
    if after is not None:
        query = query.where(INBOX.c.message_id > after)
    return (await session.execute(query.order_by(INBOX.c.message_id).limit(limit))).all()


async def show(session: AsyncSession, message_id: UUID) -> Row[Any]:
    """All of one message; personal fields stay sealed."""
    row = (await session.execute(INBOX.select().where(INBOX.c.message_id == message_id))).first()
    if row is None:
        raise NotFoundError(message_id=str(message_id))
    return row


async def replay(session: AsyncSession, message_id: UUID) -> None:
    """Try again from the first attempt."""
    await _again(session, message_id, data=None, note=None)


async def replay_all(session: AsyncSession, *, limit: int = 1000) -> int:
    """Every parked message except those in conflict, which need a decision each."""
    rows = [row for row in await list_parked(session, limit=limit) if not row.conflict]
    for row in rows:
        await replay(session, row.message_id)
    return len(rows)


async def mend(
    session: AsyncSession, message_id: UUID, data: Mapping[str, Any], *, reason: str
) -> None:
    """Replace fields of a message that can never be applied as it is, then try again. Sealed fields
    that are not named stay as they are."""
    row = await _lock(session, message_id)
    changed = to_json({**row.data, **data}).decode()
    await _again(session, message_id, data=changed, note="mended")
    await _note(session, row, reason)


async def skip(session: AsyncSession, message_id: UUID, *, reason: str) -> None:
    """Let it go by without effect; the subject goes on with the next."""
    row = await _lock(session, message_id)
    await mark_applied(session, _message(row), conflict=row.conflict, note="skipped")
    await _note(session, row, reason)


def reason_of(session: AsyncSession, row: Row[Any]) -> str | None:
    """What the person wrote who mended it or let it go."""
    if row.words is None:
        return None
    return means(session).keys.open("fields", row.words, context=_context(row)).decode()


async def _note(session: AsyncSession, row: Row[Any], reason: str) -> None:
    sealed = means(session).keys.seal("fields", reason.encode(), context=_context(row))
    await session.execute(
        update(INBOX)
        .where(INBOX.c.producer == row.producer, INBOX.c.message_id == row.message_id)
        .values(words=sealed)
    )


def _context(row: Row[Any]) -> str:
    return WORDS_CONTEXT.format(producer=row.producer, message_id=row.message_id)


async def _again(
    session: AsyncSession, message_id: UUID, *, data: str | None, note: str | None
) -> None:
    row = await _lock(session, message_id)
    key = {"producer": row.producer, "subject": row.subject}
    applied = (await session.execute(_LOCK, key)).scalar_one()
    await session.execute(
        _REPLAY,
        {
            "producer": row.producer,
            "id": message_id,
            "applied": applied,
            "data": data,
            "note": note,
        },
    )


async def _lock(session: AsyncSession, message_id: UUID) -> Row[Any]:
    query = INBOX.select().where(INBOX.c.message_id == message_id).with_for_update()
    row = (await session.execute(query)).first()
    if row is None:
        raise NotFoundError(message_id=str(message_id))
    if row.parked_at is None:
        raise NotParkedError(message_id)
    return row


def _message(row: Row[Any]) -> Message:
    return Message(
        id=row.message_id,
        type=row.type,
        source=row.producer,
        subject=row.subject,
        sequence=row.sequence,
        time=row.at,
        data=row.data,
        lane=Lane(row.lane),
    )
