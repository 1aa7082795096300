"""What must happen when a term ends: deferred papers that did not come, visits not completed."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import expiring, handed_in
from services.intake.actions.handed_in import Worker
from services.intake.queries import cases, promises
from shared.clock import Clock, local_date
from shared.db.transactions import Sessions

Work = Callable[[], Awaitable[bool]]

_BATCH = 100


class _Due(Protocol):
    async def __call__(self, session: AsyncSession, on: date, *, limit: int) -> Sequence[str]: ...


class _Act(Protocol):
    async def __call__(self, session: AsyncSession, number: str, *, at: datetime) -> bool: ...


def expire_promises(sessions: Sessions, clock: Clock) -> Work:
    return _each(sessions, clock, promises.expired, expiring.expire_promises)


def close_unfinished(sessions: Sessions, clock: Clock) -> Work:
    return _each(sessions, clock, cases.unfinished, expiring.close_unfinished)


def _each(sessions: Sessions, clock: Clock, due: _Due, act: _Act) -> Work:
    """Each case in a transaction of its own; the act looks again at what still stands."""

    async def work() -> bool:
        async with sessions() as session:
            numbers = await due(session, local_date(clock()), limit=_BATCH)
        for number in numbers:
            async with sessions.begin() as session:
                await act(session, number, at=clock())
        return len(numbers) == _BATCH

    return work


def take_handed_in(worker: Worker, *, files: bool) -> Work:
    async def work() -> bool:
        return await handed_in.take_next(worker, files=files)

    return work
