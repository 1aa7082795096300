"""What passes between the window and the office beside the legal acts: arrival by hand, a look at
the scans, verification of originals, back to the window and back again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import acts, opening
from services.routing.actions import desk as desks
from services.routing.actions.desk import Deed, Desk
from services.routing.domain import notices, waits
from services.routing.domain.handoffs import Step
from services.routing.domain.notices import Gap
from services.routing.models import HandoffRow
from services.routing.queries import handoffs as queries
from services.routing.queries.words import read_words
from shared.clock import local_date
from shared.errors import ConflictError, Fault, InvalidError


class NoPrereviewError(ConflictError):
    code = "no-prereview"

    def __init__(self) -> None:
        super().__init__("本事项不设网上预审", "this item has no pre-review")


class ReturnTooLateError(ConflictError):
    """With delegated acceptance the window has a working day to hear of its mistake."""

    code = "return-too-late"

    def __init__(self, due_on: str) -> None:
        super().__init__(
            f"授权受理的办件应在{due_on}前退回窗口，现在已经超过，请直接告知或补正",
            f"with delegated acceptance it had to be returned by {due_on}",
            due_on=due_on,
        )


class NotWithWindowError(ConflictError):
    code = "not-with-window"

    def __init__(self) -> None:
        super().__init__("没有退回窗口，不需要交回", "it was not returned to the window")


class AlreadyWithWindowError(ConflictError):
    code = "already-with-window"

    def __init__(self) -> None:
        super().__init__("已经退回窗口，等待交回", "the window has it already")


async def arrive_by_hand(session: AsyncSession, handoff_id: UUID, deed: Deed) -> HandoffRow:
    """The desk has the paper in hand, though not all that was sent has come."""
    desk = await desks.lay_out_for(session, handoff_id, deed)
    desks.require_duty(desk, Step.ARRIVE)
    arrived = await opening.arrive(desk, side=desk.side)
    await desks.announce(desk, *arrived)
    return desk.handoff


async def prereview(
    session: AsyncSession, handoff_id: UUID, deed: Deed, *, answer: str, gaps: tuple[Gap, ...]
) -> HandoffRow:
    """网上预审, before the originals leave: send the paper, or one list of gaps. No acceptance, no
    notice in the sense of the law; what it has named once it may only repeat."""
    desk = await desks.begin(session, handoff_id, Step.PREREVIEW, deed)
    if not (desk.item.document.get("pre_review") or {}).get(desk.handoff.mode):
        raise NoPrereviewError
    if answer == "gaps":
        unmet = await _still_unmet(desk)
        points = acts.points_of(desk.item)
        notices.check(gaps, points=points, unmet=unmet, approved=True)
    elif gaps:
        fault = Fault("/faults", "not-both", "可以寄送就不列缺项", "send the paper, or gaps")
        raise InvalidError([fault])
    desks.move(desk, Step.PREREVIEW)
    materials = sorted({gap.point for gap in gaps})
    await desks.finish(
        desk,
        Step.PREREVIEW,
        facts={"answer": answer, "materials": materials},
        words={"gaps": [asdict(gap) for gap in gaps]},
    )
    looked = events.HandoffPrereviewed(
        **desks.of_handoff(desk.handoff),
        at=desk.acted_at,
        answer=answer,
        materials=materials,
        faults=[events.NoticeFault(material_code=gap.point, text=gap.text) for gap in gaps],
    )
    await desks.announce(desk, looked)
    return desk.handoff


async def _still_unmet(desk: Desk) -> frozenset[str] | None:
    earlier = [
        Gap(**gap)
        for act in await queries.acts(desk.session, desk.handoff.id)
        if act.step == Step.PREREVIEW
        for gap in read_words(desk.session, act).get("gaps", ())
    ]
    if not earlier:
        return None
    supplied = await queries.supplied(desk.session, desk.case.case_number)
    return frozenset(gap.point for gap in notices.still_unmet(earlier, supplied))


@dataclass(frozen=True, slots=True)
class Verified:
    """Which originals were compared with what was entered, and whether they agree."""

    materials: Sequence[str]
    passed: bool
    how: str
    note: str = ""


async def verify_originals(
    session: AsyncSession, handoff_id: UUID, deed: Deed, verified: Verified
) -> HandoffRow:
    """原件核验: who, when, how; at the window where it holds the power."""
    desk = await desks.begin(session, handoff_id, Step.VERIFY, deed)
    _require_materials(desk, verified.materials)
    desks.move(desk, Step.VERIFY)
    row = desk.handoff
    materials = sorted(set(verified.materials))
    facts = {"materials": materials, "passed": verified.passed, "how": verified.how}
    words = {"note": verified.note} if verified.note else None
    await desks.finish(desk, Step.VERIFY, facts=facts, words=words)
    told = events.OriginalsVerified(
        **desks.of_handoff(row),
        at=desk.acted_at,
        materials=materials,
        passed=verified.passed,
        by_location=desk.acting_for,
    )
    await desks.announce(desk, told)
    return row


def _require_materials(desk: Desk, codes: Sequence[str]) -> None:
    faults = [
        Fault(f"/materials/{place}", "unknown-material", "本事项没有这份材料", "no such material")
        for place, code in enumerate(codes)
        if code not in desk.item.materials
    ]
    if faults:
        raise InvalidError(faults)


async def return_to_window(
    session: AsyncSession, handoff_id: UUID, deed: Deed, *, reason: str
) -> HandoffRow:
    """The window mends its own mistake. Nothing changes for the applicant, so the clock runs on."""
    desk = await desks.begin(session, handoff_id, Step.RETURN_TO_WINDOW, deed)
    row = desk.handoff
    if row.returned_at is not None:
        raise AlreadyWithWindowError
    _require_in_time(desk)
    desks.move(desk, Step.RETURN_TO_WINDOW)
    row.returned_at = desk.acted_at
    await desks.finish(desk, Step.RETURN_TO_WINDOW, words={"reason": reason})
    back = events.HandoffReturned(
        **desks.of_handoff(row), at=desk.acted_at, due_on=row.due_on, reason=reason
    )
    await desks.announce(desk, back)
    return row


def _require_in_time(desk: Desk) -> None:
    arrived = desk.handoff.handling_received_at
    if arrived is None:
        return
    arrived_on, workdays = local_date(arrived), desk.workdays
    in_time = waits.may_return_to_window(
        arrived_on, desk.terms, workdays, day=desk.acted_on, delegated=desk.receipts.delegated
    )
    if not in_time:
        due = waits.window_return_due(arrived_on, desk.terms, workdays).due
        raise ReturnTooLateError(due.isoformat())


async def hand_back(
    session: AsyncSession, handoff_id: UUID, deed: Deed, *, note: str
) -> HandoffRow:
    """Mended; what was wrong with the papers has come as a supplement meanwhile."""
    desk = await desks.begin(session, handoff_id, Step.HAND_BACK, deed)
    row = desk.handoff
    if row.returned_at is None:
        raise NotWithWindowError
    desks.move(desk, Step.HAND_BACK)
    row.returned_at = None
    words = {"note": note} if note else None
    await desks.finish(desk, Step.HAND_BACK, words=words)
    await desks.announce(desk, events.HandoffHandedBack(**desks.of_handoff(row), at=desk.acted_at))
    return row
