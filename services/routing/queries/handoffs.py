"""Handoffs: one, a case's, a page of a queue, the next to claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.deadlines import Light
from services.routing.models import (
    ActRow,
    CaseRow,
    HandoffRow,
    NoticeRow,
    QueueChangeRow,
    RequestRow,
    WatchRow,
)
from services.routing.models.work import FREE
from shared.errors import CaseErasedError, NotFoundError
from shared.security.grants import Scope

# What a queue is ordered by, as domain/queues.py has it and says so to people.
ORDER = (
    HandoffRow.light_rank,
    HandoffRow.lane_rank,
    HandoffRow.turn,
    HandoffRow.window_received_at,
    HandoffRow.id,
)

# What a queue shows of each: neither the clock's stretches nor the reasons are read for it.
QUEUED = (
    HandoffRow.id,
    HandoffRow.case_number,
    HandoffRow.item_code,
    HandoffRow.item_name,
    HandoffRow.mode,
    HandoffRow.step,
    HandoffRow.step_name,
    HandoffRow.status,
    HandoffRow.holder,
    HandoffRow.holder_name,
    HandoffRow.lease_until,
    HandoffRow.clock_state,
    HandoffRow.due_on,
    HandoffRow.due_provisional,
    HandoffRow.light,
    HandoffRow.light_rank,
    HandoffRow.lane_rank,
    HandoffRow.turn,
    HandoffRow.window_received_at,
    HandoffRow.version,
)
Queued = Row[*tuple[Any, ...]]

# Written out, so that the planner sees at once that the partial indexes fit.
_FREE = text(FREE)
_OPEN = text("closed_at IS NULL AND opened_at IS NOT NULL")


def visible(scope: Scope) -> ColumnElement[bool]:
    return scope.condition(
        handling=HandoffRow.location,
        receiving=HandoffRow.receiving_location,
        division=HandoffRow.division,
    )


async def read_handoff(session: AsyncSession, handoff_id: UUID, scope: Scope) -> HandoffRow:
    row = await session.scalar(
        select(HandoffRow).where(HandoffRow.id == handoff_id, visible(scope))
    )
    if row is None:
        raise NotFoundError
    return row


async def lock_case_of(session: AsyncSession, handoff_id: UUID, scope: Scope) -> CaseRow:
    """Lock order everywhere: case, handoff, parcel, originals."""
    case = await session.scalar(
        select(CaseRow)
        .join(HandoffRow, HandoffRow.case_number == CaseRow.case_number)
        .where(HandoffRow.id == handoff_id, visible(scope))
        .with_for_update(of=CaseRow)
    )
    if case is None:
        raise NotFoundError
    if case.erased_at is not None:
        raise CaseErasedError
    return case


async def lock_case(session: AsyncSession, case_number: str) -> CaseRow | None:
    return await session.scalar(
        select(CaseRow).where(CaseRow.case_number == case_number).with_for_update()
    )


async def granted(session: AsyncSession, case_number: str) -> HandoffRow | None:
    """The step that granted the matter; the case is locked already."""
    return await session.scalar(
        select(HandoffRow)
        .where(
            HandoffRow.case_number == case_number,
            HandoffRow.decides,
            HandoffRow.result == "granted",
        )
        .order_by(HandoffRow.decided_at.desc())
        .limit(1)
        .with_for_update()
    )


async def lock_handoffs(session: AsyncSession, case_number: str) -> Sequence[HandoffRow]:
    """All of a case, by stage; the case is locked already."""
    return (
        await session.scalars(
            select(HandoffRow)
            .where(HandoffRow.case_number == case_number)
            .order_by(HandoffRow.id)
            .with_for_update()
        )
    ).all()


async def page(
    session: AsyncSession,
    location: str,
    *,
    status: str | None,
    free: bool | None,
    after: tuple[Any, ...] | None,
    limit: int,
    at: datetime,
) -> Sequence[Queued]:
    """One more than `limit`, so that the caller sees whether there is more."""
    query: Select[*tuple[Any, ...]] = select(*QUEUED).where(HandoffRow.location == location, _OPEN)
    if status is not None:
        query = query.where(HandoffRow.status == status)
    if free is not None:
        unheld = or_(
            HandoffRow.holder.is_(None),
            and_(HandoffRow.bound.is_(False), HandoffRow.lease_until <= at),
        )
        query = query.where(unheld if free else ~unheld)
    if after is not None:
        query = query.where(tuple_(*ORDER) > tuple_(*after))
    return (await session.execute(query.order_by(*ORDER).limit(limit + 1))).all()


# Every officer's morning begins with it: written once, not composed anew for each call. The first
# who asks gets what is first in the queue.
_CLAIM = text(f"""
WITH asked AS (
    SELECT *, row_number() OVER (ORDER BY place, piece) AS slot
    FROM unnest(
        CAST(:holders AS text[]), CAST(:names AS text[]), CAST(:limits AS integer[]),
        CAST(:untils AS timestamptz[])
    ) WITH ORDINALITY AS given (holder, holder_name, most, until, place)
    CROSS JOIN LATERAL generate_series(1, most) AS piece
),
taken AS MATERIALIZED (
    SELECT id, light_rank, lane_rank, turn, window_received_at FROM handoff
    WHERE location = :location AND {FREE}
    ORDER BY light_rank, lane_rank, turn, window_received_at, id
    LIMIT :total FOR UPDATE SKIP LOCKED
),
ranked AS (
    SELECT id, row_number() OVER (
        ORDER BY light_rank, lane_rank, turn, window_received_at, id
    ) AS slot
    FROM taken
),
claimed AS (
    UPDATE handoff
    SET holder = asked.holder, holder_name = asked.holder_name, lease_until = asked.until,
        bound = false, version = version + 1
    FROM ranked JOIN asked USING (slot)
    WHERE handoff.id = ranked.id
    RETURNING {", ".join(f"handoff.{each.key}" for each in QUEUED)}, asked.place
),
changed AS (
    INSERT INTO queue_change (location) SELECT :location WHERE EXISTS (SELECT FROM claimed)
)
SELECT * FROM claimed
""").columns(*QUEUED, column("place", BigInteger))


@dataclass(frozen=True, slots=True)
class Claimer:
    holder: str
    holder_name: str
    limit: int
    until: datetime


async def claim_next(
    session: AsyncSession, location: str, claimers: Sequence[Claimer]
) -> Sequence[Sequence[Queued]]:
    """For each, the first so many that nobody holds, skipping what another process is just taking;
    who looks at the queue is told."""
    claimed = await session.execute(_CLAIM, asked_by(location, claimers))
    return by_claimer(claimed.all(), claimers)


def asked_by(location: str, claimers: Sequence[Claimer]) -> dict[str, Any]:
    return {
        "location": location,
        "holders": [each.holder for each in claimers],
        "names": [each.holder_name for each in claimers],
        "limits": [each.limit for each in claimers],
        "untils": [each.until for each in claimers],
        "total": sum(each.limit for each in claimers),
    }


def by_claimer(rows: Sequence[Queued], claimers: Sequence[Claimer]) -> Sequence[Sequence[Queued]]:
    found: list[list[Queued]] = [[] for _ in claimers]
    for row in sorted(rows, key=order_key):
        found[row.place - 1].append(row)
    return found


def order_key(row: HandoffRow | Queued) -> tuple[Any, ...]:
    return (row.light_rank, row.lane_rank, row.turn, row.window_received_at, row.id)


# Two index probes, read as the row is written: no counter, nobody waits for a turn.
_BAND = f"""
    other.location = :turn_location AND other.light_rank = :turn_light
    AND other.lane_rank = :turn_lane AND {FREE} AND other.id <> :turn_id
"""
_NEXT_TURN = text(f"""
greatest(
    coalesce((
        SELECT max(other.turn) + 1 FROM handoff AS other
        WHERE {_BAND} AND other.receiving_location = :turn_sender
    ), 0),
    coalesce((SELECT min(other.turn) FROM handoff AS other WHERE {_BAND}), 0)
)
""").bindparams(bindparam("turn_id", type_=Uuid))


def next_turn(row: HandoffRow) -> Any:
    """After the last of its sender that waits under the same light and lane; and never before the
    turn the queue has come to, or a place that rarely sends would go before all the others."""
    return _NEXT_TURN.bindparams(
        turn_location=row.location,
        turn_light=row.light_rank,
        turn_lane=row.lane_rank,
        turn_sender=row.receiving_location,
        turn_id=row.id,
    )


# Some of them may have been written already, without a turn.
_OTHERS = f"""
    other.location = given.location AND other.light_rank = given.light
    AND other.lane_rank = given.lane AND {FREE} AND other.id <> ALL(CAST(:ids AS uuid[]))
"""
_NEXT_TURNS = text(f"""
SELECT greatest(
    (SELECT max(other.turn) + 1 FROM handoff AS other
        WHERE {_OTHERS} AND other.receiving_location = given.sender),
    (SELECT min(other.turn) FROM handoff AS other WHERE {_OTHERS}),
    0
)
FROM unnest(
    CAST(:locations AS text[]), CAST(:lights AS int[]), CAST(:lanes AS int[]),
    CAST(:senders AS text[])
) WITH ORDINALITY AS given (location, light, lane, sender, place)
ORDER BY place
""")


async def settle_turns(session: AsyncSession, rows: Sequence[HandoffRow]) -> None:
    """The same for several new ones, in the order given, so that they are written together."""
    bands = list(dict.fromkeys(_band(row) for row in rows))
    if not bands:
        return
    columns = zip(
        ("locations", "lights", "lanes", "senders"), zip(*bands, strict=True), strict=True
    )
    given = {name: list(each) for name, each in columns} | {"ids": [row.id for row in rows]}
    with session.no_autoflush:
        found = await session.scalars(_NEXT_TURNS, given)
    turns = dict(zip(bands, found.all(), strict=True))
    for row in rows:
        row.turn = turns[_band(row)]
        turns[_band(row)] += 1


def _band(row: HandoffRow) -> tuple[str, int, int, str]:
    return (row.location, row.light_rank, row.lane_rank, row.receiving_location)


async def lapse_leases(session: AsyncSession, *, at: datetime, limit: int = 500) -> Sequence[str]:
    """Give back what was claimed and left lying; the locations whose queues changed."""
    lapsed = (
        select(HandoffRow.id)
        .where(
            HandoffRow.lease_until <= at,
            HandoffRow.lease_until.is_not(None),
            # As the index has it: the planner does not see that "IS false" is the same.
            ~HandoffRow.bound,
        )
        .order_by(HandoffRow.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = await session.scalars(
        update(HandoffRow)
        .where(HandoffRow.id.in_(lapsed.scalar_subquery()))
        .values(holder=None, holder_name=None, lease_until=None, version=HandoffRow.version + 1)
        .returning(HandoffRow.location)
    )
    return sorted(set(rows.all()))


async def light_counts(
    session: AsyncSession,
    *,
    location: str | None,
    scope: Scope,
    after: str | None = None,
    places: int | None = None,
) -> Sequence[tuple[str, int, int, int]]:
    """(location, light, open, free), from the queue's own index; of so many `places` at least."""
    query = (
        select(
            HandoffRow.location,
            HandoffRow.light_rank,
            func.count(),
            func.count().filter(_FREE),
        )
        .where(_OPEN, visible(scope))
        .group_by(HandoffRow.location, HandoffRow.light_rank)
        .order_by(HandoffRow.location, HandoffRow.light_rank)
    )
    if location is not None:
        query = query.where(HandoffRow.location == location)
    if after is not None:
        query = query.where(HandoffRow.location > after)
    if places is not None:
        query = query.limit(places * len(Light))
    rows = await session.execute(query)
    return [(row[0], row[1], row[2], row[3]) for row in rows]


@dataclass(frozen=True, slots=True)
class Sought:
    """What a supervisor or officer looks for among the open handoffs they may see; of one case
    those that are over too."""

    location: str | None = None
    status: str | None = None
    light: str | None = None
    holder: str | None = None
    case_number: str | None = None


async def search(
    session: AsyncSession,
    sought: Sought,
    *,
    scope: Scope,
    after: tuple[Any, ...] | None,
    limit: int,
) -> Sequence[HandoffRow]:
    """Place by place in the order of each queue; one more than `limit`."""
    query = select(HandoffRow).where(visible(scope))
    if sought.case_number is None:
        query = query.where(_OPEN)
    for where, wanted in (
        (HandoffRow.case_number, sought.case_number),
        (HandoffRow.location, sought.location),
        (HandoffRow.status, sought.status),
        (HandoffRow.light, sought.light),
        (HandoffRow.holder, sought.holder),
    ):
        if wanted is not None:
            query = query.where(where == wanted)
    order = (HandoffRow.division, HandoffRow.location, *ORDER)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return (await session.scalars(query.order_by(*order).limit(limit + 1))).all()


async def turns_before(session: AsyncSession, row: HandoffRow, *, most: int = 1000) -> int:
    """How many of the same sender, light and lane are handed out before this one."""
    ahead = (
        select(HandoffRow.id)
        .where(
            HandoffRow.location == row.location,
            HandoffRow.light_rank == row.light_rank,
            HandoffRow.lane_rank == row.lane_rank,
            HandoffRow.receiving_location == row.receiving_location,
            tuple_(HandoffRow.turn, HandoffRow.window_received_at, HandoffRow.id)
            < tuple_(row.turn, row.window_received_at, row.id),
            _FREE,
        )
        .limit(most)
        .subquery()
    )
    return await session.scalar(select(func.count()).select_from(ahead)) or 0


async def ahead_of(session: AsyncSession, row: HandoffRow) -> HandoffRow | None:
    """The free one that is handed out just before it."""
    return await session.scalar(
        select(HandoffRow)
        .where(
            HandoffRow.location == row.location,
            tuple_(*ORDER) < tuple_(*order_key(row)),
            HandoffRow.id != row.id,
            _FREE,
        )
        .order_by(*(each.desc() for each in ORDER))
        .limit(1)
    )


async def acts(session: AsyncSession, handoff_id: UUID) -> Sequence[ActRow]:
    query = select(ActRow).where(ActRow.handoff_id == handoff_id).order_by(ActRow.id)
    return (await session.scalars(query)).all()


async def checks(session: AsyncSession, handoff_id: UUID) -> Sequence[bool]:
    """What later checks found, kept or broken, in order."""
    rows = await session.scalars(
        select(ActRow.facts)
        .where(ActRow.handoff_id == handoff_id, ActRow.step == "later_check")
        .order_by(ActRow.id)
    )
    return [bool(facts["kept"]) for facts in rows]


async def answers_beside(
    session: AsyncSession, row: HandoffRow
) -> Sequence[tuple[ActRow, HandoffRow]]:
    """What the other steps of the matter answered when they were done."""
    query = (
        select(ActRow, HandoffRow)
        .join(HandoffRow, HandoffRow.id == ActRow.handoff_id)
        .where(
            ActRow.case_number == row.case_number,
            ActRow.step == "answer_done",
            HandoffRow.id != row.id,
        )
        .order_by(ActRow.id)
    )
    return [(act, giver) for act, giver in await session.execute(query)]


async def notices(session: AsyncSession, handoff_id: UUID) -> Sequence[NoticeRow]:
    query = select(NoticeRow).where(NoticeRow.handoff_id == handoff_id).order_by(NoticeRow.number)
    return (await session.scalars(query)).all()


async def case_notices(session: AsyncSession, case_number: str) -> Sequence[NoticeRow]:
    """All that the applicant was told, by whichever step of the lead."""
    query = select(NoticeRow).where(NoticeRow.case_number == case_number).order_by(NoticeRow.id)
    return (await session.scalars(query)).all()


async def supplied(session: AsyncSession, case_number: str) -> frozenset[str]:
    """Codes of the materials that supplements have brought."""
    rows = await session.scalars(
        select(RequestRow.facts).where(
            RequestRow.case_number == case_number,
            RequestRow.kind == "supplement",
            RequestRow.outcome == "applied",
        )
    )
    return frozenset(code for facts in rows for code in facts.get("materials", ()))


async def due_watches(
    session: AsyncSession, *, on: date, limit: int = 200
) -> Sequence[tuple[date, UUID, str]]:
    """What has to be announced, oldest day first, with its handoff and case."""
    rows = await session.execute(
        select(WatchRow.on_day, WatchRow.handoff_id, HandoffRow.case_number)
        .join(HandoffRow, HandoffRow.id == WatchRow.handoff_id)
        .where(WatchRow.fired_at.is_(None), WatchRow.on_day <= on)
        .group_by(WatchRow.on_day, WatchRow.handoff_id, HandoffRow.case_number)
        .order_by(WatchRow.on_day, WatchRow.handoff_id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def outdated(
    session: AsyncSession, *, calendar: int, limit: int = 200
) -> Sequence[tuple[UUID, str]]:
    """Open handoffs whose dates were worked out with an older calendar."""
    rows = await session.execute(
        select(HandoffRow.id, HandoffRow.case_number)
        .where(HandoffRow.calendar < calendar, _OPEN)
        .order_by(HandoffRow.calendar, HandoffRow.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


async def purge_queue_changes(session: AsyncSession, *, before: datetime, limit: int) -> int:
    old = (
        select(QueueChangeRow.id)
        .where(QueueChangeRow.at < before)
        .order_by(QueueChangeRow.id)
        .limit(limit)
    )
    gone = await session.execute(
        QueueChangeRow.__table__.delete()  # type: ignore[attr-defined]  # a mapped class has a Table
        .where(QueueChangeRow.id.in_(old.scalar_subquery()))
        .returning(QueueChangeRow.id)
    )
    return len(gone.all())


KEPT_CHANGES = timedelta(minutes=10)
