"""What every act on a handoff does around the act itself: load, clock, watches, trail, queue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import delete, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import deadlines, duties, handoffs, leases, pressing, waits, watches
from services.routing.domain.clock import Clock
from services.routing.domain.deadlines import Light
from services.routing.domain.duties import Allowed, Approval, Because, Refused
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.leases import Work
from services.routing.domain.pressing import Pressing, Standing
from services.routing.domain.queues import RANKS
from services.routing.domain.terms import Terms
from services.routing.domain.waits import Receipts
from services.routing.domain.watches import Sign, Watch
from services.routing.domain.words import LocationKind, Mode, Power, Side
from services.routing.models import ActRow, CaseRow, HandoffRow, QueueChangeRow, WatchRow
from services.routing.queries import attachments, registry
from services.routing.queries import handoffs as queries
from services.routing.queries.readings import acting_side, receipts_of, standing_of
from services.routing.queries.readings import clock_of as clock_of
from services.routing.queries.readings import side_of as side_of
from services.routing.queries.readings import terms_of as terms_of
from services.routing.queries.readings import written as written
from services.routing.queries.registry import Item, Known
from shared.audit import trail
from shared.chance import new_id
from shared.clock import SHANGHAI, local_date
from shared.db import gathering
from shared.db.base import table_of
from shared.db.rows import inserting
from shared.errors import ConflictError, Fault, ForbiddenError, InvalidError
from shared.http import etags
from shared.means import Origin, means, origin
from shared.messaging import outbox
from shared.messaging.envelope import Event
from shared.security.callers import Role
from shared.security.grants import EVERYTHING, Scope
from shared.workdays.calendar import Workdays

_WITHOUT_HOLDING = frozenset({Side.RECEIVING, Side.DESK})
_SUPERVISING = frozenset({Role.SUPERVISOR, Role.PARTNER})


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


class NotAtWindowError(ForbiddenError):
    """收受分离: a window takes in and hands on; the power to decide stays where it is."""

    code = "not-at-window"

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason_zh, refused.reason_en)


class ApprovalNeededError(ConflictError):
    code = "approval-needed"

    def __init__(self) -> None:
        super().__init__("这一步骤须经科长批准", "this step needs a supervisor's approval")


@dataclass(frozen=True, slots=True)
class Proof:
    """For a place without a system: who acted there, on which day, and the paper that shows it."""

    digest: str
    acted_by: str
    acted_on: date


@dataclass(frozen=True, slots=True)
class Statement:
    """What goes with an act besides its own words; attachments are digests of uploaded files."""

    opinion: str | None = None
    attachments: tuple[str, ...] = ()
    proof: Proof | None = None

    @property
    def files(self) -> tuple[str, ...]:
        return (*self.attachments, *((self.proof.digest,) if self.proof else ()))


NOTHING = Statement()


@dataclass(frozen=True, slots=True)
class Deed:
    """How an act is done: what the caller may touch, when, against which version, and with what."""

    scope: Scope
    at: datetime
    if_match: str | None = None
    said: Statement = NOTHING


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
    said: Statement = NOTHING
    # It has just come, perhaps with others: their turns in the queue are settled together.
    fresh: bool = False
    # When the window was asked for it, where it is applied later.
    asked_at: datetime | None = None

    @property
    def today(self) -> date:
        return local_date(self.at)

    @property
    def terms(self) -> Terms:
        return terms_of(self.handoff, self.item)

    @property
    def workdays(self) -> Workdays:
        """The handling place's calendar: it is the one that has to act."""
        return self.known.workdays_of(self.handoff.division)

    @property
    def acted_on(self) -> date:
        """The day from which the law counts: the one on which it was done, on paper or in another
        installation, not the one on which it is written down here."""
        return local_date(self.acted_at)

    @property
    def acted_at(self) -> datetime:
        """Paper tells the day and no hour; noon of it then."""
        if self.said.proof is None or not self.offline:
            told = origin(self.session).acted_at or self.asked_at
            return self.at if told is None else min(max(told, self._before), self.at)
        if self.said.proof.acted_on >= self.today:
            return self.at
        return datetime.combine(self.said.proof.acted_on, time(12), SHANGHAI).astimezone(UTC)

    @property
    def _before(self) -> datetime:
        """What is known of the handoff was done by then, so whatever follows was done later."""
        row = self.handoff
        days = [row.noticed_on, row.supplemented_on, *(s.since for s in clock_of(row).stretches)]
        known = [row.window_received_at, row.handling_received_at, row.accepted_at, row.decided_at]
        began = (datetime.combine(day, time(), SHANGHAI).astimezone(UTC) for day in days if day)
        return max([*(each for each in known if each), *began])

    @property
    def offline(self) -> bool:
        """The handling place has no system: the window records what it has done on paper."""
        place = self.known.registry.last_known(self.handoff.location)
        return place is not None and place.offline

    @property
    def side(self) -> Side:
        """As whom the caller acts on this handoff."""
        part = acting_side(self.handoff, origin(self.session))
        on_paper = part is Side.RECEIVING and self.offline and self.said.proof is not None
        return side_of(self.handoff) if on_paper else part

    @property
    def acting_for(self) -> str:
        """The window, where it acts by a power that was delegated to it."""
        row = self.handoff
        return row.receiving_location if self.side is Side.RECEIVING else row.location

    @property
    def supervised(self) -> bool:
        """A partner has supervisors of its own; of a place on paper the proof shows it."""
        on_paper = self.offline and self.said.proof is not None
        return origin(self.session).role in _SUPERVISING or on_paper

    @property
    def receipts(self) -> Receipts:
        return receipts_of(self.handoff)

    @property
    def standing(self) -> Standing:
        return standing_of(self.handoff, self.case, self.item)


async def begin(session: AsyncSession, handoff_id: UUID, step: Step, deed: Deed) -> Desk:
    """What precedes every act of an office: the right version, the right side, the one holder."""
    desk = await lay_out_for(session, handoff_id, deed)
    require_duty(desk, step)
    require_holder(desk)
    return desk


async def lay_out_for(session: AsyncSession, handoff_id: UUID, deed: Deed) -> Desk:
    desk = await lay_out(session, handoff_id, scope=deed.scope, at=deed.at)
    etags.require(deed.if_match, desk.handoff.version)
    desk = replace(desk, said=deed.said)
    faults = [*await _unknown_files(desk), *_out_of_time(desk)]
    if faults:
        raise InvalidError(faults)
    return desk


def _out_of_time(desk: Desk) -> list[Fault]:
    """What a place did on paper, it did after the case came in, and by today."""
    proof, came_on = desk.said.proof, desk.receipts.window_on
    if proof is None or came_on <= proof.acted_on <= desk.today:
        return []
    zh = f"办理日期应在收件之日{came_on}与今天{desk.today}之间"
    return [Fault("/proof/acted_on", "not-on-that-day", zh, "not between receipt and today")]


async def _unknown_files(desk: Desk) -> list[Fault]:
    """An act may only refer to files that this case has."""
    files = desk.said.files
    if not files:
        return []
    there = await attachments.digests(desk.session, desk.case.case_number)
    return [
        Fault(
            f"/attachments/{index}",
            "unknown-file",
            f"本办件没有摘要为 {digest} 的文件，请先上传",
            "this case has no file with that digest",
        )
        for index, digest in enumerate(files)
        if digest not in there
    ]


async def lay_out(
    session: AsyncSession, handoff_id: UUID, *, scope: Scope = EVERYTHING, at: datetime
) -> Desk:
    """Locked: the case first, then all of its handoffs."""
    case = await queries.lock_case_of(session, handoff_id, scope)
    return await lay_out_of(session, case, handoff_id, at=at)


async def lay_out_of(
    session: AsyncSession,
    case: CaseRow,
    handoff_id: UUID,
    *,
    asked_at: datetime | None = None,
    at: datetime,
) -> Desk:
    sisters = await queries.lock_handoffs(session, case.case_number)
    handoff = next(row for row in sisters if row.id == handoff_id)
    known = await registry.known(session)
    item = await registry.item(session, case.item_code, case.item_version)
    assert item is not None, "a case is only assigned with its item at hand"  # noqa: S101
    return Desk(session, case, handoff, sisters, item, known, at, asked_at=asked_at)


def require_duty(desk: Desk, step: Step, *, side: Side | None = None) -> None:
    """The same table that `make duties` prints."""
    part = side or desk.side
    answer = _answer(desk, step, part)
    if isinstance(answer, Refused):
        _require_proof(desk, step, part)
        if part is Side.RECEIVING and answer.because is Because.SIDE:
            raise NotAtWindowError(answer)
        may = _steps(desk, part)
        if answer.because is Because.STATUS:
            raise handoffs.StepNotAllowedError(Status(desk.handoff.status), step, may)
        raise NotTheirsError(answer, may)
    if answer.approval is Approval.SUPERVISOR and not desk.supervised:
        raise ApprovalNeededError


def _require_proof(desk: Desk, step: Step, part: Side) -> None:
    if part is not Side.RECEIVING or not desk.offline:
        return
    if isinstance(_answer(desk, step, side_of(desk.handoff)), Allowed):
        raise InvalidError([_PROOF_NEEDED])


_PROOF_NEEDED = Fault(
    "/proof",
    "proof-needed",
    "对方没有接入系统：代为登记须上传对方的书面凭据，并写明经办人和日期",
    "what a place without a system has done is recorded with its proof",
)


def _answer(desk: Desk, step: Step, side: Side) -> Allowed | Refused:
    row = desk.handoff
    receiving = registry.place(desk.known, row.receiving_location, on=desk.today)
    return duties.may(
        Mode(row.mode),
        Status(row.status),
        step,
        side,
        powers=frozenset(Power(each) for each in row.powers),
        location_kind=receiving.kind if receiving else LocationKind.CENTRE,
    )


def _steps(desk: Desk, side: Side) -> Sequence[Step]:
    return [step for step in Step if isinstance(_answer(desk, step, side), Allowed)]


def require_holder(desk: Desk) -> None:
    """The officer's act binds the work to them; systems and windows act without holding it, and
    what is over is nobody's."""
    row = desk.handoff
    working = acting_side(desk.handoff, origin(desk.session)) not in (Side.RECEIVING, Side.DESK)
    if not working or Status(row.status) in handoffs.FINAL:
        return
    by = origin(desk.session)
    work = Work(row.holder, row.lease_until, row.bound)
    if _has_it_in_hand(work, by):
        work = Work(by.actor, None, bound=True)
    work = leases.act(work, by.actor, at=desk.at)
    if work.holder != row.holder:
        row.holder_name = by.name or by.actor
    row.holder, row.lease_until, row.bound = work.holder, work.lease_until, work.bound


def _has_it_in_hand(work: Work, by: Origin) -> bool:
    """Who of its people works on it is for a partner to say: what it tells of one of them, in its
    own name (`partner:human`), is not held up because another has claimed it here, or nobody."""
    mine = f"{by.partner}:"
    told = by.partner is not None and by.actor.startswith(mine)
    return told and (work.holder is None or work.holder.startswith(mine))


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


def set_clock(desk: Desk, clock: Clock) -> None:
    row, workdays = desk.handoff, desk.workdays
    due = deadlines.due_on(clock, desk.terms, workdays)
    row.clock = written(clock)
    row.clock_state = clock.state.value
    row.clock_revision = clock.revision
    row.due_on = due.on if due else None
    row.due_provisional = due.provisional if due else False
    row.calendar = desk.known.calendar
    set_lights(desk)


def set_lights(desk: Desk) -> None:
    """The queue shows the graver of the two: the limit's, and before acceptance the notice
    window's. One that has gone back to a milder light may be announced again."""
    row, terms, workdays, today = desk.handoff, desk.terms, desk.workdays, desk.today
    limit = deadlines.light_on(clock_of(row), terms, workdays, day=today)
    notice = pressing.notice_light(desk.standing, terms, workdays, day=today)
    row.light_told = _milder(row.light_told, limit)
    row.notice_told = _milder(row.notice_told, notice)
    light = pressing.graver(limit, notice)
    if row.light != light.value:
        row.light, row.light_rank = light.value, RANKS[light]
        take_turn(desk)


def press(desk: Desk) -> None:
    """Something has to be done now, though no clock runs: it goes where the red ones are."""
    row = desk.handoff
    if row.light != Light.RED:
        row.light, row.light_rank = Light.RED.value, RANKS[Light.RED]
        take_turn(desk)
    row.version += 1
    desk.session.add(QueueChangeRow(location=row.location))


def _milder(told: str | None, light: Light) -> str:
    before = Light(told or Light.GREEN)
    return (light if RANKS[light] > RANKS[before] else before).value


def take_turn(desk: Desk) -> None:
    """Its place among the sending places, when it comes into the queue or under another light."""
    if not desk.fresh:
        desk.handoff.turn = queries.next_turn(desk.handoff)


async def set_watches(desk: Desk, *, first: bool = False) -> None:
    """What must be announced later, for the clock as it is now; what was set before is void."""
    row = desk.handoff
    rows = [
        {
            "handoff_id": row.id,
            "sign": each.sign.value,
            "revision": each.revision,
            "on_day": each.on,
        }
        for each in _to_watch(desk)
    ]
    if not first:
        kept = [(each["sign"], each["revision"]) for each in rows]
        await desk.session.execute(
            delete(WatchRow).where(
                WatchRow.handoff_id == row.id,
                WatchRow.fired_at.is_(None),
                tuple_(WatchRow.sign, WatchRow.revision).not_in(kept),
            )
        )
    await gathering.write(desk.session, _SET_WATCHES, rows)


_SET_WATCHES = inserting(
    table_of(WatchRow),
    ("handoff_id", "sign", "revision", "on_day"),
    key=("handoff_id", "sign", "revision"),
    conflict="""
    ON CONFLICT (handoff_id, sign, revision) DO UPDATE SET on_day = excluded.on_day
    WHERE watch.fired_at IS NULL
    """,
)


def _to_watch(desk: Desk) -> list[Watch]:
    row, workdays = desk.handoff, desk.workdays
    clock = clock_of(row)
    found = [
        each
        for each in (
            *watches.watches(clock, desk.terms, workdays),
            *pressing.to_watch(desk.standing, desk.terms, workdays),
        )
        if not _told(row, each.sign)
    ]
    if row.status == Status.RECEIVED and row.accepts:
        deemed = waits.deemed_acceptance(
            desk.receipts, desk.terms, workdays, supplemented_on=row.supplemented_on
        )
        found += watches.watch_deemed(deemed, revision=clock.revision)
    if row.status == Status.NOTICED and row.noticed_on is not None:
        lapses_on = waits.lapses_on(row.noticed_on, desk.terms, workdays)
        found += watches.watch_supplement(lapses_on, revision=clock.revision)
    return found


def _told(row: HandoffRow, sign: Sign) -> bool:
    """A light of this gravity has been announced, of the term that the sign speaks of."""
    if sign not in pressing.SAYS:
        return False
    term, light = pressing.SAYS[sign]
    told = {Pressing.LIMIT: row.light_told, Pressing.NOTICE: row.notice_told}.get(term)
    return told is not None and RANKS[light] >= RANKS[Light(told)]


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
        set_clock(desk, clock)
    row.version += 1
    desk.case.version += 1
    facts = {**(facts or {}), **_acted(desk), **_written_down(desk.said)}
    session.add(_act(desk, step, facts, words or {}, side or desk.side))
    session.add(QueueChangeRow(location=row.location))
    if gathering.gathered(session) is None:
        await session.flush()
    # Before it has arrived there is nothing to watch for.
    await set_watches(desk, first=step is Step.ARRIVE)
    await trail.record(
        session,
        action=f"handoff-{step.value.replace('_', '-')}",
        case_number=row.case_number,
        resource=f"handoff:{row.id}",
        outcome=row.status,
        facts=facts,
        at=desk.at,
    )


def _act(
    desk: Desk, step: Step, facts: dict[str, Any], words: dict[str, Any], side: Side
) -> ActRow:
    by, act_id = origin(desk.session), new_id()
    said = {"opinion": desk.said.opinion} if desk.said.opinion else {}
    acted = {"acted_by": desk.said.proof.acted_by} if desk.said.proof else {}
    content = {"name": by.name, **said, **acted, **words}
    return ActRow(
        id=act_id,
        handoff_id=desk.handoff.id,
        case_number=desk.handoff.case_number,
        step=step.value,
        side=side.value,
        actor=by.actor,
        at=desk.at,
        facts=facts,
        words=means(desk.session).keys.seal(
            "fields", to_json(content), context=f"routing.act.words:{act_id}"
        ),
    )


def _acted(desk: Desk) -> dict[str, Any]:
    """When a partner did it, beside when it is written down here."""
    if origin(desk.session).acted_at is None:
        return {}
    return {"acted_at": desk.acted_at.isoformat()}


def _written_down(said: Statement) -> dict[str, Any]:
    facts: dict[str, Any] = {"attachments": list(said.attachments)} if said.attachments else {}
    if said.proof is not None:
        facts |= {"proof": said.proof.digest, "acted_on": said.proof.acted_on.isoformat()}
    return facts


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
