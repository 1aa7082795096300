"""A subscription from its proof to its end, and which messages it is for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from shared.errors import ConflictError


class Status(StrEnum):
    UNPROVEN = "unproven"  # its webhooks are kept until it has answered the proof
    ACTIVE = "active"
    DISABLED = "disabled"  # its webhooks are kept; recovery begins with another proof
    REMOVED = "removed"


class Step(StrEnum):
    PROVE = "prove"  # the endpoint answered the proof
    MOVE = "move"  # another address has to be proven
    DISABLE = "disable"
    RECOVER = "recover"
    REMOVE = "remove"


MOVES: Mapping[tuple[Status, Step], Status] = MappingProxyType(
    {
        (Status.UNPROVEN, Step.PROVE): Status.ACTIVE,
        (Status.UNPROVEN, Step.MOVE): Status.UNPROVEN,
        (Status.UNPROVEN, Step.DISABLE): Status.DISABLED,
        (Status.UNPROVEN, Step.RECOVER): Status.UNPROVEN,
        (Status.UNPROVEN, Step.REMOVE): Status.REMOVED,
        (Status.ACTIVE, Step.PROVE): Status.ACTIVE,
        (Status.ACTIVE, Step.MOVE): Status.UNPROVEN,
        (Status.ACTIVE, Step.DISABLE): Status.DISABLED,
        (Status.ACTIVE, Step.RECOVER): Status.ACTIVE,
        (Status.ACTIVE, Step.REMOVE): Status.REMOVED,
        (Status.DISABLED, Step.MOVE): Status.UNPROVEN,
        (Status.DISABLED, Step.RECOVER): Status.UNPROVEN,
        (Status.DISABLED, Step.REMOVE): Status.REMOVED,
    }
)
KEEPING = frozenset({Status.UNPROVEN, Status.ACTIVE, Status.DISABLED})


class SubscriptionStepError(ConflictError):
    code = "subscription-step-not-allowed"

    def __init__(self, status: Status, step: Step) -> None:
        super().__init__(
            "订阅当前的状态不允许这样做",
            f"cannot {step} a subscription that is {status}",
            status=status.value,
            allowed=sorted(one.value for state, one in MOVES if state is status),
        )


def after(status: Status, step: Step) -> Status:
    try:
        return MOVES[status, step]
    except KeyError:
        raise SubscriptionStepError(status, step) from None


@dataclass(frozen=True, slots=True)
class Wish:
    """Filters; an empty one lets everything through. They only ever narrow what may be seen."""

    types: Collection[str] = ()
    locations: Collection[str] = ()
    items: Collection[str] = ()

    def covers(self, type_: str, *, places: Collection[str], item: str | None) -> bool:
        """A message about no place, or no item, is not held back by a filter of places or items
        where it is about none at all (an item's publication has no place)."""
        if self.types and type_ not in self.types:
            return False
        if self.locations and places and not set(self.locations) & set(places):
            return False
        return not (self.items and item is not None and item not in self.items)
