"""What every act on a handoff does around the act itself: load, clock, watches, trail, queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import deadlines, duties, handoffs, leases, waits, watches
from services.routing.domain.clock import Clock
from services.routing.domain.deadlines import Light
from services.routing.domain.duties import Approval, Refused
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.leases import Work
from services.routing.domain.terms import Terms
from services.routing.domain.waits import Receipts
from services.routing.domain.words import LocationKind, Mode, Power, Side
from services.routing.models import ActRow, CaseRow, HandoffRow, QueueChangeRow, WatchRow
from services.routing.queries import handoffs as queries
from services.routing.queries import registry
from services.routing.queries.readings import clock_of as clock_of
from services.routing.queries.readings import side_of as side_of
from services.routing.queries.readings import terms_of as terms_of
from services.routing.queries.readings import written as written
from services.routing.queries.registry import Item, Known
from shared.audit import trail
from shared.chance import new_id
from shared.clock import local_date
from shared.errors import ConflictError
from shared.means import means, origin
from shared.messaging import outbox
from shared.messaging.envelope import Event
from shared.security.grants import EVERYTHING, Scope

RANKS = {Light.MISSED: 0, Light.RED: 1, Light.YELLOW: 2, Light.GREEN: 3}


class NotTheirsError(ConflictError):
    """The duties table says who may."""

    code = "not-your-step"

    def __init__(self, refused: Refused, allowed: Sequence[Step]) -> None:
        super().__init__(
            refused.reason_zh,
            refused.reason_en,
            because=refused.because.value,
            allowed=[step.value for step in allowed],
        )


class ApprovalNeededError(ConflictError):
    code = "approval-needed"

    def __init__(self) -> None:
        super().__init__("这一步骤须经科长批准", "this step needs a supervisor's approval")


@dataclass(frozen=True, slots=True)
class Desk:
    """One handoff laid out for an act: its case, its sisters, its item and calendar, the day."""

    session: AsyncSession
    case: CaseRow
    handoff: HandoffRow
    sisters: Sequence[HandoffRow]
    item: Item
    known: Known
    at: datetime

    @property
    def today(self) -> date:
        return local_date(self.at)

    @property
    def terms(self) -> Terms:
        return terms_of(self.handoff, self.item)

    @property
    def receipts(self) -> Receipts:
        handling = self.handoff.handling_received_at
        return Receipts(
            window_on=local_date(self.handoff.window_received_at),
            handling_on=local_date(handling) if handling else None,
            delegated=Power.ACCEPT in self.handoff.powers and self.handoff.accepts,
        )


async def lay_out(
    session: AsyncSession, handoff_id: UUID, *, scope: Scope = EVERYTHING, at: datetime
) -> Desk:
    """Locked: the case first, then all of its handoffs."""
    case = await queries.lock_case_of(session, handoff_id, scope)
    return await lay_out_of(session, case, handoff_id, at=at)


async def lay_out_of(
    session: AsyncSession, case: CaseRow, handoff_id: UUID, *, at: datetime
) -> Desk:
    sisters = await queries.lock_handoffs(session, case.case_number)
    handoff = next(row for row in sisters if row.id == handoff_id)
    known = await registry.known(session)
    item = await registry.item(session, case.item_code, case.item_version)
    assert item is not None, "a case is only assigned with its item at hand"  # noqa: S101
    return Desk(session, case, handoff, sisters, item, known, at)


def require_duty(desk: Desk, step: Step, *, side: Side | None = None) -> None:
    """The same table that `make duties` prints."""
    row = desk.handoff
    receiving = registry.place(desk.known, row.receiving_location, on=desk.today)
    answer = duties.may(
        Mode(row.mode),
        Status(row.status),
        step,
        side or side_of(row),
        powers=frozenset(Power(each) for each in row.powers),
        location_kind=receiving.kind if receiving else LocationKind.CENTRE,
    )
    if isinstance(answer, Refused):
        # A step the status forbids is told with what it allows instead.
        handoffs.after(Status(row.status), step)
        raise NotTheirsError(answer, handoffs.allowed(Status(row.status)))
    if answer.approval is Approval.SUPERVISOR and origin(desk.session).role != "supervisor":
        raise ApprovalNeededError


def require_holder(desk: Desk) -> None:
    """The officer's act binds the work to them; systems and windows act without holding it."""
    row, by = desk.handoff, origin(desk.session).actor
    work = leases.act(Work(row.holder, row.lease_until, row.bound), by, at=desk.at)
    row.holder, row.lease_until, row.bound = work.holder, work.lease_until, work.bound


def move(desk: Desk, step: Step) -> None:
    row = desk.handoff
    row.status = handoffs.after(Status(row.status), step).value
    outcome = handoffs.outcome_of(step)
    if outcome is not None:
        row.outcome = outcome.value
    if Status(row.status) in handoffs.FINAL:
        row.closed_at = desk.at
        row.holder = row.lease_until = None
        row.bound = False


def set_clock(row: HandoffRow, clock: Clock, terms: Terms, known: Known, *, today: date) -> None:
    due = deadlines.due_on(clock, terms, known.workdays)
    light = deadlines.light_on(clock, terms, known.workdays, day=today)
    row.clock = written(clock)
    row.clock_state = clock.state.value
    row.clock_revision = clock.revision
    row.due_on = due.on if due else None
    row.due_provisional = due.provisional if due else False
    row.light = light.value
    row.light_rank = RANKS[light]


async def set_watches(desk: Desk) -> None:
    """What must be announced later, for the clock as it is now; what was set before is void."""
    row, workdays = desk.handoff, desk.known.workdays
    clock = clock_of(row)
    found = list(watches.watches(clock, desk.terms, workdays))
    if row.status == Status.RECEIVED and row.accepts:
        deemed = waits.deemed_acceptance(
            desk.receipts, desk.terms, workdays, supplemented_on=row.supplemented_on
        )
        found += watches.watch_deemed(deemed, revision=clock.revision)
    if row.status == Status.NOTICED and row.noticed_on is not None:
        lapses_on = waits.lapses_on(row.noticed_on, desk.terms, workdays)
        found += watches.watch_supplement(lapses_on, revision=clock.revision)
    await desk.session.execute(
        delete(WatchRow).where(WatchRow.handoff_id == row.id, WatchRow.fired_at.is_(None))
    )
    if found:
        await desk.session.execute(
            insert(WatchRow),
            [
                {
                    "handoff_id": row.id,
                    "sign": each.sign.value,
                    "revision": each.revision,
                    "on_day": each.on,
                }
                for each in found
            ],
        )


async def finish(
    desk: Desk,
    step: Step,
    *,
    clock: Clock | None = None,
    facts: dict[str, Any] | None = None,
    words: dict[str, Any] | None = None,
    side: Side | None = None,
) -> None:
    """What follows any act, in the same transaction: clock, watches, act, trail, queue."""
    row, session = desk.handoff, desk.session
    if clock is not None:
        set_clock(row, clock, desk.terms, desk.known, today=desk.today)
    row.version += 1
    desk.case.version += 1
    await set_watches(desk)
    by = origin(session)
    act_id = new_id()
    content = {"name": by.name, **(words or {})}
    session.add(
        ActRow(
            id=act_id,
            handoff_id=row.id,
            case_number=row.case_number,
            step=step.value,
            side=(side or side_of(row)).value,
            actor=by.actor,
            at=desk.at,
            facts=facts or {},
            words=means(session).keys.seal(
                "fields", to_json(content), context=f"routing.act.words:{act_id}"
            ),
        )
    )
    session.add(QueueChangeRow(location=row.location))
    await session.flush()
    await trail.record(
        session,
        action=f"handoff-{step.value.replace('_', '-')}",
        case_number=row.case_number,
        resource=f"handoff:{row.id}",
        outcome=row.status,
        facts=facts or {},
        at=desk.at,
    )


async def announce(desk: Desk, *events: Event) -> None:
    """Last of all: it takes the subject's lock."""
    await outbox.record_many(
        desk.session,
        [outbox.Announcement(event, desk.case.case_number, desk.at) for event in events],
    )


def of_handoff(row: HandoffRow) -> dict[str, Any]:
    """The fields that every event of a handoff carries."""
    return {
        "case_number": row.case_number,
        "handoff_id": row.id,
        "location": row.location,
        "status": row.status,
    }
