"""A deferred paper (容缺) did not come in time: what the item says happens to the matter now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import approvals
from services.routing.actions import desk as desks
from services.routing.actions import joint as joints
from services.routing.actions.desk import Desk, lay_out_of
from services.routing.domain import clock as clocks
from services.routing.domain import joint, promises
from services.routing.domain.approvals import Kind
from services.routing.domain.handoffs import FINAL, Status
from services.routing.domain.joint import Cause
from services.routing.domain.promises import Ground
from services.routing.models import CaseRow, HandoffRow, QueueChangeRow
from services.routing.queries import handoffs as queries
from services.routing.queries.readings import states_of
from shared.audit import trail
from shared.clock import local_date
from shared.messaging import outbox
from shared.messaging.envelope import Event


@dataclass(frozen=True, slots=True)
class End:
    cause: Cause
    outcome: str


_ENDS: Mapping[str, End] = MappingProxyType(
    {
        "deemed_withdrawn": End(Cause.WITHDRAWN, "withdrawn"),
        "acceptance_revoked": End(Cause.PROMISE_BROKEN, "acceptance_revoked"),
        "returned": End(Cause.PROMISE_BROKEN, "returned"),
    }
)
_PAUSE = "paused"
_ENDED = frozenset({"decided", "closed"})


@dataclass(frozen=True, slots=True)
class Broken:
    """Which deferred papers did not come, and when they should have."""

    materials: Sequence[str]
    due_on: date


async def follow(
    session: AsyncSession, case: CaseRow, broken: Broken, follows: str, *, at: datetime
) -> None:
    """What was decided meanwhile no lapse of time undoes; there the item says whether its result is
    held, or the supervisor has to revoke."""
    case.broken_promise = {
        "materials": list(broken.materials),
        "due_on": broken.due_on.isoformat(),
        "told_on": local_date(at).isoformat(),
    }
    sisters = await queries.lock_handoffs(session, case.case_number)
    await trail.record(
        session,
        action="promise-broken",
        case_number=case.case_number,
        resource=f"case:{case.case_number}",
        facts={"follows": follows, "materials": list(broken.materials)},
        at=at,
    )
    if case.status in _ENDED or joint.decided(states_of(sisters)):
        await _follow_decided(session, case, broken, at=at)
        return
    announced: list[Event] = []
    if follows == _PAUSE:
        for row in sisters:
            announced += await _pause(session, case, row, at=at)
    elif follows in _ENDS:
        announced += await _end(session, case, _ENDS[follows], at=at)
    await session.flush()
    await outbox.record_many(
        session, [outbox.Announcement(each, case.case_number, at) for each in announced]
    )


async def _follow_decided(
    session: AsyncSession, case: CaseRow, broken: Broken, *, at: datetime
) -> None:
    granted = await queries.granted(session, case.case_number)
    if granted is None or case.status == "closed":
        return
    desk = await lay_out_of(session, case, granted.id, at=at)
    case.broken_promise = {**(case.broken_promise or {}), "once_decided": True}
    granted.version += 1
    if promises.revokes_decided(desk.item.document):
        names = [desk.item.materials.get(code, code) for code in broken.materials]
        reason = promises.reason_to_revoke(names, broken.due_on)
        await approvals.ask_by_rule(desk, Kind.REVOCATION, Ground.DEFERRAL.value, reason)


async def papers_came(
    session: AsyncSession, case: CaseRow, codes: Collection[str], *, at: datetime
) -> None:
    """Late, but before the decision was revoked: what it was to be revoked for is no more so."""
    broken = case.broken_promise
    if broken is None or broken.get("came_on") is not None:
        return
    came = await queries.supplied(session, case.case_number) | set(codes)
    if not came.issuperset(broken["materials"]):
        return
    case.broken_promise = {**broken, "came_on": local_date(at).isoformat()}
    granted = await queries.granted(session, case.case_number)
    if granted is not None:
        desk = await lay_out_of(session, case, granted.id, at=at)
        await approvals.take_back(desk, Kind.REVOCATION, Ground.DEFERRAL.value)


async def _pause(
    session: AsyncSession, case: CaseRow, row: HandoffRow, *, at: datetime
) -> list[Event]:
    if Status(row.status) in FINAL or row.opened_at is None:
        return []
    desk = await lay_out_of(session, case, row.id, at=at)
    before = desks.clock_of(row)
    paused = clocks.await_deferred(before, on=desk.today)
    if paused == before:
        return []
    was = row.due_on
    desks.set_clock(desk, paused)
    row.version += 1
    session.add(QueueChangeRow(location=row.location))
    await session.flush()
    await desks.set_watches(desk)
    return moved(desk, was=was)


def moved(desk: Desk, *, was: date | None) -> list[Event]:
    """Told where a pause, or its end, moved the last day."""
    row = desk.handoff
    if row.due_on == was:
        return []
    changed = events.DeadlineChanged(
        **desks.of_handoff(row),
        was=was,
        due_on=row.due_on,
        due_provisional=row.due_provisional,
        supplement_due_on=row.supplement_due_on,
        at=desk.at,
    )
    return [changed]


async def _end(session: AsyncSession, case: CaseRow, end: End, *, at: datetime) -> list[Event]:
    sisters = await queries.lock_handoffs(session, case.case_number)
    closing = dict(joint.to_close(states_of(sisters), end.cause))
    announced: list[Event] = []
    for row in sisters:
        step = closing.get(str(row.id))
        if step is not None:
            desk = await lay_out_of(session, case, row.id, at=at)
            announced.append(await joints.close(desk, step))
    joints.fall_silent(sisters, at=at)
    case.status, case.outcome = "closed", end.outcome
    ended = events.CaseClosed(case_number=case.case_number, outcome=end.outcome, at=at)
    return [*announced, ended]
