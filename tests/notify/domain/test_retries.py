"""When to try again, when to leave an endpoint alone, and when not to ring."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import breakers, limits, retries
from services.notify.domain.breakers import Breaker, BreakerRule, State
from services.notify.domain.limits import PersonLimit, QuietHours, Window
from services.notify.domain.retries import Meaning
from shared.clock import SHANGHAI

AT = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)
RULE = BreakerRule()
SCHEDULES = [retries.WEBHOOKS, retries.SMS, retries.BOOKINGS]


def hours(*values: float) -> list[timedelta]:
    return [timedelta(hours=value) for value in values]


def test_the_webhook_schedule_is_the_published_one() -> None:
    assert list(retries.WEBHOOKS.delays) == [
        timedelta(),
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        *hours(2, 5, 10, 14, 20, 24),
    ]


def test_after_the_last_attempt_a_webhook_is_given_up_and_a_booking_is_not() -> None:
    count = len(retries.WEBHOOKS.delays)
    assert retries.next_attempt(retries.WEBHOOKS, failures=count - 1, at=AT, chance=0) is not None
    assert retries.next_attempt(retries.WEBHOOKS, failures=count, at=AT, chance=0) is None
    assert retries.next_attempt(retries.BOOKINGS, failures=999, at=AT, chance=0) is not None


@given(
    schedule=st.sampled_from(SCHEDULES),
    failures=st.integers(0, 9),
    chance=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.timedeltas(timedelta(), timedelta(days=400)),
)
def test_an_attempt_is_spread_by_a_fifth_and_never_before_what_was_asked_for(
    schedule: retries.Schedule, failures: int, chance: float, asked: timedelta | None
) -> None:
    at = retries.next_attempt(schedule, failures=failures, at=AT, chance=chance, retry_after=asked)
    base = schedule.delay(failures)
    if base is None:
        assert at is None
        return
    assert at is not None
    least = max(base * 0.8, min(asked or timedelta(), timedelta(hours=24)))
    most = max(base * 1.2, min(asked or timedelta(), timedelta(hours=24)))
    assert AT + least - timedelta(milliseconds=1) <= at <= AT + most + timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Mon, 07 Sep 2026 02:05:00 GMT", 300),
        ("Mon, 07 Sep 2026 01:00:00 GMT", 0),
        ("99999999999999999999", 10**8),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(
    value: str | None, seconds: int | None
) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retries.read_retry_after(value, at=AT) == expected


@given(st.text(max_size=40))
def test_no_retry_after_makes_the_reading_fail(value: str) -> None:
    retries.read_retry_after(value, at=AT)


@pytest.mark.parametrize("status", [None, *range(100, 600)])
def test_every_answer_has_a_meaning(status: int | None) -> None:
    found = retries.meaning(status)
    if status is not None and 200 <= status < 300:
        assert found is Meaning.TAKEN
    elif status == 410:
        assert found is Meaning.GONE
    elif status in {429, 502, 503, 504}:
        assert found is Meaning.SLOW_DOWN
    else:
        assert found is Meaning.FAILED


@pytest.mark.parametrize("jitter", [-0.1, 1.0])
def test_a_schedule_that_could_go_back_in_time_is_refused(jitter: float) -> None:
    with pytest.raises(ValueError, match="jitter"):
        retries.Schedule((timedelta(),), jitter=jitter)


def told(breaker: Breaker, answers: str, *, at: datetime = AT) -> Breaker:
    for answer in answers:
        breaker = breakers.recorded(breaker, ok=answer == "+", at=at, rule=RULE)
    return breaker


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ("-" * 9, State.CLOSED),
        ("-" * 10, State.OPEN),
        ("+" * 20 + "-" * 9, State.CLOSED),
        ("+" * 20 + "-" * 10, State.OPEN),
        ("+--" * 3, State.CLOSED),  # nine are too few to judge by share
        ("+--+-----" + "-", State.OPEN),  # eight of ten
        ("+-" * 40, State.CLOSED),
    ],
)
def test_it_opens_after_ten_in_a_row_or_most_of_at_least_ten(answers: str, state: State) -> None:
    assert told(Breaker(), answers).state is state


def test_an_open_breaker_rests_then_lets_one_probe_out() -> None:
    opened = told(Breaker(), "-" * 10)
    assert breakers.admit(opened, at=AT + timedelta(seconds=59), rule=RULE) is None
    probing = breakers.admit(opened, at=AT + timedelta(seconds=60), rule=RULE)
    assert probing is not None
    assert probing.state is State.HALF_OPEN
    assert breakers.admit(probing, at=AT + timedelta(seconds=61), rule=RULE) is None
    assert told(probing, "+") == Breaker(recent=(True,))


def test_a_probe_that_never_reports_does_not_hold_the_endpoint_for_ever() -> None:
    opened = told(Breaker(), "-" * 10)
    probing = breakers.admit(opened, at=AT + timedelta(minutes=1), rule=RULE)
    assert probing is not None
    assert breakers.admit(probing, at=AT + timedelta(minutes=3), rule=RULE) is not None


def test_each_failed_probe_doubles_the_rest_up_to_an_hour() -> None:
    breaker, at, rests = told(Breaker(), "-" * 10), AT, []
    for _ in range(9):
        assert breaker.retry_at is not None
        rests.append(breaker.retry_at - at)
        at = breaker.retry_at
        probing = breakers.admit(breaker, at=at, rule=RULE)
        assert probing is not None
        breaker = told(probing, "-", at=at)
    assert rests[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert rests[-1] == timedelta(hours=1)


def test_after_120_hours_of_failing_it_is_switched_off_and_stays_so() -> None:
    failing = told(Breaker(), "-")
    off = told(failing, "-", at=AT + timedelta(hours=120))
    assert off.state is State.DISABLED
    assert told(off, "+") == off
    assert breakers.admit(off, at=AT + timedelta(days=99), rule=RULE) is None
    assert breakers.enabled() == Breaker()


def test_its_owner_is_told_at_50_70_90_and_100_percent_once_each() -> None:
    breaker, alerts = told(Breaker(), "-"), []
    for hour in range(0, 130, 3):
        at = AT + timedelta(hours=hour)
        breaker = told(breaker, "-", at=at)
        if percent := breakers.due_alert(breaker, at=at, rule=RULE):
            alerts.append(percent)
            breaker = breakers.alerted(breaker, percent)
    assert alerts == [50, 70, 90, 100]


def test_a_healthy_endpoint_has_no_alert_and_one_that_said_gone_has() -> None:
    assert breakers.due_alert(Breaker(), at=AT, rule=RULE) is None
    assert breakers.due_alert(breakers.disabled(Breaker()), at=AT, rule=RULE) == 100


@given(st.text("+-", max_size=80))
def test_a_success_always_heals_what_is_not_switched_off(answers: str) -> None:
    healed = told(told(Breaker(), answers), "+")
    assert healed.state is State.CLOSED
    assert healed.failing_since is None
    assert len(healed.recent) <= RULE.window


@given(st.lists(st.booleans(), max_size=60))
def test_the_breaker_only_lets_out_what_its_state_allows(answers: list[bool]) -> None:
    breaker, at = Breaker(), AT
    for ok in answers:
        admitted = breakers.admit(breaker, at=at, rule=RULE)
        if admitted is None:
            assert breaker.state is State.OPEN
            assert breaker.retry_at is not None
            at = breaker.retry_at
            admitted = breakers.admit(breaker, at=at, rule=RULE)
        assert admitted is not None
        breaker = breakers.recorded(admitted, ok=ok, at=at, rule=RULE)


TWO_AN_HOUR = PersonLimit((Window(2, timedelta(hours=1)),))


def test_a_third_message_waits_until_the_first_is_an_hour_old() -> None:
    sent = [AT - timedelta(minutes=50), AT - timedelta(minutes=10)]
    assert limits.earliest(AT, sent[:1], TWO_AN_HOUR) == AT
    assert limits.earliest(AT, sent, TWO_AN_HOUR) == AT + timedelta(minutes=10)


@given(
    sent=st.lists(st.integers(-3000, 3000), max_size=30),
    counts=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 1500)), min_size=1, max_size=3),
)
def test_no_window_ever_holds_more_than_it_may(
    sent: list[int], counts: list[tuple[int, int]]
) -> None:
    limit = PersonLimit(tuple(Window(n, timedelta(minutes=length)) for n, length in counts))
    past = [AT + timedelta(minutes=minute) for minute in sent]
    at = limits.earliest(AT, past, limit)
    assert at >= AT
    for window in limit.windows:
        inside = [each for each in past if each > at - window.length]
        assert len(inside) < window.count


NIGHT = QuietHours(time(21), time(8), SHANGHAI)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ((7, 20, 59), (7, 20, 59)),
        ((7, 21, 0), (8, 8, 0)),
        ((7, 23, 59), (8, 8, 0)),
        ((8, 3, 0), (8, 8, 0)),
        ((8, 8, 0), (8, 8, 0)),
    ],
)
def test_nobody_is_woken(local: tuple[int, int, int], expected: tuple[int, int, int]) -> None:
    def at(day: int, hour: int, minute: int) -> datetime:
        return datetime(2026, 9, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)

    assert limits.earliest(at(*local), [], PersonLimit((), NIGHT)) == at(*expected)


def test_quiet_hours_within_one_day_end_the_same_day() -> None:
    noon = QuietHours(time(12), time(14), SHANGHAI)
    at = datetime(2026, 9, 7, 13, tzinfo=SHANGHAI)
    assert noon.until(at) == datetime(2026, 9, 7, 14, tzinfo=SHANGHAI)


@pytest.mark.parametrize(("count", "length"), [(0, timedelta(hours=1)), (1, timedelta())])
def test_a_window_that_lets_nothing_through_is_refused(count: int, length: timedelta) -> None:
    with pytest.raises(ValueError, match="window"):
        Window(count, length)
