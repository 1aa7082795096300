"""What a house has to say, written in the transaction that made it true.

`record` takes the subject's next sequence number under the lock of its row, which is held until the
commit: whoever changes a case announces it in the order in which the changes happened, and a
transaction that rolls back leaves no gap. Take other locks first, this one last.

A row stays some days after it was published, so that a restored house can be replayed to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    bindparam,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.chance import new_id
from shared.db import gathering
from shared.db.base import PLATFORM
from shared.means import means
from shared.messaging.envelope import LARGEST, Event, Lane, Message, MessageTooLargeError, seal
from shared.telemetry import traces

# Queues churn: leave room for updates in place and vacuum early.
_CHURN = {
    "fillfactor": "85",
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_analyze_scale_factor": "0.05",
}

OUTBOX = Table(
    "outbox",
    PLATFORM,
    Column("id", Uuid, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("standalone", Boolean, nullable=False, server_default=false()),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("data", JSONB, nullable=False),
    Column("traceparent", Text),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("last_error", Text),
    Column("published_at", DateTime(timezone=True)),
    UniqueConstraint("subject", "sequence"),
    Index(
        "ix_outbox_due", "lane", "next_attempt_at", postgresql_where=text("published_at IS NULL")
    ),
    postgresql_with=_CHURN,
)

SUBJECT_SEQUENCE = Table(
    "subject_sequence",
    PLATFORM,
    Column("subject", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    postgresql_with=_CHURN,
)

# For a hot path that does everything in one statement: put these CTEs after its own WITH, and
# merge `recording(…)` into its parameters.
RECORDING = """
outbox_given AS (
    SELECT * FROM unnest(
        CAST(:outbox_ids AS uuid[]),
        CAST(:outbox_subjects AS text[]),
        CAST(:outbox_types AS text[]),
        CAST(:outbox_lanes AS text[]),
        CAST(:outbox_standalone AS boolean[]),
        CAST(:outbox_times AS timestamptz[]),
        CAST(:outbox_data AS text[]),
        CAST(:outbox_traceparents AS text[])
    ) WITH ORDINALITY AS given (
        id, subject, type, lane, standalone, at, data, traceparent, place
    )
),
outbox_numbered AS (
    INSERT INTO subject_sequence AS kept (subject, sequence)
    SELECT subject, count(*) FROM outbox_given GROUP BY subject ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET sequence = kept.sequence + excluded.sequence
    RETURNING subject, sequence
),
outbox_recorded AS (
    INSERT INTO outbox (id, subject, sequence, type, lane, standalone, at, data, traceparent)
    SELECT
        given.id,
        given.subject,
        numbered.sequence - count(*) OVER (PARTITION BY given.subject)
            + row_number() OVER (PARTITION BY given.subject ORDER BY given.place),
        given.type,
        given.lane,
        given.standalone,
        given.at,
        CAST(given.data AS jsonb),
        given.traceparent
    FROM outbox_given AS given
    JOIN outbox_numbered AS numbered USING (subject)
    RETURNING id
)
"""


def _all_recorded(given: Sequence[Mapping[str, list[Any]]]) -> Mapping[str, Any]:
    """What several have recorded, in the order in which they did."""
    return {name: [each for one in given for each in one[name]] for name in given[0]}


_RECORDED = gathering.Clause("outbox", RECORDING, _all_recorded)

_CLAIM = (
    OUTBOX.select()
    .where(
        OUTBOX.c.published_at.is_(None),
        OUTBOX.c.lane == bindparam("lane"),
        OUTBOX.c.next_attempt_at <= func.now(),
    )
    .order_by(OUTBOX.c.next_attempt_at)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)
_ANYTHING_DUE = text("""
SELECT EXISTS (
    SELECT FROM outbox
    WHERE published_at IS NULL AND lane = :lane AND next_attempt_at <= now()
)
""")
_CARRIED = text("""
UPDATE outbox SET published_at = clock_timestamp(), last_error = NULL
WHERE id = ANY(CAST(:ids AS uuid[]))
""")
_NOT_CARRIED = text("""
UPDATE outbox
SET attempts = attempts + 1,
    last_error = failed.code,
    next_attempt_at = clock_timestamp()
        + least(:ceiling, :first * power(2, least(attempts, 20))) * interval '1 second'
FROM unnest(CAST(:ids AS uuid[]), CAST(:codes AS text[])) AS failed (id, code)
WHERE outbox.id = failed.id
""")


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event with what the envelope needs to know about it."""

    event: Event
    subject: str
    at: datetime
    lane: Lane = Lane.INTERACTIVE


async def record(
    session: AsyncSession,
    event: Event,
    *,
    subject: str,
    at: datetime,
    lane: Lane = Lane.INTERACTIVE,
) -> UUID:
    """Announce `event` if and when this transaction commits; returns the message's id."""
    ids = await record_many(session, [Announcement(event, subject, at, lane)])
    return ids[0]


async def record_many(
    session: AsyncSession, announcements: Sequence[Announcement]
) -> Sequence[UUID]:
    """The same for several, of one or many subjects, in the order given; one statement."""
    if not announcements:
        return []
    parameters = recording(session, announcements)
    await gathering.write(session, _RECORDED, [parameters], last=True)
    ids: Sequence[UUID] = parameters["outbox_ids"]
    return ids


def recording(session: AsyncSession, announcements: Sequence[Announcement]) -> dict[str, Any]:
    """The parameters of RECORDING; each is a list with one entry for each announcement."""
    carried = means(session)
    ids = [new_id() for _ in announcements]
    data = []
    for id_, announcement in zip(ids, announcements, strict=True):
        event = announcement.event
        if not event.type.startswith(f"{carried.house}."):
            raise ValueError(f"{carried.house} cannot publish {event.type}")
        data.append(_written(event, seal(event, id=id_, keys=carried.keys)))
    return {
        "outbox_ids": ids,
        "outbox_subjects": [announcement.subject for announcement in announcements],
        "outbox_types": [announcement.event.type for announcement in announcements],
        "outbox_lanes": [announcement.lane.value for announcement in announcements],
        "outbox_standalone": [announcement.event.standalone for announcement in announcements],
        "outbox_times": [announcement.at for announcement in announcements],
        "outbox_data": data,
        "outbox_traceparents": [traces.traceparent()] * len(ids),
    }


async def anything_due(connection: AsyncConnection, *, lane: Lane) -> bool:
    """Whether it is worth while to claim."""
    return bool(await connection.scalar(_ANYTHING_DUE, {"lane": lane.value}))


async def claim(
    connection: AsyncConnection, *, lane: Lane, limit: int, source: str
) -> list[Message]:
    """What is due in this lane and no other relay holds, locked until the transaction ends."""
    rows = await connection.execute(_CLAIM, {"lane": lane.value, "limit": limit})
    return [
        Message(
            id=row.id,
            type=row.type,
            source=source,
            subject=row.subject,
            sequence=row.sequence,
            time=row.at,
            data=row.data,
            lane=Lane(row.lane),
            standalone=row.standalone,
            traceparent=row.traceparent,
        )
        for row in rows
    ]


async def mark_carried(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    await connection.execute(_CARRIED, {"ids": list(ids)})


async def mark_not_carried(
    connection: AsyncConnection,
    codes: Mapping[UUID, str],
    *,
    first: float = 0.5,
    ceiling: float = 30.0,
) -> None:
    """Try these again, each after a pause that doubles; the rest of the outbox goes on."""
    parameters = {"ids": list(codes), "codes": list(codes.values())}
    await connection.execute(_NOT_CARRIED, {**parameters, "first": first, "ceiling": ceiling})


def _written(event: Event, data: Mapping[str, Any]) -> str:
    written = to_json(data)
    if len(written) > LARGEST:
        raise MessageTooLargeError(event.type, len(written))
    return written.decode()
