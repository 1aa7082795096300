"""A delivery's states, walked whole, way by way."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import deliveries, dispatches
from services.notify.domain.deliveries import CONCLUDED, MOVES, Method, Status, Step

EVERYTHING = list(product(Method, Status, Step))
LEFT_OUR_HANDS = {Status.ON_WAY, Status.LOST, *CONCLUDED}


@pytest.mark.parametrize(("method", "status", "step"), EVERYTHING)
def test_a_step_leads_where_the_table_says_or_is_refused_with_what_is_allowed(
    method: Method, status: Status, step: Step
) -> None:
    expected = MOVES[method].get((status, step))
    if expected is not None:
        assert deliveries.after(method, status, step) is expected
        return
    with pytest.raises(deliveries.DeliveryStepNotAllowedError) as refused:
        deliveries.after(method, status, step)
    assert refused.value.facts["allowed"] == sorted(deliveries.allowed(method, status))
    assert step not in refused.value.facts["allowed"]


def reachable(method: Method, start: Status) -> set[Status]:
    found, open_ = {start}, [start]
    while open_:
        status = open_.pop()
        for step in deliveries.allowed(method, status):
            after = deliveries.after(method, status, step)
            if after not in found:
                found.add(after)
                open_.append(after)
    return found


@pytest.mark.parametrize("method", Method)
def test_no_state_is_a_trap_every_one_can_still_end_in_delivery(method: Method) -> None:
    known = {status for status, _ in MOVES[method]}
    for status in known:
        assert Status.DELIVERED in reachable(method, status), status


@pytest.mark.parametrize("method", Method)
def test_every_state_in_a_table_can_be_reached(method: Method) -> None:
    known = {status for status, _ in MOVES[method]} | set(MOVES[method].values())
    assert known == reachable(method, Status.HELD)


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("status", sorted(CONCLUDED))
def test_what_is_concluded_stays(method: Method, status: Status) -> None:
    assert deliveries.allowed(method, status) == frozenset()


@pytest.mark.parametrize(("method", "status"), list(product(Method, Status)))
def test_the_way_may_change_exactly_while_the_result_is_in_our_hands(
    method: Method, status: Status
) -> None:
    in_table = any(known is status for known, _ in MOVES[method])
    assert deliveries.changeable(method, status) is (in_table and status not in LEFT_OUR_HANDS)


@pytest.mark.parametrize("method", Method)
def test_a_held_result_can_only_be_released_changed_or_cancelled(method: Method) -> None:
    assert deliveries.allowed(method, Status.HELD) == {Step.RELEASE, Step.CHANGE, Step.CANCEL}


def test_a_posted_result_is_delivered_by_the_dispatch_and_a_window_result_then_lies_ready() -> None:
    told = dispatches.Status.DELIVERED
    assert deliveries.carried(Method.POST, Status.ON_WAY, told) is Status.DELIVERED
    assert deliveries.carried(Method.WINDOW_PICKUP, Status.ON_WAY, told) is Status.READY


def test_an_end_that_is_told_before_the_beginning_counts_for_both() -> None:
    told = dispatches.Status.DELIVERED
    assert deliveries.carried(Method.POST, Status.BOOKED, told) is Status.DELIVERED


@given(
    method=st.sampled_from(Method),
    status=st.sampled_from(Status),
    told=st.sampled_from(dispatches.Status),
)
def test_hearing_a_dispatch_twice_is_hearing_it_once(
    method: Method, status: Status, told: dispatches.Status
) -> None:
    once = deliveries.carried(method, status, told)
    assert deliveries.carried(method, once, told) is once


@pytest.mark.parametrize(("method", "told"), list(product(Method, dispatches.Status)))
def test_a_dispatch_never_moves_a_concluded_or_held_delivery(
    method: Method, told: dispatches.Status
) -> None:
    for status in (*CONCLUDED, Status.HELD):
        assert deliveries.carried(method, status, told) is status
