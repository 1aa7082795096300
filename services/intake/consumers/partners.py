"""What a partner's window hands in, by way of routing; and its result, handed over there."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import handed_in, news
from services.intake.actions.handed_in import Instructions
from services.intake.actions.news import Told
from services.intake.domain.cases import News, What
from shared.http.fetching import Content
from shared.messaging.envelope import Received
from shared.messaging.handling import Handler
from shared.security.personal import Personal


class CaseHandedIn(BaseModel):
    partner: str
    webhook_id: str
    kind: str
    joint_number: str
    their_number: str
    case_number: str | None = None
    location: str
    content: Content
    actor: dict[str, str]
    access: Annotated[dict[str, str], Personal("form")]
    at: datetime


class ResultHandedOver(BaseModel):
    case_number: str
    delivered_at: datetime


async def on_case_handed_in(session: AsyncSession, message: Received[CaseHandedIn]) -> None:
    told = Instructions.model_validate(message.data.model_dump())
    await handed_in.keep(session, told, at=message.now)


async def on_result_handed_over(session: AsyncSession, message: Received[ResultHandedOver]) -> None:
    told = message.data
    said = News(What.DELIVERED, told.delivered_at)
    await news.tell(session, Told(message.id, told.case_number), said, now=message.now)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "routing.case-handed-in.v1": on_case_handed_in,
        "routing.result-handed-over.v1": on_result_handed_over,
    }
)
