"""A handoff's clock, explained; and supposed, with nothing stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import clock as clocks
from services.routing.domain import deadlines, explanations, pressing, waits
from services.routing.domain.clock import Clock, State
from services.routing.domain.deadlines import Due, Light, Turns
from services.routing.domain.explanations import WhatIf
from services.routing.domain.handoffs import Status
from services.routing.domain.pressing import Standing
from services.routing.domain.terms import Hop, Terms
from services.routing.domain.waits import Deemed, Delivery, Receipts
from services.routing.models import CaseRow, HandoffRow
from services.routing.queries import handoffs, readings, registry
from shared.clock import local_date
from shared.errors import Fault, InvalidError, NotFoundError
from shared.security.grants import Scope
from shared.workdays.calendar import Term, Workdays


@dataclass(frozen=True, slots=True)
class Explained:
    clock: Clock
    due: Due | None
    light: Light
    turns: Turns | None
    notice_turns: Turns | None
    lines: Sequence[str]
    receipts: Receipts
    notice_due: Term | None
    deemed: Deemed | None
    supplement_due: Term | None
    delivery_due: Term | None
    check_turns: Turns | None
    hops: Mapping[Hop, Term]


@dataclass(frozen=True, slots=True)
class Supposed:
    suspend_from: date | None = None
    working_days: int | None = None
    procedure: str | None = None
    extend: int | None = None


async def explained(
    session: AsyncSession, handoff_id: UUID, *, scope: Scope, at: datetime
) -> Explained:
    row, terms, workdays = await _read(session, handoff_id, scope)
    clock, receipts, day = readings.clock_of(row), readings.receipts_of(row), local_date(at)
    here = await _standing(session, row)
    notice_due, deemed = _before_acceptance(here, terms, workdays)
    delivery = _delivery(here, terms, workdays)
    limit = deadlines.light_on(clock, terms, workdays, day=day)
    return Explained(
        clock=clock,
        due=deadlines.due_on(clock, terms, workdays),
        light=pressing.graver(limit, pressing.notice_light(here, terms, workdays, day=day)),
        turns=deadlines.turns(clock, terms, workdays),
        notice_turns=pressing.notice_turns(here, terms, workdays),
        lines=[
            *explanations.explain(clock, terms, workdays),
            *explanations.explain_notice(notice_due, terms),
            *([explanations.explain_deemed(deemed)] if deemed else ()),
            *explanations.explain_delivery(here.granted_on, delivery, terms),
        ],
        receipts=receipts,
        notice_due=notice_due,
        deemed=deemed,
        supplement_due=_supplement(row, terms, workdays),
        delivery_due=delivery.due if delivery else None,
        check_turns=pressing.check_turns(here, terms, workdays),
        hops=pressing.hops(here, terms, workdays),
    )


async def _standing(session: AsyncSession, row: HandoffRow) -> Standing:
    case = await session.get(CaseRow, row.case_number)
    item = await registry.item(session, row.item_code, row.item_version)
    return readings.standing_of(row, case, item)


def _before_acceptance(
    here: Standing, terms: Terms, workdays: Workdays
) -> tuple[Term | None, Deemed | None]:
    if not here.before_acceptance:
        return None, None
    receipts, supplemented_on = here.receipts, here.supplemented_on
    return (
        waits.notice_due(receipts, terms, workdays, supplemented_on=supplemented_on),
        waits.deemed_acceptance(receipts, terms, workdays, supplemented_on=supplemented_on),
    )


def _supplement(row: HandoffRow, terms: Terms, workdays: Workdays) -> Term | None:
    if row.status != Status.NOTICED or row.noticed_on is None:
        return None
    return waits.supplement_due(row.noticed_on, terms, workdays)


def _delivery(here: Standing, terms: Terms, workdays: Workdays) -> Delivery | None:
    if here.granted_on is None:
        return None
    return waits.delivery(here.granted_on, terms, workdays, told_on=here.told_on)


async def what_if(
    session: AsyncSession, handoff_id: UUID, asked: Supposed, *, scope: Scope, at: datetime
) -> WhatIf:
    row, terms, workdays = await _read(session, handoff_id, scope)
    _check(asked)
    changes = [*_suspension(asked, terms, workdays), *_extension(asked, terms, at=at)]
    return explanations.what_if(readings.clock_of(row), terms, workdays, *changes)


Change = Callable[[Clock], Clock]


def _suspension(asked: Supposed, terms: Terms, workdays: Workdays) -> list[Change]:
    """Suspended on the day, and resumed when the length that was told is over."""
    start, days = asked.suspend_from, asked.working_days
    if start is None or days is None:
        return []
    first = terms.procedures[0].code if terms.procedures else ""
    procedure, end = asked.procedure or first, workdays.add(start, days).due
    return [
        lambda clock: clocks.suspend(
            clock, terms, on=start, procedure=procedure, working_days=days
        ),
        lambda clock: clocks.resume(clock, on=end),
    ]


def _extension(asked: Supposed, terms: Terms, *, at: datetime) -> list[Change]:
    days = asked.extend
    if days is None:
        return []

    def extend(clock: Clock) -> Clock:
        running = clock.state is not State.NOT_STARTED
        last = clock.stretches[-1].since if running else local_date(at)
        on = max(local_date(at), last)
        return clocks.extend(clock, terms, on=on, days=days)

    return [extend]


def _check(asked: Supposed) -> None:
    suspends = asked.suspend_from is not None
    faults = []
    if suspends != (asked.working_days is not None):
        pointer = "/working_days" if suspends else "/suspend_from"
        zh = "启动特别程序要写明从哪天起、需要几个工作日"
        faults.append(
            Fault(pointer, "missing", zh, "say from which day and for how many working days")
        )
    if not suspends and asked.extend is None and not faults:
        faults.append(Fault("", "nothing-supposed", "请填写暂停或延期", "suppose something"))
    if faults:
        raise InvalidError(faults)


async def _read(
    session: AsyncSession, handoff_id: UUID, scope: Scope
) -> tuple[HandoffRow, Terms, Workdays]:
    row = await handoffs.read_handoff(session, handoff_id, scope)
    known = await registry.known(session)
    item = await registry.item(session, row.item_code, row.item_version)
    if item is None:
        raise NotFoundError
    return row, readings.terms_of(row, item), known.workdays_of(row.division)
