"""What is posted and where it stands, by our own acts and by what the carrier tells."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from services.notify.domain.traces import SILENT, Trace, Tracking, standing
from shared.errors import ConflictError


class Status(StrEnum):
    PLANNED = "planned"  # no carrier has confirmed it yet
    REFUSED = "refused"  # the carrier will not take it; another must be chosen
    BOOKED = "booked"
    MOVING = "moving"
    RETURNING = "returning"
    DELIVERED = "delivered"
    RETURNED = "returned"
    LOST = "lost"
    CANCELLED = "cancelled"


class Step(StrEnum):
    BOOK = "book"
    REFUSE = "refuse"
    PLAN_AGAIN = "plan_again"
    HAND_OVER = "hand_over"
    TURN_BACK = "turn_back"
    DELIVER = "deliver"
    RETURN = "return"
    LOSE = "lose"
    FIND = "find"
    CANCEL = "cancel"


MOVES: Mapping[tuple[Status, Step], Status] = MappingProxyType(
    {
        (Status.PLANNED, Step.BOOK): Status.BOOKED,
        (Status.PLANNED, Step.REFUSE): Status.REFUSED,
        (Status.PLANNED, Step.CANCEL): Status.CANCELLED,
        (Status.REFUSED, Step.PLAN_AGAIN): Status.PLANNED,
        (Status.REFUSED, Step.CANCEL): Status.CANCELLED,
        (Status.BOOKED, Step.HAND_OVER): Status.MOVING,
        (Status.BOOKED, Step.TURN_BACK): Status.RETURNING,
        (Status.BOOKED, Step.DELIVER): Status.DELIVERED,
        (Status.BOOKED, Step.RETURN): Status.RETURNED,
        (Status.BOOKED, Step.CANCEL): Status.CANCELLED,
        (Status.MOVING, Step.TURN_BACK): Status.RETURNING,
        (Status.MOVING, Step.DELIVER): Status.DELIVERED,
        (Status.MOVING, Step.RETURN): Status.RETURNED,
        (Status.MOVING, Step.LOSE): Status.LOST,
        (Status.RETURNING, Step.RETURN): Status.RETURNED,
        # The scan at the door may reach us after a scan that was made behind it.
        (Status.RETURNING, Step.DELIVER): Status.DELIVERED,
        (Status.RETURNING, Step.LOSE): Status.LOST,
        # A lost parcel that turns up is a person's finding, never a late scan's.
        (Status.LOST, Step.FIND): Status.MOVING,
    }
)

CONCLUDED: frozenset[Status] = frozenset(
    {Status.DELIVERED, Status.RETURNED, Status.LOST, Status.CANCELLED}
)


class DispatchStepNotAllowedError(ConflictError):
    code = "dispatch-step-not-allowed"

    def __init__(self, status: Status, step: Step) -> None:
        super().__init__(
            "寄递的当前状态不允许这一步",
            f"cannot {step} a dispatch that is {status}",
            status=status,
            step=step,
            allowed=sorted(allowed(status)),
        )


def after(status: Status, step: Step) -> Status:
    try:
        return MOVES[status, step]
    except KeyError:
        raise DispatchStepNotAllowedError(status, step) from None


def allowed(status: Status) -> frozenset[Step]:
    return frozenset(step for known, step in MOVES if known is status)


def told_step(trace: Trace) -> Step | None:
    """The step that a trace speaks for; what is delivered after turning back is delivered to us."""
    told = standing(trace)
    delivered = told.tracking is Tracking.DELIVERED
    if told.turned_back:
        return Step.RETURN if delivered else Step.TURN_BACK
    if delivered:
        return Step.DELIVER
    moved = any(event.tracking not in SILENT for event in trace)
    return Step.HAND_OVER if moved else None


def settled(status: Status, trace: Trace) -> Status:
    """Where the dispatch stands once the carrier has been heard.

    A concluded dispatch stays as it is: what comes later annotates. A planned one too, until
    booking is recorded; the caller settles again then.
    """
    step = told_step(trace)
    if step is None or status in CONCLUDED:
        return status
    return MOVES.get((status, step), status)


_OTHER_ENDS: Mapping[Status, frozenset[Step]] = MappingProxyType(
    {
        Status.DELIVERED: frozenset({Step.TURN_BACK, Step.RETURN}),
        Status.RETURNED: frozenset({Step.DELIVER}),
        Status.LOST: frozenset({Step.DELIVER, Step.RETURN}),
        Status.CANCELLED: frozenset({Step.HAND_OVER, Step.TURN_BACK, Step.DELIVER, Step.RETURN}),
    }
)


def contradicted(status: Status, trace: Trace, *, concluded_at: datetime | None = None) -> bool:
    """Whether the carrier tells of another end than the one recorded: a person must look."""
    if told_step(trace) in _OTHER_ENDS.get(status, frozenset()):
        return True
    if status is not Status.LOST or concluded_at is None:
        return False
    return any(event.at > concluded_at and event.tracking not in SILENT for event in trace)
