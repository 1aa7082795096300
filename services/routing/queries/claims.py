"""The next of a queue for several claimers, looked at first and taken after: whoever looks holds no
lock, and what is noted of a claim is written by the statement that takes it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, column, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models.work import FREE
from services.routing.queries.handoffs import QUEUED, Claimer, Queued, asked_by, by_claimer
from shared.audit.trail import AUDITING_ALL
from shared.http.idempotency import KEEPING_ALL

_CHANGED = {
    "holder": "asked.holder",
    "holder_name": "asked.holder_name",
    "lease_until": "asked.until",
    "version": "next.version + 1",
}
_COLUMNS = ", ".join(
    f"{_CHANGED.get(each.key, f'next.{each.key}')} AS {each.key}" for each in QUEUED
)
# As it will be once it is taken.
_LOOK = text(f"""
WITH asked AS (
    SELECT *, row_number() OVER (ORDER BY place, piece) AS slot
    FROM unnest(
        CAST(:holders AS text[]), CAST(:names AS text[]), CAST(:limits AS integer[]),
        CAST(:untils AS timestamptz[])
    ) WITH ORDINALITY AS given (holder, holder_name, most, until, place)
    CROSS JOIN LATERAL generate_series(1, most) AS piece
),
next AS (
    SELECT first.*, row_number() OVER (
        ORDER BY light_rank, lane_rank, turn, window_received_at, id
    ) AS slot
    FROM (
        SELECT {", ".join(each.key for each in QUEUED)} FROM handoff
        WHERE location = :location AND {FREE} AND id <> ALL(CAST(:others AS uuid[]))
        ORDER BY light_rank, lane_rank, turn, window_received_at, id
        LIMIT :total
    ) AS first
)
SELECT {_COLUMNS}, asked.place FROM next JOIN asked USING (slot)
""").columns(*QUEUED, column("place", BigInteger))

# Somebody else was quicker with one of them: a division by zero undoes all of it.
_TAKE = text(f"""
WITH wanted AS (
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:versions AS bigint[]), CAST(:holders AS text[]),
        CAST(:names AS text[]), CAST(:untils AS timestamptz[])
    ) AS wanted (id, version, by, by_name, until)
),
free AS MATERIALIZED (
    SELECT handoff.id FROM handoff JOIN wanted ON wanted.id = handoff.id
    WHERE handoff.version = wanted.version - 1 AND {FREE}
    FOR UPDATE OF handoff SKIP LOCKED
),
claimed AS (
    UPDATE handoff
    SET holder = wanted.by, holder_name = wanted.by_name, lease_until = wanted.until,
        bound = false, version = wanted.version
    FROM wanted WHERE handoff.id = wanted.id AND wanted.id IN (SELECT id FROM free)
),
changed AS (
    INSERT INTO queue_change (location) SELECT :location WHERE EXISTS (SELECT FROM free)
),
{KEEPING_ALL},
{AUDITING_ALL}
SELECT 1 / CASE WHEN (SELECT count(*) FROM free) = :count THEN 1 ELSE 0 END
""")
_DIVISION_BY_ZERO = "22012"


async def look(
    session: AsyncSession, location: str, claimers: Sequence[Claimer], others: Collection[UUID]
) -> Sequence[Sequence[Queued]]:
    """For each, the first so many that nobody holds; `others` are being taken just now."""
    given = {**asked_by(location, claimers), "others": list(others)}
    return by_claimer((await session.execute(_LOOK, given)).all(), claimers)


async def take(
    session: AsyncSession,
    location: str,
    rows: Sequence[Queued],
    holders: Sequence[str],
    noted: Mapping[str, Any],
) -> bool:
    """All of them, with what is `noted` along with it, or nothing."""
    given = {
        "location": location,
        "ids": [row.id for row in rows],
        "versions": [row.version for row in rows],
        "holders": list(holders),
        "names": [row.holder_name for row in rows],
        "untils": [row.lease_until for row in rows],
        "count": len(rows),
    }
    try:
        await session.execute(_TAKE, {**given, **noted})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _DIVISION_BY_ZERO:
            raise
        return False
    return True
