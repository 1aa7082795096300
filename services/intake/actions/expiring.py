"""What follows when a term runs out at the window: deferred papers that never came, registered
visits that nobody completed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import events
from services.intake.actions import applications, asking, news
from services.intake.domain import cases, deferrals
from services.intake.domain.cases import News, Status, What
from services.intake.domain.deferrals import Follows, Kind
from services.intake.domain.items import ItemVersion
from services.intake.models import CaseRow, PromiseRow, StepRow
from services.intake.queries import cases as reads
from services.intake.queries import catalogue, promises
from shared.audit import trail
from shared.chance import new_id
from shared.clock import local_date
from shared.messaging import outbox

# What was promised is owed no more once the matter is over.
_OVER = frozenset({Status.REFUSED, Status.CLOSED, Status.DELIVERED})
_GRANTED = "granted"


async def expire_promises(session: AsyncSession, number: str, *, at: datetime) -> bool:
    """Looks again at what still stands: true where something followed."""
    case = await reads.lock_known(session, number)
    today = local_date(at)
    overdue = [
        row
        for row in await promises.of_case(session, number)
        if row.expires_on is not None and row.expires_on < today
    ]
    if case is None or not overdue:
        return False
    if _is_over(case):
        _release(overdue)
        return False
    came = await promises.in_hand(session, number)
    _release([row for row in overdue if row.material_code in came])
    missing = [row for row in overdue if row.material_code not in came]
    if not missing:
        return False
    item = (await catalogue.versions_of(session, case.item_code))[case.item_version]
    await _follow(session, case, missing, item, at=at)
    return True


def _is_over(case: CaseRow) -> bool:
    """A denial needs no paper any more."""
    status = Status(case.status)
    return status in _OVER or (status is Status.DECIDED and case.result != _GRANTED)


def _release(rows: Sequence[PromiseRow]) -> None:
    for row in rows:
        row.expires_on = None


async def _follow(
    session: AsyncSession,
    case: CaseRow,
    rows: Sequence[PromiseRow],
    item: ItemVersion,
    *,
    at: datetime,
) -> None:
    today = local_date(at)
    decided = case.status == Status.DECIDED
    before = any(row.broken_at is not None for row in rows)
    follows = deferrals.consequence(item, paused=before, decided=decided)
    until = deferrals.barred_until(item, Kind.DEFERRAL, today)
    again = _last_chance(item, today) if follows is Follows.PAUSED else None
    for row in rows:
        if row.broken_at is None:
            row.broken_at, row.barred_until = at, until
        row.expires_on, row.follows = again, follows.value
    told = _Told(follows, tuple(sorted(row.material_code for row in rows)), until, again)
    await _tell(session, case, told, due_on=min(row.due_on or today for row in rows), at=at)


def _last_chance(item: ItemVersion, today: date) -> date | None:
    """中止办理: the same term once more, and then the file is returned."""
    return deferrals.due_on(item.deferral, today, applications.workdays())


@dataclass(frozen=True, slots=True)
class _Told:
    follows: Follows
    materials: tuple[str, ...]
    barred_until: date | None
    next_due_on: date | None


async def _tell(
    session: AsyncSession, case: CaseRow, told: _Told, *, due_on: date, at: datetime
) -> None:
    case.version += 1
    case.changed_at = at
    step = {"step_id": new_id(), "case_number": case.case_number, "at": at}
    await session.execute(
        insert(StepRow).values(
            **step, what=What.PROMISE_BROKEN.value, location=case.receiving_location
        )
    )
    await trail.record(
        session,
        action="promise-broken",
        at=at,
        case_number=case.case_number,
        resource=f"case:{case.case_number}",
        facts={"materials": list(told.materials), "follows": told.follows.value},
    )
    event = events.PromiseBroken(
        case_number=case.case_number,
        kind=Kind.DEFERRAL.value,
        materials=told.materials,
        due_on=due_on,
        follows=told.follows.value,
        next_due_on=told.next_due_on,
        barred_until=told.barred_until,
        at=at,
    )
    await outbox.record(session, event, subject=case.case_number, at=at)


async def close_unfinished(session: AsyncSession, number: str, *, at: datetime) -> bool:
    """A visit that was registered and never completed; nobody else has heard of it."""
    case = await reads.lock_known(session, number)
    if case is None or case.status != Status.RECEIVED_INCOMPLETE:
        return False
    if case.asked_until is None or case.asked_until >= local_date(at):
        return False
    lapsed = News(What.CLOSED, at, value="lapsed")
    news.show(case, cases.after(news.picture_of(case), lapsed), at=at)
    await asking.note(session, case, What.CLOSED, at=at)
    await trail.record(
        session,
        action="registration-lapsed",
        at=at,
        case_number=number,
        resource=f"case:{number}",
        facts={},
    )
    return True
