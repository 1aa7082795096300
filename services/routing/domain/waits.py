"""The terms beside the clock: notice window, deemed acceptance, supplement, delivery, hops."""

from dataclasses import dataclass
from datetime import date, timedelta

from services.routing.domain.terms import Hop, Limit, ReceiptDay, Terms, Unit
from shared.workdays.calendar import Term, Workdays

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Receipts:
    """The counter's date, and the day the handling place has it (its system, or its scan-in).

    `delegated`: the window accepts in the handling place's name, so its receipt is the
    authority's. 转办 keeps the window's date and gives the new office a receipt of its own.
    """

    window_on: date
    handling_on: date | None
    delegated: bool = False

    @property
    def authority_on(self) -> date | None:
        """Where the five days of 行政许可法 32(4) run from."""
        return self.window_on if self.delegated else self.handling_on


@dataclass(frozen=True, slots=True)
class Deemed:
    """行政许可法 32(4): silent past `last_day`, it counts as accepted from `accepted_on`."""

    last_day: date
    provisional: bool
    happens_on: date
    accepted_on: date


@dataclass(frozen=True, slots=True)
class Delivery:
    """行政许可法 44; `due` is empty once the applicant was told and simply does not collect."""

    due: Term | None
    told_on: date | None


def clock_receipt(receipts: Receipts, terms: Terms) -> date | None:
    """The day from which a limit that counts from receipt counts, once it is known."""
    if terms.receipt_day is ReceiptDay.WINDOW:
        return receipts.window_on
    return receipts.authority_on


def notice_due(
    receipts: Receipts, terms: Terms, workdays: Workdays, *, supplemented_on: date | None = None
) -> Term | None:
    """Until when everything missing must have been told, at once."""
    start = notice_start(receipts, terms, supplemented_on=supplemented_on)
    return _from(start, terms.notify_window, terms, workdays)


def notice_start(
    receipts: Receipts, terms: Terms, *, supplemented_on: date | None = None
) -> date | None:
    """A full supplement starts the days again where the item reads 32(5) so; else nothing runs."""
    if supplemented_on is None:
        return receipts.authority_on
    return supplemented_on if terms.deemed_after_supplement else None


def notice_limit(terms: Terms) -> Limit | None:
    """The days that press before acceptance. An item that notifies on the spot has no day to count
    to: there the law's own days do."""
    return terms.notify_window if terms.notify_window.value > 0 else terms.deemed_after


def deemed_acceptance(
    receipts: Receipts, terms: Terms, workdays: Workdays, *, supplemented_on: date | None = None
) -> Deemed | None:
    start = notice_start(receipts, terms, supplemented_on=supplemented_on)
    last = _from(start, terms.deemed_after, terms, workdays)
    if start is None or last is None:
        return None
    return Deemed(last.due, last.provisional, last.due + _DAY, accepted_on=start)


def supplement_due(noticed_on: date, terms: Terms, workdays: Workdays) -> Term | None:
    """An item without a term never lapses."""
    return _from(noticed_on, terms.supplement_term, terms, workdays)


def lapses_on(noticed_on: date, terms: Terms, workdays: Workdays) -> date | None:
    due = supplement_due(noticed_on, terms, workdays)
    return due.due + _DAY if due else None


def delivery(
    decided_on: date, terms: Terms, workdays: Workdays, *, told_on: date | None = None
) -> Delivery:
    """For what was granted. It cannot run against somebody who was told in time to come for it."""
    due = _from(decided_on, terms.deliver_within, terms, workdays)
    in_time = due is not None and told_on is not None and told_on <= due.due
    return Delivery(None if in_time else due, told_on)


def hop_due(hop: Hop, since: date, terms: Terms, workdays: Workdays) -> Term:
    """A parcel or transmission that is not there after this day is asked about at both ends."""
    return term_of(terms.hops[hop], since, terms, workdays)


def window_return_due(arrived_on: date, terms: Terms, workdays: Workdays) -> Term:
    """With delegated acceptance a bad file goes back within this; the clock runs on."""
    return term_of(terms.window_return, arrived_on, terms, workdays)


def may_return_to_window(
    arrived_on: date, terms: Terms, workdays: Workdays, *, day: date, delegated: bool
) -> bool:
    """Without delegation nothing has been accepted, so there is no hurry to keep."""
    return not delegated or day <= window_return_due(arrived_on, terms, workdays).due


def term_of(limit: Limit, start: date, terms: Terms, workdays: Workdays) -> Term:
    if limit.unit is Unit.NATURAL:
        return workdays.add_natural(start, limit.value, over_rest_days=terms.over_rest_days)
    return workdays.add(start, limit.value)


def _from(start: date | None, limit: Limit | None, terms: Terms, workdays: Workdays) -> Term | None:
    if start is None or limit is None:
        return None
    return term_of(limit, start, terms, workdays)
