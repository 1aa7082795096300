"""Places and items as notify knows them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.models import ItemRow, LocationRow


async def item(session: AsyncSession, code: str, version: int) -> ItemRow | None:
    return await session.get(ItemRow, (code, version))


async def places(session: AsyncSession, codes: Sequence[str]) -> Mapping[str, LocationRow]:
    """The latest version of each that is known."""
    rows = await session.scalars(
        select(LocationRow)
        .where(LocationRow.code.in_(codes))
        .order_by(LocationRow.code, LocationRow.version)
    )
    return {row.code: row for row in rows}
