"""What was promised, and by whom it was broken."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import PromiseRow


async def barred_until(
    session: AsyncSession, id_number_indexes: Sequence[bytes], on: date
) -> Mapping[str, date]:
    """Per kind of promise, the last day on which this person is barred from another."""
    promise = PromiseRow
    rows = await session.execute(
        select(promise.kind, func.max(promise.barred_until))
        .where(promise.id_number_index.in_(id_number_indexes), promise.barred_until >= on)
        .group_by(promise.kind)
    )
    return {kind: until for kind, until in rows if until is not None}


async def of_case(session: AsyncSession, number: str) -> Sequence[PromiseRow]:
    query = select(PromiseRow).where(PromiseRow.case_number == number)
    return (await session.scalars(query.order_by(PromiseRow.kind, PromiseRow.material_code))).all()
