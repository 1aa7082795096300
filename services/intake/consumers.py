"""What the window hears from routing and notify, and the one action each message leads to."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import LocationRow
from shared.messaging.apply import Handler
from shared.messaging.envelope import Received


class LocationRegistered(BaseModel):
    code: str
    version: int
    name: str
    kind: str
    division: str
    valid_from: date
    valid_to: date | None = None


async def on_location_registered(
    session: AsyncSession, message: Received[LocationRegistered]
) -> None:
    stored = insert(LocationRow).values(message.data.model_dump())
    told = {column: stored.excluded[column] for column in LocationRegistered.model_fields}
    await session.execute(
        stored.on_conflict_do_update(index_elements=["code", "version"], set_=told)
    )


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {"routing.location-registered.v1": on_location_registered}
)
