"""When somebody who owes a deferred paper is reminded of the day that was promised."""

from dataclasses import dataclass
from datetime import date, timedelta

from shared.workdays.calendar import Workdays


@dataclass(frozen=True, slots=True)
class PromiseTerms:
    """Working days before the day it is due; 0 is that day itself."""

    remind_before: tuple[int, ...] = (3, 0)

    def __post_init__(self) -> None:
        if any(days < 0 for days in self.remind_before):
            raise ValueError("a reminder comes before the day, or on it")


def reminders(due_on: date, terms: PromiseTerms, calendar: Workdays) -> tuple[date, ...]:
    """In order of date."""
    return tuple(sorted(_before(due_on, days, calendar) for days in terms.remind_before))


def next_reminder(
    due_on: date, terms: PromiseTerms, calendar: Workdays, *, done: int
) -> date | None:
    """None is skipped, however late; after the last there is none."""
    plan = reminders(due_on, terms, calendar)
    return plan[done] if done < len(plan) else None


def _before(day: date, days: int, calendar: Workdays) -> date:
    while days:
        day -= timedelta(days=1)
        days -= calendar.is_workday(day)
    return day
