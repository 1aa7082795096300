"""What must happen when a term ends: links run out, results nobody collects go back."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from sqlalchemy import select

from services.notify.actions import matters, promises, terms
from services.notify.models import CaseRow, DeliveryRow, LinkRow
from services.notify.queries import cases
from shared.clock import Clock, local_date
from shared.db.transactions import Sessions
from shared.security.grants import EVERYTHING

Work = Callable[[], Awaitable[bool]]

_BATCH = 100


def expire_links(sessions: Sessions, clock: Clock) -> Work:
    """Nobody opened it in time: unclaimed, until the window issues another."""

    async def work() -> bool:
        async with sessions() as session:
            due = (
                await session.scalars(
                    select(LinkRow.delivery_id)
                    .join(DeliveryRow, DeliveryRow.id == LinkRow.delivery_id)
                    .where(
                        LinkRow.replaced_at.is_(None),
                        LinkRow.opened_at.is_(None),
                        LinkRow.expires_at <= clock(),
                        DeliveryRow.status == "ready",
                    )
                    .order_by(LinkRow.expires_at)
                    .limit(_BATCH)
                )
            ).all()
        await _each(sessions, clock, due, terms.link_ran_out)
        return len(due) == _BATCH

    return work


def do_chores(sessions: Sessions, clock: Clock) -> Work:
    """Reminders, the end of keeping, the return: none is skipped, however late."""

    async def work() -> bool:
        async with sessions() as session:
            due = (
                await session.scalars(
                    select(DeliveryRow.id)
                    .where(DeliveryRow.next_chore_on <= local_date(clock()))
                    .order_by(DeliveryRow.next_chore_on)
                    .limit(_BATCH)
                )
            ).all()
        await _each(sessions, clock, due, terms.do_chore)
        return bool(due)

    return work


def remind_of_promises(sessions: Sessions, clock: Clock) -> Work:
    """A deferred paper that was promised for a day and has not come."""

    async def work() -> bool:
        async with sessions() as session:
            due = (
                await session.scalars(
                    select(CaseRow.case_number)
                    .where(CaseRow.next_reminder_on <= local_date(clock()))
                    .order_by(CaseRow.next_reminder_on)
                    .limit(_BATCH)
                )
            ).all()
        for number in due:
            async with sessions.begin() as session:
                case = await cases.lock_case(session, number)
                if case is not None:
                    await promises.remind(session, case, at=clock())
        return bool(due)

    return work


async def _each(
    sessions: Sessions,
    clock: Clock,
    ids: Sequence[UUID],
    act: Callable[[matters.Matter], Awaitable[None]],
) -> None:
    """Each in a transaction of its own; the act looks again at what still stands."""
    for delivery_id in ids:
        async with sessions.begin() as session:
            case = await cases.lock_case_of_delivery(session, delivery_id, EVERYTHING)
            await act(await matters.of_locked(session, case, at=clock()))
