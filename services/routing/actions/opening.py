"""A handoff's turn comes: it is opened, it arrives, and what waited for it is opened after it."""

from collections.abc import Sequence
from dataclasses import replace

from services.routing import events
from services.routing.actions import desk as desks
from services.routing.actions import transfers
from services.routing.actions.desk import Desk
from services.routing.domain import clock as clocks
from services.routing.domain import joint, waits
from services.routing.domain.clock import Began
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.terms import ClockStart
from services.routing.domain.words import Mode, Power, Side
from services.routing.models import HandoffRow
from services.routing.queries.readings import states_of
from shared.clock import local_date
from shared.messaging.envelope import Event


def beside(desk: Desk, other: HandoffRow) -> Desk:
    """The same case with another of its handoffs laid out."""
    sisters = desk.sisters if other in desk.sisters else [*desk.sisters, other]
    return replace(desk, handoff=other, sisters=sisters)


async def open_next(desk: Desk) -> list[Event]:
    """Asked under the case's lock, so two steps done at one instant open the next stage once."""
    if desk.handoff.mode != Mode.JOINT_HANDLING:
        return []
    due = set(joint.to_open(states_of(desk.sisters)))
    announced: list[Event] = []
    for row in desk.sisters:
        if str(row.id) in due:
            announced += await open_handoff(beside(desk, row))
    return announced


async def open_handoff(desk: Desk, *, fresh: bool = False) -> Sequence[Event]:
    """Its turn has come. What needs no paper has entered the handling place's system: received
    (电子签名法 11). Where the window may accept in its name, it arrives accepted. `fresh`: the case
    has just come, so there is nothing to hand on yet."""
    row = desk.handoff
    row.opened_at = desk.at
    if not fresh:
        await transfers.hand_on(desk.session, row, at=desk.at)
    if _awaits_paper(desk):
        await desks.finish(desk, Step.ARRIVE, side=Side.SYSTEM, facts={"awaits": "paper"})
        return ()
    return await arrive(desk)


async def arrive(desk: Desk, *, side: Side = Side.SYSTEM) -> Sequence[Event]:
    row = desk.handoff
    row.handling_received_at = desk.acted_at
    desks.move(desk, Step.ARRIVE)
    desks.take_turn(desk)
    if row.lead and not row.accepts and row.mode == Mode.JOINT_HANDLING:
        # Accepted once for the whole matter, with the lead's first step.
        desks.move(desk, Step.ACCEPT)
        row.accepted_at = desk.acted_at
    clock = clocks.NOT_STARTED
    if desk.terms.clock_start is ClockStart.RECEIPT or row.status == Status.ACCEPTED:
        received_on = waits.clock_receipt(desk.receipts, desk.terms) or desk.acted_on
        clock = clocks.start(clock, on=received_on, began=Began.RECEIVED)
    announced: list[Event] = []
    if _accepted_at_window(row):
        desks.move(desk, Step.ACCEPT)
        row.accepted_at = row.window_received_at
        if clock.state is clocks.State.NOT_STARTED:
            clock = clocks.start(clock, on=local_date(row.window_received_at))
    await desks.finish(desk, Step.ARRIVE, clock=clock, side=side)
    announced.append(events.HandoffOpened(**desks.of_handoff(row), at=desk.acted_at))
    if row.accepts and row.status == Status.ACCEPTED:
        announced.append(accepted_event(desk, by=row.receiving_location))
        announced += await open_next(desk)
    return announced


def accepted_event(desk: Desk, *, by: str) -> events.HandoffAccepted:
    row = desk.handoff
    return events.HandoffAccepted(
        **desks.of_handoff(row),
        accepted_at=row.accepted_at or desk.acted_at,
        due_on=row.due_on,
        due_provisional=row.due_provisional,
        deemed=row.deemed,
        by_location=by,
    )


def _accepted_at_window(row: HandoffRow) -> bool:
    return Power.ACCEPT in row.powers and row.accepts


def _awaits_paper(desk: Desk) -> bool:
    """What the window accepted, paper in hand, is accepted: the post does not stop that clock."""
    row = desk.handoff
    needs_paper = row.mode in desk.item.paper_required and row.accepts
    return needs_paper and not _accepted_at_window(row)
