"""Why a date is what it is, line by line in Chinese, with the article each line rests on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from services.routing.domain import clock as clocks
from services.routing.domain.clock import Clock, Kind, Stretch
from services.routing.domain.deadlines import Due, Span, counted, due_on, told_end
from services.routing.domain.terms import (
    DEEMED,
    LAST_DAY,
    SPECIAL,
    STARTING_DAY,
    WORKING_DAYS,
    Limit,
    SuspensionEnd,
    Terms,
    Unit,
)
from services.routing.domain.waits import Deemed, Delivery
from shared.workdays.calendar import Term, Workdays


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Two answers beside each other; nothing is stored."""

    before: Due | None
    after: Due | None
    lines: tuple[str, ...]

    @property
    def later_by(self) -> int:
        if self.before is None or self.after is None:
            return 0
        return (self.after.on - self.before.on).days


def explain(clock: Clock, terms: Terms, workdays: Workdays) -> tuple[str, ...]:
    due = due_on(clock, terms, workdays)
    if due is None:
        return ("尚未受理，期限未起算。",)
    unit = _unit(terms)
    return (
        _beginning(clock),
        *_limits(terms, clock),
        *(_stretch(each, terms, workdays, unit) for each in clock.stretches),
        *_ends(due, terms),
        *_doubts(due),
    )


def what_if(
    clock: Clock, terms: Terms, workdays: Workdays, *changes: Callable[[Clock], Clock]
) -> WhatIf:
    supposed = clocks.apply(clock, *changes)
    return WhatIf(
        before=due_on(clock, terms, workdays),
        after=due_on(supposed, terms, workdays),
        lines=explain(supposed, terms, workdays),
    )


def explain_deemed(deemed: Deemed) -> str:
    return (
        f"至{deemed.last_day}未一次性告知补正的，自收到申请材料之日{deemed.accepted_on}起"
        f"即为受理（{DEEMED}）。"
    )


def explain_notice(due: Term | None, terms: Terms) -> tuple[str, ...]:
    if due is None:
        return ()
    limit = terms.notify_window
    within = "当场" if limit.value == 0 else f"在{limit.zh}内，即至{due.due}，"
    return (f"材料不齐的，应当{within}一次告知全部内容（{limit.article}）。",)


def explain_delivery(
    granted_on: date | None, delivery: Delivery | None, terms: Terms
) -> tuple[str, ...]:
    if granted_on is None or delivery is None:
        return ()
    within = f"{granted_on}准予，应当自次日起{_with_article(terms.deliver_within)}内送达"
    if delivery.due is None:
        return (f"{within}；{delivery.told_on}已告知申请人领取，未领取的时间不计。",)
    return (f"{within}，至{delivery.due.due}届满。",)


def _beginning(clock: Clock) -> str:
    first = clock.stretches[0]
    because = f"，{DEEMED}" if first.article == DEEMED else ""
    return f"自{first.since}{first.reason}次日起算（{STARTING_DAY}{because}）。"


def _limits(terms: Terms, clock: Clock) -> tuple[str, ...]:
    named = (("承诺时限", terms.promised), ("法定时限", terms.statutory))
    lines = [f"{name}{_with_article(limit)}。" for name, limit in named if limit]
    lines += [
        f"{extension.on}经批准延长{_with_article(extension.limit)}。"
        for extension in clock.extensions
    ]
    return tuple(lines)


def _stretch(stretch: Stretch, terms: Terms, workdays: Workdays, unit: Unit) -> str:
    if stretch.kind is Kind.RUNNING:
        return _running(stretch, workdays, unit)
    if stretch.kind is Kind.SUPPLEMENT:
        until = f"至{stretch.until}" if stretch.until else "起，至补正之日"
        return f"{stretch.since}{until}补正，不计入期限（{stretch.article}）。"
    return _suspended(stretch, terms, workdays)


def _running(stretch: Stretch, workdays: Workdays, unit: Unit) -> str:
    if stretch.until is None:
        return f"{stretch.since}次日起计时。"
    days = counted(Span(stretch.since, stretch.until), unit, workdays)
    return f"{stretch.since}次日至{stretch.until}计{days}{unit.zh}（{_counting(unit)}）。"


def _suspended(stretch: Stretch, terms: Terms, workdays: Workdays) -> str:
    told = f"，已书面告知所需{stretch.told}个工作日" if stretch.told is not None else ""
    end = told_end(stretch, workdays)
    reading = ""
    if terms.suspension_end is SuspensionEnd.TOLD:
        reading = f"；告知的期限至{end}，其后照常计时"
    if stretch.until is not None:
        when = f"{stretch.since}次日至{stretch.until}"
    else:
        when = f"{stretch.since}次日起"
        reading = reading or f"；预计{end}结束"
    own = f"{SPECIAL}允许，" if stretch.article == SPECIAL else "依本事项规定，"
    return f"{when}因“{stretch.reason}”暂停，{own}不计入期限{told}{reading}。"


def _ends(due: Due, terms: Terms) -> tuple[str, ...]:
    lines = [
        _end("承诺时限", due.promised, terms.promised, terms),
        _end("法定时限", due.statutory, terms.statutory, terms),
    ]
    if due.promised and due.statutory:
        lines.append(f"以先到的{due.on}为准。")
    return tuple(line for line in lines if line)


def _end(name: str, term: Term | None, limit: Limit | None, terms: Terms) -> str:
    if term is None or limit is None:
        return ""
    rolls = limit.unit is Unit.NATURAL and terms.over_rest_days
    rest = f"，最后一日是休息日的顺延至其后第一个工作日（{LAST_DAY}）" if rolls else ""
    return f"{name}至{term.due}届满（{_counting(limit.unit)}{rest}）。"


def _doubts(due: Due) -> tuple[str, ...]:
    lines = []
    if due.provisional:
        lines.append("其中有年度的放假安排尚未公布，暂按周一至周五推算，公布后重新计算。")
    if due.estimated:
        lines.append("当前处于暂停，日期按告知的期限预计，恢复计时后重新计算。")
    return tuple(lines)


def _counting(unit: Unit) -> str:
    if unit is Unit.NATURAL:
        return "按自然日计"
    return f"按工作日计，不含法定节假日，{WORKING_DAYS}"


def _with_article(limit: Limit) -> str:
    return f"{limit.zh}（{limit.article}）"


def _unit(terms: Terms) -> Unit:
    limit = terms.promised or terms.statutory
    return limit.unit if limit else Unit.WORKING
