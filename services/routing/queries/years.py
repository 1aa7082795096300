"""A division's year as people look at it."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.queries import registry
from shared.divisions import divisions
from shared.errors import NotFoundError
from shared.workdays.calendar import YearView


async def of_division(session: AsyncSession, division: str, year: int) -> YearView:
    known = await registry.known(session)
    if not divisions.versions(division, local=known.registry.local):
        raise NotFoundError
    return known.workdays_of(division).year_view(year)
