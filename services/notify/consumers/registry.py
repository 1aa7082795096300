"""Items, places, and tokens that are worth nothing any more."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.models import ItemRow, LocationRow
from shared.messaging.envelope import Received
from shared.messaging.handling import Handler
from shared.security.revocations import on_token_revoked


class MaterialNamed(BaseModel):
    code: str
    name: str


class ResultTerms(BaseModel):
    delivery: list[str] = []


class ItemPublished(BaseModel):
    code: str
    version: int
    name: str
    short_name: str = ""
    postage_payer: str = "none"
    materials: list[MaterialNamed] = []
    result: ResultTerms = ResultTerms()


class Contact(BaseModel):
    role: str
    phone: str = ""


class LocationRegistered(BaseModel):
    code: str
    version: int
    name: str
    kind: str
    division: str
    system: str = "own"
    address: str | None = None
    postcode: str | None = None
    contacts: list[Contact] = []
    valid_from: date
    valid_to: date | None = None


async def on_item_published(session: AsyncSession, message: Received[ItemPublished]) -> None:
    item = message.data
    row = {
        "code": item.code,
        "version": item.version,
        "name": item.name,
        "short_name": item.short_name or item.name,
        "postage_payer": item.postage_payer,
        "material_names": {each.code: each.name for each in item.materials},
        "ways": item.result.delivery,
    }
    await _keep(session, ItemRow, row)


async def on_location_registered(
    session: AsyncSession, message: Received[LocationRegistered]
) -> None:
    place = message.data
    phones = {contact.role: contact.phone for contact in reversed(place.contacts)}
    row = place.model_dump(exclude={"contacts"}) | {
        "phone": phones.get("window") or phones.get("point_to_point")
    }
    await _keep(session, LocationRow, row)


async def _keep(
    session: AsyncSession, table: type[ItemRow | LocationRow], row: dict[str, Any]
) -> None:
    changed = {name: value for name, value in row.items() if name not in {"code", "version"}}
    await session.execute(
        insert(table)
        .values(row)
        .on_conflict_do_update(index_elements=["code", "version"], set_=changed)
    )


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "intake.item-published.v1": on_item_published,
        "routing.location-registered.v1": on_location_registered,
        "routing.token-revoked.v1": on_token_revoked,
    }
)
