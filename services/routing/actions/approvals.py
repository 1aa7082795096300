"""What an officer asks a supervisor for, and the answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import desk as desks
from services.routing.actions.desk import Deed, Desk
from services.routing.domain import approvals
from services.routing.domain.approvals import Kind, State
from services.routing.domain.handoffs import Step
from services.routing.models import ApprovalRow, QueueChangeRow
from services.routing.queries import approvals as queries
from shared.audit import trail
from shared.chance import new_id
from shared.means import means, origin

BY_RULE = "by_rule"


def must_ask(desk: Desk, step: Step) -> bool:
    """Whether the caller may only ask; whoever may not even that gets the table's answer."""
    try:
        desks.require_duty(desk, step)
    except desks.ApprovalNeededError:
        desks.require_holder(desk)
        return True
    return False


async def ask(desk: Desk, kind: Kind, facts: dict[str, Any], words: dict[str, Any]) -> ApprovalRow:
    """What a rule has laid before the supervisor already, an officer may still speak for."""
    waiting = await queries.asked(desk.session, desk.handoff.id, kind)
    if waiting is not None and not waiting.facts.get(BY_RULE):
        raise approvals.AlreadyAskedError(kind)
    if waiting is not None:
        by = origin(desk.session)
        waiting.asked_by = by.actor
        waiting.facts = {**waiting.facts, BY_RULE: False}
        waiting.words = _sealed(desk, waiting.id, words)
        await _note(desk, waiting, "approval-asked")
        return waiting
    return await _lay_before(desk, kind, facts, words)


async def ask_by_rule(desk: Desk, kind: Kind, ground: str, reason: str) -> None:
    """The supervisor gets the task without anybody asking; once, while it waits."""
    if await queries.asked(desk.session, desk.handoff.id, kind) is None:
        await _lay_before(desk, kind, {BY_RULE: True, "ground": ground}, {"reason": reason})


async def take_back(desk: Desk, kind: Kind, ground: str) -> None:
    """What it was asked for is no more so: nothing is left to answer."""
    asked = await queries.asked(desk.session, desk.handoff.id, kind)
    if asked is not None and asked.facts.get("ground") == ground:
        asked.state = State.VOID.value
        asked.settled_by, asked.settled_at = origin(desk.session).actor, desk.at
        await _note(desk, asked, "approval-void")


def _sealed(desk: Desk, id_: UUID, words: dict[str, Any]) -> bytes:
    content = {"name": origin(desk.session).name, **words, "opinion": desk.said.opinion}
    return means(desk.session).keys.seal(
        "fields", to_json(content), context=f"routing.approval.words:{id_}"
    )


async def _lay_before(
    desk: Desk, kind: Kind, facts: dict[str, Any], words: dict[str, Any]
) -> ApprovalRow:
    by, id_, row = origin(desk.session), new_id(), desk.handoff
    asked = ApprovalRow(
        id=id_,
        handoff_id=row.id,
        case_number=row.case_number,
        kind=kind.value,
        location=row.location,
        division=row.division,
        state=State.ASKED.value,
        asked_by=by.actor,
        asked_at=desk.at,
        facts={**facts, "attachments": list(desk.said.attachments)},
        words=_sealed(desk, id_, words),
    )
    desk.session.add(asked)
    await _note(desk, asked, "approval-asked")
    return asked


async def ask_for_leave(
    session: AsyncSession, handoff_id: UUID, deed: Deed, *, kind: Kind, reason: str
) -> ApprovalRow:
    """In advance: what is allowed is done later, once."""
    desk = await desks.lay_out_for(session, handoff_id, deed)
    desks.require_duty(desk, Step.NOTICE)
    desks.require_holder(desk)
    return await ask(desk, kind, {}, {"reason": reason})


async def leave(desk: Desk, kind: Kind) -> ApprovalRow | None:
    """A supervisor's leave that has not been used yet."""
    return await queries.unused(desk.session, desk.handoff.id, kind)


async def settle_asked(desk: Desk, kind: Kind) -> None:
    """A supervisor who does it themselves has answered whoever asked."""
    asked = await queries.asked(desk.session, desk.handoff.id, kind)
    if asked is not None:
        _settle(desk, asked, approved=True, note="", at=desk.at)
        asked.used_at = desk.at


async def settle(desk: Desk, asked: ApprovalRow, *, approved: bool, note: str) -> ApprovalRow:
    _settle(desk, asked, approved=approved, note=note, at=desk.at)
    await _note(desk, asked, f"approval-{asked.state}")
    return asked


def words_of(session: AsyncSession, asked: ApprovalRow) -> dict[str, Any]:
    context = f"routing.approval.words:{asked.id}"
    content: dict[str, Any] = from_json(
        means(session).keys.open("fields", asked.words, context=context)
    )
    return content


def _settle(desk: Desk, asked: ApprovalRow, *, approved: bool, note: str, at: datetime) -> None:
    asked.state = approvals.settle(State(asked.state), approved=approved).value
    by = origin(desk.session)
    asked.settled_by, asked.settled_at = by.actor, at
    asked.answer = means(desk.session).keys.seal(
        "fields",
        to_json({"name": by.name, "note": note}),
        context=f"routing.approval.answer:{asked.id}",
    )


async def _note(desk: Desk, asked: ApprovalRow, action: str) -> None:
    desk.handoff.version += 1
    desk.session.add(QueueChangeRow(location=desk.handoff.location))
    await desk.session.flush()
    await trail.record(
        desk.session,
        action=action,
        case_number=asked.case_number,
        resource=f"handoff:{asked.handoff_id}",
        outcome=asked.state,
        facts={"approval": str(asked.id), "kind": asked.kind},
        at=desk.at,
    )
