"""What routing hears, and the one action each message leads to."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import cases, requests
from services.routing.models import CaseRow, ItemRow
from services.routing.queries import handoffs as queries
from services.routing.queries import registry
from shared.clock import local_date
from shared.messaging.apply import Handler, NotYetError
from shared.messaging.envelope import Received
from shared.security.personal import Personal


class ItemPublished(BaseModel):
    """The whole document is kept: what routing will need of it tomorrow is in it already."""

    model_config = ConfigDict(extra="allow")

    code: str
    version: int
    status: str
    valid_from: date
    valid_to: date | None = None


class CaseReceived(BaseModel):
    case_number: str
    item_code: str
    item_version: int
    mode: str
    channel: str
    receiving_location: str
    basis: dict[str, str]
    chosen_basis: str | None = None
    received_at: datetime
    priority: str = "normal"
    delivery_method: str
    materials: list[dict[str, Any]]
    application: Annotated[dict[str, Any], Personal("form")]


class SupplementGiven(BaseModel):
    case_number: str
    supplement_id: UUID
    materials: list[dict[str, Any]]
    given_at: datetime
    application: Annotated[dict[str, Any] | None, Personal("form")] = None


class WithdrawalRequested(BaseModel):
    case_number: str
    withdrawal_id: UUID
    at: datetime


async def on_item_published(session: AsyncSession, message: Received[ItemPublished]) -> None:
    item = message.data
    row = {
        "code": item.code,
        "version": item.version,
        "valid_from": item.valid_from,
        "valid_to": item.valid_to,
        "status": item.status,
        "document": item.model_dump(mode="json"),
    }
    changed = {name: row[name] for name in ("valid_to", "status", "document")}
    await session.execute(
        insert(ItemRow)
        .values(row)
        .on_conflict_do_update(index_elements=["code", "version"], set_=changed)
    )


async def on_case_received(session: AsyncSession, message: Received[CaseReceived]) -> None:
    given = message.data
    item = await registry.item(session, given.item_code, given.item_version)
    if item is None:
        raise NotYetError(f"item {given.item_code}@{given.item_version}")
    known = await registry.known(session)
    place = registry.place(known, given.receiving_location, on=local_date(given.received_at))
    case = CaseRow(
        case_number=given.case_number,
        item_code=given.item_code,
        item_version=given.item_version,
        mode=given.mode,
        channel=given.channel,
        receiving_location=given.receiving_location,
        receiving_division=place.division if place else "",
        basis=given.basis,
        chosen_basis=given.chosen_basis,
        received_at=given.received_at,
        priority=given.priority,
        delivery_method=given.delivery_method,
        materials=given.materials,
        status="received",
        version=1,
        created_at=message.now,
    )
    await cases.receive_case(session, case, to_json(given.application), item, at=message.now)


async def on_supplement_given(session: AsyncSession, message: Received[SupplementGiven]) -> None:
    given = message.data
    case = await _case(session, given.case_number)
    await requests.apply_supplement(
        session,
        case,
        given.supplement_id,
        materials=given.materials,
        application={"given_at": given.given_at.isoformat(), **(given.application or {})},
        at=message.now,
    )


async def on_withdrawal_requested(
    session: AsyncSession, message: Received[WithdrawalRequested]
) -> None:
    case = await _case(session, message.data.case_number)
    await requests.apply_withdrawal(session, case, message.data.withdrawal_id, at=message.now)


async def _case(session: AsyncSession, case_number: str) -> CaseRow:
    case = await queries.lock_case(session, case_number)
    if case is None:
        raise NotYetError(f"case {case_number}")
    return case


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "intake.item-published.v1": on_item_published,
        "intake.case-received.v1": on_case_received,
        "intake.supplement-given.v1": on_supplement_given,
        "intake.withdrawal-requested.v1": on_withdrawal_requested,
    }
)
