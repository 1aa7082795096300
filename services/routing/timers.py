"""What must happen when a term ends: lights, deemed acceptance, lapse, leases, housekeeping."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from types import MappingProxyType
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import (
    acts,
    applying,
    calendars,
    contact,
    parcels,
    pauses,
    unrouted,
)
from services.routing.actions import desk as desks
from services.routing.actions import joint as joints
from services.routing.actions.desk import Desk
from services.routing.actions.given import Worker
from services.routing.domain import clock as clocks
from services.routing.domain import pressing, watches
from services.routing.domain.handoffs import Outcome, Status, Step
from services.routing.domain.joint import Cause
from services.routing.domain.pressing import Pressing
from services.routing.domain.terms import DeficiencyPolicy, Hop
from services.routing.domain.watches import Sign, Watch
from services.routing.domain.words import Side
from services.routing.models import QueueChangeRow, WatchRow
from services.routing.queries import cases, hops, registry
from services.routing.queries import contact as contacts
from services.routing.queries import handoffs as queries
from services.routing.queries import parcels as in_parcels
from shared.clock import Clock, local_date
from shared.db.transactions import Sessions
from shared.messaging.envelope import Event

log = structlog.get_logger()

Work = Callable[[], Awaitable[bool]]


def lapse_leases(sessions: Sessions, clock: Clock) -> Work:
    async def work() -> bool:
        async with sessions.begin() as session:
            locations = await queries.lapse_leases(session, at=clock())
            session.add_all(QueueChangeRow(location=location) for location in locations)
        return bool(locations)

    return work


def apply_webhooks(worker: Worker, *, files: bool) -> Work:
    async def work() -> bool:
        return await applying.apply_next(worker, files=files)

    return work


def purge_changes(sessions: Sessions, clock: Clock) -> Work:
    async def work() -> bool:
        before = clock() - timedelta(minutes=10)
        async with sessions.begin() as session:
            return bool(await queries.purge_queue_changes(session, before=before, limit=5000))

    return work


def retry_unroutable(sessions: Sessions, clock: Clock) -> Work:
    """A later rule picks up the waiting ones by itself; asked only when the registry changed."""
    tried: dict[str, int] = {}

    async def work() -> bool:
        async with sessions() as session:
            revision = (await registry.known(session)).revision
            if tried.get("revision") == revision:
                return False
            numbers = await cases.unroutable_numbers(session, limit=1000)
        for case_number in numbers:
            async with sessions.begin() as session:
                with suppress(unrouted.NotUnroutableError):
                    await unrouted.retry(session, case_number, at=clock())
        tried["revision"] = revision
        return False

    return work


def fire_watches(sessions: Sessions, clock: Clock) -> Work:
    """Oldest day first, each in a transaction of its own; after an outage what still stands. One
    that cannot be told holds up no other; it is tried again at the next turn."""

    async def work() -> bool:
        today = local_date(clock())
        async with sessions() as session:
            due = await queries.due_watches(session, on=today)
        told = 0
        for on_day, handoff_id, case_number in due:
            try:
                async with sessions.begin() as session:
                    await announce_due(session, case_number, handoff_id, upto=on_day, at=clock())
                told += 1
            except Exception as error:
                log.error("watch_failed", handoff=str(handoff_id), exc_info=error)
        return bool(told)

    return work


def remind_of_parcels(sessions: Sessions, clock: Clock) -> Work:
    """What should be there by now is asked about at both ends."""

    async def work() -> bool:
        async with sessions() as session:
            overdue = await in_parcels.overdue(session, on=local_date(clock()))
        for parcel_id in overdue:
            async with sessions.begin() as session:
                await parcels.remind(session, parcel_id, at=clock())
        return bool(overdue)

    return work


def recompute_dates(sessions: Sessions, clock: Clock) -> Work:
    """A notice or a local day was loaded: every open handoff follows, one transaction each."""

    async def work() -> bool:
        async with sessions() as session:
            outdated = await calendars.outdated(session)
        for handoff_id, case_number in outdated:
            async with sessions.begin() as session:
                await calendars.recompute(session, case_number, handoff_id, at=clock())
        return bool(outdated)

    return work


def raise_reminders(sessions: Sessions, clock: Clock) -> Work:
    """催办 that nobody has answered in time goes to the supervisors of both places."""

    async def work() -> bool:
        async with sessions() as session:
            waiting = await contacts.unanswered(session, before=local_date(clock()))
        for reminder_id in waiting:
            async with sessions.begin() as session:
                await contact.raise_unanswered(session, reminder_id, at=clock())
        return bool(waiting)

    return work


async def announce_due(
    session: AsyncSession, case_number: str, handoff_id: UUID, *, upto: date, at: datetime
) -> None:
    """Once per (handoff, sign, revision); what was set for an older clock is void."""
    case = await queries.lock_case(session, case_number)
    if case is None:
        return
    desk = await desks.lay_out_of(session, case, handoff_id, at=at)
    rows = (
        await session.scalars(
            select(WatchRow).where(
                WatchRow.handoff_id == handoff_id,
                WatchRow.fired_at.is_(None),
                WatchRow.on_day <= upto,
            )
        )
    ).all()
    set_ = _standing(desk, rows, upto=upto)
    await session.flush()
    announced: list[Event] = []
    for watch in watches.to_announce(set_, revision=desk.handoff.clock_revision, today=upto):
        # An earlier sign of this very turn may have moved the clock on.
        if watches.standing(watch, revision=desk.handoff.clock_revision, today=upto):
            announced += await _FIRES[watch.sign](desk, watch)
    await desks.announce(desk, *announced)


def _standing(desk: Desk, rows: Sequence[WatchRow], *, upto: date) -> list[Watch]:
    """What does not hang on the clock is looked at again: what has been done meanwhile is void, and
    a day that a later notice has moved is waited for."""
    now = {
        each.sign: each.on for each in pressing.to_watch(desk.standing, desk.terms, desk.workdays)
    }
    found = []
    for row in rows:
        watch = Watch(Sign(row.sign), row.on_day, row.revision)
        moved_to = now.get(watch.sign)
        if watch.revision == watches.ANY and moved_to is not None and moved_to > upto:
            row.on_day = moved_to
            continue
        row.fired_at = desk.at
        if watch.revision != watches.ANY or moved_to is not None:
            found.append(watch)
    return found


async def _turn_light(desk: Desk, watch: Watch) -> list[Event]:
    """After an outage the milder one is told too, but the queue shows what holds today."""
    row = desk.handoff
    term, light = pressing.SAYS[watch.sign]
    desks.set_lights(desk)
    if term is Pressing.LIMIT:
        row.light_told = light.value
    else:
        row.notice_told = light.value
    row.version += 1
    desk.session.add(QueueChangeRow(location=row.location))
    await desk.session.flush()
    return [_said(desk, watch)]


async def _tell(desk: Desk, watch: Watch) -> list[Event]:
    """Said, and nothing else changes: people act on it."""
    return [_said(desk, watch)]


async def _hop_over(desk: Desk, watch: Watch) -> list[Event]:
    """Both ends hear that one of them is late."""
    hop = Hop(pressing.SAYS[watch.sign][0].value)
    if not await hops.undone(desk.session, desk.case, desk.handoff, hop):
        return []
    return [_said(desk, watch)]


def _said(desk: Desk, watch: Watch) -> events.LightTurned:
    row = desk.handoff
    term, light = pressing.SAYS[watch.sign]
    by_window = term in (Pressing.PUSH, Pressing.POST)
    return events.LightTurned(
        **desks.of_handoff(row),
        light=light.value,
        on_day=watch.on,
        due_on=_due_on(desk, term, watch),
        term=term.value,
        responsible=row.receiving_location if by_window else row.location,
    )


def _due_on(desk: Desk, term: Pressing, watch: Watch) -> date | None:
    seen = None
    if term is Pressing.NOTICE:
        seen = pressing.notice_turns(desk.standing, desk.terms, desk.workdays)
    elif term is Pressing.DELIVERY:
        seen = pressing.delivery_turns(desk.standing, desk.terms, desk.workdays)
    elif term is Pressing.LATER_CHECK:
        seen = pressing.check_turns(desk.standing, desk.terms, desk.workdays)
    elif term in (Pressing.LIMIT, Pressing.SILENCE):
        return desk.handoff.due_on
    return (seen.missed if seen else watch.on) - timedelta(days=1)


async def _deem(desk: Desk, _: Watch) -> list[Event]:
    return await acts.deem_accepted(desk)


async def _lapse(desk: Desk, watch: Watch) -> list[Event]:
    """A supplement that never came: what follows is the item's to say. A refusal is an office's own
    act, so it is asked for; otherwise the case ends, and the originals go back."""
    if desk.handoff.status != Status.NOTICED:
        return []
    policy = desk.terms.deficiency_policy
    if policy is DeficiencyPolicy.REFUSE_UNLESS_SUPPLEMENTED and desk.handoff.accepts:
        desks.press(desk)
        return [_said(desk, watch)]
    returned = policy is DeficiencyPolicy.RETURN_AND_RESUBMIT
    outcome = Outcome.RETURNED if returned else Outcome.LAPSED
    closed = await joints.close(desk, Step.LAPSE, outcome=outcome)
    others = await joints.close_open(desk, Cause.LAPSED)
    desk.case.status, desk.case.outcome = "closed", outcome.value
    ended = events.CaseClosed(case_number=desk.case.case_number, outcome=outcome.value, at=desk.at)
    return [closed, *others, ended]


async def _suspension_over(desk: Desk, watch: Watch) -> list[Event]:
    """Resumes by itself only where the told length binds; else both ends are reminded."""
    clock = desks.clock_of(desk.handoff)
    ended_on = watches.resumes_by_itself_on(clock, desk.terms, desk.workdays)
    if ended_on is None:
        return [_said(desk, watch)]
    desks.move(desk, Step.RESUME)
    await desks.finish(desk, Step.RESUME, clock=clocks.resume(clock, on=ended_on), side=Side.SYSTEM)
    return [pauses.resumed(desk, at=desk.at)]


_FIRES: Mapping[Sign, Callable[[Desk, Watch], Awaitable[list[Event]]]] = MappingProxyType(
    dict.fromkeys((Sign.YELLOW, Sign.RED, Sign.MISSED, *watches.NOTICE.values()), _turn_light)
    | dict.fromkeys((*watches.DELIVERY.values(), *watches.CHECK.values()), _tell)
    | dict.fromkeys(watches.HOPS.values(), _hop_over)
    | {
        Sign.DEEMED_ACCEPTANCE: _deem,
        Sign.SUPPLEMENT_DUE: _lapse,
        Sign.SUSPENSION_OVER: _suspension_over,
        # 超时默认, only where the item turns it on.
        Sign.SILENCE_CONSENT: _tell,
    }
)
