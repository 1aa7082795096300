"""Whose turn it is: claimed, and then over, put off or parked.

Claiming takes the row of the message and of nothing else. When its turn is over, the subject's row
is written as the last thing, and the next message of the subject becomes due (see inbox.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Integer, Interval, Row, column, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.db.gathering import Clause
from shared.messaging.envelope import Lane, Message
from shared.messaging.inbox import INBOX


@dataclass(frozen=True, slots=True)
class Turn:
    """One message whose turn it is, locked until the transaction ends."""

    message: Message
    attempts: int
    delays: int
    delayed_for: timedelta
    conflict: bool = False
    # How many of its subject come before it and are taken with it.
    follows: int = 0

    @property
    def fresh(self) -> bool:
        """A first try, with nothing odd about it."""
        return not (self.attempts or self.delays or self.conflict)

    @property
    def key(self) -> dict[str, Any]:
        return {"producer": self.message.producer, "id": self.message.id}


# The oldest that are due; of the second lane only when there is nothing of the first. With them
# come the next few of their subjects, which wait for nothing else: `follows` says how far behind.
_DUE = text("""
WITH one AS (
    SELECT * FROM inbox WHERE due_at <= now() AND lane = :first
    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
),
other AS (
    SELECT * FROM inbox
    WHERE due_at <= now() AND lane = :second AND NOT EXISTS (SELECT FROM one)
    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
),
due AS (SELECT * FROM one UNION ALL SELECT * FROM other),
next AS (
    SELECT inbox.*, inbox.sequence - due.sequence AS follows
    FROM due JOIN inbox USING (producer, subject)
    WHERE inbox.sequence > due.sequence AND inbox.sequence <= due.sequence + :ahead
        AND NOT due.standalone AND NOT inbox.conflict AND inbox.attempts + inbox.delays = 0
        AND coalesce(inbox.due_at, inbox.applied_at, inbox.parked_at) IS NULL
    FOR UPDATE OF inbox SKIP LOCKED
)
SELECT *, coalesce(now() - delayed_since, interval '0') AS delayed_for
FROM (SELECT *, 0 AS follows FROM due UNION ALL SELECT * FROM next) AS turn
ORDER BY producer, subject, sequence
""").columns(*INBOX.c, column("follows", Integer), column("delayed_for", Interval))

_THIS = text("""
SELECT *, 0 AS follows, coalesce(now() - delayed_since, interval '0') AS delayed_for FROM inbox
WHERE producer = :producer AND message_id = :id AND due_at <= now() FOR UPDATE SKIP LOCKED
""").columns(*INBOX.c, column("follows", Integer), column("delayed_for", Interval))

# Both the message's own end and its successor's beginning. `stored` is read from the newest row
# even when this statement had to wait for it, while `next` looks from before the wait: so when the
# answer is true, a second look is taken. After such a wait PostgreSQL asks the WHERE again, and
# would find `done` and `next` empty: they may stand in RETURNING only. `coalesce` keeps the
# planner, which may know nothing of these tables yet, from choosing the index of all that waits.
_APPLIED = text("""
WITH done AS (
    UPDATE inbox SET applied_at = clock_timestamp(), due_at = NULL, parked_at = NULL,
        note = coalesce(:note, note)
    WHERE producer = :producer AND message_id = :id
),
next AS (
    UPDATE inbox SET due_at = now()
    WHERE producer = :producer AND subject = :subject AND sequence = :sequence + 1
        AND NOT conflict AND coalesce(due_at, applied_at, parked_at) IS NULL
    RETURNING 1
)
UPDATE inbox_subject SET applied = greatest(applied, :sequence)
WHERE producer = :producer AND subject = :subject
RETURNING applied = :sequence AND stored > :sequence AND NOT EXISTS (SELECT FROM next)
""")
# What was in conflict has no turn that could be over, and no successor.
_APART = text("""
UPDATE inbox SET applied_at = clock_timestamp(), due_at = NULL, parked_at = NULL,
    note = coalesce(:note, note)
WHERE producer = :producer AND message_id = :id
""")
_SUCCESSOR = text("""
UPDATE inbox SET due_at = now()
WHERE producer = :producer AND subject = :subject AND sequence = :sequence + 1
    AND NOT conflict AND coalesce(due_at, applied_at, parked_at) IS NULL
""")

# For several at once: the subjects' rows first, in the order in which `store` takes them, along
# with what else is written at the end; and then a statement that sees all that was stored until
# then. They are applied at one moment: rows are written in any order, and a clock read for each
# would tell of another sequence.
_LOCKING = """
inbox_subject_locked AS MATERIALIZED (
    SELECT applied FROM inbox_subject
    WHERE (producer, subject) IN (
        SELECT * FROM unnest(
            CAST(:turn_producers AS text[]), CAST(:turn_subjects AS text[])
        )
    )
    ORDER BY producer, subject FOR UPDATE
)
"""
_ALL_APPLIED = text("""
WITH given AS (
    SELECT * FROM unnest(
        CAST(:producers AS text[]), CAST(:ids AS uuid[]), CAST(:subjects AS text[]),
        CAST(:sequences AS bigint[])
    ) AS given (producer, message_id, subject, sequence)
),
reached AS (
    SELECT producer, subject, max(sequence) AS sequence FROM given GROUP BY producer, subject
),
done AS (
    UPDATE inbox SET applied_at = (SELECT clock_timestamp()), due_at = NULL FROM given
    WHERE inbox.producer = given.producer AND inbox.message_id = given.message_id
),
next AS (
    UPDATE inbox SET due_at = now() FROM reached
    WHERE inbox.producer = reached.producer AND inbox.subject = reached.subject
        AND inbox.sequence = reached.sequence + 1
        AND NOT conflict AND coalesce(due_at, applied_at, parked_at) IS NULL
)
UPDATE inbox_subject AS kept SET applied = greatest(applied, reached.sequence)
FROM reached
WHERE kept.producer = reached.producer AND kept.subject = reached.subject
""")

_LATER = text("""
UPDATE inbox
SET due_at = clock_timestamp() + :seconds * interval '1 second',
    last_error = :error,
    attempts = attempts + :attempt,
    delays = delays + 1 - :attempt,
    delayed_since = CASE WHEN :attempt = 0 THEN coalesce(delayed_since, now()) END
WHERE producer = :producer AND message_id = :id
""")
_PARKED = text("""
UPDATE inbox
SET due_at = NULL, parked_at = clock_timestamp(), last_error = :error, attempts = attempts + 1
WHERE producer = :producer AND message_id = :id
""")


async def due(
    connection: AsyncConnection, *, first: Lane = Lane.INTERACTIVE, limit: int = 1, ahead: int = 0
) -> Sequence[Turn]:
    """Messages whose turn it is and that no other applier holds, by subject, each with those that
    come right after it, `ahead` at the most; `first` says which lane first."""
    second = Lane.BULK if first is Lane.INTERACTIVE else Lane.INTERACTIVE
    given = {"first": first.value, "second": second.value, "limit": limit, "ahead": ahead}
    found = [_turn(row) for row in (await connection.execute(_DUE, given)).all()]
    return [turn for number, turn in enumerate(found) if _in_turn(found, number)]


def _in_turn(found: Sequence[Turn], number: int) -> bool:
    """Nothing is missing between it and the one whose turn it is, and that one is a first try."""
    behind = found[number].follows
    if not behind:
        return True
    first = found[number - behind] if number >= behind else found[number]
    same = first.message.subject == found[number].message.subject and not first.follows
    return same and first.message.producer == found[number].message.producer and first.fresh


async def this(connection: AsyncConnection, key: Mapping[str, Any]) -> Turn | None:
    """None if it is no longer due, or somebody else's."""
    row = (await connection.execute(_THIS, key)).first()
    return None if row is None else _turn(row)


def _turn(row: Row[Any]) -> Turn:
    return Turn(_message(row), row.attempts, row.delays, row.delayed_for, row.conflict, row.follows)


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
        standalone=row.standalone,
        traceparent=row.traceparent,
    )


async def mark_applied(
    connection: AsyncConnection | AsyncSession,
    message: Message,
    *,
    conflict: bool = False,
    note: str | None = None,
) -> None:
    """Its turn is over, and the next one's begins."""
    if conflict:
        key = {"producer": message.producer, "id": message.id}
        await connection.execute(_APART, {**key, "note": note})
        return
    turn = {
        "producer": message.producer,
        "subject": message.subject,
        "sequence": message.sequence,
    }
    look_again = await connection.execute(_APPLIED, {**turn, "id": message.id, "note": note})
    if look_again.scalar():
        await connection.execute(_SUCCESSOR, turn)


def _turns_of(messages: Sequence[Message]) -> Mapping[str, Any]:
    return {
        "turn_producers": [message.producer for message in messages],
        "turn_subjects": [message.subject for message in messages],
    }


# Before several are marked as applied, in the statement that writes what came of them.
LOCKING = Clause(
    "inbox_subject", _LOCKING, _turns_of, asked="(SELECT count(*) FROM inbox_subject_locked)"
)


async def mark_all_applied(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    """The same for several at once, whose subjects are locked already."""
    await connection.execute(
        _ALL_APPLIED,
        {
            "producers": [message.producer for message in messages],
            "subjects": [message.subject for message in messages],
            "ids": [message.id for message in messages],
            "sequences": [message.sequence for message in messages],
        },
    )


async def mark_later(
    connection: AsyncConnection, turn: Turn, *, seconds: float, error: str, attempt: bool
) -> None:
    """Try again after `seconds`; an `attempt` counts towards parking, a delay does not."""
    await connection.execute(
        _LATER, {**turn.key, "seconds": seconds, "error": error, "attempt": int(attempt)}
    )


async def mark_parked(connection: AsyncConnection, turn: Turn, *, error: str) -> None:
    """Put aside for a person; later messages of its subject wait, other subjects go on."""
    await connection.execute(_PARKED, {**turn.key, "error": error})
