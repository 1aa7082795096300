"""What must be announced when a day begins: once per (handoff, sign, clock revision)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from services.routing.domain.clock import Clock, Kind, State
from services.routing.domain.deadlines import Light, due_on, told_end, turns
from services.routing.domain.terms import Hop, SuspensionEnd, Terms
from services.routing.domain.waits import Deemed
from services.routing.domain.words import Named
from shared.workdays.calendar import Workdays


class Sign(Named):
    YELLOW = "yellow", "期限过半"
    RED = "red", "期限将满"
    MISSED = "missed", "已超期"
    SUSPENSION_OVER = "suspension_over", "特别程序告知的期限届满"
    SILENCE_CONSENT = "silence_consent", "超时默认"
    NOTICE_YELLOW = "notice_yellow", "告知期限过半"
    NOTICE_RED = "notice_red", "告知期限将满"
    NOTICE_MISSED = "notice_missed", "未在期限内告知"
    DELIVERY_YELLOW = "delivery_yellow", "送达期限过半"
    DELIVERY_RED = "delivery_red", "送达期限将满"
    DELIVERY_MISSED = "delivery_missed", "未在期限内送达"
    PUSH_LATE = "push_late", "电子材料未按时推送"
    POST_LATE = "post_late", "纸质材料未按时寄出"
    RECHECK_LATE = "recheck_late", "未按时复核"
    POST_RESULT_LATE = "post_result_late", "结果未按时寄出"
    CHECK_YELLOW = "check_yellow", "事后核查期限过半"
    CHECK_RED = "check_red", "事后核查期限将满"
    CHECK_MISSED = "check_missed", "未在期限内事后核查"
    DEEMED_ACCEPTANCE = "deemed_acceptance", "视为受理"
    SUPPLEMENT_DUE = "supplement_due", "补正期限届满"


NOTICE: Mapping[Light, Sign] = MappingProxyType(
    {
        Light.YELLOW: Sign.NOTICE_YELLOW,
        Light.RED: Sign.NOTICE_RED,
        Light.MISSED: Sign.NOTICE_MISSED,
    }
)
DELIVERY: Mapping[Light, Sign] = MappingProxyType(
    {
        Light.YELLOW: Sign.DELIVERY_YELLOW,
        Light.RED: Sign.DELIVERY_RED,
        Light.MISSED: Sign.DELIVERY_MISSED,
    }
)
CHECK: Mapping[Light, Sign] = MappingProxyType(
    {
        Light.YELLOW: Sign.CHECK_YELLOW,
        Light.RED: Sign.CHECK_RED,
        Light.MISSED: Sign.CHECK_MISSED,
    }
)
HOPS: Mapping[Hop, Sign] = MappingProxyType(
    {
        Hop.PUSH: Sign.PUSH_LATE,
        Hop.POST: Sign.POST_LATE,
        Hop.RECHECK: Sign.RECHECK_LATE,
        Hop.POST_RESULT: Sign.POST_RESULT_LATE,
    }
)

# The revision of what does not hang on the clock: told once, whatever becomes of the clock.
ANY = -1


@dataclass(frozen=True, slots=True)
class Watch:
    """Fires when the local day `on` begins, if the clock still has this revision."""

    sign: Sign
    on: date
    revision: int


def watches(clock: Clock, terms: Terms, workdays: Workdays) -> tuple[Watch, ...]:
    """A suspended clock has one thing to watch for: that the length it was told is over."""
    if clock.state is State.RUNNING:
        return _lights(clock, terms, workdays)
    if clock.state is not State.SUSPENDED:
        return ()
    end = told_end(clock.stretches[-1], workdays)
    if end is None or clock.stretches[-1].kind is not Kind.SUSPENDED:
        return ()
    return (Watch(Sign.SUSPENSION_OVER, end + timedelta(days=1), clock.revision),)


def resumes_by_itself_on(clock: Clock, terms: Terms, workdays: Workdays) -> date | None:
    """Where the told length binds (行政许可法 45), the date to record as the day of resuming."""
    if clock.state is not State.SUSPENDED or terms.suspension_end is not SuspensionEnd.TOLD:
        return None
    return told_end(clock.stretches[-1], workdays)


def watch_deemed(deemed: Deemed | None, *, revision: int) -> tuple[Watch, ...]:
    if deemed is None:
        return ()
    return (Watch(Sign.DEEMED_ACCEPTANCE, deemed.happens_on, revision),)


def watch_supplement(lapses_on: date | None, *, revision: int) -> tuple[Watch, ...]:
    if lapses_on is None:
        return ()
    return (Watch(Sign.SUPPLEMENT_DUE, lapses_on, revision),)


def standing(watch: Watch, *, revision: int, today: date) -> bool:
    """Due, and set for the clock as it is now."""
    return watch.revision in (revision, ANY) and watch.on <= today


def to_announce(set_: Iterable[Watch], *, revision: int, today: date) -> tuple[Watch, ...]:
    """After any outage: what still stands, oldest first, milder before graver on one day."""
    order = list(Sign)
    due = (watch for watch in set_ if standing(watch, revision=revision, today=today))
    return tuple(sorted(due, key=lambda watch: (watch.on, order.index(watch.sign))))


def _lights(clock: Clock, terms: Terms, workdays: Workdays) -> tuple[Watch, ...]:
    seen, due = turns(clock, terms, workdays), due_on(clock, terms, workdays)
    if seen is None or due is None:
        return ()
    found = [
        Watch(Sign.YELLOW, seen.yellow, clock.revision),
        Watch(Sign.RED, seen.red, clock.revision),
        Watch(Sign.MISSED, seen.missed, clock.revision),
    ]
    if terms.silence_is_consent:
        found.append(Watch(Sign.SILENCE_CONSENT, seen.missed, clock.revision))
    return tuple(found)
