"""Which places take part in a case, so that only their systems hear of it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.models import CasePlaceRow
from shared.db.base import table_of

_PLACE = insert(table_of(CasePlaceRow))
_JOIN = _PLACE.on_conflict_do_update(
    index_elements=["case_number", "handoff_id"], set_={"location": _PLACE.excluded.location}
)


async def join(session: AsyncSession, places: Mapping[str, Mapping[UUID, str]]) -> None:
    """By case and handoff; who came in once more than told is the same. Written at once: who is to
    hear of it is asked next."""
    rows = [
        {"case_number": case_number, "handoff_id": handoff, "location": location}
        for case_number, at_work in places.items()
        for handoff, location in sorted(at_work.items())
    ]
    if rows:
        await session.execute(_JOIN, rows)


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
