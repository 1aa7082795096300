"""From an item's steps to the handoffs a case needs: which place, in which stage, who leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.routing.domain.competence import Unroutable, decide
from services.routing.domain.grounds import Grounds
from services.routing.domain.questions import Question
from services.routing.domain.registry import Location, Registry
from services.routing.domain.terms import Limit, limit_of
from services.routing.domain.territories import Reason, Why, reason
from services.routing.domain.words import Mode, Power
from shared.divisions.divisions import Level

# A step whose place is the applicant's choice among those the law offers.
CHOSEN = "chosen_basis"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """As the item version carries it; `role` is the kind of basis that names its place."""

    step: str
    name: str
    role: str
    stage: int
    lead: bool
    accepts: bool
    decides: bool
    limit: Limit | None = None
    level: Level | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedHandoff:
    step: PlannedStep
    location: Location
    powers: frozenset[Power]
    why: Grounds


def steps_of(raw: Sequence[Mapping[str, Any]]) -> tuple[PlannedStep, ...]:
    """The steps of one mode, in stage order, the lead first in its stage."""
    steps = [
        PlannedStep(
            step=str(each["step"]),
            name=str(each.get("name", each["step"])),
            role=str(each["role"]),
            stage=int(each.get("stage", 1)),
            lead=bool(each.get("lead", True)),
            accepts=bool(each.get("accepts", each.get("lead", True))),
            decides=bool(each.get("decides", each.get("lead", True))),
            limit=limit_of(each.get("limit")),
            level=Level(int(each["level"])) if each.get("level") else None,
            department=each.get("department"),
        )
        for each in raw
    ]
    return tuple(sorted(steps, key=lambda step: (step.stage, not step.lead, step.step)))


def single_step() -> tuple[PlannedStep, ...]:
    """For an item that carries no plan: one place takes, accepts and decides."""
    return (PlannedStep("handle", "办理", CHOSEN, 1, lead=True, accepts=True, decides=True),)


def plan(
    question: Question, steps: Sequence[PlannedStep], registry: Registry
) -> tuple[PlannedHandoff, ...] | Unroutable:
    """All steps or none; every step's reasons are told at once."""
    if not steps and question.mode is Mode.JOINT_HANDLING:
        code = question.item.code
        return Unroutable((reason(Why.NO_STEPS, code, code),))
    planned: list[PlannedHandoff] = []
    reasons: dict[Reason, None] = {}
    for step in steps or single_step():
        answer = decide(_for_step(question, step), registry)
        if isinstance(answer, Unroutable):
            reasons.update(dict.fromkeys(answer.reasons))
        else:
            planned.append(PlannedHandoff(step, answer.location, answer.powers, answer.why))
    return Unroutable(tuple(reasons)) if reasons else tuple(planned)


def _for_step(question: Question, step: PlannedStep) -> Question:
    """The step's own role, level and department; what it leaves open is the item's."""
    item = question.item
    by_choice = step.role == CHOSEN
    return replace(
        question,
        chosen=question.chosen if by_choice else None,
        item=replace(
            item,
            kinds=item.kinds if by_choice else (step.role,),
            level=step.level or item.level,
            department=step.department or item.department,
        ),
    )
