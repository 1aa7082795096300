"""Counting working days and natural days, and saying where the count is not final yet.

- 行政许可法 82: periods are working days, statutory holidays excluded.
- 民法典 201: the starting day is not counted.
- 放假办法 4: local governments may set holidays of their own, so a calendar belongs to a division.
- The working weekends come out year by year; until then a year is *provisional*, counted by
  weekdays.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from types import MappingProxyType

from shared.workdays.notices import MAY_STILL_MOVE, LocalDay, Mark, YearNotice
from shared.workdays.published import published_notices

_SATURDAY = 5

_BY_WEEKDAY = "按星期"
_BY_WEEKDAY_PROVISIONAL = "按星期推算，放假通知尚未公布"


@dataclass(frozen=True, slots=True)
class Term:
    """The last day of a period; provisional while a notice yet to come may move it."""

    due: date
    provisional: bool


class DayKind(StrEnum):
    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    WORKED_WEEKEND = "worked_weekend"
    LOCAL_HOLIDAY = "local_holiday"
    LOCAL_WORKDAY = "local_workday"


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    works: bool
    kind: DayKind
    name: str
    source: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class YearView:
    year: int
    published: bool
    workdays: int
    days: tuple[Day, ...]

    @property
    def provisional(self) -> bool:
        return not self.published


@dataclass(frozen=True, slots=True)
class _Year:
    """Prefix sums of one year: a term of any length costs one look per year, not per day."""

    upto: tuple[int, ...]
    worked: tuple[int, ...]


@lru_cache(maxsize=4096)
def _tabulate(year: int, exceptions: tuple[tuple[date, bool], ...]) -> _Year:
    """Cached by content, so calendars of many divisions share the years in which they agree."""
    first = date(year, 1, 1)
    length = (date(year, 12, 31) - first).days + 1
    works = [(first.weekday() + offset) % 7 < _SATURDAY for offset in range(length)]
    for day, answer in exceptions:
        works[(day - first).days] = answer
    return _Year(
        upto=tuple(accumulate(works)),
        worked=tuple(offset for offset, answer in enumerate(works) if answer),
    )


@dataclass(frozen=True)
class Workdays:
    """One division's calendar; a value, safe to share and to keep."""

    marks: Mapping[date, Mark] = field(repr=False)
    published: frozenset[int]
    _exceptions: Mapping[int, tuple[tuple[date, bool], ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        by_year: dict[int, list[tuple[date, bool]]] = {}
        for day in sorted(self.marks):
            by_year.setdefault(day.year, []).append((day, self.marks[day].works))
        object.__setattr__(self, "marks", MappingProxyType(dict(self.marks)))
        object.__setattr__(self, "_exceptions", {y: tuple(days) for y, days in by_year.items()})

    @classmethod
    def national(
        cls, notices: Iterable[YearNotice] = (), *, published_through: int | None = None
    ) -> "Workdays":
        """What the package knows, up to `published_through`, and the notices loaded since."""
        known = (
            notice
            for notice in published_notices()
            if published_through is None or notice.year <= published_through
        )
        return cls({}, frozenset()).with_notices(known).with_notices(notices)

    def with_notices(self, notices: Iterable[YearNotice]) -> "Workdays":
        """The same calendar once these notices are out; days set locally stay as they are."""
        marks, known = dict(self.marks), set(self.published)
        for notice in notices:
            known.add(notice.year)
            for day, mark in notice.marks.items():
                if day not in marks or not marks[day].local:
                    marks[day] = mark
        return Workdays(marks, frozenset(known))

    def with_local_days(self, days: Iterable[LocalDay]) -> "Workdays":
        """The calendar of a division: its own days and those of the divisions above it.

        Given from the most general division to the most specific; the later one wins.
        """
        local = {
            day.day: Mark(day.works, day.name, f"{day.source}（{day.division}）", local=True)
            for day in days
        }
        return Workdays({**self.marks, **local}, self.published)

    def is_workday(self, day: date) -> bool:
        mark = self.marks.get(day)
        return day.weekday() < _SATURDAY if mark is None else mark.works

    def is_provisional(self, day: date) -> bool:
        """A notice that may still change this day has not been published."""
        if day.year not in self.published:
            return True
        return (day.month, day.day) >= MAY_STILL_MOVE and day.year + 1 not in self.published

    def add(self, start: date, days: int) -> Term:
        """The last day of a term of working days (行政许可法 82).

        `start` is not counted (民法典 201).
        """
        if days < 0:
            raise ValueError("a term has no negative days")
        if days == 0:
            return Term(start, provisional=False)
        year, left = start.year, days + self._rank(start)
        while left > len(self._year(year).worked):
            left -= len(self._year(year).worked)
            year += 1
        due = date(year, 1, 1) + timedelta(days=self._year(year).worked[left - 1])
        return Term(due, self._touches_provisional(start, due))

    def add_natural(self, start: date, days: int, *, over_rest_days: bool = False) -> Term:
        """The last day of a term of natural days, `start` not counted (民法典 201).

        With `over_rest_days` a term that would end on a day of rest ends on the first working day
        after it (民法典 203). Whether that holds for an item is the item's to say.
        """
        if days < 0:
            raise ValueError("a term has no negative days")
        due = start + timedelta(days=days)
        if not over_rest_days:
            return Term(due, provisional=False)
        rolled = self.on_or_after(due)
        provisional = self._touches_provisional(due - timedelta(days=1), rolled)
        return Term(rolled, provisional)

    def on_or_after(self, day: date) -> date:
        """`day` itself if it is a working day, otherwise the next one."""
        return day if self.is_workday(day) else self.add(day, 1).due

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` comes first."""
        if end < start:
            return -self.between(end, start)
        whole = sum(len(self._year(year).worked) for year in range(start.year, end.year))
        return whole + self._rank(end) - self._rank(start)

    def year_view(self, year: int) -> YearView:
        """A whole year for people to look at: every day, what it is, and who says so."""
        return YearView(
            year=year,
            published=year in self.published,
            workdays=len(self._year(year).worked),
            days=tuple(self._days(year)),
        )

    def _days(self, year: int) -> Iterator[Day]:
        first = date(year, 1, 1)
        for offset in range(len(self._year(year).upto)):
            day = first + timedelta(days=offset)
            mark, provisional = self.marks.get(day), self.is_provisional(day)
            if mark is None:
                mark = Mark(
                    day.weekday() < _SATURDAY,
                    "",
                    _BY_WEEKDAY_PROVISIONAL if provisional else _BY_WEEKDAY,
                )
            yield Day(day, mark.works, _kind(day, mark), mark.name, mark.source, provisional)

    def _year(self, year: int) -> _Year:
        return _tabulate(year, self._exceptions.get(year, ()))

    def _rank(self, day: date) -> int:
        """Working days of the year up to and including `day`."""
        return self._year(day.year).upto[(day - date(day.year, 1, 1)).days]

    def _touches_provisional(self, after: date, upto: date) -> bool:
        """Whether a day in (after, upto] is provisional; looks at years, not at days."""
        first = after + timedelta(days=1)
        if first > upto:
            return False
        if any(year not in self.published for year in range(first.year, upto.year + 1)):
            return True
        # All these years are published, so only the last of them can have an unsettled end.
        return self.is_provisional(upto)


def _kind(day: date, mark: Mark) -> DayKind:
    if mark.local:
        return DayKind.LOCAL_WORKDAY if mark.works else DayKind.LOCAL_HOLIDAY
    if mark.works:
        return DayKind.WORKDAY if day.weekday() < _SATURDAY else DayKind.WORKED_WEEKEND
    return DayKind.HOLIDAY if mark.name else DayKind.WEEKEND
