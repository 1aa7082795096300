"""Whether a place has done its part between the two: asked when its time is over."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.custody import Holder, HolderKind
from services.routing.domain.terms import Hop
from services.routing.models import CaseRow, ContentRow, HandoffRow
from services.routing.queries import custody


async def undone(session: AsyncSession, case: CaseRow, row: HandoffRow, hop: Hop) -> bool:
    return await _UNDONE[hop](session, case, row)


async def _push(session: AsyncSession, case: CaseRow, _: HandoffRow) -> bool:
    """A material named as electronic of which no file has come yet."""
    named = {each.get("code") for each in case.materials if each.get("form") == "electronic"}
    if not named:
        return False
    query = select(ContentRow.material_code).where(ContentRow.case_number == case.case_number)
    there = await session.scalars(query.distinct())
    return bool(named - set(there))


async def _post(session: AsyncSession, case: CaseRow, _: HandoffRow) -> bool:
    """Some of its paper lies at the window yet."""
    window = Holder(HolderKind.LOCATION, case.receiving_location)
    return any(each.holder == window for each in await custody.of_case(session, case.case_number))


async def _recheck(_: AsyncSession, __: CaseRow, row: HandoffRow) -> bool:
    """Nobody at the office has taken it up."""
    return row.holder is None and row.returned_at is None


async def _post_result(_: AsyncSession, __: CaseRow, ___: HandoffRow) -> bool:
    """Posting it takes the term away; one that still stands is undone."""
    return True


_UNDONE: Mapping[Hop, Callable[[AsyncSession, CaseRow, HandoffRow], Awaitable[bool]]] = (
    MappingProxyType(
        {
            Hop.PUSH: _push,
            Hop.POST: _post,
            Hop.RECHECK: _recheck,
            Hop.POST_RESULT: _post_result,
        }
    )
)
