"""Which places take part in a case, so that only their systems hear of it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.models import CasePlaceRow


async def join(session: AsyncSession, case_number: str, places: dict[UUID, str]) -> None:
    """By handoff; who came in once more than told is the same."""
    if not places:
        return
    rows = [
        {"case_number": case_number, "handoff_id": handoff, "location": location}
        for handoff, location in sorted(places.items())
    ]
    stored = insert(CasePlaceRow).values(rows)
    await session.execute(
        stored.on_conflict_do_update(
            index_elements=["case_number", "handoff_id"],
            set_={"location": stored.excluded.location},
        )
    )


async def leave(
    session: AsyncSession, case_number: str, handoffs: Collection[UUID], *, at: datetime
) -> None:
    """The matter went elsewhere: from now on it is none of that place's business."""
    await session.execute(
        update(CasePlaceRow)
        .where(CasePlaceRow.case_number == case_number, CasePlaceRow.handoff_id.in_(handoffs))
        .values(left_at=at)
        .execution_options(synchronize_session=False)
    )
