"""Reads of cases: one, a window's to-do, a search."""

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import CaseRow, MaterialRow


async def materials_held(
    session: AsyncSession, numbers: Sequence[str], id_number_indexes: Sequence[bytes]
) -> Sequence[Row[str, str, int, str]]:
    """The materials of these cases, as far as they are of this same applicant."""
    case, material = CaseRow, MaterialRow
    rows = await session.execute(
        select(case.case_number, case.item_code, case.item_version, material.code)
        .join(material, material.case_number == case.case_number)
        .where(
            case.case_number.in_(numbers),
            case.id_number_index.in_(id_number_indexes),
            material.form != "earlier_case",
        )
    )
    return rows.all()
