"""A promise has a last day, a state, and a consequence."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import checklists, deferrals, promises
from services.intake.domain.checklists import Situation
from services.intake.domain.deferrals import Follows, Kind, Promise, State
from services.intake.domain.items import DeferralTerms, Term
from services.intake.domain.submissions import (
    PartialMaterial,
    PartialPromise,
    PartialSubmission,
)
from services.intake.domain.words import ExpiryPolicy, MaterialForm, Mode, Unit
from services.intake.domain.words import Kind as ApplicantKind
from shared.workdays.calendar import Workdays
from tests.intake.builders import item_file, make_item

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


TERMS = st.builds(Term, value=st.integers(1, 60), unit=st.sampled_from(Unit), basis=st.just(""))
ON_DAYS = st.dates(date(2024, 1, 2), date(2026, 10, 1))


@given(made=ON_DAYS, term=TERMS)
def test_the_last_day_is_a_working_day_and_never_earlier_than_the_term(
    made: date, term: Term
) -> None:
    terms = DeferralTerms(available=True, term=term)
    due = deferrals.due_on(terms, made, DAYS)
    assert due is not None
    assert term.value is not None
    assert DAYS.is_workday(due)
    if term.unit is Unit.WORKING_DAY:
        assert DAYS.between(made, due) == term.value
    else:
        assert due >= made + timedelta(days=term.value)


@given(made=ON_DAYS, term=TERMS, first=st.integers(0, 120), later=st.integers(0, 120))
def test_a_promise_only_ever_comes_nearer_to_its_end(
    made: date, term: Term, first: int, later: int
) -> None:
    order = [State.OUTSTANDING, State.DUE_SOON, State.OVERDUE]
    due = deferrals.due_on(DeferralTerms(available=True, term=term), made, DAYS)
    one, other = sorted((first, first + later))
    earlier = deferrals.state(promise(due_on=due), made + timedelta(days=one), DAYS)
    after = deferrals.state(promise(due_on=due), made + timedelta(days=other), DAYS)
    assert order.index(earlier) <= order.index(after)


@pytest.mark.parametrize("policy", ExpiryPolicy)
def test_the_consequence_is_the_one_that_was_told_before_anybody_signed(
    policy: ExpiryPolicy,
) -> None:
    made = make_item()
    item = made.model_copy(
        update={"deferral": made.deferral.model_copy(update={"expiry_policy": policy})}
    )
    told = deferrals.follows(item)
    first = deferrals.consequence(item, paused=False, decided=False)
    assert told is not None
    assert first.zh in told.zh
    again = deferrals.consequence(item, paused=True, decided=False)
    returned = policy is ExpiryPolicy.PAUSE_THEN_RETURN
    assert again is (Follows.RETURNED if returned else first)


@pytest.mark.parametrize(
    ("said", "follows"),
    [(None, Follows.HELD), ("hold", Follows.HELD), ("revoke", Follows.REVOKE)],
)
def test_what_has_been_decided_is_held_or_revoked_as_the_item_says(
    said: str | None, follows: Follows
) -> None:
    terms = {**item_file("CL-001")["deferral"], "once_decided": said}
    item = make_item(deferral=terms)
    for paused in (False, True):
        assert deferrals.consequence(item, paused=paused, decided=True) is follows


@pytest.mark.parametrize(("said", "lifts"), [(None, False), ("stands", False), ("lifts", True)])
def test_whether_a_late_paper_sets_free_again_the_item_says(said: str | None, lifts: bool) -> None:
    terms = {**item_file("CL-001")["deferral"], "late_paper": said}
    assert deferrals.late_paper_lifts_bar(make_item(deferral=terms)) is lifts


CODES = tuple(each.code for each in make_item().materials)


@given(
    deferred=st.lists(st.sampled_from(CODES), min_size=1, max_size=4, unique=True),
    given_=st.sets(st.sampled_from(CODES)),
    age=st.sampled_from((10, 40)),
)
def test_only_what_is_deferrable_needed_and_not_there_may_be_deferred(
    deferred: list[str], given_: set[str], age: int
) -> None:
    item = make_item()
    case = Situation(mode=Mode.REMOTE_COLLECTION, kind=ApplicantKind.PERSON, age=age)
    submission = PartialSubmission(
        materials=tuple(
            PartialMaterial(code=code, form=MaterialForm.ORIGINAL) for code in sorted(given_)
        ),
        deferral=PartialPromise(committed=True, materials=tuple(deferred)),
    )
    refused = {
        int(fault.pointer.rpartition("/")[2])
        for fault in promises.find(submission, item, case, promises.Bars(), date(2026, 3, 2))
    }
    for place, code in enumerate(deferred):
        material = item.material(code)
        assert material is not None
        may = (
            material.deferrable is not None
            and not material.main
            and code not in given_
            and checklists.reason(material, case) is not None
        )
        assert (place not in refused) is may
