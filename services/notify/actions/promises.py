"""Deferred papers: the day they were promised for, and the reminders before it."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions.messages import tell
from services.notify.domain.messages import Event, Placeholder
from services.notify.domain.practice import Practice, spoken_day
from services.notify.domain.promises import next_reminder, sentence
from services.notify.domain.templates import listed
from services.notify.models import CaseRow
from services.notify.queries import places
from shared.clock import local_date
from shared.means import cached


def schedule(practice: Practice, case: CaseRow) -> None:
    """The next reminder, or none: everything is there, nothing was promised, or it is over."""
    over = not case.outstanding or case.closed_at is not None
    if over or case.promised_on is None:
        case.next_reminder_on = None
        return
    case.next_reminder_on = next_reminder(
        case.promised_on, practice.promise, practice.workdays, done=case.reminded
    )


async def told_broken(
    session: AsyncSession,
    case: CaseRow,
    follows: str,
    *,
    materials: Sequence[str],
    next_due_on: date | None,
    source: str,
    at: datetime,
) -> None:
    """Who has a second term is reminded of its end as of the first's; an end of the matter is told
    when it comes."""
    case.promised_on, case.reminded = next_due_on, 0
    schedule(cached(session, Practice), case)
    said = sentence(follows, spoken_day(next_due_on) if next_due_on else "")
    if said:
        words = {Placeholder.FOLLOWS: said, **await _owed(session, case, materials)}
        await tell(session, case, Event.PROMISE_BROKEN, source=source, at=at, words=words)


async def _owed(
    session: AsyncSession, case: CaseRow, codes: Sequence[str]
) -> dict[Placeholder, str]:
    item = await places.item(session, case.item_code, case.item_version)
    named = item.material_names if item else {}
    names = [named.get(code, code) for code in codes]
    return {Placeholder.COUNT: str(len(names)), Placeholder.MATERIALS: listed(names)}


async def remind(session: AsyncSession, case: CaseRow, *, at: datetime) -> None:
    """Once for each day of the plan, if it still stands."""
    practice = cached(session, Practice)
    schedule(practice, case)
    due = case.next_reminder_on
    if due is None or case.promised_on is None or due > local_date(at):
        return
    case.reminded += 1
    schedule(practice, case)
    words = {Placeholder.DUE: spoken_day(case.promised_on)}
    await tell(
        session,
        case,
        Event.PROMISE_DUE,
        source=f"{case.promised_on}:{case.reminded}",
        at=at,
        words=words | await _owed(session, case, case.outstanding),
    )
