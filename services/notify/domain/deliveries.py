"""How a result reaches the applicant: four ways, and the states of each."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from services.notify.domain import dispatches
from shared.errors import ConflictError


class Method(StrEnum):
    ELECTRONIC = "electronic"
    POST = "post"
    WINDOW_PICKUP = "window_pickup"
    HANDLING_PICKUP = "handling_pickup"


class Status(StrEnum):
    HELD = "held"  # a deferred paper is still outstanding
    PENDING = "pending"
    BOOKED = "booked"  # a carrier knows of it, the result is still in our hands
    ON_WAY = "on_way"
    READY = "ready"  # lies at the counter, or the link is open
    UNCLAIMED = "unclaimed"
    FAILED = "failed"  # came back from the post
    LOST = "lost"
    RETURNED = "returned"  # kept by the authority that decided
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Step(StrEnum):
    RELEASE = "release"
    BOOK = "book"
    CANCEL_BOOKING = "cancel_booking"
    SEND = "send"
    ARRIVE = "arrive"
    COME_BACK = "come_back"
    LOSE = "lose"
    FIND = "find"
    REPEAT = "repeat"  # once more the same way: posted again, issued again, link renewed
    EXPIRE = "expire"
    RETURN = "return"
    DELIVER = "deliver"
    CHANGE = "change"  # another way, or another address
    CANCEL = "cancel"


Moves = Mapping[tuple[Status, Step], Status]

# The same for every way: nothing has left our hands, so the way may still change.
_BEFORE_IT_LEFT: Moves = {
    (Status.HELD, Step.RELEASE): Status.PENDING,
    (Status.HELD, Step.CHANGE): Status.HELD,
    (Status.HELD, Step.CANCEL): Status.CANCELLED,
    (Status.PENDING, Step.CHANGE): Status.PENDING,
    (Status.PENDING, Step.CANCEL): Status.CANCELLED,
}

# Who does not collect is reminded, then the result goes back to the authority; it stays theirs.
_AT_THE_COUNTER: Moves = {
    (Status.READY, Step.DELIVER): Status.DELIVERED,
    (Status.READY, Step.EXPIRE): Status.UNCLAIMED,
    (Status.READY, Step.CHANGE): Status.PENDING,
    (Status.READY, Step.CANCEL): Status.CANCELLED,
    (Status.UNCLAIMED, Step.DELIVER): Status.DELIVERED,
    (Status.UNCLAIMED, Step.RETURN): Status.RETURNED,
    (Status.UNCLAIMED, Step.CHANGE): Status.PENDING,
    (Status.UNCLAIMED, Step.CANCEL): Status.CANCELLED,
    (Status.RETURNED, Step.CHANGE): Status.PENDING,
    (Status.RETURNED, Step.REPEAT): Status.PENDING,
    (Status.RETURNED, Step.CANCEL): Status.CANCELLED,
}

# The way of a paper with a carrier, whether to the applicant's door or to the window.
_WITH_A_CARRIER: Moves = {
    (Status.PENDING, Step.BOOK): Status.BOOKED,
    (Status.PENDING, Step.SEND): Status.ON_WAY,
    (Status.BOOKED, Step.CANCEL_BOOKING): Status.PENDING,
    (Status.BOOKED, Step.SEND): Status.ON_WAY,
    (Status.BOOKED, Step.CHANGE): Status.PENDING,
    (Status.BOOKED, Step.CANCEL): Status.CANCELLED,
    (Status.ON_WAY, Step.COME_BACK): Status.FAILED,
    (Status.ON_WAY, Step.LOSE): Status.LOST,
    (Status.FAILED, Step.REPEAT): Status.PENDING,
    (Status.FAILED, Step.CHANGE): Status.PENDING,
    (Status.FAILED, Step.RETURN): Status.RETURNED,
    (Status.FAILED, Step.CANCEL): Status.CANCELLED,
    (Status.LOST, Step.FIND): Status.ON_WAY,
    (Status.LOST, Step.REPEAT): Status.PENDING,
    (Status.LOST, Step.CANCEL): Status.CANCELLED,
}

MOVES: Mapping[Method, Moves] = MappingProxyType(
    {
        Method.ELECTRONIC: MappingProxyType(
            {
                **_BEFORE_IT_LEFT,
                # 电子签名法 11: received once it enters the recipient's designated system.
                (Status.PENDING, Step.DELIVER): Status.DELIVERED,
                (Status.PENDING, Step.SEND): Status.READY,
                (Status.READY, Step.DELIVER): Status.DELIVERED,
                (Status.READY, Step.EXPIRE): Status.UNCLAIMED,
                (Status.READY, Step.CHANGE): Status.PENDING,
                (Status.READY, Step.CANCEL): Status.CANCELLED,
                (Status.UNCLAIMED, Step.REPEAT): Status.PENDING,
                (Status.UNCLAIMED, Step.CHANGE): Status.PENDING,
                (Status.UNCLAIMED, Step.CANCEL): Status.CANCELLED,
            }
        ),
        Method.POST: MappingProxyType(
            {
                **_BEFORE_IT_LEFT,
                **_WITH_A_CARRIER,
                (Status.ON_WAY, Step.DELIVER): Status.DELIVERED,
                (Status.RETURNED, Step.CHANGE): Status.PENDING,
                (Status.RETURNED, Step.REPEAT): Status.PENDING,
                (Status.RETURNED, Step.CANCEL): Status.CANCELLED,
            }
        ),
        Method.WINDOW_PICKUP: MappingProxyType(
            {
                **_BEFORE_IT_LEFT,
                **_WITH_A_CARRIER,
                **_AT_THE_COUNTER,
                (Status.PENDING, Step.ARRIVE): Status.READY,
                (Status.ON_WAY, Step.ARRIVE): Status.READY,
            }
        ),
        Method.HANDLING_PICKUP: MappingProxyType(
            {
                **_BEFORE_IT_LEFT,
                **_AT_THE_COUNTER,
                (Status.PENDING, Step.ARRIVE): Status.READY,
            }
        ),
    }
)

CONCLUDED: frozenset[Status] = frozenset({Status.DELIVERED, Status.CANCELLED})


class DeliveryStepNotAllowedError(ConflictError):
    code = "delivery-step-not-allowed"

    def __init__(self, method: Method, status: Status, step: Step) -> None:
        super().__init__(
            "送达的当前状态不允许这一步",
            f"cannot {step} a {method} delivery that is {status}",
            method=method,
            status=status,
            step=step,
            allowed=sorted(allowed(method, status)),
        )


def after(method: Method, status: Status, step: Step) -> Status:
    try:
        return MOVES[method][status, step]
    except KeyError:
        raise DeliveryStepNotAllowedError(method, status, step) from None


def allowed(method: Method, status: Status) -> frozenset[Step]:
    return frozenset(step for known, step in MOVES[method] if known is status)


def changeable(method: Method, status: Status) -> bool:
    """The applicant may choose another way for as long as the result is in our hands."""
    return Step.CHANGE in allowed(method, status)


_TO_THE_DOOR: Mapping[dispatches.Status, Step] = {
    dispatches.Status.MOVING: Step.SEND,
    dispatches.Status.DELIVERED: Step.DELIVER,
    dispatches.Status.RETURNED: Step.COME_BACK,
    dispatches.Status.LOST: Step.LOSE,
}

# What its dispatch reaching a state means for the delivery.
BY_DISPATCH: Mapping[Method, Mapping[dispatches.Status, Step]] = MappingProxyType(
    {
        Method.POST: MappingProxyType(_TO_THE_DOOR),
        Method.WINDOW_PICKUP: MappingProxyType(
            {**_TO_THE_DOOR, dispatches.Status.DELIVERED: Step.ARRIVE}
        ),
        Method.ELECTRONIC: MappingProxyType({}),
        Method.HANDLING_PICKUP: MappingProxyType({}),
    }
)


def carried(method: Method, status: Status, dispatch: dispatches.Status) -> Status:
    """The delivery's status once its dispatch stands there; unchanged where that says nothing.

    A carrier may report the end before the beginning: it has then left and arrived at once.
    """
    step = BY_DISPATCH[method].get(dispatch)
    if step is None:
        return status
    if step is not Step.SEND and status in {Status.PENDING, Status.BOOKED}:
        status = after(method, status, Step.SEND)
    return MOVES[method].get((status, step), status)
