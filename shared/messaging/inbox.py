"""What a house has heard: stored first, acknowledged, then applied in sequence per subject.

A row is `due` (due_at is set) only while it is the next of its subject; what waits behind another,
is parked or applied has no due_at, so that claiming never reads past anything, however much waits.

Two short locks keep this true. `store`, and the end of a turn (turns.py), both write the subject's
row and then read the other's side: whichever comes second makes the next message due. No handler
runs while that row is locked, so storing never waits for a handler.

Standalone messages (registries) wait for none and hold up none.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import structlog
from pydantic_core import to_json
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.base import PLATFORM
from shared.db.transactions import Sessions, statement_by_statement
from shared.messaging.envelope import Message
from shared.messaging.transport import Store

log = structlog.get_logger()

_CHURN = {
    "fillfactor": "85",
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_analyze_scale_factor": "0.05",
}

INBOX = Table(
    "inbox",
    PLATFORM,
    # The id first: UUIDv7 keeps the old at one end, where they are purged.
    Column("message_id", Uuid, primary_key=True),
    Column("producer", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("standalone", Boolean, nullable=False, server_default=false()),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("data", JSONB, nullable=False),
    Column("traceparent", Text),
    Column("stored_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("due_at", DateTime(timezone=True)),
    # Failures count towards parking; delays (something else has not arrived yet) count apart.
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("delays", Integer, nullable=False, server_default=text("0")),
    Column("delayed_since", DateTime(timezone=True)),
    Column("last_error", Text),
    Column("parked_at", DateTime(timezone=True)),
    Column("applied_at", DateTime(timezone=True)),
    # What a person did about it; why, in their words, is sealed.
    Column("note", Text),
    Column("words", LargeBinary),
    # Another message has this sequence number, or its turn was over: kept for a person to look at.
    Column("conflict", Boolean, nullable=False, server_default=false()),
    Index(
        "uq_inbox_turn",
        "producer",
        "subject",
        "sequence",
        unique=True,
        postgresql_where=text("NOT conflict"),
    ),
    Index("ix_inbox_due", "lane", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index("ix_inbox_parked", "parked_at", postgresql_where=text("parked_at IS NOT NULL")),
    # What has not been applied, for those who ask every few seconds how far behind we are.
    Index(
        "ix_inbox_waiting",
        "lane",
        "stored_at",
        postgresql_where=text("applied_at IS NULL AND parked_at IS NULL"),
    ),
    postgresql_with=_CHURN,
)

INBOX_SUBJECT = Table(
    "inbox_subject",
    PLATFORM,
    Column("producer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("applied", BigInteger, nullable=False, server_default=text("0")),
    # The highest sequence ever stored: tells the one who applied n whether to look for n + 1.
    Column("stored", BigInteger, nullable=False),
    postgresql_with=_CHURN,
)

_GIVEN = """
    unnest(
        CAST(:producers AS text[]), CAST(:ids AS uuid[]), CAST(:subjects AS text[]),
        CAST(:sequences AS bigint[]), CAST(:types AS text[]), CAST(:lanes AS text[]),
        CAST(:standalone AS boolean[]), CAST(:times AS timestamptz[]), CAST(:data AS text[]),
        CAST(:traceparents AS text[])
    ) WITH ORDINALITY AS given (
        producer, message_id, subject, sequence, type, lane, standalone, at, data, traceparent,
        place
    )
"""

# `kept` returns the subject's row as it is once it is ours, whatever was committed while this
# statement waited for it. Of two with the same sequence the first that was told has the turn.
_MESSAGES = text(f"""
WITH kept AS (
    INSERT INTO inbox_subject AS kept (producer, subject, stored)
    SELECT producer, subject, max(sequence) FROM {_GIVEN}
    GROUP BY producer, subject
    ORDER BY producer, subject
    ON CONFLICT (producer, subject) DO UPDATE SET stored = greatest(kept.stored, excluded.stored)
    RETURNING producer, subject, applied
)
INSERT INTO inbox (
    producer, message_id, subject, sequence, type, lane, standalone, at, data, traceparent,
    due_at, conflict, parked_at, last_error
)
SELECT
    producer, message_id, subject, sequence, type, lane, standalone, at, CAST(data AS jsonb),
    traceparent,
    CASE WHEN standalone OR sequence = kept.applied + 1 THEN now() END,
    late.late,
    CASE WHEN late.late THEN now() END,
    CASE WHEN late.late THEN 'sequence-over' END
FROM {_GIVEN}
JOIN kept USING (producer, subject)
CROSS JOIN LATERAL (SELECT NOT standalone AND sequence <= kept.applied AS late) AS late
ORDER BY place
ON CONFLICT DO NOTHING
RETURNING message_id
""")

_CONFLICTS = text(f"""
INSERT INTO inbox (
    producer, message_id, subject, sequence, type, lane, standalone, at, data, traceparent,
    conflict, parked_at, last_error
)
SELECT
    producer, message_id, subject, sequence, type, lane, standalone, at, CAST(data AS jsonb),
    traceparent, true, now(), 'sequence-taken'
FROM {_GIVEN}
WHERE NOT EXISTS (
    SELECT FROM inbox AS kept
    WHERE kept.producer = given.producer AND kept.message_id = given.message_id
)
ON CONFLICT DO NOTHING
RETURNING message_id
""")


async def store(session: AsyncSession, messages: Sequence[Message]) -> None:
    """Keep what is new; a message that came before changes nothing.

    A message whose sequence number another one has is parked, not dropped: it means that a producer
    was set back (restored) and says something else now.
    """
    if not messages:
        return
    parameters = _columns(messages)
    stored = set((await session.execute(_MESSAGES, parameters)).scalars())
    if stored.issuperset(parameters["ids"]):
        return
    await session.execute(_CONFLICTS, parameters)


def storing(sessions: Sessions, stored: asyncio.Event | None = None) -> Store:
    """What a transport hands its messages to; sets `stored` after each commit."""
    statements = statement_by_statement(sessions)

    async def keep(messages: Sequence[Message]) -> Collection[UUID]:
        try:
            await _commit(statements, messages)
        except (ValueError, DBAPIError) as error:
            if not _never(error):
                raise
            if len(messages) == 1:
                log.error("message_unstorable", id=str(messages[0].id), error=type(error).__name__)
                return [messages[0].id]
            # One of them can never be stored; the others shall not suffer for it.
            return [id_ for each in messages for id_ in await keep([each])]
        if stored is not None:
            stored.set()
        return ()

    return keep


def _never(error: Exception) -> bool:
    """Whether the data themselves are at fault (SQLSTATE class 22), not the moment."""
    if isinstance(error, DBAPIError):
        return str(getattr(error.orig, "sqlstate", None)).startswith("22")
    return True


async def _commit(statements: Sessions, messages: Sequence[Message]) -> None:
    """What is new is kept by one statement; where something is odd about the rest, another one
    parks it, and if that fails all of it comes again."""
    async with statements() as session:
        await store(session, messages)


def _columns(messages: Sequence[Message]) -> dict[str, list[Any]]:
    return {
        "producers": [message.producer for message in messages],
        "ids": [message.id for message in messages],
        "subjects": [message.subject for message in messages],
        "sequences": [message.sequence for message in messages],
        "types": [message.type for message in messages],
        "lanes": [message.lane.value for message in messages],
        "standalone": [message.standalone for message in messages],
        "times": [message.time for message in messages],
        "data": [to_json(dict(message.data)).decode() for message in messages],
        "traceparents": [message.traceparent for message in messages],
    }
