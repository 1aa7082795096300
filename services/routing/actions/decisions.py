"""The decision on a matter; what was granted on a promise is checked later, and revoked."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import acts, approvals, results
from services.routing.actions import desk as desks
from services.routing.actions import joint as joints
from services.routing.actions.desk import Deed, Desk
from services.routing.domain import clock as clocks
from services.routing.domain import promises, refusals, remedies, waits
from services.routing.domain.approvals import Kind
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.joint import Cause
from services.routing.domain.promises import Ground, Promised
from services.routing.models import ApprovalRow, HandoffRow
from services.routing.queries import crossings
from services.routing.queries import handoffs as queries
from shared.messaging.envelope import Event

_RESULT = "结果证照或文书"
# 即办件: taken, looked at and decided while the applicant waits.
_ON_THE_SPOT = "1"


async def decide_handoff(
    session: AsyncSession,
    handoff_id: UUID,
    deed: Deed,
    *,
    result: str,
    opinion: str,
    certificate: events.Certificate | None,
) -> HandoffRow:
    """The decision on the matter; granting in 多地联办 needs everybody's answer first. A 即办件
    is accepted with it in one call."""
    refusals.check_decision(result=result, opinion=opinion, certificate=certificate is not None)
    desk = await desks.lay_out_for(session, handoff_id, deed)
    before: list[Event] = []
    if _on_the_spot(desk):
        desks.require_duty(desk, Step.ACCEPT)
        desks.require_holder(desk)
        before = await acts.accept(desk)
    desks.require_duty(desk, Step.DECIDE)
    desks.require_holder(desk)
    joints.check_may_decide(desk, granted=result == "granted")
    row = desk.handoff
    clock = clocks.stop(desks.clock_of(row), on=desk.acted_on)
    desks.move(desk, Step.DECIDE)
    row.result, row.decided_at = result, desk.acted_at
    words: dict[str, Any] = {"opinion": opinion}
    if certificate is not None:
        words["certificate"] = certificate.model_dump()
    await desks.finish(desk, Step.DECIDE, clock=clock, facts={"result": result}, words=words)
    decided = events.HandoffDecided(
        **desks.of_handoff(row), result=result, decided_at=desk.acted_at
    )
    closed = await joints.close_open(desk, Cause.CONCLUDED)
    desk.case.status, desk.case.outcome = "decided", result
    paper = await _issue_on_paper(desk, certificate)
    concluded = _case_decided(desk, result, opinion, certificate, paper)
    if (link := await crossings.handed_in_by(session, desk.case.case_number)) is not None:
        concluded = concluded.model_copy(update={"delivered_by": link.partner})
    await desks.announce(desk, *before, decided, *closed, concluded)
    return row


def _on_the_spot(desk: Desk) -> bool:
    row = desk.handoff
    return row.status == Status.RECEIVED and desk.item.document.get("case_kind") == _ON_THE_SPOT


async def _issue_on_paper(desk: Desk, certificate: events.Certificate | None) -> UUID | None:
    """A result on paper has a holder from its first moment, like any original."""
    if certificate is None or certificate.form != "paper":
        return None
    place, at = desk.handoff.location, desk.acted_at
    return await results.issue(desk.session, desk.case, location=place, name=_RESULT, at=at)


def _case_decided(
    desk: Desk,
    result: str,
    opinion: str,
    certificate: events.Certificate | None,
    paper: UUID | None,
) -> events.CaseDecided:
    row = desk.handoff
    place = desk.known.registry.last_known(row.location)
    term = waits.delivery(desk.acted_on, desk.terms, desk.workdays).due
    return events.CaseDecided(
        case_number=row.case_number,
        handoff_id=row.id,
        item_code=row.item_code,
        item_name=row.item_name,
        result=result,
        decided_at=desk.acted_at,
        location=row.location,
        authority=place.name if place else row.location,
        division=row.division,
        deliver_by=term.due if term and result == "granted" else None,
        opinion=opinion,
        certificate=certificate,
        remedies=remedies.sentence(desk.item.document) if result == "denied" else "",
        result_original=paper,
    )


async def check_later(
    session: AsyncSession, handoff_id: UUID, deed: Deed, *, kept: bool, finding: str
) -> HandoffRow:
    """事后核查 of what was granted on a promise; what comes of it goes to the window's list of
    kept and broken promises. A broken one is laid before the supervisor, where the item has it
    revoked."""
    desk = await desks.begin(session, handoff_id, Step.LATER_CHECK, deed)
    promises.must_be_granted(desk.handoff.result)
    promises.must_be_promised(desk.case.commitment)
    desks.move(desk, Step.LATER_CHECK)
    desk.handoff.checked_on = desk.today
    await desks.finish(desk, Step.LATER_CHECK, facts={"kept": kept}, words={"finding": finding})
    if kept:
        await approvals.take_back(desk, Kind.REVOCATION, Ground.COMMITMENT.value)
    elif promises.revokes_broken_word(desk.item.document):
        await approvals.ask_by_rule(desk, Kind.REVOCATION, Ground.COMMITMENT.value, finding)
    checked = events.PromiseChecked(
        **desks.of_handoff(desk.handoff), kept=kept, at=desk.acted_at, finding=finding
    )
    await desks.announce(desk, checked)
    return desk.handoff


async def revoke_decision(
    session: AsyncSession, handoff_id: UUID, deed: Deed, *, reason: str
) -> tuple[HandoffRow, ApprovalRow | None]:
    """你失信、我撤销: only after a check that found the promise broken, or a deferred paper that
    never came where the item has that revoked; and by a supervisor."""
    desk = await desks.lay_out_for(session, handoff_id, deed)
    asked_only = approvals.must_ask(desk, Step.REVOKE)
    promises.must_be_granted(desk.handoff.result)
    ground = promises.ground_to_revoke(
        Promised(
            commitment=desk.case.commitment,
            checks=await queries.checks(session, handoff_id),
            broken=desk.case.broken_promise,
            terms=desk.item.document,
        )
    )
    if asked_only:
        facts = {"ground": ground.value}
        return desk.handoff, await approvals.ask(desk, Kind.REVOCATION, facts, {"reason": reason})
    await approvals.settle_asked(desk, Kind.REVOCATION)
    await desks.announce(desk, *await revoke(desk, reason=reason))
    return desk.handoff, None


async def revoke(desk: Desk, *, reason: str) -> list[Event]:
    row = desk.handoff
    desks.move(desk, Step.REVOKE)
    await desks.finish(desk, Step.REVOKE, words={"reason": reason})
    desk.case.status, desk.case.outcome = "closed", "revoked"
    revoked = events.DecisionRevoked(
        **desks.of_handoff(row),
        at=desk.acted_at,
        remedies=remedies.sentence(desk.item.document),
        reason=reason,
    )
    ended = events.CaseClosed(case_number=row.case_number, outcome="revoked", at=desk.acted_at)
    return [revoked, ended]
