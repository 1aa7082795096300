"""Everything that was done on a handoff, in order; what was said with it, masked or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.handoffs import Step
from services.routing.domain.words import Side
from services.routing.models import ActRow
from services.routing.queries import handoffs
from shared.audit import trail
from shared.means import means
from shared.security.grants import Scope
from shared.security.masks import mask_name, mask_text


@dataclass(frozen=True, slots=True)
class Act:
    id: UUID
    step: Step
    side: Side
    actor: str
    at: datetime
    facts: dict[str, Any]
    words: dict[str, Any]


async def of_handoff(
    session: AsyncSession, handoff_id: UUID, *, scope: Scope, purpose: str | None, at: datetime
) -> Sequence[Act]:
    """Masked, unless a purpose is given; then the reading itself is put on record."""
    row = await handoffs.read_handoff(session, handoff_id, scope)
    if purpose is not None:
        await trail.record(
            session,
            action="acts-unmasked",
            case_number=row.case_number,
            resource=f"handoff:{row.id}",
            facts={"purpose": purpose},
            at=at,
        )
    return [
        _act(session, each, hidden=purpose is None)
        for each in await handoffs.acts(session, handoff_id)
    ]


def _act(session: AsyncSession, row: ActRow, *, hidden: bool) -> Act:
    words: dict[str, Any] = {}
    if row.words is not None:
        context = f"routing.act.words:{row.id}"
        words = from_json(means(session).keys.open("fields", row.words, context=context))
    return Act(
        id=row.id,
        step=Step(row.step),
        side=Side(row.side),
        actor=row.actor,
        at=row.at,
        facts=row.facts,
        words=_masked(words) if hidden else words,
    )


def _masked(words: dict[str, Any]) -> dict[str, Any]:
    """Who acted is known by the first character; what was said is free text."""
    names = ("name", "acted_by")
    return {
        key: mask_name(value) if key in names else mask_text(value)
        for key, value in words.items()
        if isinstance(value, str)
    }
