"""The legal acts of an office, each: load, decide, change, announce."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import approvals, crossing, opening
from services.routing.actions import desk as desks
from services.routing.actions import joint as joints
from services.routing.actions.desk import Deed, Desk
from services.routing.domain import clock as clocks
from services.routing.domain import notices, refusals, remedies, waits
from services.routing.domain.approvals import Kind
from services.routing.domain.clock import Began, State
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.joint import Cause
from services.routing.domain.notices import Gap
from services.routing.domain.words import Side
from services.routing.models import HandoffRow, NoticeRow
from services.routing.queries import handoffs as queries
from services.routing.queries.registry import Item
from shared.chance import new_id
from shared.means import means
from shared.messaging.envelope import Event


async def accept_handoff(session: AsyncSession, handoff_id: UUID, deed: Deed) -> HandoffRow:
    """受理: from here the clock runs, the day itself not counted."""
    desk = await desks.begin(session, handoff_id, Step.ACCEPT, deed)
    await desks.announce(desk, *await accept(desk))
    return desk.handoff


async def accept(desk: Desk) -> list[Event]:
    row = desk.handoff
    desks.move(desk, Step.ACCEPT)
    row.accepted_at = desk.acted_at
    clock = desks.clock_of(row)
    if clock.state is State.NOT_STARTED:
        clock = clocks.start(clock, on=desk.acted_on)
    await desks.finish(desk, Step.ACCEPT, clock=clock)
    opened = await opening.open_next(desk)
    return [opening.accepted_event(desk, by=desk.acting_for), *opened]


async def refuse_handoff(
    session: AsyncSession,
    handoff_id: UUID,
    deed: Deed,
    *,
    ground: str,
    competent_authority: str | None,
    reason: str,
) -> HandoffRow:
    """不予受理 (行政许可法 32): with its ground, and the right authority where it is another's."""
    refusals.check(ground=ground, competent_authority=competent_authority, reason=reason)
    desk = await desks.begin(session, handoff_id, Step.REFUSE, deed)
    row = desk.handoff
    refusals.check_silence(
        ground, desk.terms.deficiency_policy, due_on=row.supplement_due_on, today=desk.acted_on
    )
    desks.move(desk, Step.REFUSE)
    clock = clocks.stop(desks.clock_of(row), on=desk.acted_on)
    facts = {"ground": ground, "competent_authority": competent_authority}
    await desks.finish(desk, Step.REFUSE, clock=clock, facts=facts, words={"reason": reason})
    refused = events.HandoffRefused(
        **desks.of_handoff(row),
        at=desk.acted_at,
        ground=ground,
        competent_authority=competent_authority,
        remedies=remedies.sentence(desk.item.document),
        reason=reason,
    )
    closed = await joints.close_open(desk, Cause.REFUSED)
    desk.case.status, desk.case.outcome = "closed", "refused"
    ended = events.CaseClosed(case_number=row.case_number, outcome="refused", at=desk.acted_at)
    await desks.announce(desk, refused, *closed, ended)
    return row


async def notice_handoff(
    session: AsyncSession, handoff_id: UUID, deed: Deed, *, gaps: tuple[Gap, ...]
) -> HandoffRow:
    """一次性告知: everything at once, only what the pinned item version names; a further notice
    may only repeat what is still unmet, with a supervisor's leave."""
    desk = await desks.begin(session, handoff_id, Step.NOTICE, deed)
    earlier = await queries.case_notices(session, desk.case.case_number)
    branches = await joints.untold(desk)
    own, gaps = gaps, joints.merged(branches, gaps)
    leave = await approvals.leave(desk, Kind.REPEAT_NOTICE) if own and earlier else None
    unmet = await _unmet(desk, earlier) if earlier else None
    notices.check(
        gaps,
        points=points_of(desk.item),
        unmet=unmet | joints.points(branches) if unmet is not None else None,
        # What a branch found when its turn came is told for the first time.
        approved=not own or leave is not None or desk.supervised,
    )
    if leave is not None and own and earlier:
        leave.used_at = desk.at
    joints.check_may_speak(desk, branches)
    desks.move(desk, Step.NOTICE)
    row = desk.handoff
    row.noticed_on = desk.acted_on
    due = waits.supplement_due(desk.acted_on, desk.terms, desk.workdays)
    row.supplement_due_on = due.due if due else None
    notice = _notice(desk, gaps, number=len(earlier) + 1)
    session.add(notice)
    clock = clocks.await_supplement(desks.clock_of(row), desk.terms, on=desk.acted_on)
    materials = sorted({gap.point for gap in gaps})
    facts = {"notice": str(notice.id), "number": notice.number, "materials": materials}
    await desks.finish(desk, Step.NOTICE, clock=clock, facts=facts)
    await joints.told(desk, branches)
    issued = events.NoticeIssued(
        **desks.of_handoff(row),
        notice_id=notice.id,
        number=notice.number,
        issued_at=desk.acted_at,
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
        issued_at=desk.acted_at,
        supplement_due_on=row.supplement_due_on,
        faults=sealed,
    )


async def transfer_handoff(
    session: AsyncSession, handoff_id: UUID, deed: Deed, *, to: str, reason: str
) -> HandoffRow:
    """转办: keeps the window's date; the new office's days start at its own receipt."""
    desk = await desks.begin(session, handoff_id, Step.TRANSFER_ON, deed)
    place = joints.require_place(desk, to, beside=refusals.reasons_of_transfer(reason))
    row = desk.handoff
    clock = clocks.stop(desks.clock_of(row), on=desk.acted_on)
    desks.move(desk, Step.TRANSFER_ON)
    follower = joints.follower(desk, place)
    session.add(follower)
    also = joints.redirect(desk, place)
    facts = {"to": to, "new_handoff": str(follower.id)}
    await desks.finish(desk, Step.TRANSFER_ON, clock=clock, facts=facts, words={"reason": reason})
    opened = await opening.open_handoff(opening.beside(desk, follower))
    await crossing.hand_out(session, desk.case, [follower], desk.known, at=desk.at)
    moved = events.HandoffTransferred(
        **desks.of_handoff(row),
        to_location=to,
        new_handoff_id=follower.id,
        at=desk.acted_at,
        also_moved=tuple(also),
    )
    await desks.announce(desk, moved, *opened)
    return row


async def deem_accepted(desk: Desk) -> list[Event]:
    """行政许可法 32(4): nothing was told in time, so it counts as accepted from the day of receipt.
    Flagged; no 受理通知书 is printed as if the office had issued one."""
    row = desk.handoff
    if row.status != Status.RECEIVED:
        return []
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
