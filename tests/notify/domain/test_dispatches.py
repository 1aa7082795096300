"""A dispatch's states, walked whole, and traces that repeat, overtake and arrive late."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.domain import dispatches, problems, traces
from services.notify.domain.dispatches import CONCLUDED, MOVES, Status, Step
from services.notify.domain.problems import Problem, ProblemTerms, Watch
from services.notify.domain.traces import TraceEvent, Tracking
from shared.workdays.calendar import Workdays

START = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)


def scan(minutes: int, tracking: Tracking, *, text: str = "", place: str = "") -> TraceEvent:
    return TraceEvent(START + timedelta(minutes=minutes), f"C-{tracking}", tracking, place, text)


SCANS = st.builds(
    scan,
    st.integers(0, 8),
    st.sampled_from(Tracking),
    text=st.sampled_from(["", "到达", "到达处理中心"]),
    place=st.sampled_from(["", "西宁"]),
)
TRACES = st.lists(SCANS, max_size=12)


@pytest.mark.parametrize(("status", "step"), list(product(Status, Step)))
def test_a_step_leads_where_the_table_says_or_is_refused_with_what_is_allowed(
    status: Status, step: Step
) -> None:
    expected = MOVES.get((status, step))
    if expected is not None:
        assert dispatches.after(status, step) is expected
        return
    with pytest.raises(dispatches.DispatchStepNotAllowedError) as refused:
        dispatches.after(status, step)
    assert refused.value.facts["allowed"] == sorted(dispatches.allowed(status))


def test_only_a_persons_finding_moves_a_concluded_dispatch() -> None:
    leaving = {(status, step) for status, step in MOVES if status in CONCLUDED}
    assert leaving == {(Status.LOST, Step.FIND)}


def test_a_dispatch_that_left_can_no_longer_be_cancelled() -> None:
    for status in (Status.MOVING, Status.RETURNING):
        assert Step.CANCEL not in dispatches.allowed(status)


@given(TRACES, TRACES)
def test_merging_is_independent_of_order_and_repetition(
    one: list[TraceEvent], other: list[TraceEvent]
) -> None:
    merged = traces.merge(one, other)
    assert traces.merge(other, one) == merged
    assert traces.merge(merged, one, merged, other, reversed(one)) == merged
    assert traces.merge(traces.merge(one), traces.merge(other)) == merged


@given(TRACES, st.randoms(use_true_random=False))
def test_a_full_trace_equals_its_scans_in_any_order(
    events: list[TraceEvent], random: Random
) -> None:
    shuffled = [*events, *events]
    random.shuffle(shuffled)
    piece_by_piece: traces.Trace = ()
    for event in shuffled:
        piece_by_piece = traces.merge(piece_by_piece, [event])
    assert piece_by_piece == traces.merge(events)


@given(TRACES)
def test_no_scan_is_lost_and_none_is_invented(events: list[TraceEvent]) -> None:
    assert {event.key for event in traces.merge(events)} == {event.key for event in events}


def arrive_one_by_one(events: list[TraceEvent]) -> tuple[Status, traces.Trace]:
    status, trace = Status.BOOKED, traces.Trace()
    for event in events:
        trace = traces.merge(trace, [event])
        status = dispatches.settled(status, trace)
    return status, trace


@settings(max_examples=300)
@given(TRACES, st.randoms(use_true_random=False))
def test_however_scans_arrive_the_end_is_the_same_or_the_contradiction_is_seen(
    events: list[TraceEvent], random: Random
) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    at_once = dispatches.settled(Status.BOOKED, traces.merge(events))
    status, trace = arrive_one_by_one(shuffled)
    assert status is at_once or dispatches.contradicted(status, trace)


@given(TRACES, TRACES)
def test_what_comes_after_the_end_annotates_and_never_moves(
    events: list[TraceEvent], late: list[TraceEvent]
) -> None:
    for concluded in CONCLUDED:
        assert dispatches.settled(concluded, traces.merge(events, late)) is concluded


JOURNEYS: dict[Status, list[Tracking]] = {
    Status.DELIVERED: [
        Tracking.PICKED_UP,
        Tracking.IN_TRANSIT,
        Tracking.DELIVERY_FAILED,
        Tracking.DELIVERED,
    ],
    Status.RETURNED: [
        Tracking.PICKED_UP,
        Tracking.DELIVERY_FAILED,
        Tracking.RETURN_TO_SENDER,
        Tracking.IN_TRANSIT,
        Tracking.DELIVERED,
    ],
    Status.MOVING: [Tracking.PENDING, Tracking.PICKED_UP, Tracking.ON_HOLD, Tracking.UNKNOWN],
    Status.RETURNING: [Tracking.PICKED_UP, Tracking.RETURN_TO_SENDER, Tracking.IN_TRANSIT],
    Status.BOOKED: [Tracking.PENDING, Tracking.UNKNOWN, Tracking.CANCELLED],
}


@pytest.mark.parametrize("end", JOURNEYS)
def test_a_real_journey_ends_right_in_every_order_of_arrival(end: Status) -> None:
    journey = [scan(minute, tracking) for minute, tracking in enumerate(JOURNEYS[end])]
    for order in permutations(journey):
        status, trace = arrive_one_by_one(list(order))
        # Only a way back that becomes known after "delivered" can have misled us.
        misled = end is Status.RETURNED and dispatches.contradicted(status, trace)
        assert status is end or misled
        assert traces.standing(trace) == traces.standing(traces.merge(journey))


def test_a_scan_after_the_delivery_does_not_reopen_it() -> None:
    trace = traces.merge([scan(1, Tracking.DELIVERED), scan(2, Tracking.IN_TRANSIT)])
    assert traces.standing(trace).tracking is Tracking.DELIVERED
    assert not dispatches.contradicted(Status.DELIVERED, trace)


def test_delivered_after_turning_back_means_that_we_have_it_again() -> None:
    trace = traces.merge([scan(1, Tracking.RETURN_TO_SENDER), scan(2, Tracking.DELIVERED)])
    assert dispatches.settled(Status.MOVING, trace) is Status.RETURNED
    assert dispatches.contradicted(Status.DELIVERED, trace)


def test_a_carriers_cancellation_moves_no_papers_but_is_seen() -> None:
    trace = traces.merge([scan(1, Tracking.PICKED_UP), scan(2, Tracking.CANCELLED)])
    assert dispatches.settled(Status.BOOKED, trace) is Status.MOVING
    assert Problem.CARRIER_CANCELLED in seen(Watch(Status.MOVING, date(2026, 9, 7), trace))


def test_scans_wait_until_the_booking_is_recorded() -> None:
    trace = traces.merge([scan(1, Tracking.PICKED_UP), scan(2, Tracking.DELIVERED)])
    assert dispatches.settled(Status.PLANNED, trace) is Status.PLANNED
    booked = dispatches.after(Status.PLANNED, Step.BOOK)
    assert dispatches.settled(booked, trace) is Status.DELIVERED


def test_a_lost_parcel_that_is_scanned_again_is_a_contradiction_until_somebody_finds_it() -> None:
    trace = traces.merge([scan(1, Tracking.PICKED_UP), scan(90, Tracking.IN_TRANSIT)])
    lost_at = START + timedelta(minutes=60)
    assert dispatches.settled(Status.LOST, trace) is Status.LOST
    assert dispatches.contradicted(Status.LOST, trace, concluded_at=lost_at)
    assert not dispatches.contradicted(Status.LOST, trace[:1], concluded_at=lost_at)
    assert dispatches.after(Status.LOST, Step.FIND) is Status.MOVING


def test_a_cancelled_dispatch_that_moves_all_the_same_is_seen() -> None:
    assert dispatches.contradicted(Status.CANCELLED, (scan(1, Tracking.PICKED_UP),))
    assert not dispatches.contradicted(Status.CANCELLED, (scan(1, Tracking.CANCELLED),))


def test_a_code_learned_later_is_read_into_old_traces() -> None:
    trace = traces.merge([scan(1, Tracking.UNKNOWN)])
    again = traces.read_again(trace, {"C-unknown": Tracking.PICKED_UP})
    assert traces.standing(again).tracking is Tracking.PICKED_UP


def test_of_two_reports_of_one_scan_the_fuller_text_stays() -> None:
    short = scan(1, Tracking.IN_TRANSIT, text="到达")
    long = scan(1, Tracking.IN_TRANSIT, text="到达处理中心")
    assert traces.merge([short], [long]) == traces.merge([long], [short]) == (long,)


def seen(watch: Watch, *, today: date = date(2026, 9, 7)) -> tuple[Problem, ...]:
    return problems.problems(watch, today=today, terms=ProblemTerms(), calendar=Workdays.national())


MONDAY = date(2026, 9, 7)


@pytest.mark.parametrize(
    ("status", "trace", "days", "expected"),
    [
        (Status.PLANNED, (), 0, ()),
        (Status.PLANNED, (), 1, (Problem.NOT_BOOKED,)),
        (Status.BOOKED, (), 1, ()),
        (Status.BOOKED, (), 2, (Problem.NOT_HANDED_OVER,)),
        (Status.MOVING, (scan(0, Tracking.PICKED_UP),), 2, ()),
        (Status.MOVING, (scan(0, Tracking.PICKED_UP),), 3, (Problem.NO_MOVEMENT,)),
        (Status.MOVING, (scan(0, Tracking.PICKED_UP),), 14, (Problem.PRESUMED_LOST,)),
        (Status.MOVING, (scan(0, Tracking.READY_FOR_PICKUP),), 4, ()),
        (Status.MOVING, (scan(0, Tracking.READY_FOR_PICKUP),), 7, (Problem.NOT_COLLECTED,)),
        (Status.MOVING, (scan(0, Tracking.DELIVERY_FAILED),), 0, (Problem.DELIVERY_FAILED,)),
        (Status.MOVING, (scan(0, Tracking.UNKNOWN),), 0, (Problem.CODE_UNKNOWN,)),
        (Status.RETURNING, (scan(0, Tracking.RETURN_TO_SENDER),), 0, (Problem.RETURNING,)),
        (Status.RETURNED, (), 30, (Problem.RETURNED,)),
        (Status.LOST, (), 30, (Problem.LOST,)),
        (Status.REFUSED, (), 0, (Problem.REFUSED,)),
        (Status.DELIVERED, (scan(0, Tracking.DELIVERED),), 30, ()),
        (Status.CANCELLED, (), 30, ()),
    ],
)
def test_the_problem_list_says_what_a_person_must_look_at(
    status: Status, trace: traces.Trace, days: int, expected: tuple[Problem, ...]
) -> None:
    assert seen(Watch(status, MONDAY, trace), today=MONDAY + timedelta(days=days)) == expected


def test_a_holiday_is_not_silence() -> None:
    before = Watch(Status.MOVING, date(2026, 9, 30), (scan(0, Tracking.PICKED_UP),))
    assert seen(before, today=date(2026, 10, 7)) == ()


def test_every_contradiction_is_on_the_list() -> None:
    watch = Watch(Status.CANCELLED, MONDAY, (scan(1, Tracking.PICKED_UP),))
    assert seen(watch) == (Problem.CONTRADICTED,)
