"""A place that the caller stands at, or above."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.registry import Location
from services.routing.queries import registry
from shared.errors import NotFoundError
from shared.security.grants import Scope


async def require(session: AsyncSession, code: str, scope: Scope) -> Location:
    place = (await registry.known(session)).registry.last_known(code)
    if place is None or not scope.covers(receiving=code, handling=code, division=place.division):
        raise NotFoundError
    return place
