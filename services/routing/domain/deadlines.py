"""From a clock's stretches to dates: when it is due, and when each light turns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil

from services.routing.domain.clock import Clock, Kind, State, Stretch, touched
from services.routing.domain.terms import Limit, SuspensionEnd, Terms, Unit
from services.routing.domain.words import Named
from shared.workdays.calendar import Term, Workdays


class Light(Named):
    GREEN = "green", "正常"
    YELLOW = "yellow", "过半"
    RED = "red", "将到期"
    MISSED = "missed", "已超期"


# Warnings used in practice: half of the limit, nine tenths of it.
SHARES = ((Light.YELLOW, 0.5), (Light.RED, 0.9))


@dataclass(frozen=True, slots=True)
class Span:
    """Days that count: after `since`, up to and including `until`."""

    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Due:
    """`on` binds: the promise, or the law where it comes first.

    `provisional`: a calendar not yet published may move it. `estimated`: it supposes that the
    suspension ends when it was told to, or that the supplement came at once.
    """

    on: date
    provisional: bool
    estimated: bool
    promised: Term | None
    statutory: Term | None


@dataclass(frozen=True, slots=True)
class Turns:
    """The local day on which each light is first seen."""

    yellow: date
    red: date
    missed: date

    def on(self, day: date) -> Light:
        if day >= self.missed:
            return Light.MISSED
        if day >= self.red:
            return Light.RED
        return Light.YELLOW if day >= self.yellow else Light.GREEN


def due_on(clock: Clock, terms: Terms, workdays: Workdays) -> Due | None:
    """Nothing is due while the clock has not started."""
    if clock.state is State.NOT_STARTED:
        return None
    days = spans(clock, terms, workdays)
    promised = _end(days, _legs(terms.promised, clock), terms, workdays)
    statutory = _end(days, _legs(terms.statutory, clock), terms, workdays)
    binding = _binding(promised, statutory)
    if binding is None:
        return None
    estimated = clock.state is State.SUSPENDED and not _certain(clock.stretches[-1], terms)
    return Due(binding.due, binding.provisional, estimated, promised, statutory)


def turns(clock: Clock, terms: Terms, workdays: Workdays) -> Turns | None:
    due = due_on(clock, terms, workdays)
    if due is None:
        return None
    by_promise = due.promised is not None and due.promised.due == due.on
    legs = _legs(terms.promised if by_promise else terms.statutory, clock)
    return _turns(spans(clock, terms, workdays), legs, due.on, workdays)


def turns_of_term(start: date, limit: Limit, due: date, workdays: Workdays) -> Turns:
    """The lights of a simple term, such as the window in which a notice must be given."""
    return _turns((Span(start, None),), (limit,), due, workdays)


def light_on(clock: Clock, terms: Terms, workdays: Workdays, *, day: date) -> Light:
    """While suspended, and once stopped, the light stays as it was on that day."""
    found = turns(clock, terms, workdays)
    if found is None:
        return Light.GREEN
    return found.on(_frozen_on(clock, terms, day))


def recompute(
    clock: Clock, terms: Terms, workdays: Workdays, *, known: Due | None
) -> tuple[Clock, Due | None]:
    """After a notice or a local holiday: a new revision only if a date or its certainty changed."""
    found = due_on(clock, terms, workdays)
    return (clock if found == known else touched(clock)), found


def spans(clock: Clock, terms: Terms, workdays: Workdays) -> tuple[Span, ...]:
    """What counts, the last one going on as if nothing else happened."""
    found = [span for each in clock.stretches for span in _counting(each, terms, workdays)]
    last = clock.stretches[-1]
    if last.kind is Kind.RUNNING or (found and found[-1].until == last.until):
        return (*found[:-1], replace(found[-1], until=None))
    return (*found, Span(_expected_end(last, workdays), None))


def told_end(stretch: Stretch, workdays: Workdays) -> date | None:
    if stretch.told is None:
        return None
    return workdays.add(stretch.since, stretch.told).due


def counted(span: Span, unit: Unit, workdays: Workdays) -> int:
    if span.until is None:
        raise ValueError("a span that has not ended has no length")
    if unit is Unit.NATURAL:
        return (span.until - span.since).days
    return workdays.between(span.since, span.until)


def reach(days: Sequence[Span], limits: Sequence[Limit], upto: int, workdays: Workdays) -> Term:
    """The day on which `upto` days of these limits, one after the other, have been counted."""
    term = Term(days[0].since, provisional=False)
    provisional = False
    for limit in limits:
        take = min(upto, limit.value)
        if take == 0:
            break
        term = _walk(days, take, limit.unit, workdays)
        provisional = provisional or term.provisional
        upto -= take
        days = _after(days, term.due)
    return Term(term.due, provisional)


def _walk(days: Sequence[Span], count: int, unit: Unit, workdays: Workdays) -> Term:
    provisional = False
    for span in days:
        if span.until is None:
            term = _add(span.since, count, unit, workdays)
            return Term(term.due, term.provisional or provisional)
        here = counted(span, unit, workdays)
        if count <= here:
            term = _add(span.since, count, unit, workdays)
            return Term(term.due, term.provisional or provisional)
        count -= here
        provisional = provisional or workdays.is_provisional(span.until)
    raise ValueError("the last span has to be open")


def _add(start: date, count: int, unit: Unit, workdays: Workdays) -> Term:
    add = workdays.add_natural if unit is Unit.NATURAL else workdays.add
    return add(start, count)


def _after(days: Sequence[Span], day: date) -> tuple[Span, ...]:
    left = (span for span in days if span.until is None or span.until > day)
    return tuple(Span(max(span.since, day), span.until) for span in left)


def _legs(limit: Limit | None, clock: Clock) -> tuple[Limit, ...]:
    """An extension in the limit's unit lengthens it; in another unit it follows it."""
    if limit is None:
        return ()
    legs = [limit]
    for extension in clock.extensions:
        if extension.limit.unit is legs[-1].unit:
            legs[-1] = replace(legs[-1], value=legs[-1].value + extension.limit.value)
        else:
            legs.append(extension.limit)
    return tuple(legs)


def _end(
    days: Sequence[Span], legs: tuple[Limit, ...], terms: Terms, workdays: Workdays
) -> Term | None:
    if not legs:
        return None
    term = reach(days, legs, sum(leg.value for leg in legs), workdays)
    if legs[-1].unit is Unit.WORKING or not terms.over_rest_days:
        return term
    rolled = workdays.add_natural(term.due, 0, over_rest_days=True)
    return Term(rolled.due, term.provisional or rolled.provisional)


def _binding(promised: Term | None, statutory: Term | None) -> Term | None:
    given = [term for term in (promised, statutory) if term is not None]
    return min(given, key=lambda term: term.due, default=None)


def _turns(days: Sequence[Span], legs: tuple[Limit, ...], due: date, workdays: Workdays) -> Turns:
    total = sum(leg.value for leg in legs)
    yellow, red = (
        min(reach(days, legs, max(1, ceil(total * share)), workdays).due, due)
        for _, share in SHARES
    )
    return Turns(yellow, red, due + timedelta(days=1))


def _counting(stretch: Stretch, terms: Terms, workdays: Workdays) -> tuple[Span, ...]:
    if stretch.kind is Kind.RUNNING:
        return (Span(stretch.since, stretch.until),)
    end = told_end(stretch, workdays)
    if end is None or not _certain(stretch, terms):
        return ()
    over = stretch.until is None or stretch.until > end
    return (Span(end, stretch.until),) if over else ()


def _certain(stretch: Stretch, terms: Terms) -> bool:
    """Where the told length binds the office, counting goes on after it by itself."""
    return stretch.told is not None and terms.suspension_end is SuspensionEnd.TOLD


def _expected_end(last: Stretch, workdays: Workdays) -> date:
    return last.until or told_end(last, workdays) or last.since


def _frozen_on(clock: Clock, terms: Terms, day: date) -> date:
    last = clock.stretches[-1]
    if clock.state is State.STOPPED and last.until is not None:
        day = min(day, last.until)
    if last.kind is Kind.RUNNING or _certain(last, terms):
        return day
    return min(day, last.since)
