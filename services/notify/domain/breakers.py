"""An endpoint that keeps failing is left alone for a while, then probed, then switched off."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    CLOSED = "closed"  # calls go out
    OPEN = "open"  # none does until `retry_at`
    HALF_OPEN = "half_open"  # one probe is out
    DISABLED = "disabled"  # until its owner switches it on again


@dataclass(frozen=True, slots=True)
class BreakerRule:
    in_a_row: int = 10
    share: float = 0.7
    of_at_least: int = 10
    window: int = 20
    first_rest: timedelta = timedelta(minutes=1)
    longest_rest: timedelta = timedelta(hours=1)
    probe_lasts: timedelta = timedelta(minutes=2)
    disable_after: timedelta = timedelta(hours=120)
    alerts: tuple[int, ...] = (50, 70, 90, 100)  # percent of disable_after


@dataclass(frozen=True, slots=True)
class Breaker:
    state: State = State.CLOSED
    recent: tuple[bool, ...] = ()
    failing_since: datetime | None = None
    openings: int = 0  # in a row, without a success between
    retry_at: datetime | None = None
    alerted: int = 0  # the last percentage that its owner was told of

    @property
    def failures_in_a_row(self) -> int:
        return next((n for n, ok in enumerate(reversed(self.recent)) if ok), len(self.recent))


def admit(breaker: Breaker, *, at: datetime, rule: BreakerRule) -> Breaker | None:
    """The breaker once the call has gone out, or None: not now.

    A probe that never reports back is forgotten after a while, so a crash cannot hold the
    endpoint half open for ever.
    """
    if breaker.state is State.CLOSED:
        return breaker
    if breaker.state is State.DISABLED or breaker.retry_at is None or at < breaker.retry_at:
        return None
    return replace(breaker, state=State.HALF_OPEN, retry_at=at + rule.probe_lasts)


def recorded(breaker: Breaker, *, ok: bool, at: datetime, rule: BreakerRule) -> Breaker:
    """The breaker after an answer, also one that was on its way when the breaker opened."""
    if breaker.state is State.DISABLED:
        return breaker
    if ok:
        recent = () if breaker.state is not State.CLOSED else breaker.recent
        return Breaker(recent=(*recent, True)[-rule.window :])
    failed = replace(
        breaker,
        recent=(*breaker.recent, False)[-rule.window :],
        failing_since=breaker.failing_since or at,
    )
    if failed.failing_since and at - failed.failing_since >= rule.disable_after:
        return replace(failed, state=State.DISABLED, retry_at=None)
    if failed.state is State.HALF_OPEN or (failed.state is State.CLOSED and _trips(failed, rule)):
        return _opened(failed, at, rule)
    return failed


def disabled(breaker: Breaker) -> Breaker:
    """By its owner, by operations, or by its own 410."""
    return replace(breaker, state=State.DISABLED, retry_at=None)


def enabled() -> Breaker:
    return Breaker()


def due_alert(breaker: Breaker, *, at: datetime, rule: BreakerRule) -> int | None:
    """The percentage of the way to being switched off that the owner is to be told of now."""
    if breaker.state is State.DISABLED:
        reached = rule.alerts[-1]
    elif breaker.failing_since is None:
        return None
    else:
        share = 100 * ((at - breaker.failing_since) / rule.disable_after)
        reached = max((alert for alert in rule.alerts if alert <= share), default=0)
    return reached if reached > breaker.alerted else None


def alerted(breaker: Breaker, percent: int) -> Breaker:
    return replace(breaker, alerted=percent)


def _trips(breaker: Breaker, rule: BreakerRule) -> bool:
    if breaker.failures_in_a_row >= rule.in_a_row:
        return True
    seen = len(breaker.recent)
    return seen >= rule.of_at_least and breaker.recent.count(False) >= rule.share * seen


def _opened(breaker: Breaker, at: datetime, rule: BreakerRule) -> Breaker:
    rest = min(rule.first_rest * 2 ** min(breaker.openings, 16), rule.longest_rest)
    return replace(breaker, state=State.OPEN, openings=breaker.openings + 1, retry_at=at + rest)
