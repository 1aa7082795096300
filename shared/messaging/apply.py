"""From the inbox to the handler (handling.py): in sequence per subject, each in one transaction
with its effect."""

import asyncio
import traceback
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from shared.clock import Clock
from shared.db.gathering import gathering, write
from shared.db.transactions import Sessions
from shared.errors import DomainError
from shared.means import Means
from shared.messaging import turns
from shared.messaging.envelope import Lane, MalformedMessageError, Message
from shared.messaging.handling import Handlers, Handling, NotYetError
from shared.messaging.turns import Turn
from shared.messaging.waiting import Waiting
from shared.telemetry.metrics import APPLIED
from shared.workers import pause

log = structlog.get_logger()

# So many of one subject are applied in one transaction: much is said of a case in one breath.
AHEAD = 3
# Serialization failure, deadlock, lock not available: the database asks to try again.
_PASSING = frozenset({"40001", "40P01", "55P03"})


class _FailedError(Exception):
    """`culprits` are those of whom one failed; `sure`: each of them did, and with this error."""

    def __init__(self, culprits: Collection[UUID], error: Exception, *, sure: bool) -> None:
        self.culprits = culprits
        self.error = error if sure else None


@dataclass(frozen=True, slots=True)
class Patience:
    """Failing: five attempts, 1, 2, 4, 8 s apart. Not yet: 50 ms doubling to 5 s, for six hours."""

    attempts: int = 5
    first: float = 1.0
    ceiling: float = 60.0
    delay_first: float = 0.05
    delay_ceiling: float = 5.0
    delay_limit: timedelta = timedelta(hours=6)

    def after_attempt(self, attempts: int) -> float:
        return min(self.first * 2.0 ** min(attempts, 30), self.ceiling)

    def after_delay(self, delays: int) -> float:
        return min(self.delay_first * 2.0 ** min(delays, 30), self.delay_ceiling)


class Applier:
    """`width` transactions at once, of different subjects; other processes may run more. While
    there is traffic, `gather` seconds pass between two looks."""

    def __init__(
        self,
        engine: AsyncEngine,
        sessions: Sessions,
        handlers: Handlers,
        *,
        carried: Means,
        clock: Clock,
        stored: asyncio.Event | None = None,
        width: int = 4,
        together: int = 16,
        gather: float = 0.0,
        patience: Patience | None = None,
    ) -> None:
        self._engine = engine
        self._sessions = sessions
        self._handling = Handling(handlers, carried=carried, clock=clock)
        self._carried = carried
        self._stored = stored or asyncio.Event()
        self._width = width
        self._together = together
        self._gather = gather
        self._patience = patience or Patience()
        self._door = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; what is being applied then is finished."""
        waiting = Waiting(self._stored, stop, shortest=0.1, longest=0.5)
        async with asyncio.TaskGroup() as group:
            for number in range(self._width):
                # One of them looks at the bulk lane first, so that it is never starved.
                last = number and number == self._width - 1
                first = Lane.BULK if last else Lane.INTERACTIVE
                group.create_task(self._keep_up(first, waiting, stop))

    async def _keep_up(self, first: Lane, waiting: Waiting, stop: asyncio.Event) -> None:
        """Those who have nothing to do stand in line; only the first of them listens at the door,
        so that one message wakes one of them. Whoever has his hands full calls the next."""
        while not stop.is_set():
            taken = await self.apply_some(first=first)
            if taken:
                waiting.reset()
            if taken >= self._together:
                self._stored.set()
                continue
            async with self._door:
                if taken:
                    # More of it is on its way: what comes within a moment costs less together.
                    await pause(stop, self._gather)
                else:
                    await waiting.rest()
                self._stored.clear()

    async def apply_due(self) -> int:
        """Everything that is due now; how many turns were taken."""
        total = 0
        while taken := await self.apply_some():
            total += taken
        return total

    async def apply_some(self, *, first: Lane = Lane.INTERACTIVE) -> int:
        """What is due, up to so many: first tries share one transaction. If one of them fails
        nothing of it stays; it is taken by itself, and the others together again."""
        turns_: Sequence[Turn] = ()
        applied: list[Message] = []
        alone: list[Turn] = []
        known: Exception | None = None
        try:
            async with self._engine.begin() as connection:
                turns_ = await turns.due(connection, first=first, limit=self._together, ahead=AHEAD)
                alone = [turn for turn in turns_ if not turn.fresh]
                fresh = [turn for turn in turns_ if turn.fresh]
                applied = [turn.message for turn in fresh]
                if applied:
                    await self._handle_all(connection, fresh)
                    await turns.mark_all_applied(connection, applied)
        except Exception as error:
            if not turns_:
                raise
            applied, (alone, known) = [], _culprits(turns_, error)
            log.info("messages_taken_apart", count=len(alone), error=described(error))
        self._count(applied, "applied")
        for turn in alone:
            await self._apply_alone(turn, known)
        return len(turns_)

    async def _apply_alone(self, turn: Turn, error: Exception | None) -> None:
        """`error`: how it has failed just now; without one it is tried."""
        async with self._engine.begin() as connection:
            still = await turns.this(connection, turn.key)
            if still is None:
                return
            if error is None:
                outcome = await self._take(connection, still)
            else:
                outcome = await self._deal_with(connection, still, error)
        self._count([still.message], outcome)

    async def _handle_all(self, connection: AsyncConnection, taken: Sequence[Turn]) -> None:
        async with (
            self._sessions(bind=connection, join_transaction_mode="rollback_only") as session,
            gathering(session) as gathered,
        ):
            await write(session, turns.LOCKING, [turn.message for turn in taken], last=True)
            for number in range(max(turn.follows for turn in taken) + 1):
                if number:
                    # Whoever comes after it sees what was written because of the one before.
                    await gathered.settle(session)
                messages = [turn.message for turn in taken if turn.follows == number]
                for group in self._handling.groups(messages):
                    if gathered.whole:
                        await gathered.settle(session)
                    await self._handle_group(session, group)

    async def _handle_group(self, session: AsyncSession, group: Sequence[Message]) -> None:
        try:
            await self._handling.handle(session, group)
            # What one handler loaded is no other's business.
            await session.flush()
        except Exception as error:
            of = error.of if isinstance(error, NotYetError) else ()
            sure = bool(of) or len(group) == 1
            raise _FailedError(of or _ids(group), error, sure=sure) from error
        session.expunge_all()

    async def apply_next(self, *, first: Lane = Lane.INTERACTIVE) -> bool:
        """One turn: applied, put off or parked. False when nothing is due."""
        async with self._engine.begin() as connection:
            due = await turns.due(connection, first=first)
            if not due:
                return False
            outcome = await self._take(connection, due[0])
        self._count([due[0].message], outcome)
        return True

    def _count(self, messages: Sequence[Message], outcome: str) -> None:
        if messages:
            # A handler may have had something to say.
            self._carried.wake()
        for message in messages:
            APPLIED.labels(self._carried.house, message.type, outcome).inc()

    async def _take(self, connection: AsyncConnection, turn: Turn) -> str:
        message = turn.message
        try:
            # Within a savepoint: what a failing handler did is undone, the turn stays ours.
            async with (
                self._sessions(
                    bind=connection, join_transaction_mode="create_savepoint"
                ) as session,
                session.begin(),
                gathering(session),
            ):
                await self._handling.handle(session, [message])
        except Exception as error:
            # Whatever a handler raises, the others go on. A connection that is gone, though, can
            # note nothing: the turn is simply taken again.
            if connection.invalidated:
                raise
            return await self._deal_with(connection, turn, error)
        await turns.mark_applied(connection, message, conflict=turn.conflict)
        return "applied"

    async def _deal_with(self, connection: AsyncConnection, turn: Turn, error: Exception) -> str:
        if isinstance(error, MalformedMessageError):
            return await self._park(connection, turn, described(error))
        return await self._put_off(connection, turn, error)

    async def _put_off(self, connection: AsyncConnection, turn: Turn, error: Exception) -> str:
        patience = self._patience
        if isinstance(error, NotYetError) or _passing(error):
            if turn.delayed_for > patience.delay_limit:
                return await self._park(connection, turn, described(error))
            seconds = patience.after_delay(turn.delays)
            await turns.mark_later(
                connection, turn, seconds=seconds, error=described(error), attempt=False
            )
            return "delayed"
        log.warning("message_failed", **_named(turn.message), exc_info=error)
        if turn.attempts + 1 >= patience.attempts:
            return await self._park(connection, turn, described(error))
        seconds = patience.after_attempt(turn.attempts)
        await turns.mark_later(
            connection, turn, seconds=seconds, error=described(error), attempt=True
        )
        return "failed"

    async def _park(self, connection: AsyncConnection, turn: Turn, error: str) -> str:
        await turns.mark_parked(connection, turn, error=error)
        log.error("message_parked", **_named(turn.message), reason=error)
        return "parked"


def _ids(messages: Sequence[Message]) -> list[UUID]:
    return [each.id for each in messages]


def _culprits(taken: Sequence[Turn], error: Exception) -> tuple[list[Turn], Exception | None]:
    """With the error that each is known to fail with. Nobody knows which it was: all of them. One
    that came with others before it has no turn yet: theirs is taken first, by itself."""
    known = error.culprits if isinstance(error, _FailedError) else ()
    found = [turn for turn in taken if not known or turn.message.id in known]
    if any(turn.follows for turn in found):
        subjects = {_whose(turn) for turn in found}
        return [turn for turn in taken if not turn.follows and _whose(turn) in subjects], None
    return found, error.error if isinstance(error, _FailedError) else None


def _whose(turn: Turn) -> tuple[str, str]:
    return turn.message.producer, turn.message.subject


def described(error: BaseException) -> str:
    """What is kept of an error: never its text, which may quote what people wrote, unless it is
    one of ours, whose texts carry nothing personal."""
    if isinstance(error, DomainError):
        return f"{type(error).__name__}: {error}"[:500]
    if isinstance(error, _FailedError) and error.__cause__ is not None:
        return described(error.__cause__)
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return " ".join(part for part in (type(error).__name__, state, place) if part)


def _passing(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _PASSING


def _named(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "type": message.type,
        "subject": message.subject,
        "sequence": message.sequence,
    }
