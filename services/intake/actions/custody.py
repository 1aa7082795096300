"""In whose hands the papers of a case are, as routing's ledger says; shown beside the case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import OriginalRow
from services.intake.queries import cases as reads
from shared.messaging.apply import NotYetError


@dataclass(frozen=True, slots=True)
class Moved:
    """`holder` is kind and id, as the ledger writes them."""

    original_id: UUID
    label: str
    holder: str


async def follow(
    session: AsyncSession,
    number: str,
    moved: Sequence[Moved],
    *,
    parcel_number: str | None,
    at: datetime,
    now: datetime,
) -> None:
    """What an office issued itself never lay on this counter, and is not listed here."""
    case = await reads.lock_known(session, number)
    if case is None:
        raise NotYetError(f"case {number}")
    for each in moved:
        on_the_way = each.holder.partition(":")[0] in ("parcel", "carrier")
        await session.execute(
            update(OriginalRow)
            .where(OriginalRow.original_id == each.original_id, OriginalRow.case_number == number)
            .values(
                label=each.label,
                holder=each.holder,
                parcel_number=parcel_number if on_the_way else None,
                moved_at=at,
            )
        )
    case.version += 1
    case.changed_at = now
