"""Promises after the signature: until when, whether kept, what follows when they are not."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.intake.domain.items import CommitmentTerms, DeferralTerms, ItemVersion, Term
from services.intake.domain.messages import Words
from services.intake.domain.words import ExpiryPolicy, LatePaper, Named, OnceDecided, Unit
from shared.workdays import calendar as workdays
from shared.workdays.calendar import Workdays

REMIND_BEFORE = 3
"""Working days before the last day on which the applicant is reminded [ours]."""


class Kind(Named):
    DEFERRAL = "deferral", "容缺受理"
    COMMITMENT = "commitment", "告知承诺"


class State(Named):
    OUTSTANDING = "outstanding", "待补交"
    DUE_SOON = "due_soon", "即将到期"
    OVERDUE = "overdue", "已逾期"
    KEPT = "kept", "已履行"
    BROKEN = "broken", "未履行"


@dataclass(frozen=True, slots=True)
class Promise:
    """One paper that may come later, or is replaced by a word to be checked later."""

    kind: Kind
    material_code: str
    due_on: date | None
    kept: bool = False
    broken: bool = False


def due_on(terms: DeferralTerms | CommitmentTerms, made_on: date, days: Workdays) -> date | None:
    """The last day: for the paper itself, or for the check of what was promised."""
    term = terms.term if isinstance(terms, DeferralTerms) else terms.later_check_within
    return _last_day(term, made_on, days).due if term and term.value is not None else None


def _last_day(term: Term, made_on: date, days: Workdays) -> workdays.Term:
    if term.unit is Unit.WORKING_DAY:
        return days.add(made_on, term.value or 0)
    return days.add_natural(made_on, term.value or 0, over_rest_days=True)


def state(promise: Promise, on: date, days: Workdays) -> State:
    if promise.kept:
        return State.KEPT
    if promise.broken:
        return State.BROKEN
    if promise.due_on is None:
        return State.OUTSTANDING
    if on > promise.due_on:
        return State.OVERDUE
    left = days.between(on, promise.due_on)
    return State.DUE_SOON if left <= REMIND_BEFORE else State.OUTSTANDING


def holds_result(promises: Iterable[Promise]) -> bool:
    """The certificate is not handed out before every deferred paper has come."""
    return any(p.kind is Kind.DEFERRAL and not p.kept for p in promises)


_FOLLOWS = {
    ExpiryPolicy.DEEMED_WITHDRAWN: Words(
        "逾期未补交，按承诺视为撤回申请", "the application counts as withdrawn"
    ),
    ExpiryPolicy.ACCEPTANCE_REVOKED: Words(
        "逾期未补交，按承诺撤销受理", "the acceptance is revoked"
    ),
    ExpiryPolicy.PAUSE_THEN_RETURN: Words(
        "逾期未补交，办理中止，仍不补交的退件", "handling pauses, then the file is returned"
    ),
}


def follows(item: ItemVersion) -> Words | None:
    """What the item says happens when the paper never comes; told before anybody signs."""
    policy = item.deferral.expiry_policy
    return _FOLLOWS[policy] if policy else None


class Follows(Named):
    DEEMED_WITHDRAWN = "deemed_withdrawn", "视为撤回申请"
    ACCEPTANCE_REVOKED = "acceptance_revoked", "撤销受理"
    PAUSED = "paused", "办理中止"
    RETURNED = "returned", "退件"
    HELD = "held", "结果暂不送达，补齐后送达"
    REVOKE = "revoke", "由决定机关撤销决定"
    NOTHING = "nothing", "由办理机关处理"


_CONSEQUENCES = {
    ExpiryPolicy.DEEMED_WITHDRAWN: Follows.DEEMED_WITHDRAWN,
    ExpiryPolicy.ACCEPTANCE_REVOKED: Follows.ACCEPTANCE_REVOKED,
    ExpiryPolicy.PAUSE_THEN_RETURN: Follows.PAUSED,
}


_ONCE_DECIDED = {OnceDecided.HOLD: Follows.HELD, OnceDecided.REVOKE: Follows.REVOKE}


def consequence(item: ItemVersion, *, paused: bool, decided: bool) -> Follows:
    """By the item's own policy. What has been decided no lapse of time undoes: the result is held
    until the paper comes, or the office that decided is given the task to revoke."""
    policy = item.deferral.expiry_policy
    if decided:
        return _ONCE_DECIDED[item.deferral.once_decided or OnceDecided.HOLD]
    if policy is None:
        return Follows.NOTHING
    if paused and policy is ExpiryPolicy.PAUSE_THEN_RETURN:
        return Follows.RETURNED
    return _CONSEQUENCES[policy]


def barred_until(item: ItemVersion, kind: Kind, broken_on: date) -> date | None:
    """The first day on which this applicant may promise again; nothing where nobody is barred."""
    terms = item.deferral if kind is Kind.DEFERRAL else item.commitment
    return months_after(broken_on, terms.barred_months) if terms.barred_months else None


def late_paper_lifts_bar(item: ItemVersion) -> bool:
    """Whether a paper that comes after its last day sets the applicant free again; where the item
    says nothing the bar stands, for the promise was broken."""
    return item.deferral.late_paper is LatePaper.LIFTS


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
