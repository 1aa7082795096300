"""What must happen when a term ends: lights, deemed acceptance, lapse, leases, housekeeping."""

from collections.abc import Awaitable, Callable, Mapping
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
    calendars,
    contact,
    parcels,
    partner_webhooks,
    unrouted,
)
from services.routing.actions import desk as desks
from services.routing.actions import joint as joints
from services.routing.actions.desk import Desk
from services.routing.actions.partner_webhooks import Door
from services.routing.domain import clock as clocks
from services.routing.domain import deadlines, watches
from services.routing.domain.deadlines import Light
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.joint import Cause
from services.routing.domain.watches import Sign, Watch
from services.routing.domain.words import Side
from services.routing.models import QueueChangeRow, WatchRow
from services.routing.queries import cases, registry
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


def apply_webhooks(sessions: Sessions, door: Door, clock: Clock) -> Work:
    async def work() -> bool:
        return await partner_webhooks.apply_next(sessions, door, clock)

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
    set_ = [Watch(Sign(row.sign), row.on_day, row.revision) for row in rows]
    for row in rows:
        row.fired_at = desk.at
    await session.flush()
    announced: list[Event] = []
    for watch in watches.to_announce(set_, revision=desk.handoff.clock_revision, today=upto):
        # An earlier sign of this very turn may have moved the clock on.
        if watch.revision == desk.handoff.clock_revision:
            announced += await _FIRES[watch.sign](desk, watch)
    await desks.announce(desk, *announced)


async def _turn_light(desk: Desk, watch: Watch) -> list[Event]:
    """After an outage the milder one is told too, but the queue shows what holds today."""
    row = desk.handoff
    clock = desks.clock_of(row)
    light = Light(watch.sign.value)
    desks.set_light(desk, deadlines.light_on(clock, desk.terms, desk.workdays, day=desk.today))
    row.light_told = light.value
    row.version += 1
    desk.session.add(QueueChangeRow(location=row.location))
    await desk.session.flush()
    turned = events.LightTurned(
        **desks.of_handoff(row), light=light.value, on_day=watch.on, due_on=row.due_on
    )
    return [turned]


async def _deem(desk: Desk, _: Watch) -> list[Event]:
    return await acts.deem_accepted(desk)


async def _lapse(desk: Desk, _: Watch) -> list[Event]:
    """A supplement that never came; the originals go back."""
    if desk.handoff.status != Status.NOTICED:
        return []
    closed = await joints.close(desk, Step.LAPSE)
    others = await joints.close_open(desk, Cause.LAPSED)
    desk.case.status, desk.case.outcome = "closed", "lapsed"
    ended = events.CaseClosed(case_number=desk.case.case_number, outcome="lapsed", at=desk.at)
    return [closed, *others, ended]


async def _suspension_over(desk: Desk, watch: Watch) -> list[Event]:
    """Resumes by itself only where the told length binds; else both ends are reminded."""
    clock = desks.clock_of(desk.handoff)
    ended_on = watches.resumes_by_itself_on(clock, desk.terms, desk.workdays)
    row = desk.handoff
    if ended_on is None:
        over = events.LightTurned(
            **desks.of_handoff(row), light=watch.sign.value, on_day=watch.on, due_on=row.due_on
        )
        return [over]
    desks.move(desk, Step.RESUME)
    await desks.finish(desk, Step.RESUME, clock=clocks.resume(clock, on=ended_on), side=Side.SYSTEM)
    return [events.HandoffResumed(**desks.of_handoff(row), at=desk.at, due_on=row.due_on)]


async def _silence(desk: Desk, watch: Watch) -> list[Event]:
    """超时默认, only where the item turns it on: announced; people act on it."""
    row = desk.handoff
    said = events.LightTurned(
        **desks.of_handoff(row), light=watch.sign.value, on_day=watch.on, due_on=row.due_on
    )
    return [said]


_FIRES: Mapping[Sign, Callable[[Desk, Watch], Awaitable[list[Event]]]] = MappingProxyType(
    {
        Sign.YELLOW: _turn_light,
        Sign.RED: _turn_light,
        Sign.MISSED: _turn_light,
        Sign.DEEMED_ACCEPTANCE: _deem,
        Sign.SUPPLEMENT_DUE: _lapse,
        Sign.SUSPENSION_OVER: _suspension_over,
        Sign.SILENCE_CONSENT: _silence,
    }
)
