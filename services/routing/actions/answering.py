"""A supervisor answers what an officer asked for; what is approved is done at once."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import approvals, crossing, decisions, pauses
from services.routing.actions import desk as desks
from services.routing.actions.desk import Deed, Desk
from services.routing.domain.approvals import Kind
from services.routing.domain.handoffs import Step
from services.routing.models import ApprovalRow
from services.routing.queries import approvals as queries
from shared.messaging.envelope import Event


async def answer_request(
    session: AsyncSession, approval_id: UUID, deed: Deed, *, approved: bool, note: str
) -> ApprovalRow:
    asked = await queries.read(session, approval_id, deed.scope)
    desk = await desks.lay_out_for(session, asked.handoff_id, deed)
    await session.refresh(asked)
    await approvals.settle(desk, asked, approved=approved, note=note)
    if approved:
        words = approvals.words_of(session, asked)
        await desks.announce(desk, *await _DO[Kind(asked.kind)](desk, asked, words))
        await _tell_partners(desk, asked, words)
    return asked


async def _tell_partners(desk: Desk, asked: ApprovalRow, words: dict[str, Any]) -> None:
    """There it needs no further leave: the supervisor is the one who tells it."""
    tail = _STEPS.get(Kind(asked.kind))
    if tail is not None:
        said = {name: value for name, value in asked.facts.items() if name in _SAID}
        body = {**said, "reason": words["reason"]}
        await crossing.tell_step(desk.session, desk.handoff, tail, body, at=desk.at)


_SAID = frozenset({"working_days", "attachments"})
_STEPS: Mapping[Kind, str] = MappingProxyType(
    {Kind.EXTENSION: "extension", Kind.REVOCATION: "revocation"}
)


async def _extend(desk: Desk, asked: ApprovalRow, words: dict[str, Any]) -> list[Event]:
    desks.require_duty(desk, Step.EXTEND)
    asked.used_at = desk.at
    days = asked.facts["working_days"]
    return [await pauses.extend(desk, working_days=days, reason=words["reason"])]


async def _revoke(desk: Desk, asked: ApprovalRow, words: dict[str, Any]) -> list[Event]:
    desks.require_duty(desk, Step.REVOKE)
    asked.used_at = desk.at
    return await decisions.revoke(desk, reason=words["reason"])


async def _later(_: Desk, __: ApprovalRow, ___: dict[str, Any]) -> list[Event]:
    """The officer has leave now; the act itself is theirs."""
    return []


_DO: Mapping[Kind, Callable[[Desk, ApprovalRow, dict[str, Any]], Awaitable[list[Event]]]] = (
    MappingProxyType(
        {Kind.EXTENSION: _extend, Kind.REVOCATION: _revoke, Kind.REPEAT_NOTICE: _later}
    )
)
