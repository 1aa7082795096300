"""What was promised, and by whom it was broken."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import PromiseRow

# Asked with every submission that promises something: written once.
_BARRED = text("""
SELECT kind, max(barred_until) AS until FROM case_promise
WHERE id_number_index = ANY(CAST(:indexes AS bytea[])) AND barred_until > :day
GROUP BY kind
""")


async def barred_until(
    session: AsyncSession, id_number_indexes: Sequence[bytes], on: date
) -> Mapping[str, date]:
    """Per kind of promise, the first day on which this person may make another."""
    rows = await session.execute(_BARRED, {"indexes": list(id_number_indexes), "day": on})
    return {row.kind: row.until for row in rows}


async def of_case(session: AsyncSession, number: str) -> Sequence[PromiseRow]:
    query = select(PromiseRow).where(PromiseRow.case_number == number)
    return (await session.scalars(query.order_by(PromiseRow.kind, PromiseRow.material_code))).all()
