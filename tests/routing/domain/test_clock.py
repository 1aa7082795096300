"""Cases worked out by hand on the printed calendars of 2025 and 2026; the days are in the comments.

2025: 28 September (Sunday) and 11 October (Saturday) are worked, 1 to 8 October are off.
2026: 25 to 27 September off, 20 September and 10 October worked, 1 to 7 October off.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from services.routing.domain import clock as clocks
from services.routing.domain.clock import NOT_STARTED, Began, Clock, Kind, State
from services.routing.domain.deadlines import Due, Light, due_on, light_on, recompute, turns
from services.routing.domain.explanations import explain, what_if
from services.routing.domain.terms import (
    SPECIAL,
    ClockStart,
    Limit,
    Procedure,
    SuspensionEnd,
    Terms,
    Unit,
    of_item,
)
from shared.workdays.calendar import Workdays
from shared.workdays.notices import parse

CALENDAR = Workdays.national(published_through=2026)
REVIEW = Procedure("S1", "专家评审", SPECIAL, max_working_days=30)
TEN = Terms(promised=Limit(10), procedures=(REVIEW,))
TWENTY = Terms(promised=None, procedures=(REVIEW,))


def accepted(on: date) -> Clock:
    return clocks.start(NOT_STARTED, on=on)


def due(clock: Clock, terms: Terms, workdays: Workdays = CALENDAR) -> Due:
    found = due_on(clock, terms, workdays)
    assert found is not None
    return found


def test_before_acceptance_nothing_is_due() -> None:
    assert NOT_STARTED.state is State.NOT_STARTED
    assert due_on(NOT_STARTED, TWENTY, CALENDAR) is None
    assert turns(NOT_STARTED, TWENTY, CALENDAR) is None
    assert light_on(NOT_STARTED, TWENTY, CALENDAR, day=date(2025, 9, 25)) is Light.GREEN
    assert explain(NOT_STARTED, TWENTY, CALENDAR) == ("尚未受理，期限未起算。",)


def test_over_the_national_holiday_with_its_worked_weekends() -> None:
    # 26, 28 (Sun), 29, 30 Sep = 4; 9, 10, 11 (Sat) Oct = 7; 13-17 = 12; 20-24 = 17; 27, 28, 29
    clock = accepted(date(2025, 9, 25))
    assert due(clock, TWENTY).on == date(2025, 10, 29)
    assert not due(clock, TWENTY).provisional


def test_the_lights_turn_at_half_and_nine_tenths() -> None:
    # the 10th working day is 15 October, the 18th is 27 October
    clock = accepted(date(2025, 9, 25))
    seen = turns(clock, TWENTY, CALENDAR)
    assert seen is not None
    assert (seen.yellow, seen.red, seen.missed) == (
        date(2025, 10, 15),
        date(2025, 10, 27),
        date(2025, 10, 30),
    )
    days = {14: Light.GREEN, 15: Light.YELLOW, 26: Light.YELLOW, 27: Light.RED, 29: Light.RED}
    for day, light in days.items():
        assert light_on(clock, TWENTY, CALENDAR, day=date(2025, 10, day)) is light
    assert light_on(clock, TWENTY, CALENDAR, day=date(2025, 10, 30)) is Light.MISSED


def test_a_limit_of_one_day_is_red_from_its_only_day() -> None:
    one = Terms(promised=Limit(1))
    clock = accepted(date(2025, 9, 30))  # next working day: 9 October
    seen = turns(clock, one, CALENDAR)
    assert seen is not None
    assert (seen.yellow, seen.red, seen.missed) == (
        date(2025, 10, 9),
        date(2025, 10, 9),
        date(2025, 10, 10),
    )


def test_over_year_end_into_a_year_not_published_and_recomputed_after_the_notice() -> None:
    # 22, 23, 24, 25, 28, 29, 30, 31 Dec = 8; by weekdays Fri 1 Jan = 9, Mon 4 Jan = 10
    clock = accepted(date(2026, 12, 21))
    before = due(clock, TEN)
    assert (before.on, before.provisional) == (date(2027, 1, 4), True)
    assert "尚未公布" in explain(clock, TEN, CALENDAR)[-1]

    # with the notice 1 to 3 January are off: Mon 4 Jan = 9, Tue 5 Jan = 10
    published = CALENDAR.with_notices(
        parse(
            '[[notice]]\nyear = 2027\nsource = "test"\n'
            '[[notice.off]]\nname = "元旦"\nfrom = 2027-01-01\nto = 2027-01-03\n'
        )
    )
    clock, after = recompute(clock, TEN, published, known=before)
    assert after is not None
    assert (after.on, after.provisional) == (date(2027, 1, 5), False)
    assert clock.revision == 2
    again, _ = recompute(clock, TEN, published, known=after)
    assert again.revision == 2


def test_a_notice_that_changes_nothing_leaves_the_revision_alone() -> None:
    clock = accepted(date(2026, 3, 2))
    same, _ = recompute(clock, TEN, CALENDAR, known=due(clock, TEN))
    assert same is clock


def test_a_suspension_across_the_holiday() -> None:
    # 23, 24, 25, 26 Sep = 4. Told 5 working days: 28, 29, 30 Sep, 9, 10 Oct.
    clock = accepted(date(2025, 9, 22))
    clock = clocks.suspend(clock, TEN, on=date(2025, 9, 26), procedure="S1", working_days=5)
    assert clock.state is State.SUSPENDED
    # six left, expected from 10 Oct: 11 (Sat), 13, 14, 15, 16, 17
    assert (due(clock, TEN).on, due(clock, TEN).estimated) == (date(2025, 10, 17), True)
    on_time = clocks.resume(clock, on=date(2025, 10, 10))
    assert (due(on_time, TEN).on, due(on_time, TEN).estimated) == (date(2025, 10, 17), False)
    # resumed on 14 Oct only: 15, 16, 17, 20, 21, 22
    assert due(clocks.resume(clock, on=date(2025, 10, 14)), TEN).on == date(2025, 10, 22)
    # resumed early, on 29 Sep: 30 Sep, 9, 10, 11, 13, 14 Oct
    assert due(clocks.resume(clock, on=date(2025, 9, 29)), TEN).on == date(2025, 10, 14)


def test_where_the_told_length_binds_counting_goes_on_after_it_by_itself() -> None:
    told = replace(TEN, suspension_end=SuspensionEnd.TOLD)
    clock = accepted(date(2025, 9, 22))
    clock = clocks.suspend(clock, told, on=date(2025, 9, 26), procedure="S1", working_days=5)
    assert (due(clock, told).on, due(clock, told).estimated) == (date(2025, 10, 17), False)
    late = clocks.resume(clock, on=date(2025, 10, 14))
    assert due(late, told).on == date(2025, 10, 17)
    assert light_on(clock, told, CALENDAR, day=date(2025, 10, 20)) is Light.MISSED
    assert light_on(clock, TEN, CALENDAR, day=date(2025, 10, 20)) is Light.GREEN


def test_a_light_stays_as_it_was_while_suspended_and_once_stopped() -> None:
    clock = accepted(date(2026, 3, 2))  # ten days: 3-6, 9-13, 16; yellow on the 9th
    clock = clocks.suspend(clock, TEN, on=date(2026, 3, 9), procedure="S1", working_days=5)
    assert light_on(clock, TEN, CALENDAR, day=date(2026, 3, 31)) is Light.YELLOW
    decided = clocks.stop(accepted(date(2026, 3, 2)), on=date(2026, 3, 16))
    assert light_on(decided, TEN, CALENDAR, day=date(2026, 5, 1)) is Light.RED
    assert decided.state is State.STOPPED


def test_natural_days_that_end_on_a_holiday() -> None:
    # 2 August + 60 days = 1 October; the first working day after the holiday is 9 October
    sixty = Terms(statutory=Limit(60, Unit.NATURAL, "居民身份证法第12条"))
    clock = accepted(date(2025, 8, 2))
    assert due(clock, sixty).on == date(2025, 10, 9)
    assert due(clock, replace(sixty, over_rest_days=False)).on == date(2025, 10, 1)
    assert "民法典第203条" in "".join(explain(clock, sixty, CALENDAR))


def test_the_earlier_of_promise_and_law_binds() -> None:
    # 15 working days after Mon 4 August: 25 August; 60 natural days: 3 October, so 9 October
    both = Terms(promised=Limit(15), statutory=Limit(60, Unit.NATURAL))
    found = due(accepted(date(2025, 8, 4)), both)
    assert found.on == date(2025, 8, 25)
    assert found.statutory is not None
    assert found.statutory.due == date(2025, 10, 9)
    late_promise = Terms(promised=Limit(30), statutory=Limit(20))
    assert due(accepted(date(2025, 9, 25)), late_promise).on == date(2025, 10, 29)


def test_an_extension_of_ten_days_once_and_no_more() -> None:
    # the 20th is 29 Oct; 30, 31 = 22; 3-7 Nov = 27; 10, 11, 12
    clock = accepted(date(2025, 9, 25))
    longer = clocks.extend(clock, TWENTY, on=date(2025, 10, 28), days=10)
    assert due(longer, TWENTY).on == date(2025, 11, 12)
    with pytest.raises(clocks.TermTooLongError) as refusal:
        clocks.extend(longer, TWENTY, on=date(2025, 10, 29), days=1)
    assert refusal.value.facts["most"] == 0
    for days in (0, 11):
        with pytest.raises(clocks.TermTooLongError):
            clocks.extend(clock, TWENTY, on=date(2025, 10, 28), days=days)
    never = replace(TWENTY, extension_max=None)
    with pytest.raises(clocks.TermTooLongError, match="not allowed"):
        clocks.extend(clock, never, on=date(2025, 10, 28), days=1)


def test_an_extension_in_another_unit_follows_the_limit() -> None:
    # 15 working days to 25 Aug, then 30 natural days: 24 Sep
    terms = Terms(
        promised=Limit(15), statutory=Limit(60, Unit.NATURAL), extension_max=Limit(30, Unit.NATURAL)
    )
    clock = clocks.extend(accepted(date(2025, 8, 4)), terms, on=date(2025, 8, 20), days=30)
    assert due(clock, terms).on == date(2025, 9, 24)
    # 60 + 30 natural days: 2 Nov, a Sunday, so 3 Nov
    statutory = due(clock, terms).statutory
    assert statutory is not None
    assert statutory.due == date(2025, 11, 3)


def test_forty_five_and_fifteen_for_items_so_marked() -> None:
    marked = of_item({"promised": None, "joint_departments": True})
    assert marked.statutory == Limit(45, Unit.WORKING, "行政许可法第42条")
    assert marked.extension_max == Limit(15, Unit.WORKING, "行政许可法第42条")
    # 20 after 25 Sep is 29 Oct; 2 more in October = 22, 20 in November = 42, 1, 2, 3 December
    assert due(accepted(date(2025, 9, 25)), marked).on == date(2025, 12, 3)


def test_from_receipt_where_the_item_says_so_with_the_supplement_left_out() -> None:
    # 3, 4 March = 2; noticed on 4, supplemented on 11; 12, 13, 16, 17, 18, 19, 20, 23
    terms = Terms(promised=Limit(10), clock_start=ClockStart.RECEIPT)
    clock = clocks.start(NOT_STARTED, on=date(2026, 3, 2), began=Began.RECEIVED)
    assert due(clock, terms).on == date(2026, 3, 16)
    clock = clocks.await_supplement(clock, terms, on=date(2026, 3, 4))
    assert (clock.state, clock.stretches[-1].kind) == (State.SUSPENDED, Kind.SUPPLEMENT)
    clock = clocks.supplemented(clock, on=date(2026, 3, 11))
    assert due(clock, terms).on == date(2026, 3, 23)
    counts = replace(terms, counts_while_supplementing=True)
    started = clocks.start(NOT_STARTED, on=date(2026, 3, 2), began=Began.RECEIVED)
    assert clocks.await_supplement(started, counts, on=date(2026, 3, 4)) is started


def test_a_notice_after_acceptance_stops_nothing() -> None:
    clock = accepted(date(2026, 3, 2))
    assert clocks.await_supplement(clock, TEN, on=date(2026, 3, 4)) is clock
    assert clocks.supplemented(clock, on=date(2026, 3, 11)) is clock


def test_only_published_procedures_suspend_and_not_for_longer_than_published() -> None:
    clock = accepted(date(2026, 3, 2))
    with pytest.raises(clocks.ProcedureNotPublishedError) as refusal:
        clocks.suspend(clock, TEN, on=date(2026, 3, 3), procedure="听证", working_days=5)
    assert refusal.value.facts["published"] == ["S1"]
    with pytest.raises(clocks.TermTooLongError):
        clocks.suspend(clock, TEN, on=date(2026, 3, 3), procedure="S1", working_days=31)
    by_name = clocks.suspend(clock, TEN, on=date(2026, 3, 3), procedure="专家评审", working_days=5)
    assert by_name.stretches[-1].article == SPECIAL


def test_a_site_inspection_rests_on_the_items_own_law() -> None:
    terms = of_item(
        {"promised": 15},
        [
            {"code": "S1", "name": "现场核查", "category": "site_inspection"},
            {"code": "S2", "name": "技术评估", "category": "expert_review", "max_working_days": 20},
        ],
    )
    assert [each.article for each in terms.procedures] == ["事项实施清单", SPECIAL]
    clock = accepted(date(2026, 3, 2))
    clock = clocks.suspend(clock, terms, on=date(2026, 3, 3), procedure="S1", working_days=5)
    assert "依本事项规定" in "".join(explain(clock, terms, CALENDAR))


def test_every_change_raises_the_revision_and_dates_go_forward() -> None:
    clock = accepted(date(2026, 3, 2))
    assert clock.revision == 1
    clock = clocks.suspend(clock, TEN, on=date(2026, 3, 4), procedure="S1", working_days=5)
    with pytest.raises(clocks.ClockOrderError):
        clocks.resume(clock, on=date(2026, 3, 3))
    clock = clocks.resume(clock, on=date(2026, 3, 5))
    clock = clocks.extend(clock, TEN, on=date(2026, 3, 6), days=5)
    clock = clocks.stop(clock, on=date(2026, 3, 9))
    assert clock.revision == 5
    assert clocks.touched(clock).revision == 6


LATER = date(2026, 3, 4)
CHANGES: dict[str, Callable[[Clock], Clock]] = {
    "start": lambda clock: clocks.start(clock, on=LATER),
    "suspend": lambda clock: clocks.suspend(clock, TEN, on=LATER, procedure="S1", working_days=1),
    "resume": lambda clock: clocks.resume(clock, on=LATER),
    "extend": lambda clock: clocks.extend(clock, TEN, on=LATER, days=1),
}


@pytest.mark.parametrize("act", CHANGES)
def test_a_stopped_clock_takes_no_more(act: str) -> None:
    clock = clocks.stop(accepted(date(2026, 3, 2)), on=date(2026, 3, 3))
    with pytest.raises(clocks.ClockStateError) as refusal:
        CHANGES[act](clock)
    assert refusal.value.facts["state"] == "stopped"
    assert clocks.stop(clock, on=LATER) is clock


def test_what_if_stores_nothing() -> None:
    clock = accepted(date(2025, 9, 22))

    def suspended(now: Clock) -> Clock:
        return clocks.suspend(now, TEN, on=date(2025, 9, 29), procedure="S1", working_days=10)

    # due 13 Oct without: 23-26, 28, 29, 30 Sep = 7, 9, 10, 11; 29 Sep is the 6th, 4 are left;
    # ten told: 30 Sep, 9, 10, 11, 13-17, 20 Oct; then 21, 22, 23, 24
    answer = what_if(clock, TEN, CALENDAR, suspended)
    assert answer.before is not None
    assert answer.after is not None
    assert (answer.before.on, answer.after.on) == (date(2025, 10, 11), date(2025, 10, 24))
    assert answer.later_by == 13
    assert clock.state is State.RUNNING
    assert "专家评审" in "".join(answer.lines)


def test_a_due_date_is_explained_with_its_articles() -> None:
    terms = of_item(
        {"promised": {"value": 20, "unit": "working_day"}, "notify_window": {"value": 5}},
        [{"code": "S1", "name": "专家评审", "category": "expert_review"}],
    )
    clock = accepted(date(2025, 9, 28))
    clock = clocks.suspend(clock, terms, on=date(2025, 9, 30), procedure="S1", working_days=5)
    clock = clocks.resume(clock, on=date(2025, 10, 15))
    clock = clocks.extend(clock, terms, on=date(2025, 10, 16), days=10)
    # 29, 30 Sep = 2; from 15 Oct 28 left: 16, 17 = 2, 20-24 = 7, 27-31 = 12, 20 in Nov would be
    # 32, so 16 in November: 3-7, 10-14, 17-21, 24
    counted = "按工作日计，不含法定节假日，行政许可法第82条"
    assert explain(clock, terms, CALENDAR) == (
        "自2025-09-28受理次日起算（民法典第201条）。",
        "承诺时限20个工作日（事项实施清单）。",
        "法定时限20个工作日（行政许可法第42条）。",
        "2025-10-16经批准延长10个工作日（行政许可法第42条）。",
        f"2025-09-28次日至2025-09-30计2个工作日（{counted}）。",
        "2025-09-30次日至2025-10-15因“专家评审”暂停，行政许可法第45条允许，不计入期限，"
        "已书面告知所需5个工作日。",
        "2025-10-15次日起计时。",
        f"承诺时限至2025-11-24届满（{counted}）。",
        f"法定时限至2025-11-24届满（{counted}）。",
        "以先到的2025-11-24为准。",
    )


def test_deemed_acceptance_is_named_as_such() -> None:
    clock = clocks.start(NOT_STARTED, on=date(2025, 9, 23), began=Began.DEEMED)
    first = explain(clock, TWENTY, CALENDAR)[0]
    assert first == "自2025-09-23视为受理次日起算（民法典第201条，行政许可法第32条第1款第4项）。"
    # 24, 25, 26, 28, 29, 30 Sep = 6; 9, 10, 11 = 9; 13-17 = 14; 20-24 = 19; 27
    assert due(clock, TWENTY).on == date(2025, 10, 27)
