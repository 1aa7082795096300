"""What routing says of papers: in whose hands they are, and when they are not where they should
be."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import custody, news
from services.intake.actions.custody import Moved
from services.intake.actions.news import Told
from services.intake.domain.cases import News, What
from shared.messaging.envelope import Received
from shared.messaging.handling import Handler


class OriginalMoved(BaseModel):
    original_id: UUID
    label: str
    holder_kind: str
    holder: str


class OriginalsMoved(BaseModel):
    case_number: str
    parcel_number: str | None = None
    at: datetime
    originals: list[OriginalMoved]


class PapersDelayed(BaseModel):
    case_number: str
    what: str
    at: datetime


_DELAYS: Mapping[str, What] = MappingProxyType(
    {
        "overdue": What.PAPERS_OVERDUE,
        "turn_back": What.PAPERS_COMING_BACK,
        "take_back": What.PAPERS_BACK,
        "lose": What.PAPERS_LOST,
        "find": What.PAPERS_FOUND,
    }
)


async def on_originals_moved(session: AsyncSession, message: Received[OriginalsMoved]) -> None:
    told = message.data
    moved = [
        Moved(each.original_id, each.label, f"{each.holder_kind}:{each.holder}")
        for each in told.originals
    ]
    await custody.follow(
        session,
        told.case_number,
        moved,
        parcel_number=told.parcel_number,
        at=told.at,
        now=message.now,
    )


async def on_papers_delayed(session: AsyncSession, message: Received[PapersDelayed]) -> None:
    """It stops no clock and moves no status; the window sees it, and so does the applicant."""
    told = message.data
    what = _DELAYS.get(told.what)
    if what is not None:
        about = Told(message.id, told.case_number)
        await news.tell(session, about, News(what, told.at), now=message.now)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "routing.originals-moved.v1": on_originals_moved,
        "routing.papers-delayed.v1": on_papers_delayed,
    }
)
