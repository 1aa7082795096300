"""How many messages one person gets and when none goes out; a limit delays, it never drops."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` messages in any stretch of that length."""

    count: int
    length: timedelta

    def __post_init__(self) -> None:
        if self.count < 1 or self.length <= timedelta():
            raise ValueError("a window lets at least one message through, and ends")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local hours in which no message goes out; may span midnight."""

    start: time
    end: time
    zone: tzinfo

    def until(self, at: datetime) -> datetime:
        """`at` itself, or the end of the quiet hours it falls into, in the same time zone."""
        local = at.astimezone(self.zone)
        clock = local.time().replace(tzinfo=None)
        if not self._covers(clock):
            return at
        ends = local.replace(
            hour=self.end.hour, minute=self.end.minute, second=self.end.second, microsecond=0
        )
        if ends <= local:
            ends += timedelta(days=1)
        return ends.astimezone(at.tzinfo)

    def _covers(self, clock: time) -> bool:
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, slots=True)
class PersonLimit:
    windows: tuple[Window, ...] = (
        Window(4, timedelta(hours=1)),
        Window(10, timedelta(days=1)),
    )
    quiet: QuietHours | None = None


def earliest(at: datetime, sent: Iterable[datetime], limit: PersonLimit) -> datetime:
    """The first moment from `at` on at which this person may be sent one more message."""
    past = sorted(sent)
    moment = at
    while (later := _pushed(moment, past, limit)) > moment:
        moment = later
    return moment


def _pushed(moment: datetime, past: list[datetime], limit: PersonLimit) -> datetime:
    """One round: every window, then the night; a later moment may fall into another window."""
    for window in limit.windows:
        inside = [at for at in past if at > moment - window.length]
        if len(inside) >= window.count:
            moment = max(moment, inside[-window.count] + window.length)
    return limit.quiet.until(moment) if limit.quiet else moment
