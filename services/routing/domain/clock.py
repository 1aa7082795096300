"""The legal clock: every stretch is stored, so that a date can be recomputed and explained."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from services.routing.domain.terms import DEEMED, ITEM, ClockStart, Limit, Terms
from services.routing.domain.words import Named
from shared.errors import ConflictError, told_back


class State(Named):
    NOT_STARTED = "not_started", "未起算"
    RUNNING = "running", "计时中"
    SUSPENDED = "suspended", "暂停"
    STOPPED = "stopped", "已停止"


class Kind(Named):
    RUNNING = "running", "计时"
    SUSPENDED = "suspended", "特别程序"
    SUPPLEMENT = "supplement", "补正"


class Began(Named):
    ACCEPTED = "accepted", "受理"
    DEEMED = "deemed", "视为受理"
    RECEIVED = "received", "收到申请"
    TRANSFERRED = "transferred", "收到转来的办件"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Half open, as 民法典 201 counts: the day it begins is not in it, the day it ends is.

    So neighbours share a date and no day. `told` is the length announced in working days.
    """

    kind: Kind
    since: date
    until: date | None
    reason: str
    article: str
    told: int | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    on: date
    limit: Limit


@dataclass(frozen=True, slots=True)
class Clock:
    """`revision` grows with every change: a timer set for an older one is void."""

    stretches: tuple[Stretch, ...] = ()
    extensions: tuple[Extension, ...] = ()
    revision: int = 0

    @property
    def state(self) -> State:
        if not self.stretches:
            return State.NOT_STARTED
        last = self.stretches[-1]
        if last.until is not None:
            return State.STOPPED
        return State.RUNNING if last.kind is Kind.RUNNING else State.SUSPENDED

    @property
    def started_on(self) -> date | None:
        return self.stretches[0].since if self.stretches else None


NOT_STARTED = Clock()


class ClockStateError(ConflictError):
    code = "clock-state"

    def __init__(self, state: State, needed: tuple[State, ...]) -> None:
        wanted = "、".join(each.zh for each in needed)
        super().__init__(
            f"期限当前“{state.zh}”，此操作要求“{wanted}”",
            f"the clock is {state}; this needs it to be {' or '.join(needed)}",
            state=state.value,
            needed=[each.value for each in needed],
        )


class ClockOrderError(ConflictError):
    code = "clock-date-before-last-change"

    def __init__(self, on: date, last: date) -> None:
        super().__init__(
            f"{on}早于期限上一次变动的日期{last}",
            f"{on} is before the clock's last change on {last}",
            on=on.isoformat(),
            last=last.isoformat(),
        )


class ProcedureNotPublishedError(ConflictError):
    """行政许可法 31, 45: only what the item version publishes can suspend."""

    code = "procedure-not-published"

    def __init__(self, procedure: str, terms: Terms) -> None:
        names = "、".join(each.name for each in terms.procedures) or "无"
        super().__init__(
            f"“{told_back(procedure, '所填')}”不是本事项公布的特别程序；公布的有：{names}",
            "this item version publishes no such special procedure",
            published=[each.code for each in terms.procedures],
        )


class TermTooLongError(ConflictError):
    code = "term-too-long"

    def __init__(self, asked: int, most: Limit | None) -> None:
        self.most = most
        can = f"最长{most.zh}（{most.article}）" if most else "本事项不可延长"
        super().__init__(
            f"申请的{asked}日不被允许：{can}",
            f"{asked} days are not allowed; at most {most.value if most else 0}",
            asked=asked,
            most=most.value if most else 0,
        )


def start(clock: Clock, *, on: date, began: Began = Began.ACCEPTED) -> Clock:
    """Deemed acceptance starts it on the day of receipt, looking back (行政许可法 32(4))."""
    _need(clock, State.NOT_STARTED)
    article = DEEMED if began is Began.DEEMED else ITEM
    return _changed(clock, (Stretch(Kind.RUNNING, on, None, began.zh, article),))


def suspend(clock: Clock, terms: Terms, *, on: date, procedure: str, working_days: int) -> Clock:
    _need(clock, State.RUNNING)
    named = terms.procedure(procedure)
    if named is None:
        raise ProcedureNotPublishedError(procedure, terms)
    most = named.max_working_days
    if working_days < 1 or (most is not None and working_days > most):
        limit = Limit(most, article=named.article) if most is not None else None
        raise TermTooLongError(working_days, limit)
    told = Stretch(Kind.SUSPENDED, on, None, named.name, named.article, working_days)
    return _turned(clock, on, told)


def resume(clock: Clock, *, on: date) -> Clock:
    """The day of resuming still belongs to the suspension; counting goes on the day after."""
    _need(clock, State.SUSPENDED)
    last = clock.stretches[-1]
    return _turned(clock, on, Stretch(Kind.RUNNING, on, None, f"{last.reason}结束", last.article))


def await_supplement(clock: Clock, terms: Terms, *, on: date) -> Clock:
    """Before acceptance nothing runs but the days to answer, and they are over with it; after it
    a notice stops nothing.

    Only where the item counts from receipt and leaves 补正 out does a notice pause the clock.
    """
    counts_from_receipt = terms.clock_start is ClockStart.RECEIPT
    if clock.state is State.NOT_STARTED:
        return touched(clock)
    if clock.state is not State.RUNNING or not counts_from_receipt:
        return clock
    if terms.counts_while_supplementing:
        return clock
    return _turned(clock, on, Stretch(Kind.SUPPLEMENT, on, None, "补正", ITEM))


def await_deferred(clock: Clock, *, on: date) -> Clock:
    """中止办理, where the item says so of a deferred paper that did not come; when it comes, the
    clock goes on as after any supplement."""
    if clock.state is not State.RUNNING:
        return clock
    return _turned(clock, on, Stretch(Kind.SUPPLEMENT, on, None, "容缺材料待补交", ITEM))


def supplemented(clock: Clock, *, on: date) -> Clock:
    """Before acceptance the days to answer begin again."""
    if clock.state is State.NOT_STARTED:
        return touched(clock)
    if clock.state is not State.SUSPENDED or clock.stretches[-1].kind is not Kind.SUPPLEMENT:
        return clock
    return resume(clock, on=on)


def extend(clock: Clock, terms: Terms, *, on: date, days: int) -> Clock:
    """Once, with the head's approval and the reasons told (行政许可法 42)."""
    _need(clock, State.RUNNING, State.SUSPENDED)
    most = terms.extension_max
    if most is None or days < 1 or days > most.value or clock.extensions:
        used = bool(clock.extensions) and most is not None
        raise TermTooLongError(days, replace(most, value=0) if used and most else most)
    _in_order(clock, on)
    granted = Extension(on, replace(most, value=days))
    return replace(clock, extensions=(granted,), revision=clock.revision + 1)


def stop(clock: Clock, *, on: date) -> Clock:
    """A decision, withdrawal or lapse; a clock that never ran has nothing to stop."""
    if clock.state in (State.NOT_STARTED, State.STOPPED):
        return clock
    _in_order(clock, on)
    return _changed(clock, _closed(clock, on))


def touched(clock: Clock) -> Clock:
    """Something outside moved its dates (a holiday notice): timers set before are void."""
    return replace(clock, revision=clock.revision + 1)


def apply(clock: Clock, *changes: Callable[[Clock], Clock]) -> Clock:
    """What if: the same functions on a clock nobody stores."""
    for change in changes:
        clock = change(clock)
    return clock


def _need(clock: Clock, *states: State) -> None:
    if clock.state not in states:
        raise ClockStateError(clock.state, states)


def _in_order(clock: Clock, on: date) -> None:
    last = clock.stretches[-1].since
    if on < last:
        raise ClockOrderError(on, last)


def _closed(clock: Clock, on: date) -> tuple[Stretch, ...]:
    *before, last = clock.stretches
    return (*before, replace(last, until=on))


def _turned(clock: Clock, on: date, following: Stretch) -> Clock:
    _in_order(clock, on)
    return _changed(clock, (*_closed(clock, on), following))


def _changed(clock: Clock, stretches: tuple[Stretch, ...]) -> Clock:
    return replace(clock, stretches=stretches, revision=clock.revision + 1)
