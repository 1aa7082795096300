"""Several places on one matter: opening the next stage, closing what is open, handing on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.routing import events
from services.routing.actions import cases
from services.routing.actions import desk as desks
from services.routing.actions.desk import Desk
from services.routing.domain import clock as clocks
from services.routing.domain import joint
from services.routing.domain.handoffs import Outcome, Status, Step
from services.routing.domain.joint import Cause, StepState
from services.routing.domain.registry import Location
from services.routing.domain.words import LocationKind, Mode, Side
from services.routing.models import HandoffRow
from shared.chance import new_id
from shared.errors import Fault, InvalidError
from shared.messaging.envelope import Event


def states(rows: Sequence[HandoffRow]) -> list[StepState]:
    return [
        StepState(
            id=str(row.id),
            stage=row.stage,
            lead=row.lead,
            accepts=row.accepts,
            decides=row.decides,
            status=Status(row.status) if row.opened_at or row.closed_at else None,
            outcome=Outcome(row.outcome) if row.outcome else None,
        )
        for row in rows
    ]


def beside(desk: Desk, other: HandoffRow) -> Desk:
    """The same case with another of its handoffs laid out."""
    sisters = desk.sisters if other in desk.sisters else [*desk.sisters, other]
    return replace(desk, handoff=other, sisters=sisters)


async def open_next(desk: Desk) -> list[Event]:
    """Asked under the case's lock, so two steps done at one instant open the next stage once."""
    if desk.handoff.mode != Mode.JOINT_HANDLING:
        return []
    due = set(joint.to_open(states(desk.sisters)))
    announced: list[Event] = []
    for row in desk.sisters:
        if str(row.id) in due:
            announced += await cases.open_handoff(beside(desk, row))
    return announced


async def close_open(desk: Desk, cause: Cause) -> list[Event]:
    """Everything of the case not yet at its end, but the handoff at hand."""
    own = str(desk.handoff.id)
    closing = dict(joint.to_close(states(desk.sisters), cause, spared=own))
    announced: list[Event] = []
    for row in desk.sisters:
        step = closing.get(str(row.id))
        if step is not None:
            announced.append(await close(beside(desk, row), step))
    return announced


async def close(desk: Desk, step: Step) -> Event:
    """`step` ends the handoff without a decision."""
    row = desk.handoff
    clock = clocks.stop(desks.clock_of(row), on=desk.today)
    desks.move(desk, step)
    await desks.finish(desk, step, clock=clock, side=Side.SYSTEM)
    return events.HandoffClosed(
        **desks.of_handoff(row), outcome=row.outcome or row.status, at=desk.at
    )


def check_may_decide(desk: Desk, *, granted: bool) -> None:
    if granted and desk.handoff.mode == Mode.JOINT_HANDLING:
        joint.check_may_grant(states(desk.sisters), str(desk.handoff.id))


def require_place(desk: Desk, code: str) -> Location:
    place = desk.known.registry.location(code, on=desk.today)
    if place is None or place.kind is LocationKind.AGENT or code == desk.handoff.location:
        fault = Fault(
            "/location",
            "bad-location",
            "这个地点不存在、已停用，或不能作为办理地",
            "no such location that may handle this",
        )
        raise InvalidError([fault])
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
