"""Whatever the order of acts: stretches add up, never overlap, and recomputing gives the same date.

The oracle counts day by day, as a clerk would with a pencil on the printed calendar.
"""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain import clock as clocks
from services.routing.domain.clock import NOT_STARTED, Began, Clock, Kind, State
from services.routing.domain.deadlines import due_on, recompute, told_end, turns
from services.routing.domain.explanations import explain
from services.routing.domain.terms import (
    SPECIAL,
    ClockStart,
    Limit,
    Procedure,
    SuspensionEnd,
    Terms,
    Unit,
)
from services.routing.domain.watches import watches
from shared.errors import DomainError
from shared.workdays.calendar import Workdays

CALENDAR = Workdays.national(published_through=2026)
DAY = timedelta(days=1)

days = st.dates(date(2025, 8, 1), date(2026, 12, 31))
units = st.sampled_from(Unit)
limits = st.builds(Limit, st.integers(1, 60), units)
terms_of_items = st.builds(
    Terms,
    promised=st.none() | limits,
    statutory=limits,
    clock_start=st.sampled_from(ClockStart),
    counts_while_supplementing=st.booleans(),
    extension_max=st.builds(Limit, st.integers(1, 30), units),
    suspension_end=st.sampled_from(SuspensionEnd),
    over_rest_days=st.booleans(),
    procedures=st.just((Procedure("S1", "专家评审", SPECIAL),)),
)
acts = st.lists(
    st.tuples(
        st.sampled_from(["suspend", "resume", "extend", "notice", "supplement", "stop"]),
        st.integers(-2, 25),
        st.integers(0, 20),
    ),
    max_size=12,
)


def acted(clock: Clock, terms: Terms, act: str, on: date, days: int) -> Clock:
    match act:
        case "suspend":
            return clocks.suspend(clock, terms, on=on, procedure="S1", working_days=days)
        case "resume":
            return clocks.resume(clock, on=on)
        case "extend":
            return clocks.extend(clock, terms, on=on, days=days)
        case "notice":
            return clocks.await_supplement(clock, terms, on=on)
        case "supplement":
            return clocks.supplemented(clock, on=on)
        case _:
            return clocks.stop(clock, on=on)


def lived(start: date, terms: Terms, sequence: list[tuple[str, int, int]]) -> Clock:
    clock = clocks.start(NOT_STARTED, on=start, began=Began.ACCEPTED)
    on = start
    for act, later, length in sequence:
        on += later * DAY
        before = clock
        try:
            clock = acted(clock, terms, act, on, length)
        except DomainError:
            on -= later * DAY
            continue
        assert (clock == before) == (clock.revision == before.revision)
        assert clock.revision >= before.revision
    return clock


def counts(clock: Clock, terms: Terms, day: date) -> bool:
    """Whether the clock runs on that day; after its last stretch it is taken to go on."""
    for stretch in clock.stretches:
        if day > stretch.since and (stretch.until is None or day <= stretch.until):
            if stretch.kind is Kind.RUNNING:
                return True
            end = told_end(stretch, CALENDAR)
            binds = terms.suspension_end is SuspensionEnd.TOLD or stretch.until is None
            return (end is None and stretch.until is None) or (
                end is not None and binds and day > end
            )
    return True


def by_pencil(clock: Clock, terms: Terms, limit: Limit) -> date:
    legs = [limit, *(extension.limit for extension in clock.extensions)]
    day = clock.stretches[0].since
    for leg in legs:
        left = leg.value
        while left:
            day += DAY
            if counts(clock, terms, day):
                left -= leg.unit is Unit.NATURAL or CALENDAR.is_workday(day)
    if legs[-1].unit is Unit.NATURAL and terms.over_rest_days:
        while not CALENDAR.is_workday(day):
            day += DAY
    return day


@given(days, terms_of_items, acts)
def test_stretches_add_up_and_never_overlap(
    start: date, terms: Terms, sequence: list[tuple[str, int, int]]
) -> None:
    clock = lived(start, terms, sequence)
    for earlier, later in pairwise(clock.stretches):
        assert earlier.until == later.since
        assert earlier.since <= later.since
        assert earlier.kind is not later.kind
    assert all(stretch.until is not None for stretch in clock.stretches[:-1])
    last = clock.stretches[-1]
    end = last.until or last.since
    parts = sum(CALENDAR.between(s.since, s.until or s.since) for s in clock.stretches)
    assert parts == CALENDAR.between(start, end)
    assert (last.until is not None) == (clock.state is State.STOPPED)


@given(days, terms_of_items, acts)
def test_the_due_date_is_the_one_counted_by_pencil(
    start: date, terms: Terms, sequence: list[tuple[str, int, int]]
) -> None:
    clock = lived(start, terms, sequence)
    found = due_on(clock, terms, CALENDAR)
    assert found is not None
    for term, limit in ((found.promised, terms.promised), (found.statutory, terms.statutory)):
        if limit is not None:
            assert term is not None
            assert term.due == by_pencil(clock, terms, limit)
    given_ = [each.due for each in (found.promised, found.statutory) if each]
    assert found.on == min(given_)


@given(days, terms_of_items, acts)
def test_recomputing_gives_the_same_and_announces_nothing(
    start: date, terms: Terms, sequence: list[tuple[str, int, int]]
) -> None:
    clock = lived(start, terms, sequence)
    first = due_on(clock, terms, CALENDAR)
    same, second = recompute(clock, terms, CALENDAR, known=first)
    assert same is clock
    assert second == first


@given(days, terms_of_items, acts)
def test_lights_turn_in_their_order_and_every_line_can_be_said(
    start: date, terms: Terms, sequence: list[tuple[str, int, int]]
) -> None:
    clock = lived(start, terms, sequence)
    seen, due = turns(clock, terms, CALENDAR), due_on(clock, terms, CALENDAR)
    assert seen is not None
    assert due is not None
    assert start < seen.yellow <= seen.red <= due.on < seen.missed
    assert all(watch.revision == clock.revision for watch in watches(clock, terms, CALENDAR))
    lines = explain(clock, terms, CALENDAR)
    assert len(lines) >= len(clock.stretches) + 2
    assert all(line.endswith("。") and "None" not in line for line in lines)


@given(days, terms_of_items, acts)
def test_a_suspension_ended_on_its_own_day_moves_nothing(
    start: date, terms: Terms, sequence: list[tuple[str, int, int]]
) -> None:
    clock = lived(start, terms, sequence)
    if clock.state is not State.RUNNING:
        return
    on = clock.stretches[-1].since + 3 * DAY
    paused = clocks.suspend(clock, terms, on=on, procedure="S1", working_days=5)
    resumed = clocks.resume(paused, on=on)
    before, after = due_on(clock, terms, CALENDAR), due_on(resumed, terms, CALENDAR)
    assert before is not None
    assert after is not None
    assert (before.on, resumed.revision) == (after.on, clock.revision + 2)
