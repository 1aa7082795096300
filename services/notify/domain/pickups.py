"""What falls due when a result lies ready and nobody comes for it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from shared.workdays.calendar import Workdays


class Chore(StrEnum):
    REMIND = "remind"
    EXPIRE = "expire"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class PickupTerms:
    """Working days from the day the result lay ready; parameters of the item or installation."""

    remind_after: tuple[int, ...] = (3, 10)
    keep: int = 30
    return_after: int = 35

    def __post_init__(self) -> None:
        days = (0, *self.remind_after, self.keep, self.return_after)
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("terms must grow: reminders, then the end of keeping, then the return")


@dataclass(frozen=True, slots=True)
class Due:
    on: date
    chore: Chore
    number: int  # the first, second … reminder; 1 for the others


def pickup_plan(ready_on: date, terms: PickupTerms, calendar: Workdays) -> tuple[Due, ...]:
    """Everything that falls due if nobody comes, in order of date."""
    reminders = tuple(
        Due(calendar.add(ready_on, days).due, Chore.REMIND, number)
        for number, days in enumerate(terms.remind_after, start=1)
    )
    return (
        *reminders,
        Due(calendar.add(ready_on, terms.keep).due, Chore.EXPIRE, 1),
        Due(calendar.add(ready_on, terms.return_after).due, Chore.RETURN, 1),
    )


def next_due(plan: tuple[Due, ...], done: int) -> Due | None:
    """The first entry after the `done` that were carried out; none is skipped, however late."""
    return plan[done] if done < len(plan) else None
