"""What a window asks for an applicant, supplements and withdrawals: applied or refused."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import cases, deferrals
from services.routing.actions import desk as desks
from services.routing.actions import joint as joints
from services.routing.actions.desk import Desk, lay_out_of
from services.routing.domain import clock as clocks
from services.routing.domain import handoffs, joint
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.joint import Cause
from services.routing.domain.words import Side
from services.routing.models import CaseRow, RequestRow
from services.routing.queries import handoffs as queries
from services.routing.queries import registry
from services.routing.queries.readings import states_of
from shared.means import means
from shared.messaging import outbox
from shared.messaging.envelope import Event


async def apply_supplement(
    session: AsyncSession,
    case: CaseRow,
    supplement_id: UUID,
    *,
    materials: list[dict[str, Any]],
    originals: Mapping[UUID, str],
    application: dict[str, Any],
    given_at: datetime,
    at: datetime,
) -> None:
    """It goes to everybody who waits for it, and returns to the officer who asked. Its originals
    lie at the window, whatever becomes of it."""
    item = await registry.item(session, case.item_code, case.item_version)
    if item is not None:
        await cases.take_in(session, case, item, originals, at=at)
    sisters = await queries.lock_handoffs(session, case.case_number)
    waiting = [row for row in sisters if row.status == Status.NOTICED]
    open_ones = [
        row
        for row in sisters
        if row.opened_at and (Status(row.status), Step.SUPPLEMENT) in handoffs.MOVES
    ]
    targets = waiting or open_ones[:1]
    if not targets or case.status in ("closed", "unroutable"):
        why = "no-place-yet" if case.status == "unroutable" else "nothing-to-supplement"
        await _refuse(session, case, supplement_id, "supplement", why, asked_at=given_at, at=at)
        return
    case.materials = [*case.materials, *materials]
    _add_to_application(session, case, supplement_id, application)
    announced: list[Event] = []
    for row in targets:
        desk = await lay_out_of(session, case, row.id, asked_at=given_at, at=at)
        announced += await _supplement(desk, supplement_id)
    codes = sorted({each["code"] for each in materials})
    await deferrals.papers_came(session, case, codes, at=at)
    session.add(
        _settled(
            case, supplement_id, "supplement", "applied", asked_at=given_at, at=at, materials=codes
        )
    )
    await session.flush()
    await outbox.record_many(
        session, [outbox.Announcement(each, case.case_number, at) for each in announced]
    )


async def _supplement(desk: Desk, supplement_id: UUID) -> list[Event]:
    row = desk.handoff
    was = row.due_on
    desks.move(desk, Step.SUPPLEMENT)
    row.supplemented_on, row.supplement_due_on = desk.acted_on, None
    clock = clocks.supplemented(desks.clock_of(row), on=desk.acted_on)
    facts = {"supplement": str(supplement_id)}
    await desks.finish(desk, Step.SUPPLEMENT, clock=clock, facts=facts, side=Side.RECEIVING)
    applied = events.SupplementApplied(
        **desks.of_handoff(row), supplement_id=supplement_id, at=desk.acted_at
    )
    return [applied, *deferrals.moved(desk, was=was)]


def _add_to_application(
    session: AsyncSession, case: CaseRow, supplement_id: UUID, given: dict[str, Any]
) -> None:
    keys = means(session).keys
    context = f"routing.routed_case.application:{case.case_number}"
    content = from_json(keys.open("fields", case.application, context=context))
    content.setdefault("supplements", []).append({"id": str(supplement_id), **given})
    case.application = keys.seal("fields", to_json(content), context=context)


async def apply_withdrawal(
    session: AsyncSession,
    case: CaseRow,
    withdrawal_id: UUID,
    *,
    asked_at: datetime,
    at: datetime,
) -> None:
    """Until the matter is decided; the case's lock settles who was first."""
    sisters = await queries.lock_handoffs(session, case.case_number)
    if case.status in ("decided", "closed") or joint.decided(states_of(sisters)):
        await _refuse(
            session, case, withdrawal_id, "withdrawal", "already-decided", asked_at=asked_at, at=at
        )
        return
    announced: list[Event] = []
    closing = dict(joint.to_close(states_of(sisters), Cause.WITHDRAWN))
    for row in sisters:
        step = closing.get(str(row.id))
        if step is not None:
            desk = await lay_out_of(session, case, row.id, asked_at=asked_at, at=at)
            announced.append(await joints.close(desk, step))
    joints.fall_silent(sisters, at=at)
    case.status, case.outcome = "closed", "withdrawn"
    session.add(_settled(case, withdrawal_id, "withdrawal", "applied", asked_at=asked_at, at=at))
    await session.flush()
    ended = events.CaseClosed(
        case_number=case.case_number, outcome="withdrawn", at=min(asked_at, at)
    )
    await outbox.record_many(
        session, [outbox.Announcement(each, case.case_number, at) for each in (*announced, ended)]
    )


_REASONS = {
    "nothing-to-supplement": "办件已办结或终结，不再接收补正材料",
    "no-place-yet": "这件办件由哪里办理还没有确定，暂时不能接收补正材料；确定之后再提交",
    "already-decided": "办件已作出决定或已终结，不能撤回",
}


async def _refuse(
    session: AsyncSession,
    case: CaseRow,
    id_: UUID,
    kind: str,
    code: str,
    *,
    asked_at: datetime,
    at: datetime,
) -> None:
    session.add(_settled(case, id_, kind, code, asked_at=asked_at, at=at))
    await session.flush()
    refused = events.RequestRefused(
        case_number=case.case_number,
        request_id=id_,
        kind=kind,
        code=code,
        reason_zh=_REASONS[code],
        at=at,
    )
    await outbox.record(session, refused, subject=case.case_number, at=at)


def _settled(
    case: CaseRow,
    id_: UUID,
    kind: str,
    outcome: str,
    *,
    asked_at: datetime,
    at: datetime,
    **facts: Any,
) -> RequestRow:
    return RequestRow(
        id=id_,
        case_number=case.case_number,
        kind=kind,
        asked_at=asked_at,
        settled_at=at,
        outcome=outcome,
        facts=facts,
    )
