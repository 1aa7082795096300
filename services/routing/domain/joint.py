"""多地联办: which steps open next, one notice from many gaps, and what closes when one fails."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.routing.domain.handoffs import FINAL, Outcome, Status, Step
from services.routing.domain.notices import Gap
from services.routing.domain.words import Named
from shared.errors import ConflictError


class Cause(Named):
    """Why everything that is still open has to close."""

    WITHDRAWN = "withdrawn", "申请人撤回"
    LAPSED = "lapsed", "逾期未补正"
    REFUSED = "refused", "牵头地不予受理"
    FAILED = "failed", "协办无法办理"
    CANCELLED = "cancelled", "重复或有误，取消"
    PROMISE_BROKEN = "promise_broken", "容缺材料逾期未补交"
    CONCLUDED = "concluded", "牵头地已作出不予许可或终结的决定"


@dataclass(frozen=True, slots=True)
class StepState:
    """One step of the plan; `status` is empty until it has been opened."""

    id: str
    stage: int
    lead: bool
    accepts: bool
    decides: bool
    status: Status | None = None
    outcome: Outcome | None = None

    @property
    def replaced(self) -> bool:
        """Handed on to the right office: another handoff stands for it."""
        return self.outcome is Outcome.TRANSFERRED_ON


@dataclass(frozen=True, slots=True)
class Answer:
    """What one branch found missing."""

    handoff_id: str
    location: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class MergedGap:
    """One point as the applicant is told of it, once, with everything anybody asked."""

    point: str
    texts: tuple[str, ...]
    locations: tuple[str, ...]


class BranchesOpenError(ConflictError):
    code = "joint-steps-open"

    def __init__(self, waiting: Sequence[str]) -> None:
        super().__init__(
            f"还有{len(waiting)}个协办步骤没有完成，不能准予",
            f"{len(waiting)} steps are not done; the matter cannot be granted yet",
            waiting=list(waiting),
        )


_FOLLOWS: dict[Cause, Step] = {Cause.WITHDRAWN: Step.WITHDRAW}


def to_open(steps: Sequence[StepState]) -> tuple[str, ...]:
    """The next stage, once all before it are done; asked again after opening it: nothing.

    Asked under the case's lock, two steps decided at one instant open it exactly once.
    """
    own = [step for step in steps if not step.replaced]
    if any(_failed(step) for step in own):
        return ()
    planned = [step.stage for step in own if step.status is None]
    if not planned:
        return ()
    stage = min(planned)
    if not all(finished(step, own) for step in own if step.stage < stage):
        return ()
    return tuple(step.id for step in own if step.stage == stage and step.status is None)


def finished(step: StepState, steps: Sequence[StepState]) -> bool:
    """Decided; or a lead that will decide at the end, has accepted, and waits for later stages."""
    if step.status is Status.DECIDED:
        return True
    later = any(other.stage > step.stage for other in steps)
    waits = step.status in (Status.ACCEPTED, Status.SUSPENDED)
    return step.lead and step.decides and later and waits


def opening_status(step: StepState, *, awaits_paper: bool) -> Status:
    """A later step of the lead has been accepted with the first; a branch never accepts."""
    if awaits_paper:
        return Status.PENDING
    if step.lead and not step.accepts:
        return Status.ACCEPTED
    return Status.RECEIVED


def unanswered(steps: Iterable[StepState]) -> tuple[str, ...]:
    """Branches at work: what they find may still belong in the one notice."""
    at_work = (Status.PENDING, Status.RECEIVED)
    return tuple(step.id for step in steps if not step.lead and step.status in at_work)


def ready_to_notify(steps: Sequence[StepState]) -> bool:
    """Somebody found gaps and nobody is still looking; the lead may notify earlier if it must."""
    found = any(not step.lead and step.status is Status.NOTICED for step in steps)
    return found and not unanswered(steps)


def merge_gaps(answers: Iterable[Answer], own: Iterable[Gap] = ()) -> tuple[MergedGap, ...]:
    """By point, in the order found, the lead's own first; the same sentence only once."""
    texts: dict[str, dict[str, None]] = {}
    places: dict[str, dict[str, None]] = {}
    for gap in own:
        texts.setdefault(gap.point, {})[gap.text] = None
        places.setdefault(gap.point, {})
    for answer in answers:
        for gap in answer.gaps:
            texts.setdefault(gap.point, {})[gap.text] = None
            places.setdefault(gap.point, {})[answer.location] = None
    return tuple(MergedGap(code, tuple(said), tuple(places[code])) for code, said in texts.items())


def supplemented(steps: Iterable[StepState]) -> tuple[str, ...]:
    """To whom a supplement goes: everybody who waits for it."""
    return tuple(step.id for step in steps if step.status is Status.NOTICED)


def check_may_grant(steps: Sequence[StepState], deciding: str) -> None:
    """A denial needs nobody's answer; granting needs everybody's."""
    waiting = [
        step.id
        for step in steps
        if step.id != deciding and not step.replaced and step.status is not Status.DECIDED
    ]
    if waiting:
        raise BranchesOpenError(waiting)


def to_close(
    steps: Iterable[StepState], cause: Cause, *, spared: str | None = None
) -> tuple[tuple[str, Step], ...]:
    """Every step not yet at its end, opened or only planned; what is done stays done."""
    step = _FOLLOWS.get(cause, Step.CANCEL)
    return tuple(
        (each.id, step if each.status is not None else Step.CANCEL)
        for each in steps
        if each.id != spared and (each.status is None or each.status not in FINAL)
    )


def decided(steps: Iterable[StepState]) -> bool:
    """The matter itself: from here on nothing can be withdrawn."""
    return any(step.decides and step.status is Status.DECIDED for step in steps)


def _failed(step: StepState) -> bool:
    return step.status in (Status.REFUSED, Status.CLOSED)
