"""Several places on one matter: many gaps in one notice, closing what is open, handing on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.routing import events
from services.routing.actions import desk as desks
from services.routing.actions import opening
from services.routing.actions.desk import Desk
from services.routing.domain import clock as clocks
from services.routing.domain import handoffs, joint
from services.routing.domain.handoffs import Outcome, Status, Step, StepNotAllowedError
from services.routing.domain.joint import Answer, Cause, MergedGap
from services.routing.domain.notices import Gap
from services.routing.domain.registry import Location
from services.routing.domain.words import LocationKind, Mode, Side
from services.routing.models import HandoffRow, QueueChangeRow
from services.routing.queries import drafts
from services.routing.queries.readings import states_of
from shared.chance import new_id
from shared.errors import ConflictError, Fault, InvalidError
from shared.messaging.envelope import Event


class DecidingStepError(ConflictError):
    """The step that ends the matter ends it with a decision, not with a note to a colleague."""

    code = "step-decides"

    def __init__(self) -> None:
        super().__init__(
            "这一步骤须作出决定，不能只答复“已完成”",
            "this step ends with a decision, not with an answer",
            allowed=[Step.DECIDE.value],
        )


async def untold(desk: Desk) -> list[Answer]:
    """Only the lead is asked, and only in 多地联办."""
    row = desk.handoff
    if row.mode != Mode.JOINT_HANDLING or not row.lead:
        return []
    return await drafts.untold(desk.session, desk.sisters)


def merged(branches: Sequence[Answer], own: Sequence[Gap]) -> tuple[Gap, ...]:
    """One notice from everybody's gaps: each point once, with all that was said of it."""
    if not branches:
        return tuple(own)
    return tuple(_as_gap(each) for each in joint.merge_gaps(branches, own))


def _as_gap(gap: MergedGap) -> Gap:
    return Gap(gap.point, "；".join(gap.texts))


def points(branches: Sequence[Answer]) -> frozenset[str]:
    return frozenset(gap.point for answer in branches for gap in answer.gaps)


def check_may_speak(desk: Desk, branches: Sequence[Answer]) -> None:
    """A lead whose own step is done speaks for a branch, and of nothing else."""
    if desk.handoff.status == Status.DECIDED and not branches:
        raise StepNotAllowedError(Status.DECIDED, Step.NOTICE)


async def told(desk: Desk, branches: Sequence[Answer]) -> None:
    """The applicant's term runs for the branches too, from the day of the one notice."""
    lead = desk.handoff
    if lead.status == Status.DECIDED:
        lead.closed_at = desk.at
    named = {answer.handoff_id for answer in branches}
    for row in desk.sisters:
        if str(row.id) in named:
            row.noticed_on, row.supplement_due_on = lead.noticed_on, lead.supplement_due_on
            row.version += 1
            desk.session.add(QueueChangeRow(location=row.location))
            await desks.set_watches(opening.beside(desk, row))


def speaker(desk: Desk) -> HandoffRow | None:
    """Which of the lead's steps can tell the applicant now: one at work, else the last one done."""
    leads = [row for row in desk.sisters if row.lead and row.opened_at]
    at_work = [row for row in leads if row.status in handoffs.OPEN]
    done = [row for row in leads if row.status == Status.DECIDED]
    return max(at_work or done, key=lambda row: row.stage, default=None)


def ask_to_speak(desk: Desk) -> HandoffRow | None:
    """Puts a lead whose own step is done back into its office's queue: it has something to say."""
    row = speaker(desk)
    if row is not None and row.status == Status.DECIDED:
        row.closed_at = None
        row.version += 1
        desk.session.add(QueueChangeRow(location=row.location))
    return row


def redirect(desk: Desk, place: Location) -> list[UUID]:
    """What the same office was to do later goes to the right office with the step at hand."""
    own = desk.handoff
    later = [
        row
        for row in desk.sisters
        if row.opened_at is None
        and row.closed_at is None
        and (row.role, row.location) == (own.role, own.location)
    ]
    for row in later:
        row.location, row.division, row.powers = place.code, place.division, []
        row.version += 1
    return [row.id for row in later]


async def close_open(desk: Desk, cause: Cause) -> list[Event]:
    """Everything of the case not yet at its end, but the handoff at hand."""
    own = str(desk.handoff.id)
    closing = dict(joint.to_close(states_of(desk.sisters), cause, spared=own))
    announced: list[Event] = []
    for row in desk.sisters:
        step = closing.get(str(row.id))
        if step is not None:
            announced.append(await close(opening.beside(desk, row), step))
    fall_silent([row for row in desk.sisters if row is not desk.handoff], at=desk.at)
    return announced


def fall_silent(rows: Sequence[HandoffRow], *, at: datetime) -> None:
    """A lead that was to speak for a branch has nothing to say any more."""
    for row in rows:
        if row.status == Status.DECIDED and row.closed_at is None:
            row.closed_at = at
            row.version += 1


async def close(
    desk: Desk,
    step: Step,
    *,
    outcome: Outcome | None = None,
    side: Side = Side.SYSTEM,
    reason: str | None = None,
) -> Event:
    """`step` ends the handoff without a decision; the outcome is the step's own unless named."""
    row = desk.handoff
    clock = clocks.stop(desks.clock_of(row), on=desk.acted_on)
    desks.move(desk, step)
    row.outcome = outcome.value if outcome else row.outcome
    words = {"reason": reason} if reason else None
    await desks.finish(desk, step, clock=clock, side=side, words=words)
    return events.HandoffClosed(
        **desks.of_handoff(row), outcome=row.outcome or row.status, at=desk.acted_at
    )


def check_may_decide(desk: Desk, *, granted: bool) -> None:
    if granted and desk.handoff.mode == Mode.JOINT_HANDLING:
        joint.check_may_grant(states_of(desk.sisters), str(desk.handoff.id))


def require_place(desk: Desk, code: str, *, beside: Sequence[Fault] = ()) -> Location:
    """`beside`: what else is wrong, to be told at once."""
    place = desk.known.registry.location(code, on=desk.today)
    if place is None or place.kind is LocationKind.AGENT or code == desk.handoff.location:
        fault = Fault(
            "/location",
            "bad-location",
            "这个地点不存在、已停用，或不能作为办理地",
            "no such location that may handle this",
        )
        raise InvalidError([fault, *beside])
    if beside:
        raise InvalidError(beside)
    return place


# What the right office takes over as it was: the matter, its step, the window's date.
_KEPT = (
    "case_number",
    "item_code",
    "item_version",
    "item_name",
    "mode",
    "step",
    "step_name",
    "role",
    "stage",
    "lead",
    "accepts",
    "decides",
    "step_limit",
    "receiving_location",
    "receiving_division",
    "window_received_at",
    "lane_rank",
)


def follower(desk: Desk, place: Location) -> HandoffRow:
    """The handoff that stands for this one at the right office."""
    row = desk.handoff
    kept = {name: getattr(row, name) for name in _KEPT}
    fresh: dict[str, Any] = {
        "id": new_id(),
        "location": place.code,
        "division": place.division,
        "powers": [],
        "why": {"transferred_from": str(row.id)},
        "status": Status.PENDING.value,
        "bound": False,
        "clock": desks.written(clocks.NOT_STARTED),
        "clock_state": clocks.State.NOT_STARTED.value,
        "clock_revision": 0,
        "due_provisional": False,
        "deemed": False,
        "light": "green",
        "light_rank": 3,
        "version": 1,
        "created_at": desk.at,
    }
    return HandoffRow(**kept, **fresh)
