"""What a handoff's row means to the domain: its clock, its terms, whose side it is."""

from dataclasses import asdict
from datetime import date
from typing import Any

from pydantic_core import from_json, to_json

from services.routing.domain.clock import Clock, Extension, Kind, Stretch
from services.routing.domain.terms import Limit, Terms, Unit, limit_of
from services.routing.domain.words import Mode, Side
from services.routing.models import HandoffRow
from services.routing.queries.registry import Item


def terms_of(handoff: HandoffRow, item: Item) -> Terms:
    if handoff.mode != Mode.JOINT_HANDLING:
        return item.terms
    return item.terms.for_step(limit_of(handoff.step_limit), accepts=handoff.accepts)


def side_of(handoff: HandoffRow) -> Side:
    if handoff.mode != Mode.JOINT_HANDLING:
        return Side.HANDLING
    return Side.LEAD if handoff.lead else Side.BRANCH


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
