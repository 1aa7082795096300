"""What notify says of a result on its way: the term to deliver it is kept, or no longer runs."""

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import desk as desks
from services.routing.queries import handoffs as queries


async def note_result(
    session: AsyncSession,
    case_number: str,
    *,
    told_on: date | None = None,
    posted_on: date | None = None,
    delivered_on: date | None = None,
    at: datetime,
) -> None:
    """Each date once, the first that is told; a case that nobody here decided has no such term."""
    case = await queries.lock_case(session, case_number)
    granted = await queries.granted(session, case_number) if case is not None else None
    if case is None or granted is None or not (told_on or posted_on or delivered_on):
        return
    granted.collect_told_on = granted.collect_told_on or told_on
    granted.result_posted_on = granted.result_posted_on or posted_on
    granted.result_delivered_on = granted.result_delivered_on or delivered_on
    await session.flush()
    await desks.set_watches(await desks.lay_out_of(session, case, granted.id, at=at))
