"""What a government notice says about single days, read from data.

The yearly notice of the State Council's general office, as TOML (or the same shape in JSON):

    [[notice]]
    year = 2027
    source = "国办发明电〔2026〕×号"

    [[notice.off]]
    name = "元旦"
    from = 2027-01-01
    to = 2027-01-03

    [[notice.worked]]
    name = "元旦调休"
    day = 2026-12-27

The year's own dates and the December before it may appear: the notice for 2019 gave 2018-12-31 off.
A second notice for the same year adds to the first, and its days win (2020 prolonged 春节 so).
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

_LONGEST_HOLIDAY = 31
# From this day on (month, day) the notice for the *next* year decides: 2006, 2007, 2011, 2018 did.
MAY_STILL_MOVE = (12, 29)


class NoticeMalformedError(ValueError):
    """The data is not a notice; the sentence says which part, for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One day that is not what its weekday says, or is named as a holiday."""

    works: bool
    name: str
    source: str
    local: bool = False


@dataclass(frozen=True, slots=True)
class YearNotice:
    """With it the year is published: its days are known, no longer provisional."""

    year: int
    source: str
    marks: Mapping[date, Mark] = field(repr=False)

    def __post_init__(self) -> None:
        for day in self.marks:
            if day.year != self.year and (day.year, day.month) != (self.year - 1, 12):
                raise NoticeMalformedError(f"{self.year} 年的放假通知不应含有 {day}")


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A day set by a local government for its division (全国年节及纪念日放假办法 4)."""

    day: date
    works: bool
    name: str
    source: str
    division: str


def parse(text: str) -> tuple[YearNotice, ...]:
    """The notices of a TOML text."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NoticeMalformedError(f"不是有效的 TOML：{error}") from None
    return from_data(data)


def from_data(data: Mapping[str, Any]) -> tuple[YearNotice, ...]:
    """The same from JSON, where dates are ISO strings."""
    entries = data.get("notice")
    if not isinstance(entries, list) or not entries:
        raise NoticeMalformedError("缺少 notice")
    return tuple(_notice(entry) for entry in entries)


def _notice(entry: object) -> YearNotice:
    if not isinstance(entry, Mapping):
        raise NoticeMalformedError("notice 应为表")
    year, source = entry.get("year"), entry.get("source")
    if not isinstance(year, int) or isinstance(year, bool) or not 1949 < year < 10000:
        raise NoticeMalformedError("year 应为四位年份")
    if not isinstance(source, str) or not source.strip():
        raise NoticeMalformedError(f"{year} 年的通知缺少 source（文号或出处）")
    marks: dict[date, Mark] = {}
    for part, works in (("off", False), ("worked", True)):
        for day, name in _days(entry.get(part, []), part):
            if day in marks:
                raise NoticeMalformedError(f"{day} 出现了两次")
            marks[day] = Mark(works, name, source)
    if not marks:
        raise NoticeMalformedError(f"{year} 年的通知没有列出任何日期")
    return YearNotice(year, source, marks)


def _days(spans: object, part: str) -> Iterator[tuple[date, str]]:
    if not isinstance(spans, list):
        raise NoticeMalformedError(f"{part} 应为列表")
    for span in spans:
        if not isinstance(span, Mapping):
            raise NoticeMalformedError(f"{part} 的每一项应有 name 与 day，或 from 与 to")
        first = _date(span.get("day", span.get("from")), part)
        last = _date(span.get("day", span.get("to", first)), part)
        if not 0 <= (last - first).days < _LONGEST_HOLIDAY:
            raise NoticeMalformedError(f"{part}：{first} 至 {last} 不是一段假期")
        name = span.get("name", "")
        if not isinstance(name, str):
            raise NoticeMalformedError(f"{part}：name 应为文字")
        for offset in range((last - first).days + 1):
            yield first + timedelta(days=offset), name


def _date(value: object, part: str) -> date:
    if type(value) is date:
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise NoticeMalformedError(f"{part}：{value!r} 不是日期")
