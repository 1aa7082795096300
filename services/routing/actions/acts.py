"""The legal acts of an office, each: load, decide, change, announce."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import custody, opening
from services.routing.actions import desk as desks
from services.routing.actions import joint as joints
from services.routing.actions.desk import Desk, lay_out
from services.routing.domain import clock as clocks
from services.routing.domain import deadlines, notices, waits
from services.routing.domain.clock import Began, State
from services.routing.domain.handoffs import Step
from services.routing.domain.joint import Cause
from services.routing.domain.notices import Gap
from services.routing.domain.words import Side
from services.routing.models import HandoffRow, NoticeRow
from services.routing.queries import handoffs as queries
from services.routing.queries.registry import Item
from shared.chance import new_id
from shared.http import etags
from shared.means import means, origin
from shared.messaging.envelope import Event
from shared.security.callers import Role
from shared.security.grants import Scope

_RESULT = "结果证照或文书"


async def accept_handoff(
    session: AsyncSession, handoff_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> HandoffRow:
    """受理: from here the clock runs, the day itself not counted."""
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    etags.require(if_match, desk.handoff.version)
    desks.require_duty(desk, Step.ACCEPT)
    desks.require_holder(desk)
    desks.move(desk, Step.ACCEPT)
    row = desk.handoff
    row.accepted_at = at
    clock = desks.clock_of(row)
    if clock.state is State.NOT_STARTED:
        clock = clocks.start(clock, on=desk.today)
    await desks.finish(desk, Step.ACCEPT, clock=clock)
    opened = await opening.open_next(desk)
    await desks.announce(desk, opening.accepted_event(desk, by=_place(desk)), *opened)
    return row


def _place(desk: Desk) -> str:
    """The window, where it acts by a power that was delegated to it."""
    row = desk.handoff
    at_window = desks.acting_side(desk) is Side.RECEIVING
    return row.receiving_location if at_window else row.location


async def refuse_handoff(
    session: AsyncSession,
    handoff_id: UUID,
    *,
    ground: str,
    competent_authority: str | None,
    reason: str,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> HandoffRow:
    """不予受理 (行政许可法 32): with its ground, and the right authority where it is another's."""
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    etags.require(if_match, desk.handoff.version)
    desks.require_duty(desk, Step.REFUSE)
    desks.require_holder(desk)
    desks.move(desk, Step.REFUSE)
    row = desk.handoff
    clock = clocks.stop(desks.clock_of(row), on=desk.today)
    facts = {"ground": ground, "competent_authority": competent_authority}
    await desks.finish(desk, Step.REFUSE, clock=clock, facts=facts, words={"reason": reason})
    refused = events.HandoffRefused(
        **desks.of_handoff(row),
        at=at,
        ground=ground,
        competent_authority=competent_authority,
        reason=reason,
    )
    closed = await joints.close_open(desk, Cause.REFUSED)
    desk.case.status, desk.case.outcome = "closed", "refused"
    ended = events.CaseClosed(case_number=row.case_number, outcome="refused", at=at)
    await desks.announce(desk, refused, *closed, ended)
    return row


async def notice_handoff(
    session: AsyncSession,
    handoff_id: UUID,
    *,
    gaps: tuple[Gap, ...],
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> HandoffRow:
    """一次性告知: everything at once, only what the pinned item version names; a further notice
    may only repeat what is still unmet."""
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    etags.require(if_match, desk.handoff.version)
    desks.require_duty(desk, Step.NOTICE)
    desks.require_holder(desk)
    earlier = await queries.case_notices(session, desk.case.case_number)
    branches = await joints.untold(desk)
    own, gaps = gaps, joints.merged(branches, gaps)
    unmet = await _unmet(desk, earlier) if earlier else None
    notices.check(
        gaps,
        points=points_of(desk.item),
        unmet=unmet | joints.points(branches) if unmet is not None else None,
        # What a branch found when its turn came is told for the first time.
        approved=not own or origin(session).role == Role.SUPERVISOR,
    )
    joints.check_may_speak(desk, branches)
    desks.move(desk, Step.NOTICE)
    row = desk.handoff
    row.noticed_on = desk.today
    due = waits.supplement_due(desk.today, desk.terms, desk.workdays)
    row.supplement_due_on = due.due if due else None
    notice = _notice(desk, gaps, number=len(earlier) + 1)
    session.add(notice)
    clock = clocks.await_supplement(desks.clock_of(row), desk.terms, on=desk.today)
    materials = sorted({gap.point for gap in gaps})
    facts = {"notice": str(notice.id), "number": notice.number, "materials": materials}
    await desks.finish(desk, Step.NOTICE, clock=clock, facts=facts)
    await joints.told(desk, branches)
    issued = events.NoticeIssued(
        **desks.of_handoff(row),
        notice_id=notice.id,
        number=notice.number,
        issued_at=at,
        supplement_due_on=row.supplement_due_on,
        materials=materials,
        faults=[events.NoticeFault(material_code=gap.point, text=gap.text) for gap in gaps],
    )
    await desks.announce(desk, issued)
    return row


def points_of(item: Item) -> frozenset[str]:
    """What a notice may name: materials, form fields and review points of the pinned version."""
    document = item.document
    fields = (document.get("form_schema") or {}).get("properties") or {}
    review = [
        point if isinstance(point, str) else point["code"]
        for material in document.get("materials") or ()
        for point in material.get("review_points") or ()
    ]
    return frozenset([*item.materials, *fields, *review])


async def _unmet(desk: Desk, earlier: Sequence[NoticeRow]) -> frozenset[str]:
    supplied = await queries.supplied(desk.session, desk.case.case_number)
    noticed = [gap for row in earlier for gap in read_gaps(desk.session, row)]
    return frozenset(gap.point for gap in notices.still_unmet(noticed, supplied))


def read_gaps(session: AsyncSession, row: NoticeRow) -> list[Gap]:
    context = f"routing.notice.faults:{row.id}"
    content = means(session).keys.open("fields", row.faults, context=context)
    return [Gap(**each) for each in from_json(content)]


def _notice(desk: Desk, gaps: tuple[Gap, ...], *, number: int) -> NoticeRow:
    id_ = new_id()
    sealed = means(desk.session).keys.seal(
        "fields",
        to_json([asdict(gap) for gap in gaps]),
        context=f"routing.notice.faults:{id_}",
    )
    row = desk.handoff
    return NoticeRow(
        id=id_,
        handoff_id=row.id,
        case_number=row.case_number,
        number=number,
        issued_at=desk.at,
        supplement_due_on=row.supplement_due_on,
        faults=sealed,
    )


async def suspend_handoff(
    session: AsyncSession,
    handoff_id: UUID,
    *,
    procedure: str,
    working_days: int,
    reason: str,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> HandoffRow:
    """特别程序 (行政许可法 45): its time does not count, its length is told in writing."""
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    etags.require(if_match, desk.handoff.version)
    desks.require_duty(desk, Step.SUSPEND)
    desks.require_holder(desk)
    row = desk.handoff
    clock = clocks.suspend(
        desks.clock_of(row),
        desk.terms,
        on=desk.today,
        procedure=procedure,
        working_days=working_days,
    )
    desks.move(desk, Step.SUSPEND)
    facts = {"procedure": procedure, "working_days": working_days}
    await desks.finish(desk, Step.SUSPEND, clock=clock, facts=facts, words={"reason": reason})
    suspended = events.HandoffSuspended(
        **desks.of_handoff(row),
        at=at,
        procedure=procedure,
        working_days=working_days,
        expected_until=deadlines.told_end(clock.stretches[-1], desk.workdays),
        reason=reason,
    )
    await desks.announce(desk, suspended)
    return row


async def resume_handoff(
    session: AsyncSession, handoff_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> HandoffRow:
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    etags.require(if_match, desk.handoff.version)
    desks.require_duty(desk, Step.RESUME)
    desks.require_holder(desk)
    clock = clocks.resume(desks.clock_of(desk.handoff), on=desk.today)
    desks.move(desk, Step.RESUME)
    await desks.finish(desk, Step.RESUME, clock=clock)
    row = desk.handoff
    resumed = events.HandoffResumed(**desks.of_handoff(row), at=at, due_on=row.due_on)
    await desks.announce(desk, resumed)
    return row


async def extend_handoff(
    session: AsyncSession,
    handoff_id: UUID,
    *,
    working_days: int,
    reason: str,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> HandoffRow:
    """延期 (行政许可法 42): once, by the head's leave, the reasons told to the applicant."""
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    etags.require(if_match, desk.handoff.version)
    desks.require_duty(desk, Step.EXTEND)
    row = desk.handoff
    clock = clocks.extend(desks.clock_of(row), desk.terms, on=desk.today, days=working_days)
    desks.move(desk, Step.EXTEND)
    facts = {"working_days": working_days}
    await desks.finish(desk, Step.EXTEND, clock=clock, facts=facts, words={"reason": reason})
    extended = events.HandoffExtended(
        **desks.of_handoff(row), at=at, working_days=working_days, due_on=row.due_on, reason=reason
    )
    await desks.announce(desk, extended)
    return row


async def decide_handoff(
    session: AsyncSession,
    handoff_id: UUID,
    *,
    result: str,
    opinion: str,
    certificate: events.Certificate | None,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> HandoffRow:
    """The decision on the matter; granting in 多地联办 needs everybody's answer first."""
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    etags.require(if_match, desk.handoff.version)
    desks.require_duty(desk, Step.DECIDE)
    desks.require_holder(desk)
    joints.check_may_decide(desk, granted=result == "granted")
    row = desk.handoff
    clock = clocks.stop(desks.clock_of(row), on=desk.today)
    desks.move(desk, Step.DECIDE)
    row.result, row.decided_at = result, at
    words: dict[str, Any] = {"opinion": opinion}
    if certificate is not None:
        words["certificate"] = certificate.model_dump()
    await desks.finish(desk, Step.DECIDE, clock=clock, facts={"result": result}, words=words)
    decided = events.HandoffDecided(**desks.of_handoff(row), result=result, decided_at=at)
    closed = await joints.close_open(desk, Cause.CONCLUDED)
    desk.case.status, desk.case.outcome = "decided", result
    paper = await _issue_on_paper(desk, certificate)
    concluded = _case_decided(desk, result, opinion, certificate, paper)
    await desks.announce(desk, decided, *closed, concluded)
    return row


async def _issue_on_paper(desk: Desk, certificate: events.Certificate | None) -> UUID | None:
    """A result on paper has a holder from its first moment, like any original."""
    if certificate is None or certificate.form != "paper":
        return None
    place, at = desk.handoff.location, desk.at
    return await custody.issue_result(desk.session, desk.case, location=place, name=_RESULT, at=at)


def _case_decided(
    desk: Desk,
    result: str,
    opinion: str,
    certificate: events.Certificate | None,
    paper: UUID | None,
) -> events.CaseDecided:
    row = desk.handoff
    place = desk.known.registry.last_known(row.location)
    term = waits.delivery(desk.today, desk.terms, desk.workdays).due
    return events.CaseDecided(
        case_number=row.case_number,
        handoff_id=row.id,
        item_code=row.item_code,
        item_name=row.item_name,
        result=result,
        decided_at=desk.at,
        location=row.location,
        authority=place.name if place else row.location,
        division=row.division,
        deliver_by=term.due if term and result == "granted" else None,
        opinion=opinion,
        certificate=certificate,
        result_original=paper,
    )


async def transfer_handoff(
    session: AsyncSession,
    handoff_id: UUID,
    *,
    to: str,
    reason: str,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> HandoffRow:
    """转办: keeps the window's date; the new office's days start at its own receipt."""
    desk = await lay_out(session, handoff_id, scope=scope, at=at)
    etags.require(if_match, desk.handoff.version)
    desks.require_duty(desk, Step.TRANSFER_ON)
    desks.require_holder(desk)
    place = joints.require_place(desk, to)
    row = desk.handoff
    clock = clocks.stop(desks.clock_of(row), on=desk.today)
    desks.move(desk, Step.TRANSFER_ON)
    follower = joints.follower(desk, place)
    session.add(follower)
    also = joints.redirect(desk, place)
    facts = {"to": to, "new_handoff": str(follower.id)}
    await desks.finish(desk, Step.TRANSFER_ON, clock=clock, facts=facts, words={"reason": reason})
    opened = await opening.open_handoff(opening.beside(desk, follower))
    moved = events.HandoffTransferred(
        **desks.of_handoff(row),
        to_location=to,
        new_handoff_id=follower.id,
        at=at,
        also_moved=tuple(also),
    )
    await desks.announce(desk, moved, *opened)
    return row


async def deem_accepted(desk: Desk) -> list[Event]:
    """行政许可法 32(4): nothing was told in time, so it counts as accepted from the day of receipt.
    Flagged; no 受理通知书 is printed as if the office had issued one."""
    row = desk.handoff
    deemed = waits.deemed_acceptance(
        desk.receipts, desk.terms, desk.workdays, supplemented_on=row.supplemented_on
    )
    if deemed is None or desk.today < deemed.happens_on:
        return []
    desks.move(desk, Step.DEEM_ACCEPTED)
    row.accepted_at, row.deemed = desk.at, True
    clock = desks.clock_of(row)
    if clock.state is State.NOT_STARTED:
        clock = clocks.start(clock, on=deemed.accepted_on, began=Began.DEEMED)
    facts = {"accepted_on": deemed.accepted_on.isoformat()}
    await desks.finish(desk, Step.DEEM_ACCEPTED, clock=clock, facts=facts, side=Side.SYSTEM)
    return [opening.accepted_event(desk, by=row.location), *await opening.open_next(desk)]
