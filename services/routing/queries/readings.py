"""What a handoff's row means to the domain: its clock, its terms, whose side it is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from pydantic_core import from_json, to_json

from services.routing.domain.clock import Clock, Extension, Kind, Stretch
from services.routing.domain.handoffs import Outcome, Status, Step
from services.routing.domain.joint import StepState
from services.routing.domain.pressing import Standing
from services.routing.domain.terms import Limit, Terms, Unit, limit_of
from services.routing.domain.waits import Receipts
from services.routing.domain.words import Mode, Power, Side
from services.routing.models import CaseRow, HandoffRow
from services.routing.queries.registry import Item
from shared.clock import local_date
from shared.means import Origin
from shared.security.callers import Role


def terms_of(handoff: HandoffRow, item: Item) -> Terms:
    if handoff.mode != Mode.JOINT_HANDLING:
        return item.terms
    return item.terms.for_step(limit_of(handoff.step_limit), accepts=handoff.accepts)


def side_of(handoff: HandoffRow) -> Side:
    if handoff.mode != Mode.JOINT_HANDLING:
        return Side.HANDLING
    return Side.LEAD if handoff.lead else Side.BRANCH


def acting_side(row: HandoffRow, by: Origin) -> Side:
    """In what part somebody acts: whoever stands at the window acts for the window."""
    at_window = by.location == row.receiving_location != row.location
    if by.role in (Role.CLERK, Role.PLATFORM):
        return Side.RECEIVING
    if by.role == Role.DISPATCHER:
        return Side.RECEIVING if at_window else Side.DESK
    if by.role == Role.PARTNER and at_window:
        return Side.RECEIVING
    return side_of(row)


def fits_item(step: Step, row: HandoffRow, document: Mapping[str, Any]) -> bool:
    """What the table allows in general and this very step of this item does not have."""
    if step is Step.PREREVIEW:
        return bool((document.get("pre_review") or {}).get(row.mode))
    if step in (Step.HAND_BACK, Step.RETURN_TO_WINDOW):
        return (row.returned_at is not None) == (step is Step.HAND_BACK)
    if row.mode != Mode.JOINT_HANDLING:
        return True
    if step is Step.ANSWER_DONE:
        return not row.decides
    if step is Step.NOTICE and row.status == Status.DECIDED:
        return row.closed_at is None
    return True


def states_of(rows: Sequence[HandoffRow]) -> list[StepState]:
    """The steps of one matter, as domain/joint.py asks for them."""
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


def receipts_of(row: HandoffRow) -> Receipts:
    handling = row.handling_received_at
    return Receipts(
        window_on=local_date(row.window_received_at),
        handling_on=local_date(handling) if handling else None,
        delegated=Power.ACCEPT in row.powers and row.accepts,
    )


def standing_of(row: HandoffRow, case: CaseRow | None = None, item: Item | None = None) -> Standing:
    """Of the case: whether the applicant wants the result by post, and what was promised."""
    granted = row.decides and row.result == "granted" and row.status == Status.DECIDED
    return Standing(
        status=Status(row.status),
        accepts=row.accepts,
        receipts=receipts_of(row),
        clock=clock_of(row),
        supplemented_on=row.supplemented_on,
        granted_on=local_date(row.decided_at) if granted and row.decided_at else None,
        told_on=row.collect_told_on,
        delivered=row.result_delivered_on is not None,
        posted=row.result_posted_on is not None,
        by_post=case is not None and case.delivery_method == "post",
        check_within=_check_within(row, case, item),
    )


def _check_within(row: HandoffRow, case: CaseRow | None, item: Item | None) -> Limit | None:
    if case is None or item is None or not case.commitment or row.checked_on is not None:
        return None
    return limit_of((item.document.get("commitment") or {}).get("later_check_within"))


def clock_of(row: HandoffRow) -> Clock:
    raw = row.clock
    return Clock(
        stretches=tuple(_stretch(each) for each in raw.get("stretches", ())),
        extensions=tuple(
            Extension(
                date.fromisoformat(each["on"]),
                Limit(
                    each["limit"]["value"], Unit(each["limit"]["unit"]), each["limit"]["article"]
                ),
            )
            for each in raw.get("extensions", ())
        ),
        revision=row.clock_revision,
    )


def _stretch(raw: dict[str, Any]) -> Stretch:
    until = raw["until"]
    return Stretch(
        kind=Kind(raw["kind"]),
        since=date.fromisoformat(raw["since"]),
        until=date.fromisoformat(until) if until else None,
        reason=raw["reason"],
        article=raw["article"],
        told=raw["told"],
    )


def written(clock: Clock) -> dict[str, Any]:
    plain: dict[str, Any] = from_json(
        to_json(
            {
                "stretches": [asdict(each) for each in clock.stretches],
                "extensions": [asdict(each) for each in clock.extensions],
            }
        )
    )
    return plain
