"""Which dispatches a person must look at, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from services.notify.domain.dispatches import CONCLUDED, Status, contradicted
from services.notify.domain.traces import Trace, Tracking, standing
from shared.workdays.calendar import Workdays


class Problem(StrEnum):
    NOT_BOOKED = "not_booked"
    REFUSED = "refused"
    NOT_HANDED_OVER = "not_handed_over"
    NO_MOVEMENT = "no_movement"
    PRESUMED_LOST = "presumed_lost"
    DELIVERY_FAILED = "delivery_failed"
    NOT_COLLECTED = "not_collected"
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    CARRIER_CANCELLED = "carrier_cancelled"
    CODE_UNKNOWN = "code_unknown"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class ProblemTerms:
    """Full working days without news after which somebody must look; parameters, not law."""

    book: int = 1
    hand_over: int = 2
    movement: int = 3
    presumed_lost: int = 10
    collect: int = 5


@dataclass(frozen=True, slots=True)
class Watch:
    """What the problem rules look at; `since` is the local day of the last change or scan."""

    status: Status
    since: date
    trace: Trace = ()
    concluded_at: datetime | None = None


def problems(
    watch: Watch, *, today: date, terms: ProblemTerms, calendar: Workdays
) -> tuple[Problem, ...]:
    """Everything about this dispatch that a person should see, the most pressing first."""
    silent = calendar.between(watch.since, today)
    by_status = _STATUS_PROBLEMS.get(watch.status)
    found = [by_status] if by_status else []
    found += _overdue(watch, silent, terms)
    if watch.status not in CONCLUDED:
        found += _told_problems(watch.trace)
    if any(event.tracking is Tracking.UNKNOWN for event in watch.trace):
        found.append(Problem.CODE_UNKNOWN)
    if contradicted(watch.status, watch.trace, concluded_at=watch.concluded_at):
        found.append(Problem.CONTRADICTED)
    return tuple(found)


_STATUS_PROBLEMS: Mapping[Status, Problem] = MappingProxyType(
    {
        Status.REFUSED: Problem.REFUSED,
        Status.RETURNING: Problem.RETURNING,
        Status.RETURNED: Problem.RETURNED,
        Status.LOST: Problem.LOST,
    }
)


def _overdue(watch: Watch, silent: int, terms: ProblemTerms) -> list[Problem]:
    match watch.status:
        case Status.PLANNED:
            return [Problem.NOT_BOOKED] if silent >= terms.book else []
        case Status.BOOKED:
            return [Problem.NOT_HANDED_OVER] if silent >= terms.hand_over else []
        case Status.MOVING | Status.RETURNING:
            return _silence(watch.trace, silent, terms)
        case _:
            return []


def _silence(trace: Trace, silent: int, terms: ProblemTerms) -> list[Problem]:
    # Waiting to be collected is not standing still; it has a term of its own.
    if standing(trace).tracking is Tracking.READY_FOR_PICKUP:
        return [Problem.NOT_COLLECTED] if silent >= terms.collect else []
    if silent >= terms.presumed_lost:
        return [Problem.PRESUMED_LOST]
    return [Problem.NO_MOVEMENT] if silent >= terms.movement else []


_TOLD_PROBLEMS: Mapping[Tracking, Problem] = MappingProxyType(
    {
        Tracking.DELIVERY_FAILED: Problem.DELIVERY_FAILED,
        Tracking.CANCELLED: Problem.CARRIER_CANCELLED,
    }
)


def _told_problems(trace: Trace) -> list[Problem]:
    told = _TOLD_PROBLEMS.get(standing(trace).tracking)
    return [told] if told else []
