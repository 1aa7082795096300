"""What operations see of the queues: lights, what nobody holds, what no rule leads anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.deadlines import Light
from services.routing.models import CaseRow, HandoffRow
from services.routing.models.work import FREE

# Asked again and again, on any number of handoffs: read up to here and no further.
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Waiting:
    count: int
    since: datetime


async def lights(session: AsyncSession) -> Mapping[Light, int]:
    """Open handoffs by light; every light is there."""
    opened = (
        select(HandoffRow.light)
        .where(HandoffRow.closed_at.is_(None), HandoffRow.opened_at.is_not(None))
        .limit(MOST)
        .subquery()
    )
    rows = await session.execute(select(opened.c.light, func.count()).group_by(opened.c.light))
    return dict.fromkeys(Light, 0) | {Light(light): count for light, count in rows}


async def waiting(session: AsyncSession) -> Mapping[str, Waiting]:
    """What nobody holds, by the county (the first six digits) of the handling place."""
    free = (
        select(
            func.left(HandoffRow.division, 6).label("county"),
            func.coalesce(HandoffRow.opened_at, HandoffRow.window_received_at).label("since"),
        )
        .where(text(FREE))
        .limit(MOST)
        .subquery()
    )
    rows = await session.execute(
        select(free.c.county, func.count(), func.min(free.c.since)).group_by(free.c.county)
    )
    return {county: Waiting(count, since) for county, count, since in rows}


async def unroutable(session: AsyncSession) -> int:
    found = select(CaseRow.case_number).where(CaseRow.status == "unroutable").limit(MOST).subquery()
    return await session.scalar(select(func.count()).select_from(found)) or 0
