"""What was taken back, newest first."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from shared.security.revocations import REVOCATION


async def page(session: AsyncSession, *, before: UUID | None, limit: int) -> Sequence[Row[Any]]:
    query = REVOCATION.select().order_by(REVOCATION.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(REVOCATION.c.id < before)
    return (await session.execute(query)).all()
