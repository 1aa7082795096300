"""A holiday notice or a local day is loaded; every open date that it moves is worked out again."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import desk as desks
from services.routing.actions.desk import Desk
from services.routing.domain import clock as clocks
from services.routing.domain import waits
from services.routing.domain.handoffs import Status
from services.routing.models import (
    LocalDayRow,
    QueueChangeRow,
    RegistryStateRow,
    YearNoticeRow,
)
from services.routing.queries import handoffs as queries
from services.routing.queries import registry
from shared.audit import trail
from shared.chance import new_id
from shared.divisions import divisions
from shared.errors import Fault, InvalidError, told_back
from shared.means import origin
from shared.workdays import notices
from shared.workdays.notices import LocalDay, NoticeMalformedError


async def load_notices(
    session: AsyncSession, entries: Sequence[Mapping[str, Any]], *, at: datetime
) -> list[int]:
    """The years that are published with it; a later notice for a year adds to the earlier."""
    faults, years = [], []
    for index, entry in enumerate(entries):
        try:
            years += [each.year for each in notices.from_data({"notice": [entry]})]
        except NoticeMalformedError as error:
            faults.append(Fault(f"/notice/{index}", "not-a-notice", str(error), "not a notice"))
    if faults:
        raise InvalidError(faults)
    by = origin(session).actor
    rows = [
        YearNoticeRow(
            id=new_id(),
            year=year,
            source=entry["source"],
            document=from_json(to_json(entry)),
            loaded_at=at,
            loaded_by=by,
        )
        for year, entry in zip(years, entries, strict=True)
    ]
    session.add_all(rows)
    await session.flush()
    await _changed(session, "notices-loaded", {"years": years}, at=at)
    return years


async def set_local_days(session: AsyncSession, days: Sequence[LocalDay], *, at: datetime) -> int:
    """放假办法 4. A day that is there already is set anew; the trail keeps what it was set to."""
    faults = [
        Fault(
            f"/{index}/division",
            "unknown-division",
            f"没有行政区划“{told_back(day.division, '所填')}”",
            "no such division",
        )
        for index, day in enumerate(days)
        if not divisions.current_codes(day.division, day.day)
    ]
    if faults:
        raise InvalidError(faults)
    by = origin(session).actor
    rows = {
        (divisions.normal(day.division), day.day): {
            "division": divisions.normal(day.division),
            "day": day.day,
            "works": day.works,
            "name": day.name,
            "source": day.source,
            "set_at": at,
            "set_by": by,
        }
        for day in days
    }
    setting = insert(LocalDayRow).values(list(rows.values()))
    changed = {
        name: setting.excluded[name] for name in ("works", "name", "source", "set_at", "set_by")
    }
    await session.execute(
        setting.on_conflict_do_update(index_elements=["division", "day"], set_=changed)
    )
    facts = {"days": [f"{day.division} {day.day} {day.works}" for day in days]}
    await _changed(session, "local-days-set", facts, at=at)
    return len(rows)


async def _changed(
    session: AsyncSession, action: str, facts: dict[str, Any], *, at: datetime
) -> None:
    first = insert(RegistryStateRow).values(one=1, revision=0, calendar=1)
    await session.execute(
        first.on_conflict_do_update(
            index_elements=["one"], set_={"calendar": RegistryStateRow.calendar + 1}
        )
    )
    await trail.record(session, action=action, resource="calendar", facts=facts, at=at)


async def recompute(
    session: AsyncSession, case_number: str, handoff_id: UUID, *, at: datetime
) -> bool:
    """Whether a date or its certainty changed; then it is announced, and old timers are void."""
    case = await queries.lock_case(session, case_number)
    if case is None:
        return False
    desk = await desks.lay_out_of(session, case, handoff_id, at=at)
    row = desk.handoff
    if row.closed_at is not None or row.calendar >= desk.known.calendar:
        return False
    before = _dates(desk)
    clock = desks.clock_of(row)
    known = before[:2]
    desks.set_clock(desk, clock)
    row.supplement_due_on = _supplement_due(desk)
    moved = _dates(desk)[:2] != known
    if moved:
        clock = clocks.touched(clock)
        desks.set_clock(desk, clock)
    await session.flush()
    await desks.set_watches(desk)
    if _dates(desk) == before:
        return False
    await _tell(desk, before)
    return True


async def _tell(desk: Desk, before: tuple[Any, ...]) -> None:
    row = desk.handoff
    row.version += 1
    desk.session.add(QueueChangeRow(location=row.location))
    await desk.session.flush()
    await trail.record(
        desk.session,
        action="handoff-dates-recomputed",
        case_number=row.case_number,
        resource=f"handoff:{row.id}",
        facts={"was": str(before[0]), "due_on": str(row.due_on)},
        at=desk.at,
    )
    changed = events.DeadlineChanged(
        **desks.of_handoff(row),
        was=before[0],
        due_on=row.due_on,
        due_provisional=row.due_provisional,
        supplement_due_on=row.supplement_due_on,
        at=desk.at,
    )
    await desks.announce(desk, changed)


def _dates(desk: Desk) -> tuple[date | None, bool, date | None]:
    row = desk.handoff
    return row.due_on, row.due_provisional, row.supplement_due_on


def _supplement_due(desk: Desk) -> date | None:
    row = desk.handoff
    if row.status != Status.NOTICED or row.noticed_on is None:
        return row.supplement_due_on
    due = waits.supplement_due(row.noticed_on, desk.terms, desk.workdays)
    return due.due if due else None


async def outdated(session: AsyncSession, *, limit: int = 200) -> Sequence[tuple[UUID, str]]:
    calendar = (await registry.known(session)).calendar
    return await queries.outdated(session, calendar=calendar, limit=limit)
