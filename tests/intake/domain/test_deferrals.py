"""A promise has a last day, a state, and a consequence."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import deferrals
from services.intake.domain.deferrals import Kind, Promise, State
from shared.workdays.calendar import Workdays
from tests.intake.builders import make_item

DAYS = Workdays.national()
DUE = date(2026, 3, 23)


def promise(**changes: object) -> Promise:
    return Promise(**{"kind": Kind.DEFERRAL, "material_code": "M4", "due_on": DUE, **changes})  # type: ignore[arg-type]


def test_the_term_is_counted_in_working_days_from_the_day_after() -> None:
    terms = make_item().deferral
    assert deferrals.due_on(terms, date(2026, 3, 2), DAYS) == DUE


def test_a_commitment_is_checked_within_its_term_and_some_items_set_none() -> None:
    made = make_item("YB-001")
    assert deferrals.due_on(made.commitment, date(2026, 3, 2), DAYS) is not None
    assert deferrals.due_on(make_item("RS-002").deferral, date(2026, 3, 2), DAYS) is None


def test_natural_days_that_end_on_a_rest_day_end_on_the_next_working_day() -> None:
    terms = make_item(
        deferral={
            "available": True,
            "term": {"value": 5, "unit": "natural_day"},
            "expiry_policy": "deemed_withdrawn",
        }
    ).deferral
    assert deferrals.due_on(terms, date(2026, 3, 9), DAYS) == date(2026, 3, 16)


@pytest.mark.parametrize(
    ("on", "state"),
    [
        (date(2026, 3, 2), State.OUTSTANDING),
        (date(2026, 3, 17), State.OUTSTANDING),
        (date(2026, 3, 18), State.DUE_SOON),
        (DUE, State.DUE_SOON),
        (DUE + timedelta(days=1), State.OVERDUE),
    ],
)
def test_a_promise_is_reminded_of_before_it_is_overdue(on: date, state: State) -> None:
    assert deferrals.state(promise(), on, DAYS) is state


def test_a_promise_kept_stays_kept_and_one_broken_broken() -> None:
    late = DUE + timedelta(days=30)
    assert deferrals.state(promise(kept=True), late, DAYS) is State.KEPT
    assert deferrals.state(promise(broken=True), late, DAYS) is State.BROKEN
    assert deferrals.state(promise(due_on=None), late, DAYS) is State.OUTSTANDING


def test_the_result_waits_for_every_deferred_paper() -> None:
    assert deferrals.holds_result([promise(), promise(kept=True)])
    assert not deferrals.holds_result([promise(kept=True), promise(kind=Kind.COMMITMENT)])
    assert not deferrals.holds_result([])


def test_what_follows_is_said_before_anybody_signs() -> None:
    said = deferrals.follows(make_item())
    assert said is not None
    assert "中止" in said.zh
    assert deferrals.follows(make_item("RS-002")) is None


def test_a_broken_promise_bars_for_the_items_term() -> None:
    assert deferrals.barred_until(make_item(), Kind.DEFERRAL, date(2026, 3, 24)) == date(
        2027, 3, 24
    )
    assert deferrals.barred_until(make_item(), Kind.COMMITMENT, date(2026, 3, 24)) is None


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)
def test_months_end_where_the_month_does(day: date, months: int, later: date) -> None:
    assert deferrals.months_after(day, months) == later


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 120))
def test_more_months_are_never_earlier(day: date, months: int) -> None:
    assert day < deferrals.months_after(day, months) <= deferrals.months_after(day, months + 1)
