"""Dispatches as people see them: the recipient masked, the address looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import gazetteers
from services.notify.domain import addresses
from services.notify.models import DispatchRow
from services.notify.queries import dispatches, seals
from services.notify.queries.dispatches import Wanted
from shared.audit import trail
from shared.clock import local_date
from shared.errors import Fault
from shared.means import means
from shared.security.grants import Scope
from shared.security.personal import masked


@dataclass(frozen=True, slots=True)
class Detail:
    row: DispatchRow
    recipient: dict[str, Any]
    hints: Sequence[Fault]


async def page(
    session: AsyncSession, wanted: Wanted, *, scope: Scope
) -> tuple[Sequence[DispatchRow], str | None]:
    return await dispatches.page(session, wanted, scope=scope)


async def one(
    session: AsyncSession, dispatch_id: UUID, *, scope: Scope, purpose: str | None, at: datetime
) -> Detail:
    row = await dispatches.one(session, dispatch_id, scope)
    envelope = seals.open_recipient(means(session).keys, row.id, row.recipient)
    if purpose is not None:
        await trail.record(
            session,
            action="recipient-unmasked",
            case_number=row.case_number,
            resource=f"dispatch:{row.id}",
            facts={"purpose": purpose},
            at=at,
        )
    hints = addresses.read(
        envelope.address or "", envelope.postcode or "", gazetteers.on(local_date(at))
    ).hints
    return Detail(
        row=row,
        recipient=masked(envelope) if purpose is None else envelope.model_dump(),
        hints=hints,
    )
