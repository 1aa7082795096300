"""What a lead is to tell the applicant for its branches, before it tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import joint
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.joint import Answer, MergedGap
from services.routing.domain.notices import Gap
from services.routing.models import HandoffRow
from services.routing.queries import handoffs, readings, words
from shared.security.grants import Scope


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    gaps: Sequence[MergedGap]
    unanswered: Sequence[str]
    ready: bool


async def notice_draft(session: AsyncSession, handoff_id: UUID, *, scope: Scope) -> NoticeDraft:
    own = await handoffs.read_handoff(session, handoff_id, scope)
    rows = (
        await session.scalars(select(HandoffRow).where(HandoffRow.case_number == own.case_number))
    ).all()
    states = readings.states_of(rows)
    return NoticeDraft(
        gaps=joint.merge_gaps(await untold(session, rows)),
        unanswered=joint.unanswered(states),
        ready=joint.ready_to_notify(states),
    )


async def untold(session: AsyncSession, rows: Sequence[HandoffRow]) -> list[Answer]:
    """Gaps that branches found and the applicant has not been told of."""
    waiting = [
        row
        for row in rows
        if not row.lead and row.status == Status.NOTICED and row.noticed_on is None
    ]
    return [
        Answer(str(row.id), row.location, (await gaps_of(session, row.id))[-1]) for row in waiting
    ]


async def gaps_of(session: AsyncSession, handoff_id: UUID) -> list[tuple[Gap, ...]]:
    """What this branch has asked for, each time it did."""
    return [
        tuple(Gap(**each) for each in words.read_words(session, act).get("gaps", ()))
        for act in await handoffs.acts(session, handoff_id)
        if act.step == Step.ANSWER_GAPS
    ]
