"""A case arrives from a window: it gets its handoffs, or waits for ops with the reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from opentelemetry.trace import INVALID_SPAN, Span
from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import crossing, custody, opening
from services.routing.actions import desk as desks
from services.routing.actions.desk import Desk
from services.routing.domain import clock as clocks
from services.routing.domain import plans
from services.routing.domain.competence import Unroutable
from services.routing.domain.handoffs import Status
from services.routing.domain.plans import PlannedHandoff
from services.routing.domain.questions import Question
from services.routing.domain.words import Mode
from services.routing.models import CaseRow, HandoffRow, QueueChangeRow
from services.routing.queries import handoffs as queries
from services.routing.queries.registry import Item, Known
from shared.audit import trail
from shared.chance import new_id
from shared.clock import local_date
from shared.db.rows import write_new
from shared.means import means
from shared.messaging import outbox
from shared.messaging.envelope import Event
from shared.telemetry import traces


def question_of(case: CaseRow, item: Item) -> Question:
    return Question(
        item=item.basis,
        mode=Mode(case.mode),
        receiving=case.receiving_location,
        basis=case.basis,
        on=local_date(case.received_at),
        chosen=case.chosen_basis,
    )


@dataclass(frozen=True, slots=True)
class Arrival:
    """A case as a window has told of it; `span` is where its trace goes on."""

    case: CaseRow
    application: bytes
    item: Item
    originals: Mapping[UUID, str]
    span: Span = INVALID_SPAN


async def receive_cases(
    session: AsyncSession, arrivals: Sequence[Arrival], known: Known, *, at: datetime
) -> None:
    """Store each with its application sealed, its originals with the window, and assign it."""
    for each in arrivals:
        with traces.inside(each.span):
            await _receive(session, each, known, at=at)
    arrived = [row for row in session if isinstance(row, HandoffRow) and row.opened_at]
    await queries.settle_turns(session, sorted(arrived, key=lambda row: row.id))
    # All of them, whatever tables they go into, in the statement that ends the transaction.
    await write_new(session)


async def _receive(session: AsyncSession, given: Arrival, known: Known, *, at: datetime) -> None:
    case = given.case
    context = f"routing.routed_case.application:{case.case_number}"
    case.application = means(session).keys.seal("fields", given.application, context=context)
    session.add(case)
    await take_in(session, case, given.item, given.originals, fresh=True, at=case.received_at)
    await assign_case(session, case, given.item, known, fresh=True, at=at)


async def amend_application(
    session: AsyncSession,
    case: CaseRow,
    parts: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    at: datetime,
) -> None:
    """The window put something right: whoever has read the matter before has to look again."""
    keys = means(session).keys
    context = f"routing.routed_case.application:{case.case_number}"
    content = from_json(keys.open("fields", case.application, context=context))
    case.application = keys.seal("fields", to_json({**content, **parts}), context=context)
    case.version += 1
    for row in await queries.lock_handoffs(session, case.case_number):
        if row.closed_at is None:
            row.version += 1
            session.add(QueueChangeRow(location=row.location))
    await trail.record(
        session,
        action="application-amended",
        case_number=case.case_number,
        resource=f"case:{case.case_number}",
        facts=dict(facts),
        at=at,
    )


async def take_in(
    session: AsyncSession,
    case: CaseRow,
    item: Item,
    originals: Mapping[UUID, str],
    *,
    fresh: bool = False,
    at: datetime,
) -> None:
    """`originals`: each paper that was handed over the counter, with its material."""
    given = [
        custody.Given(id_, code, item.materials.get(code, code)) for id_, code in originals.items()
    ]
    await custody.take_in(
        session, case, given, location=case.receiving_location, fresh=fresh, at=at
    )


async def assign_case(
    session: AsyncSession,
    case: CaseRow,
    item: Item,
    known: Known,
    *,
    fresh: bool = False,
    at: datetime,
) -> bool:
    """Open the handoffs the plan asks for; without an answer the case waits, with all reasons."""
    planned = plans.plan(question_of(case, item), item.plan(case.mode), known.registry)
    if isinstance(planned, Unroutable):
        await _leave_unroutable(session, case, planned, at=at)
        return False
    case.status = "open"
    case.why = {"sentences": [each.why.sentence for each in planned]}
    rows = [_handoff(case, item, each, known, at=at) for each in planned]
    session.add_all(rows)
    opened = [row for row in rows if row.stage == rows[0].stage]
    announced: list[Event] = []
    for row in opened:
        desk = Desk(session, case, row, rows, item, known, at, fresh=fresh)
        announced += await opening.open_handoff(desk, fresh=fresh)
    # Where the window has accepted for the lead, its later stages need not wait.
    if case.mode == Mode.JOINT_HANDLING:
        lead = Desk(session, case, rows[0], rows, item, known, at, fresh=fresh)
        announced += await opening.open_next(lead)
    await trail.record(
        session,
        action="case-assigned",
        case_number=case.case_number,
        resource=f"case:{case.case_number}",
        outcome="assigned",
        facts={"locations": [row.location for row in rows]},
        at=at,
    )
    await crossing.hand_out(session, case, rows, known, at=at)
    assigned = events.CaseAssigned(
        case_number=case.case_number,
        mode=case.mode,
        handoffs=[_facts(row) for row in rows],
        why=[each.why.sentence for each in planned],
        powers=sorted({power.value for each in planned for power in each.powers}),
    )
    await outbox.record_many(
        session,
        [outbox.Announcement(each, case.case_number, at) for each in (assigned, *announced)],
    )
    return True


async def _leave_unroutable(
    session: AsyncSession, case: CaseRow, answer: Unroutable, *, at: datetime
) -> None:
    reasons = [_reason(each) for each in answer.reasons]
    if case.status == "unroutable" and case.why == {"reasons": reasons}:
        return
    case.status = "unroutable"
    case.why = {"reasons": reasons}
    await session.flush()
    event = events.CaseUnroutable(case_number=case.case_number, reasons=reasons)
    await outbox.record(session, event, subject=case.case_number, at=at)


def _reason(given: Any) -> dict[str, Any]:
    return {
        "why": given.why.value,
        "message_zh": given.message_zh,
        "message_en": given.message_en,
        "candidates": list(given.candidates),
    }


def _handoff(
    case: CaseRow, item: Item, planned: PlannedHandoff, known: Known, *, at: datetime
) -> HandoffRow:
    step, limit = planned.step, planned.step.limit
    return HandoffRow(
        id=new_id(),
        case_number=case.case_number,
        item_code=case.item_code,
        item_version=case.item_version,
        item_name=item.basis.name,
        mode=case.mode,
        step=step.step,
        step_name=step.name,
        role=step.role,
        stage=step.stage,
        lead=step.lead,
        accepts=step.accepts,
        decides=step.decides,
        step_limit={"value": limit.value, "unit": limit.unit.value} if limit else None,
        location=planned.location.code,
        division=planned.location.division,
        receiving_location=case.receiving_location,
        receiving_division=case.receiving_division,
        powers=sorted(power.value for power in planned.powers),
        why=from_json(to_json(asdict(planned.why))),
        status=Status.PENDING.value,
        bound=False,
        window_received_at=case.received_at,
        clock=desks.written(clocks.NOT_STARTED),
        clock_state=clocks.State.NOT_STARTED.value,
        clock_revision=0,
        due_provisional=False,
        light="green",
        light_rank=3,
        light_told="green",
        notice_told="green",
        turn=0,
        calendar=known.calendar,
        lane_rank=0 if case.priority == "green" else 1,
        deemed=False,
        version=1,
        created_at=at,
    )


def _facts(row: HandoffRow) -> events.HandoffFacts:
    return events.HandoffFacts(
        id=row.id,
        location=row.location,
        step=row.step,
        step_name=row.step_name,
        stage=row.stage,
        role=row.role,
        lead=row.lead,
        status=row.status,
        due_on=row.due_on,
    )
