"""Links committed audit rows into the chain, seconds later, as a role of its own.

Writers never wait for the hash before theirs. Rows become visible out of order, so nothing here is
"all up to the highest id": what has no link yet is sealed, whenever it appears. Looking for it
starts a few minutes before the newest sealed row, and from the very beginning once an hour.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Select, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.audit.chain import (
    AUDIT_LINK,
    AUDIT_SEAL,
    GENESIS,
    LARGEST_SEAL,
    ROW_COLUMNS,
    Seal,
    compute_head,
    hash_row,
    id_time,
    lowest_id,
)
from shared.audit.trail import AUDIT
from shared.clock import Clock
from shared.security.algorithms import AES
from shared.security.keys import Keyring

RECENT: Final = timedelta(minutes=5)
SWEEP_EVERY: Final = timedelta(hours=1)

# One sealer at a time in a schema; another finds nothing to do.
_TURN = text(
    "SELECT pg_try_advisory_xact_lock(hashtextextended('audit-seal:' || current_schema(), 0))"
)

log = structlog.get_logger(__name__)


class Sealer:
    """Keeps a house's chain up to date, a turn at a time, with the hash of the family that proves
    its rows."""

    def __init__(
        self, engine: AsyncEngine, clock: Clock, *, keys: Keyring | None = None, limit: int = 1000
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._keys = keys
        self._limit = limit
        self._swept_at: datetime | None = None

    async def turn(self) -> bool:
        """Seal what is there, up to the limit; whether there is more."""
        at = self._clock()
        sweep = self._swept_at is None or at - self._swept_at >= SWEEP_EVERY
        family = self._keys.algorithm("audit") if self._keys else AES
        seal = await seal_once(
            self._engine, at=at, limit=self._limit, digest=family.digest_name, sweep=sweep
        )
        more = seal is not None and seal.size == self._limit
        if sweep and not more:
            self._swept_at = at
        return more


async def seal_once(
    engine: AsyncEngine,
    *,
    at: datetime,
    limit: int = 1000,
    digest: str = "sha256",
    sweep: bool = False,
) -> Seal | None:
    """One seal over at most `limit` rows that have none; None when there are none, or when another
    is at it."""
    if not 0 < limit <= LARGEST_SEAL:
        raise ValueError(f"a seal covers 1 to {LARGEST_SEAL} rows")
    async with engine.begin() as connection:
        if not await connection.scalar(_TURN):
            return None
        if sweep:
            # The whole table is walked: longer than a statement of a request may take.
            await connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        rows = (await connection.execute(await _unsealed(connection, at, limit, sweep))).all()
        if not rows:
            return None
        seal = await _append(connection, rows, at=at, digest=digest)
    log.debug("audit_sealed", seal=seal.number, rows=seal.size)
    return seal


async def _unsealed(
    connection: AsyncConnection, at: datetime, limit: int, sweep: bool
) -> Select[Any]:
    found = (
        select(*ROW_COLUMNS)
        .outerjoin(AUDIT_LINK, AUDIT_LINK.c.audit_id == AUDIT.c.id)
        .where(AUDIT_LINK.c.audit_id.is_(None))
        .order_by(AUDIT.c.id)
        .limit(limit)
    )
    if sweep:
        return found
    newest = await connection.scalar(
        select(AUDIT_LINK.c.audit_id).order_by(AUDIT_LINK.c.audit_id.desc()).limit(1)
    )
    if newest is None:
        return found
    # An id from the future must not keep the rows of today from being seen.
    since = lowest_id(min(id_time(newest), at) - RECENT)
    recent = AUDIT_LINK.alias("recent")
    return (
        select(*ROW_COLUMNS)
        .outerjoin(recent, (recent.c.audit_id == AUDIT.c.id) & (recent.c.audit_id >= since))
        .where(AUDIT.c.id >= since, recent.c.audit_id.is_(None))
        .order_by(AUDIT.c.id)
        .limit(limit)
    )


async def _append(
    connection: AsyncConnection, rows: Sequence[Any], *, at: datetime, digest: str
) -> Seal:
    last = (
        await connection.execute(
            select(AUDIT_SEAL.c.number, AUDIT_SEAL.c.head)
            .order_by(AUDIT_SEAL.c.number.desc())
            .limit(1)
        )
    ).first()
    number = last.number + 1 if last else 1
    hashed = [(row.id, hash_row(digest, row)) for row in rows]
    unsealed = Seal(
        number=number,
        sealed_at=at,
        digest=digest,
        size=len(hashed),
        previous=last.head if last else GENESIS,
        head=b"",
    )
    seal = replace(unsealed, head=compute_head(unsealed, hashed))
    await connection.execute(
        insert(AUDIT_SEAL),
        {name: getattr(seal, name) for name in AUDIT_SEAL.c.keys()},  # noqa: SIM118  (of a table)
    )
    await connection.execute(
        insert(AUDIT_LINK),
        [
            {"audit_id": audit_id, "seal_number": number, "position": place, "row_hash": row_hash}
            for place, (audit_id, row_hash) in enumerate(hashed)
        ],
    )
    return seal


async def count_unsealed(connection: AsyncConnection) -> int:
    """For operations: how far the chain is behind."""
    counted = await connection.scalar(
        select(func.count())
        .select_from(AUDIT)
        .outerjoin(AUDIT_LINK, AUDIT_LINK.c.audit_id == AUDIT.c.id)
        .where(AUDIT_LINK.c.audit_id.is_(None))
    )
    return counted or 0
