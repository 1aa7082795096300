"""Terms worked out by hand on the printed calendar, and what must hold for every calendar."""

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.workdays.calendar import DayKind, Term, Workdays
from shared.workdays.notices import LocalDay, Mark, YearNotice

NATIONAL = Workdays.national()
# The same calendar whatever the package learns later: 2026 is the last year that is out.
THROUGH_2026 = Workdays.national(published_through=2026)

DAYS = st.dates(date(2003, 1, 1), date(2035, 12, 31))
TERMS = st.integers(0, 1500)


def make_local_day(day: date, *, works: bool = False, division: str = "632200") -> LocalDay:
    return LocalDay(day, works, "地方节日", "海北政办〔2026〕1号", division)


CALENDARS = st.lists(
    st.builds(make_local_day, st.dates(date(2020, 1, 1), date(2030, 12, 31)), works=st.booleans()),
    max_size=12,
).map(THROUGH_2026.with_local_days)


@pytest.mark.parametrize(("year", "workdays"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_published_year_has_the_working_days_the_notice_leaves(year: int, workdays: int) -> None:
    assert NATIONAL.year_view(year).workdays == workdays
    assert NATIONAL.between(date(year - 1, 12, 31), date(year, 12, 31)) == workdays


@pytest.mark.parametrize("year", range(2004, 2027))
def test_every_published_day_is_what_the_notice_says(year: int) -> None:
    for day in NATIONAL.year_view(year).days:
        assert day.works == chinese_calendar.is_workday(day.day)
        assert day.works == NATIONAL.is_workday(day.day)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        # 国庆 2025: off 1 to 8 October; worked Sunday 28 September and Saturday 11 October.
        (date(2025, 9, 26), 1, date(2025, 9, 28)),
        (date(2025, 9, 26), 3, date(2025, 9, 30)),
        (date(2025, 9, 26), 4, date(2025, 10, 9)),
        (date(2025, 9, 26), 6, date(2025, 10, 11)),
        (date(2025, 9, 26), 7, date(2025, 10, 13)),
        (date(2025, 9, 30), 5, date(2025, 10, 14)),
        # 国庆 2026: off 1 to 7 October; worked Sunday 20 September and Saturday 10 October.
        (date(2026, 9, 18), 1, date(2026, 9, 20)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 9, 30), 4, date(2026, 10, 12)),
        # 春节 2026: off 15 to 23 February; worked Saturdays 14 and 28.
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 13), 2, date(2026, 2, 24)),
        (date(2026, 2, 13), 6, date(2026, 2, 28)),
        # Taken on a day off: counting starts with the next working day.
        (date(2026, 10, 3), 1, date(2026, 10, 8)),
    ],
)
def test_a_term_over_a_holiday_with_its_working_weekends(start: date, days: int, due: date) -> None:
    assert THROUGH_2026.add(start, days) == Term(due, provisional=False)


def test_the_starting_day_is_not_counted_and_no_term_ends_where_it_starts() -> None:
    assert THROUGH_2026.add(date(2026, 3, 2), 1).due == date(2026, 3, 3)
    assert THROUGH_2026.add(date(2026, 3, 2), 0) == Term(date(2026, 3, 2), provisional=False)


def test_a_term_that_runs_into_an_unpublished_year_is_provisional() -> None:
    # Monday 28 December 2026; by weekdays alone 1 January 2027 is a Friday and counts.
    assert THROUGH_2026.add(date(2026, 12, 25), 1) == Term(date(2026, 12, 28), provisional=False)
    assert THROUGH_2026.add(date(2026, 12, 28), 4) == Term(date(2027, 1, 1), provisional=True)
    assert THROUGH_2026.add(date(2026, 12, 28), 5) == Term(date(2027, 1, 4), provisional=True)


def test_the_last_days_of_the_last_published_year_may_still_move() -> None:
    before = Workdays.national(published_through=2018)
    assert before.add(date(2018, 12, 28), 1) == Term(date(2018, 12, 31), provisional=True)
    after = Workdays.national(published_through=2019)
    assert after.add(date(2018, 12, 28), 1) == Term(date(2018, 12, 29), provisional=False)
    assert after.add(date(2018, 12, 28), 2) == Term(date(2019, 1, 2), provisional=False)


def test_a_notice_loaded_as_data_settles_the_term() -> None:
    notice = YearNotice(2027, "国办发明电", {date(2027, 1, 1): Mark(False, "元旦", "国办发明电")})
    settled = THROUGH_2026.with_notices([notice])
    assert settled.add(date(2026, 12, 28), 4) == Term(date(2027, 1, 4), provisional=False)
    assert not settled.year_view(2027).provisional
    assert settled.year_view(2028).provisional
    assert settled == Workdays.national([notice], published_through=2026)


def test_a_second_notice_of_the_year_wins_over_the_first() -> None:
    prolonged = YearNotice(2026, "延长", {date(2026, 2, 24): Mark(False, "春节", "延长")})
    assert THROUGH_2026.with_notices([prolonged]).add(date(2026, 2, 14), 1).due == date(2026, 2, 25)


def test_natural_days_count_every_day() -> None:
    assert THROUGH_2026.add_natural(date(2026, 3, 2), 60) == Term(date(2026, 5, 1), False)


def test_natural_days_that_end_on_a_holiday_end_after_it_where_the_item_says_so() -> None:
    rolled = THROUGH_2026.add_natural(date(2026, 3, 2), 60, over_rest_days=True)
    assert rolled == Term(date(2026, 5, 6), provisional=False)
    assert THROUGH_2026.add_natural(date(2026, 12, 1), 40, over_rest_days=True) == Term(
        date(2027, 1, 11), provisional=True
    )


def test_a_local_holiday_counts_in_its_division_only() -> None:
    eid = make_local_day(date(2026, 5, 27))
    local = THROUGH_2026.with_local_days([eid])
    assert local.add(date(2026, 5, 26), 1).due == date(2026, 5, 28)
    assert THROUGH_2026.add(date(2026, 5, 26), 1).due == date(2026, 5, 27)


def test_the_more_specific_division_has_the_last_word_and_a_later_notice_does_not_undo_it() -> None:
    day = date(2027, 3, 3)
    local = THROUGH_2026.with_local_days(
        [make_local_day(day), make_local_day(day, works=True, division="632221")]
    )
    assert local.is_workday(day)
    notice = YearNotice(2027, "通知", {day: Mark(False, "假", "通知")})
    assert local.with_notices([notice]).is_workday(day)


def test_a_year_can_be_looked_at_day_by_day() -> None:
    view = THROUGH_2026.with_local_days([make_local_day(date(2026, 5, 27))]).year_view(2026)
    days = {day.day: day for day in view.days}
    assert len(view.days) == 365
    assert view.workdays == 247 == sum(day.works for day in view.days)
    assert days[date(2026, 10, 1)].kind is DayKind.HOLIDAY
    assert days[date(2026, 10, 1)].name == "国庆节"
    assert "chinesecalendar" in days[date(2026, 10, 1)].source
    assert days[date(2026, 10, 10)].kind is DayKind.WORKED_WEEKEND
    assert days[date(2026, 10, 11)].kind is DayKind.WEEKEND
    assert days[date(2026, 10, 12)].kind is DayKind.WORKDAY
    assert days[date(2026, 5, 27)].kind is DayKind.LOCAL_HOLIDAY
    assert "632200" in days[date(2026, 5, 27)].source
    assert [day.day for day in view.days if day.provisional] == [
        date(2026, 12, 29),
        date(2026, 12, 30),
        date(2026, 12, 31),
    ]


def test_an_unpublished_year_is_shown_as_computed_by_weekdays() -> None:
    view = THROUGH_2026.year_view(2027)
    assert view.provisional
    assert all(day.provisional and "尚未公布" in day.source for day in view.days)


def test_a_negative_term_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="negative"):
        THROUGH_2026.add(date(2026, 1, 1), -1)
    with pytest.raises(ValueError, match="negative"):
        THROUGH_2026.add_natural(date(2026, 1, 1), -1)


@given(calendar=CALENDARS, start=DAYS, days=TERMS)
def test_counting_back_gives_the_term_again(calendar: Workdays, start: date, days: int) -> None:
    due = calendar.add(start, days).due
    assert calendar.between(start, due) == days
    assert calendar.between(due, start) == -days
    if days:
        assert calendar.is_workday(due)
        assert calendar.between(start, due - timedelta(days=1)) == days - 1


@given(calendar=CALENDARS, start=DAYS, one=TERMS, other=TERMS)
def test_a_longer_term_never_ends_earlier(
    calendar: Workdays, start: date, one: int, other: int
) -> None:
    short, long = sorted((one, other))
    first, last = calendar.add(start, short), calendar.add(start, long)
    assert first.due <= last.due
    assert last.provisional or not first.provisional
    assert calendar.add(start, short).due <= calendar.add(start + timedelta(days=1), short).due


@given(calendar=CALENDARS, start=DAYS, span=st.integers(0, 800))
def test_the_sums_agree_with_counting_day_by_day(
    calendar: Workdays, start: date, span: int
) -> None:
    days = [start + timedelta(days=offset) for offset in range(1, span + 1)]
    end = start + timedelta(days=span)
    assert calendar.between(start, end) == sum(map(calendar.is_workday, days))
    term = calendar.add(start, calendar.between(start, end))
    counted = [day for day in days if day <= term.due]
    assert term.provisional == (term.due > start and any(map(calendar.is_provisional, counted)))


@given(calendar=CALENDARS, start=DAYS, one=TERMS, other=TERMS)
def test_terms_add_up(calendar: Workdays, start: date, one: int, other: int) -> None:
    assert (
        calendar.add(calendar.add(start, one).due, other).due
        == calendar.add(start, one + other).due
    )
