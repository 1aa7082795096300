"""What was promised, and by whom it was broken."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import MaterialRow, PromiseRow, RequestRow

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


async def expired(session: AsyncSession, on: date, *, limit: int) -> Sequence[str]:
    """Cases that owe a paper whose last day is over, the oldest first."""
    promise = PromiseRow
    query = (
        select(promise.case_number)
        .where(promise.expires_on < on)
        .order_by(promise.expires_on, promise.case_number)
        .limit(limit)
    )
    return list(dict.fromkeys(await session.scalars(query)))


async def in_hand(session: AsyncSession, number: str) -> frozenset[str]:
    """Papers of supplements that the handling place has not refused: they came, at the window."""
    request, material = RequestRow, MaterialRow
    query = (
        select(material.code)
        .join(request, request.request_id == material.supplement_id)
        .where(material.case_number == number, request.status != "refused")
    )
    return frozenset(await session.scalars(query))


async def of_case(session: AsyncSession, number: str) -> Sequence[PromiseRow]:
    query = select(PromiseRow).where(PromiseRow.case_number == number)
    return (await session.scalars(query.order_by(PromiseRow.kind, PromiseRow.material_code))).all()
