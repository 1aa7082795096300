"""Tokens that no longer count although they have not expired: one of them, or all that somebody was
given until now. Each process looks at its house's table again every second or so.

Whoever must not come back at all is shut out where tokens are given; here only what was given away
already is taken back.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Final
from uuid import UUID

import structlog
from pydantic import BaseModel
from sqlalchemy import Column, DateTime, Index, Table, Text, Uuid, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.base import PLATFORM
from shared.db.transactions import Sessions
from shared.messaging.envelope import Received

LOOK_AGAIN_SECONDS: Final = 1.0
# Longer than any token lasts.
KEPT: Final = timedelta(days=31)

REVOCATION = Table(
    "revocation",
    PLATFORM,
    Column("id", Uuid, primary_key=True),
    # Null: whichever issuer.
    Column("issuer", Text),
    Column("token_id", Text),
    Column("subject", Text),
    Column("revoked_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("revoked_by", Text, nullable=False),
    Index("ix_revocation_revoked_at", "revoked_at"),
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bearer:
    """What of a token a revocation may name."""

    issuer: str
    subject: str
    token_id: str | None
    issued: float


@dataclass(frozen=True, slots=True)
class _Known:
    tokens: frozenset[tuple[str | None, str]] = frozenset()
    subjects: Mapping[tuple[str | None, str], float] = field(default_factory=dict)

    def covers(self, bearer: Bearer) -> bool:
        for issuer in (bearer.issuer, None):
            if bearer.token_id is not None and (issuer, bearer.token_id) in self.tokens:
                return True
            # Tokens tell seconds: what was given within that very second goes as well.
            if bearer.issued <= self.subjects.get((issuer, bearer.subject), -1.0):
                return True
        return False


class Revocations:
    """This process's copy. A database that does not answer leaves it as it is: nobody is let in who
    was shut out before, and nobody is shut out for it."""

    def __init__(self, sessions: Sessions | None) -> None:
        self._sessions = sessions
        self._known = _Known()
        self._due = 0.0
        self._turn = asyncio.Lock()

    async def covers(self, bearer: Bearer) -> bool:
        if monotonic() >= self._due:
            await self._look_again()
        return self._known.covers(bearer)

    async def _look_again(self) -> None:
        """One looks; who comes meanwhile waits for it, so that none slips through at the start."""
        async with self._turn:
            if monotonic() < self._due or self._sessions is None:
                return
            try:
                async with self._sessions() as session:
                    self._known = await _read(session)
            except (SQLAlchemyError, OSError) as error:
                log.warning("revocations_not_reread", error=type(error).__name__)
            self._due = monotonic() + LOOK_AGAIN_SECONDS


async def _read(session: AsyncSession) -> _Known:
    c = REVOCATION.c
    rows = (await session.execute(select(c.issuer, c.token_id, c.subject, c.revoked_at))).all()
    subjects: dict[tuple[str | None, str], float] = {}
    for row in rows:
        if row.subject is not None:
            key = (row.issuer, row.subject)
            subjects[key] = max(subjects.get(key, 0.0), row.revoked_at.timestamp())
    tokens = frozenset((row.issuer, row.token_id) for row in rows if row.token_id is not None)
    return _Known(tokens, subjects)


async def keep(
    session: AsyncSession,
    *,
    id_: UUID,
    issuer: str | None,
    token_id: str | None,
    subject: str | None,
    revoked_at: datetime,
    reason: str,
    revoked_by: str,
) -> None:
    """Heard twice it is the same one."""
    row = {
        "id": id_,
        "issuer": issuer,
        "token_id": token_id,
        "subject": subject,
        "revoked_at": revoked_at,
        "reason": reason,
        "revoked_by": revoked_by,
    }
    await session.execute(insert(REVOCATION).values(row).on_conflict_do_nothing())


async def purge(session: AsyncSession, *, at: datetime, limit: int = 1000) -> int:
    """What no token that still holds can be meant by."""
    old = select(REVOCATION.c.id).where(REVOCATION.c.revoked_at < at - KEPT).limit(limit)
    gone = await session.execute(
        delete(REVOCATION).where(REVOCATION.c.id.in_(old)).returning(REVOCATION.c.id)
    )
    return len(gone.all())


class TokenRevoked(BaseModel):
    """As routing tells the other houses."""

    id: UUID
    issuer: str | None = None
    token_id: str | None = None
    account: str | None = None
    revoked_at: datetime
    reason: str
    revoked_by: str


async def on_token_revoked(session: AsyncSession, message: Received[TokenRevoked]) -> None:
    told = message.data
    await keep(
        session,
        id_=told.id,
        issuer=told.issuer,
        token_id=told.token_id,
        subject=told.account,
        revoked_at=told.revoked_at,
        reason=told.reason,
        revoked_by=told.revoked_by,
    )
