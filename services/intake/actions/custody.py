"""In whose hands the papers of a case are, as routing's ledger says; shown beside the case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.domain.cases import Actor, Status
from services.intake.queries import cases as reads
from shared.messaging.handling import NotYetError

_MOVED = text("""
UPDATE case_original AS paper
SET label = moved.label, holder = moved.holder, parcel_number = moved.parcel_number, moved_at = :at
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:labels AS text[]), CAST(:holders AS text[]),
    CAST(:parcels AS text[])
) AS moved (original_id, label, holder, parcel_number)
WHERE paper.original_id = moved.original_id AND paper.case_number = :number
""")


@dataclass(frozen=True, slots=True)
class Moved:
    """`holder` is kind and id, as the ledger writes them."""

    original_id: UUID
    label: str
    holder: str

    @property
    def on_its_way(self) -> bool:
        return self.holder.partition(":")[0] in ("parcel", "carrier")


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
    await session.execute(
        _MOVED,
        {
            "number": number,
            "at": at,
            "ids": [each.original_id for each in moved],
            "labels": [each.label for each in moved],
            "holders": [each.holder for each in moved],
            "parcels": [parcel_number if each.on_its_way else None for each in moved],
        },
    )
    if case.status == Status.UNROUTABLE and not await reads.originals_here(session, number):
        case.next_actor = Actor.OPS.value
    case.version += 1
    case.changed_at = now
