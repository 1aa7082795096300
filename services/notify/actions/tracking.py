"""What carriers tell, pulled or pushed: merged with what is known, then the dispatch follows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import journeys, planning
from services.notify.actions.journeys import Journey
from services.notify.domain import dispatches, traces
from services.notify.domain.dispatches import Status
from services.notify.domain.traces import Trace, TraceEvent, Tracking
from services.notify.gateways.carriers import Carriers, Told
from services.notify.gateways.outcomes import RetryLater
from services.notify.models import DispatchRow, ScanRow
from services.notify.queries import dispatches as queries
from services.notify.queries import seals
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.means import means

TRACK_EVERY = timedelta(minutes=30)
_LEASE = timedelta(minutes=2)
_WITH_THE_CARRIER = (Status.BOOKED, Status.MOVING, Status.RETURNING)


async def track_next(sessions: Sessions, carriers: Carriers, clock: Clock) -> bool:
    """One parcel whose turn it is to be asked after; whether there was one."""
    async with sessions.begin() as session:
        dispatch = await session.scalar(
            select(DispatchRow)
            .where(DispatchRow.next_track_at <= clock(), DispatchRow.gateway.in_(carriers))
            .order_by(DispatchRow.next_track_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if dispatch is None or dispatch.gateway is None or dispatch.waybill is None:
            return False
        dispatch.next_track_at = clock() + _LEASE
    told = await carriers[dispatch.gateway].track(dispatch.waybill)
    async with sessions.begin() as session:
        if not isinstance(told, RetryLater):
            await hear(session, dispatch.id, told.trace, at=clock())
        row = await session.get_one(DispatchRow, dispatch.id)
        if row.status in _WITH_THE_CARRIER:
            row.next_track_at = clock() + TRACK_EVERY
    return True


async def find(session: AsyncSession, carrier: str, told: Told) -> UUID | None:
    """By our own id where the carrier repeats it, else the latest with this waybill."""
    mine = [DispatchRow.waybill == told.waybill]
    if order_id := _order_id(told.order_id):
        mine.append(DispatchRow.id == order_id)
    return await session.scalar(
        select(DispatchRow.id)
        .where(DispatchRow.gateway == carrier, or_(*mine))
        .order_by(DispatchRow.id.desc())
        .limit(1)
    )


def _order_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def hear(session: AsyncSession, dispatch_id: UUID, trace: Trace, *, at: datetime) -> None:
    """The whole trace or a part of it, once or often, in whatever order: the same end."""
    journey = await journeys.take_up(session, dispatch_id, at=at)
    known = await _known(session, dispatch_id)
    merged = traces.merge(known, trace)
    if merged == known:
        return
    await _keep(session, dispatch_id, [each for each in merged if each not in known], at=at)
    status = journey.dispatch.status
    if dispatches.settled(Status(status), merged) == status:
        return
    await catch_up(journey)
    await journeys.conclude(journey, "dispatch-tracked")


async def catch_up(journey: Journey) -> None:
    """Stand where the scans say; a push may have come before the booking was recorded."""
    dispatch = journey.dispatch
    trace = await _known(journey.session, dispatch.id)
    status = dispatches.settled(Status(dispatch.status), trace)
    if status == dispatch.status:
        return
    before = dispatch.status
    planning.settle(dispatch, status, at=journey.at)
    dispatch.handed_over_at = dispatch.handed_over_at or journey.at
    await journeys.follow(journey, before=before)


async def _known(session: AsyncSession, dispatch_id: UUID) -> Trace:
    keys = means(session).keys
    rows = await queries.scans(session, dispatch_id)
    return traces.merge(
        TraceEvent(
            at=row.at,
            code=row.code,
            tracking=Tracking(row.tracking),
            place=row.place,
            text=seals.open_scan(keys, dispatch_id, row.words) if row.words else "",
        )
        for row in rows
    )


async def _keep(
    session: AsyncSession, dispatch_id: UUID, scans: Sequence[TraceEvent], *, at: datetime
) -> None:
    keys = means(session).keys
    stored = insert(ScanRow).values(
        [
            {
                "dispatch_id": dispatch_id,
                "at": scan.at,
                "code": scan.code,
                "place": scan.place,
                "tracking": scan.tracking.value,
                "words": seals.seal_scan(keys, dispatch_id, scan.text) if scan.text else None,
                "heard_at": at,
            }
            for scan in scans
        ]
    )
    await session.execute(
        stored.on_conflict_do_update(
            index_elements=["dispatch_id", "at", "code", "place"],
            set_={name: stored.excluded[name] for name in ("tracking", "words")},
        )
    )
