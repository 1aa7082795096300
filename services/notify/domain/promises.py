"""When somebody who owes a deferred paper is reminded of the day that was promised."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

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


_FOLLOWS: Mapping[str, str] = MappingProxyType(
    {
        "paused": "办理中止，请于{day}前补交，仍不补交的将退件",
        "held": "办理结果暂不送达，补齐后送达",
        "revoke": "按本事项规定，决定机关将依法处理是否撤销决定",
        "nothing": "由办理机关处理",
    }
)


def sentence(follows: str, day: str) -> str:
    """What it means for the applicant; empty where the end of the matter says it."""
    return _FOLLOWS.get(follows, "").format(day=day)


def _before(day: date, days: int, calendar: Workdays) -> date:
    while days:
        day -= timedelta(days=1)
        days -= calendar.is_workday(day)
    return day
