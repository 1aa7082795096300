"""The terms beside the clock, worked out by hand; calendars as in test_clock.py."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.routing.domain import clock as clocks
from services.routing.domain import waits, watches
from services.routing.domain.clock import NOT_STARTED
from services.routing.domain.deadlines import Light, turns_of_term
from services.routing.domain.explanations import explain_deemed
from services.routing.domain.terms import (
    SPECIAL,
    Hop,
    Limit,
    Procedure,
    ReceiptDay,
    SuspensionEnd,
    Terms,
    Unit,
    of_item,
)
from services.routing.domain.waits import Receipts
from services.routing.domain.watches import Sign, Watch
from shared.workdays.calendar import Workdays

CALENDAR = Workdays.national(published_through=2026)
TERMS = Terms(
    promised=Limit(10),
    supplement_term=Limit(10),
    procedures=(Procedure("S1", "专家评审", SPECIAL),),
)


def test_silence_for_five_days_counts_as_acceptance_from_receipt() -> None:
    # scanned in on Tue 23 Sep: 24, 25, 26, 28 (Sun), 29; looked back to the 23rd
    receipts = Receipts(window_on=date(2025, 9, 19), handling_on=date(2025, 9, 23))
    found = waits.deemed_acceptance(receipts, TERMS, CALENDAR)
    assert found is not None
    assert (found.last_day, found.happens_on, found.accepted_on) == (
        date(2025, 9, 29),
        date(2025, 9, 30),
        date(2025, 9, 23),
    )
    assert "行政许可法第32条" in explain_deemed(found)


def test_with_delegated_acceptance_the_windows_date_counts() -> None:
    # received at the window on Fri 19 Sep: 22, 23, 24, 25, 26
    receipts = Receipts(date(2025, 9, 19), date(2025, 9, 23), delegated=True)
    found = waits.deemed_acceptance(receipts, TERMS, CALENDAR)
    assert found is not None
    assert (found.last_day, found.accepted_on) == (date(2025, 9, 26), date(2025, 9, 19))


def test_while_the_post_travels_nothing_runs() -> None:
    receipts = Receipts(window_on=date(2025, 9, 19), handling_on=None)
    assert waits.deemed_acceptance(receipts, TERMS, CALENDAR) is None
    assert waits.notice_due(receipts, TERMS, CALENDAR) is None
    assert waits.clock_receipt(receipts, TERMS) is None


def test_transfer_on_keeps_the_windows_date_and_gives_new_five_days() -> None:
    # first office from 23 Sep; handed on 26 Sep; the right office has it on Sun 28 Sep:
    # 29, 30 Sep, 9, 10, 11 Oct (Saturday, worked)
    first = Receipts(window_on=date(2025, 9, 22), handling_on=date(2025, 9, 23))
    right = replace(first, handling_on=date(2025, 9, 28))
    found = waits.deemed_acceptance(right, TERMS, CALENDAR)
    assert found is not None
    assert (right.window_on, found.last_day) == (date(2025, 9, 22), date(2025, 10, 11))


def test_after_a_supplement_the_days_run_again_unless_the_item_reads_otherwise() -> None:
    receipts = Receipts(window_on=date(2026, 3, 2), handling_on=date(2026, 3, 2))
    again = waits.deemed_acceptance(receipts, TERMS, CALENDAR, supplemented_on=date(2026, 3, 10))
    assert again is not None
    assert (again.last_day, again.accepted_on) == (date(2026, 3, 17), date(2026, 3, 10))
    once = replace(TERMS, deemed_after_supplement=False)
    assert (
        waits.deemed_acceptance(receipts, once, CALENDAR, supplemented_on=date(2026, 3, 10)) is None
    )


def test_an_item_noticed_on_the_spot_is_deemed_accepted_by_the_laws_five_days() -> None:
    spot = of_item({"notify_window": {"value": 0, "unit": "working_day"}})
    receipts = Receipts(window_on=date(2026, 3, 2), handling_on=date(2026, 3, 2))
    notice = waits.notice_due(receipts, spot, CALENDAR)
    deemed = waits.deemed_acceptance(receipts, spot, CALENDAR)
    assert notice is not None
    assert deemed is not None
    assert (notice.due, deemed.last_day) == (date(2026, 3, 2), date(2026, 3, 9))
    three = of_item({"notify_window": {"value": 3, "unit": "natural_day"}})
    deemed = waits.deemed_acceptance(receipts, three, CALENDAR)
    assert deemed is not None
    assert deemed.last_day == date(2026, 3, 5)


def test_receipt_is_the_authoritys_or_the_windows_as_the_item_reads_it() -> None:
    receipts = Receipts(window_on=date(2026, 3, 2), handling_on=date(2026, 3, 5))
    assert waits.clock_receipt(receipts, TERMS) == date(2026, 3, 5)
    by_window = replace(TERMS, receipt_day=ReceiptDay.WINDOW)
    assert waits.clock_receipt(receipts, by_window) == date(2026, 3, 2)
    delegated = replace(receipts, delegated=True)
    assert waits.clock_receipt(delegated, TERMS) == date(2026, 3, 2)


def test_a_supplement_that_never_comes_lapses_the_day_after_its_term() -> None:
    # told on Wed 23 Sep 2026: 24 = 1; 28, 29, 30 = 4; 8, 9, 10 (Sat) Oct = 7; 12, 13, 14
    noticed = date(2026, 9, 23)
    term = waits.supplement_due(noticed, TERMS, CALENDAR)
    assert term is not None
    assert term.due == date(2026, 10, 14)
    assert waits.lapses_on(noticed, TERMS, CALENDAR) == date(2026, 10, 15)
    assert waits.lapses_on(noticed, Terms(), CALENDAR) is None


def test_what_was_granted_is_delivered_within_ten_days_unless_nobody_collects() -> None:
    # decided Tue 23 Sep 2025: 24, 25, 26, 28, 29, 30 = 6; 9, 10, 11, 13
    decided = date(2025, 9, 23)
    waiting = waits.delivery(decided, TERMS, CALENDAR)
    assert waiting.due is not None
    assert waiting.due.due == date(2025, 10, 13)
    told = waits.delivery(decided, TERMS, CALENDAR, told_on=date(2025, 9, 26))
    assert told.due is None
    late = waits.delivery(decided, TERMS, CALENDAR, told_on=date(2025, 10, 14))
    assert late.due is not None


def test_hops_between_the_places() -> None:
    # posted within two working days after Tue 30 Sep: 9, 10 Oct
    assert waits.hop_due(Hop.POST, date(2025, 9, 30), TERMS, CALENDAR).due == date(2025, 10, 10)
    slow = of_item({"hops": {"post": {"value": 3, "unit": "working_day"}}})
    assert waits.hop_due(Hop.POST, date(2025, 9, 30), slow, CALENDAR).due == date(2025, 10, 11)
    assert waits.hop_due(Hop.PUSH, date(2025, 9, 30), slow, CALENDAR).due == date(2025, 10, 9)


@pytest.mark.parametrize(
    ("day", "delegated", "may"),
    [(26, True, True), (28, True, True), (29, True, False), (29, False, True)],
)
def test_a_bad_file_goes_back_within_one_working_day(day: int, delegated: bool, may: bool) -> None:
    # arrived accepted on Fri 26 Sep: the next working day is Sun 28
    arrived = date(2025, 9, 26)
    found = waits.may_return_to_window(
        arrived, TERMS, CALENDAR, day=date(2025, 9, day), delegated=delegated
    )
    assert found is may


def test_a_step_of_joint_handling_keeps_its_own_limit() -> None:
    branch = TERMS.for_step(Limit(5), accepts=False)
    clock = clocks.start(NOT_STARTED, on=date(2026, 3, 2), began=clocks.Began.RECEIVED)
    assert watches.watches(clock, branch, CALENDAR)[-1] == Watch(Sign.MISSED, date(2026, 3, 10), 1)
    receipts = Receipts(window_on=date(2026, 3, 2), handling_on=date(2026, 3, 2))
    assert waits.deemed_acceptance(receipts, branch, CALENDAR) is None
    assert TERMS.for_step(None, accepts=True).promised == Limit(10)


def test_limits_as_items_carry_them() -> None:
    terms = of_item(
        {
            "unit": "natural_day",
            "promised": 7,
            "statutory": {"value": None, "unit": "working_day"},
            "extension_max": None,
            "supplement_term": {"value": 15, "unit": "working_day"},
            "clock_start": "receipt",
            "silence_is_consent": True,
        }
    )
    assert terms.promised == Limit(7, Unit.NATURAL)
    assert terms.statutory == Limit(20, Unit.WORKING, "行政许可法第42条")
    assert terms.extension_max is None
    assert terms.supplement_term == Limit(15)
    assert terms.silence_is_consent


def test_a_running_clock_is_watched_for_its_lights() -> None:
    # ten days from Mon 2 March: the 5th is 9, the 9th is 13, due 16
    clock = clocks.start(NOT_STARTED, on=date(2026, 3, 2))
    assert watches.watches(clock, TERMS, CALENDAR) == (
        Watch(Sign.YELLOW, date(2026, 3, 9), 1),
        Watch(Sign.RED, date(2026, 3, 13), 1),
        Watch(Sign.MISSED, date(2026, 3, 17), 1),
    )
    consent = replace(TERMS, silence_is_consent=True)
    assert watches.watches(clock, consent, CALENDAR)[-1].sign is Sign.SILENCE_CONSENT
    assert watches.watches(NOT_STARTED, TERMS, CALENDAR) == ()
    assert watches.watches(clocks.stop(clock, on=date(2026, 3, 3)), TERMS, CALENDAR) == ()


def test_a_suspended_clock_is_watched_for_the_end_that_was_told() -> None:
    clock = clocks.start(NOT_STARTED, on=date(2026, 3, 2))
    clock = clocks.suspend(clock, TERMS, on=date(2026, 3, 3), procedure="S1", working_days=5)
    assert watches.watches(clock, TERMS, CALENDAR) == (
        Watch(Sign.SUSPENSION_OVER, date(2026, 3, 11), 2),
    )
    assert watches.resumes_by_itself_on(clock, TERMS, CALENDAR) is None
    told = replace(TERMS, suspension_end=SuspensionEnd.TOLD)
    assert watches.resumes_by_itself_on(clock, told, CALENDAR) == date(2026, 3, 10)


def test_after_an_outage_each_once_oldest_first_none_for_a_clock_that_has_changed() -> None:
    clock = clocks.start(NOT_STARTED, on=date(2026, 3, 2))
    one = Terms(promised=Limit(1))
    stale = watches.watches(clock, TERMS, CALENDAR)
    clock = clocks.touched(clock)
    set_ = (*stale, *reversed(watches.watches(clock, one, CALENDAR)))
    found = watches.to_announce(set_, revision=clock.revision, today=date(2026, 3, 3))
    assert [watch.sign for watch in found] == [Sign.YELLOW, Sign.RED]
    found = watches.to_announce(set_, revision=clock.revision, today=date(2026, 3, 6))
    assert [watch.sign for watch in found] == [Sign.YELLOW, Sign.RED, Sign.MISSED]
    assert [watch.on for watch in found] == sorted(watch.on for watch in found)


def test_before_acceptance_the_notice_window_has_lights_of_its_own() -> None:
    # five days from Mon 2 March: the 3rd day is Thu 5, the 5th Mon 9
    receipts = Receipts(window_on=date(2026, 3, 2), handling_on=date(2026, 3, 2))
    due = waits.notice_due(receipts, TERMS, CALENDAR)
    assert due is not None
    seen = turns_of_term(date(2026, 3, 2), TERMS.notify_window, due.due, CALENDAR)
    assert (seen.yellow, seen.red, seen.missed) == (
        date(2026, 3, 5),
        date(2026, 3, 9),
        date(2026, 3, 10),
    )
    assert [seen.on(date(2026, 3, day)) for day in (4, 5, 9, 10)] == [
        Light.GREEN,
        Light.YELLOW,
        Light.RED,
        Light.MISSED,
    ]


def test_deemed_acceptance_and_lapse_are_watched_too() -> None:
    receipts = Receipts(window_on=date(2026, 3, 2), handling_on=date(2026, 3, 2))
    deemed = waits.deemed_acceptance(receipts, TERMS, CALENDAR)
    assert watches.watch_deemed(deemed, revision=0) == (
        Watch(Sign.DEEMED_ACCEPTANCE, date(2026, 3, 10), 0),
    )
    assert watches.watch_deemed(None, revision=0) == ()
    lapses = waits.lapses_on(date(2026, 3, 2), TERMS, CALENDAR)
    assert lapses is not None
    (watch,) = watches.watch_supplement(lapses, revision=3)
    assert not watches.standing(watch, revision=3, today=lapses - timedelta(days=1))
    assert watches.standing(watch, revision=3, today=lapses)
    assert watches.watch_supplement(None, revision=3) == ()
