"""The window's picture follows what the other houses tell, whatever comes twice or late."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import cases
from services.intake.domain.cases import (
    MAY,
    MOVES,
    Act,
    ActNotAllowedError,
    Actor,
    Delivery,
    News,
    Picture,
    Status,
    What,
)

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


def follow(*whats: What | News, start: Picture | None = None) -> Picture:
    picture = start or cases.received(complete=True)
    for hours, what in enumerate(whats):
        news = what if isinstance(what, News) else News(what, AT + timedelta(hours=hours))
        picture = cases.after(picture, news)
    return picture


def news(what: What, **facts: object) -> News:
    return News(what, AT, **facts)  # type: ignore[arg-type]  # the test names the fields


def test_a_case_goes_from_the_window_to_the_result() -> None:
    told = [
        (news(What.ASSIGNED), Status.ASSIGNED, Actor.HANDLING),
        (news(What.NOTICED, until=date(2026, 3, 20)), Status.NOTICED, Actor.RECEIVING),
        (news(What.SUPPLEMENT_GIVEN), Status.NOTICED, Actor.HANDLING),
        (news(What.SUPPLEMENTED), Status.ASSIGNED, Actor.HANDLING),
        (news(What.ACCEPTED, due_on=date(2026, 4, 1)), Status.ACCEPTED, Actor.HANDLING),
        (news(What.SUSPENDED), Status.SUSPENDED, Actor.HANDLING),
        (news(What.RESUMED, due_on=date(2026, 4, 9)), Status.ACCEPTED, Actor.HANDLING),
        (news(What.DECIDED, value="granted"), Status.DECIDED, Actor.HANDLING),
        (news(What.DELIVERING, value="on_way"), Status.DECIDED, Actor.COURIER),
        (news(What.DELIVERED), Status.DELIVERED, Actor.NONE),
    ]
    picture = cases.received(complete=True)
    for each, status, actor in told:
        picture = cases.after(picture, each)
        assert (picture.status, picture.next_actor) == (status, actor)
    assert picture.due_on == date(2026, 4, 9)
    assert picture.asked_until is None
    assert picture.result == "granted"


def test_a_notice_is_for_the_window_to_pass_on() -> None:
    picture = follow(What.ASSIGNED, news(What.NOTICED, until=date(2026, 3, 20)))
    assert picture.next_actor is Actor.RECEIVING
    assert picture.asked_until == date(2026, 3, 20)


def test_a_late_notice_leaves_the_case_accepted() -> None:
    picture = follow(What.ACCEPTED, news(What.NOTICED, until=date(2026, 3, 20)))
    assert (picture.status, picture.next_actor) == (Status.ACCEPTED, Actor.RECEIVING)
    picture = follow(What.SUPPLEMENTED, start=picture)
    assert (picture.status, picture.next_actor) == (Status.ACCEPTED, Actor.HANDLING)
    assert picture.asked_until is None


def test_paper_that_is_awaited_is_the_windows_to_send() -> None:
    picture = follow(What.AWAITING_PAPER)
    assert (picture.status, picture.next_actor) == (Status.ASSIGNED, Actor.RECEIVING)
    assert follow(What.OPENED, start=picture).next_actor is Actor.HANDLING


def test_who_tells_may_know_whose_turn_it_is() -> None:
    assert follow(news(What.ASSIGNED, turn=Actor.RECEIVING)).next_actor is Actor.RECEIVING


def test_a_delivery_told_before_the_decision_stays_delivered() -> None:
    picture = follow(What.ACCEPTED, What.DELIVERED, news(What.DECIDED, value="granted"))
    assert picture.status is Status.DELIVERED
    assert picture.next_actor is Actor.NONE
    assert picture.result == "granted"
    assert follow(news(What.DELIVERING, value="on_way"), start=picture) == picture


def test_an_incomplete_case_waits_for_the_applicant_and_is_then_received() -> None:
    picture = cases.received(complete=False)
    assert picture.next_actor is Actor.APPLICANT
    picture = follow(What.COMPLETED, start=picture)
    assert (picture.status, picture.next_actor) == (Status.RECEIVED, Actor.HANDLING)


def test_a_case_that_nobody_can_take_is_with_operations_until_it_is_assigned() -> None:
    picture = follow(What.UNROUTABLE)
    assert picture.next_actor is Actor.OPS
    assert follow(What.ASSIGNED, start=picture).status is Status.ASSIGNED


@pytest.mark.parametrize("status", Delivery)
def test_every_state_of_a_delivery_has_somebody_whose_turn_it_is(status: Delivery) -> None:
    picture = follow(What.DECIDED, news(What.DELIVERING, value=status.value))
    ended = status in {Delivery.DELIVERED, Delivery.CANCELLED}
    assert (picture.next_actor is Actor.NONE) is ended


_DUE, _LATER = date(2026, 4, 1), date(2026, 4, 20)
_ACCEPTED = news(What.ACCEPTED, due_on=_DUE)
_RED = news(What.LIGHT, value="red")


@pytest.mark.parametrize(
    ("said", "light"),
    [
        ((What.ASSIGNED,), None),
        ((_ACCEPTED,), "green"),
        ((_ACCEPTED, _RED), "red"),
        # What was told of the days to answer is over with the answer.
        ((What.ASSIGNED, _RED, news(What.NOTICED, until=_DUE)), None),
        ((What.ASSIGNED, _RED, _ACCEPTED), "green"),
        # Where it was accepted before, the clock runs on.
        ((_ACCEPTED, _RED, news(What.NOTICED, until=_DUE)), "red"),
        ((_ACCEPTED, _RED, What.SUSPENDED), None),
        ((_ACCEPTED, _RED, What.SUSPENDED, news(What.RESUMED, due_on=_LATER)), "green"),
        ((_ACCEPTED, _RED, What.SUSPENDED, news(What.EXTENDED, due_on=_LATER)), None),
        ((_ACCEPTED, _RED, news(What.EXTENDED, due_on=_LATER)), "green"),
        ((_ACCEPTED, _RED, news(What.DEADLINE_MOVED, due_on=_LATER)), "green"),
        ((_ACCEPTED, _RED, news(What.DEADLINE_MOVED, due_on=_DUE)), "red"),
        ((_ACCEPTED, _RED, news(What.DECIDED, value="granted")), None),
        ((_ACCEPTED, _RED, What.CLOSED), None),
    ],
)
def test_the_light_is_of_the_term_that_presses_now(
    said: tuple[What | News, ...], light: str | None
) -> None:
    assert follow(*said).light == light


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("what", What)
def test_walk_the_table(status: Status, what: What) -> None:
    before = Picture(status, Actor.HANDLING)
    after = cases.after(before, news(what))
    becomes, sources = MOVES.get(what, (status, frozenset()))
    assert after.status is (becomes if status in sources else status)


whats = st.lists(st.sampled_from(What), max_size=8)


@given(whats, st.sampled_from(What))
def test_news_that_comes_twice_is_known_the_second_time(before: list[What], what: What) -> None:
    once = follow(*before, news(what, value="x", due_on=date(2026, 4, 1)))
    assert follow(news(what, value="x", due_on=date(2026, 4, 1)), start=once) == once


@given(whats, st.sampled_from(sorted(cases.ENDED)))
def test_what_has_ended_never_begins_again(told: list[What], ended: Status) -> None:
    assert follow(*told, start=Picture(ended, Actor.NONE)).status in cases.ENDED


@given(whats)
def test_an_open_case_always_has_a_next_actor(told: list[What]) -> None:
    picture = follow(*told)
    assert picture.status in cases.ENDED or picture.next_actor is not Actor.NONE


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("act", Act)
def test_what_a_clerk_may_do_is_a_table(status: Status, act: Act) -> None:
    if act in MAY[status]:
        cases.must_allow(status, act)
        return
    with pytest.raises(ActNotAllowedError) as refused:
        cases.must_allow(status, act)
    assert refused.value.facts["status"] == status
    assert set(refused.value.facts["allowed"]) == {each.value for each in MAY[status]}
    assert status.zh in refused.value.message_zh


def test_a_deferred_paper_may_still_come_after_the_decision() -> None:
    cases.must_allow(Status.DECIDED, Act.SUPPLEMENT)
