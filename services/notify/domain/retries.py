"""When to try again, and what an answer means; the schedules are published to whom we call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Schedule:
    """Each delay runs from the failure of the attempt before it; the first one precedes them."""

    delays: tuple[timedelta, ...]
    jitter: float = 0.2
    most_retry_after: timedelta = timedelta(hours=24)
    repeat_last: bool = False  # go on at the last delay rather than give up

    def __post_init__(self) -> None:
        if not self.delays or not 0 <= self.jitter < 1:
            raise ValueError("a schedule has delays, and a jitter below 1")

    def delay(self, failures: int) -> timedelta | None:
        """The wait before the attempt that follows so many failures; None: given up."""
        if failures < len(self.delays):
            return self.delays[failures]
        return self.delays[-1] if self.repeat_last else None


def _schedule(*seconds: int, repeat_last: bool = False) -> Schedule:
    return Schedule(tuple(timedelta(seconds=second) for second in seconds), repeat_last=repeat_last)


_MINUTE, _HOUR = 60, 3600

WEBHOOKS = _schedule(
    0,
    5,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)

# A message loses its use after a day; before that a gateway's bad hour must not lose it.
SMS = _schedule(0, 30, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 6 * _HOUR, 12 * _HOUR)

# A paper waits in somebody's hands: booking goes on until a person decides otherwise.
BOOKINGS = _schedule(
    0, 10, _MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 6 * _HOUR, repeat_last=True
)


def next_attempt(
    schedule: Schedule,
    *,
    failures: int,
    at: datetime,
    chance: float,
    retry_after: timedelta | None = None,
) -> datetime | None:
    """When to try again after the failure at `at`; None when the schedule has run out.

    `chance` in [0, 1) spreads the attempts. A Retry-After only ever makes the wait longer, and
    no longer than the schedule's bound: a partner cannot park a case for a year.
    """
    delay = schedule.delay(failures)
    if delay is None:
        return None
    spread = delay * (1 + schedule.jitter * (2 * chance - 1))
    asked = min(retry_after or timedelta(), schedule.most_retry_after)
    return at + max(spread, asked)


def read_retry_after(value: str | None, *, at: datetime) -> timedelta | None:
    """The header as a wait from `at`: seconds or an HTTP date; None where it is neither."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - at, timedelta())


class Meaning(StrEnum):
    """What the answer to a webhook means."""

    TAKEN = "taken"
    FAILED = "failed"  # try again by the schedule
    SLOW_DOWN = "slow_down"  # the same, and the endpoint gets fewer at a time
    GONE = "gone"  # the endpoint wants no more: disable it and tell its owner


_MEANINGS: Mapping[int, Meaning] = MappingProxyType(
    {
        410: Meaning.GONE,
        429: Meaning.SLOW_DOWN,
        502: Meaning.SLOW_DOWN,
        503: Meaning.SLOW_DOWN,
        504: Meaning.SLOW_DOWN,
    }
)


def meaning(status: int | None) -> Meaning:
    """`None` is no answer at all. A redirect fails: what was proven is the one address we call."""
    if status is not None and 200 <= status < 300:
        return Meaning.TAKEN
    return _MEANINGS.get(status or 0, Meaning.FAILED)
