"""How long messages are kept, how far behind a house is, and how the past is told again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.transactions import Sessions
from shared.messaging.envelope import Lane
from shared.messaging.transport import TakeBack

# Ids are UUIDv7: the oldest are at the front of the primary key.
_PURGE_OUTBOX = text("""
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE id < :bound AND published_at < :before
    ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
)
""")
_PURGE_INBOX = text("""
DELETE FROM inbox WHERE (message_id, producer) IN (
    SELECT message_id, producer FROM inbox WHERE message_id < :bound AND applied_at < :before
    ORDER BY message_id LIMIT :limit FOR UPDATE SKIP LOCKED
)
""")

# Asked every few seconds, most of all when much is waiting: counted up to COUNTED and no further.
COUNTED = 10_000
_OUTBOX_LAG = text("""
SELECT lane, pending, oldest_seconds, failing, 0 AS parked
FROM unnest(CAST(:lanes AS text[])) AS lane
CROSS JOIN LATERAL (
    SELECT count(*) AS pending, extract(epoch FROM now() - min(recorded_at)) AS oldest_seconds,
        count(*) FILTER (WHERE attempts > 0) AS failing
    FROM (
        SELECT recorded_at, attempts FROM outbox
        WHERE published_at IS NULL AND outbox.lane = lane.lane
        ORDER BY next_attempt_at LIMIT :counted
    ) AS waiting
) AS lag
""")
_INBOX_LAG = text("""
SELECT lane, pending, oldest_seconds, failing, parked
FROM unnest(CAST(:lanes AS text[])) AS lane
CROSS JOIN LATERAL (
    SELECT count(*) AS pending, extract(epoch FROM now() - min(stored_at)) AS oldest_seconds,
        count(*) FILTER (WHERE attempts > 0) AS failing
    FROM (
        SELECT stored_at, attempts FROM inbox
        WHERE applied_at IS NULL AND parked_at IS NULL AND inbox.lane = lane.lane
        ORDER BY stored_at LIMIT :counted
    ) AS waiting
) AS lag
CROSS JOIN LATERAL (
    SELECT count(*) AS parked FROM (
        SELECT FROM inbox
        WHERE parked_at IS NOT NULL AND applied_at IS NULL AND inbox.lane = lane.lane
        LIMIT :counted
    ) AS aside
) AS put_aside
""")
# What waits for a message that never came, and not behind one that is here.
_GAPS = text("""
SELECT kept.producer, kept.subject, kept.applied + 1 AS missing, min(waiting.stored_at) AS since
FROM (
    SELECT producer, subject, stored_at FROM inbox
    WHERE applied_at IS NULL AND due_at IS NULL AND parked_at IS NULL
        AND stored_at < now() - :seconds * interval '1 second'
    ORDER BY stored_at LIMIT 10000
) AS waiting
JOIN inbox_subject AS kept USING (producer, subject)
WHERE NOT EXISTS (
    SELECT FROM inbox AS next
    WHERE next.producer = kept.producer AND next.subject = kept.subject
        AND next.sequence = kept.applied + 1 AND NOT next.conflict
)
GROUP BY kept.producer, kept.subject, kept.applied
ORDER BY since LIMIT :limit
""")

_REPUBLISH_SUBJECT = text("""
UPDATE outbox SET published_at = NULL, next_attempt_at = now(), attempts = 0
WHERE subject = :subject AND sequence >= :sequence AND published_at IS NOT NULL
""")
_REPUBLISH_SINCE = text("""
WITH again AS (
    SELECT id FROM outbox WHERE id > :after ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
),
told AS (
    UPDATE outbox SET published_at = NULL, next_attempt_at = now(), attempts = 0
    FROM again WHERE outbox.id = again.id AND outbox.published_at IS NOT NULL
)
SELECT max(id::text)::uuid AS last, count(*) AS read FROM again
""")
_TAKE_BACK = text("""
UPDATE outbox
SET published_at = NULL, attempts = attempts + 1, last_error = 'unroutable',
    next_attempt_at = now() + :seconds * interval '1 second'
WHERE id = ANY(CAST(:ids AS uuid[]))
""")
_RAISE = text("""
INSERT INTO subject_sequence AS kept (subject, sequence)
SELECT * FROM unnest(CAST(:subjects AS text[]), CAST(:sequences AS bigint[]))
ON CONFLICT (subject) DO UPDATE SET sequence = greatest(kept.sequence, excluded.sequence)
""")


@dataclass(frozen=True, slots=True)
class Lag:
    pending: int = 0
    oldest_seconds: float = 0.0
    failing: int = 0
    parked: int = 0


async def outbox_lag(session: AsyncSession) -> Mapping[Lane, Lag]:
    return await _lag(session, _OUTBOX_LAG)


async def inbox_lag(session: AsyncSession) -> Mapping[Lane, Lag]:
    return await _lag(session, _INBOX_LAG)


async def _lag(session: AsyncSession, query: Any) -> Mapping[Lane, Lag]:
    lags = dict.fromkeys(Lane, Lag())
    parameters = {"lanes": [lane.value for lane in Lane], "counted": COUNTED}
    for row in await session.execute(query, parameters):
        lags[Lane(row.lane)] = Lag(
            row.pending, float(row.oldest_seconds or 0), row.failing, row.parked
        )
    return lags


async def gaps(
    session: AsyncSession, *, older_than: timedelta = timedelta(minutes=5), limit: int = 100
) -> Sequence[Row[Any]]:
    """Subjects that wait for a message that has not come: ask its producer to republish."""
    parameters = {"seconds": older_than.total_seconds(), "limit": limit}
    return (await session.execute(_GAPS, parameters)).all()


async def purge_outbox(session: AsyncSession, *, before: datetime, limit: int = 1000) -> int:
    """One batch of what was published before; 0 when there is no more."""
    return await _purge(session, _PURGE_OUTBOX, before, limit)


async def purge_inbox(session: AsyncSession, *, before: datetime, limit: int = 1000) -> int:
    """One batch of what was applied before; what is parked or waits stays, however old."""
    return await _purge(session, _PURGE_INBOX, before, limit)


async def _purge(session: AsyncSession, statement: Any, before: datetime, limit: int) -> int:
    parameters = {"bound": first_id(before), "before": before, "limit": limit}
    deleted = await session.execute(statement, parameters)
    return int(deleted.rowcount)  # type: ignore[attr-defined]  # a DELETE has one


async def republish_subject(session: AsyncSession, subject: str, *, sequence: int = 1) -> int:
    """Tell everything of one subject again, from `sequence` on."""
    parameters = {"subject": subject, "sequence": sequence}
    again = await session.execute(_REPUBLISH_SUBJECT, parameters)
    return int(again.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one


async def republish_since(sessions: Sessions, since: datetime, *, batch: int = 1000) -> int:
    """Tell everything recorded since then again: for a house that was restored from a backup. In
    short transactions; what a house knows already is harmless."""
    after, told = first_id(since), 0
    while True:
        async with sessions.begin() as session:
            row = (await session.execute(_REPUBLISH_SINCE, {"after": after, "limit": batch})).one()
        told += int(row.read)
        if row.read < batch:
            return told
        after = row.last


async def raise_sequences(session: AsyncSession, applied: Mapping[str, int]) -> None:
    """For a producer that was restored: go on above what others have applied of each subject."""
    await session.execute(_RAISE, {"subjects": list(applied), "sequences": list(applied.values())})


def taking_back(sessions: Sessions, *, seconds: float = 5.0) -> TakeBack:
    """What a transport calls with messages that nobody was bound to hear."""

    async def take_back(ids: Sequence[UUID]) -> None:
        async with sessions.begin() as session:
            await session.execute(_TAKE_BACK, {"ids": list(ids), "seconds": seconds})

    return take_back


def first_id(at: datetime) -> UUID:
    """The lowest UUIDv7 of that millisecond."""
    return UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62))
