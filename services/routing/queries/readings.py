"""What a handoff's row means to the domain: its clock, its terms, whose side it is."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from pydantic_core import from_json, to_json

from services.routing.domain.clock import Clock, Extension, Kind, Stretch
from services.routing.domain.handoffs import Outcome, Status
from services.routing.domain.joint import StepState
from services.routing.domain.terms import Limit, Terms, Unit, limit_of
from services.routing.domain.waits import Receipts
from services.routing.domain.words import Mode, Power, Side
from services.routing.models import HandoffRow
from services.routing.queries.registry import Item
from shared.clock import local_date


def terms_of(handoff: HandoffRow, item: Item) -> Terms:
    if handoff.mode != Mode.JOINT_HANDLING:
        return item.terms
    return item.terms.for_step(limit_of(handoff.step_limit), accepts=handoff.accepts)


def side_of(handoff: HandoffRow) -> Side:
    if handoff.mode != Mode.JOINT_HANDLING:
        return Side.HANDLING
    return Side.LEAD if handoff.lead else Side.BRANCH


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
