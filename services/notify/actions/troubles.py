"""The list of what a person must look at: no movement, returned, lost, and the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import matters
from services.notify.domain import traces
from services.notify.domain.dispatches import Status
from services.notify.domain.problems import Problem, Watch, problems
from services.notify.domain.traces import TraceEvent, Tracking
from services.notify.models import DispatchRow, ScanRow
from services.notify.queries import problems as queries
from shared.clock import SHANGHAI, local_date
from shared.http import pages
from shared.security.grants import Scope

# So many rounds through the candidates at most: a page may be short and still not the last.
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Trouble:
    row: DispatchRow
    problems: Sequence[Problem]
    since: date
    last_scan: ScanRow | None


async def page(
    session: AsyncSession,
    *,
    scope: Scope,
    kind: Problem | None,
    after: str | None,
    limit: int,
    at: datetime,
) -> tuple[Sequence[Trouble], str | None]:
    """Newest first."""
    began = datetime.combine(local_date(at), time(), tzinfo=SHANGHAI)
    position = pages.position(after, UUID)
    below = position[0] if position else None
    found: list[Trouble] = []
    for _ in range(_ROUNDS):
        rows = await queries.candidates(
            session, scope=scope, today_began=began, below=below, limit=limit
        )
        found += await _judged(session, rows, kind, at=at)
        if len(found) > limit:
            return found[:limit], pages.cursor(found[limit - 1].row.id)
        if len(rows) < limit:
            return found, None
        below = rows[-1].id
    return found, pages.cursor(below)


async def _judged(
    session: AsyncSession, rows: Sequence[DispatchRow], kind: Problem | None, *, at: datetime
) -> list[Trouble]:
    scans = await queries.scans(session, [row.id for row in rows])
    made = (_trouble(session, row, scans[row.id], at=at) for row in rows)
    return [each for each in made if each.problems and (kind is None or kind in each.problems)]


def _trouble(
    session: AsyncSession, row: DispatchRow, scans: Sequence[ScanRow], *, at: datetime
) -> Trouble:
    practice = matters.practice(session)
    news = [row.changed_at, *(scan.heard_at for scan in scans)]
    watch = Watch(
        status=Status(row.status),
        since=local_date(max(news)),
        trace=traces.merge(
            TraceEvent(
                at=scan.at, code=scan.code, tracking=Tracking(scan.tracking), place=scan.place
            )
            for scan in scans
        ),
        concluded_at=row.concluded_at,
    )
    seen = problems(
        watch, today=local_date(at), terms=practice.problems, calendar=practice.workdays
    )
    return Trouble(row, seen, watch.since, scans[-1] if scans else None)
