"""From the inbox to the handler: in sequence per subject, each with its effect in one transaction.

What a house does about a message is a table, type to handler:

    class HandoffAccepted(BaseModel):
        handoff_id: UUID

    async def on_accepted(session: AsyncSession, message: Received[HandoffAccepted]) -> None: ...

    HANDLERS: Handlers = {"routing.handoff-accepted.v1": on_accepted}

A type that is not in it is applied as nothing. A handler never commits; when it raises, nothing of
it stays. `NotYetError` says that something else must arrive first; any other error is tried again a
few times and then parked.
"""

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import Any, get_args, get_type_hints

import structlog
from opentelemetry.trace import SpanKind
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.errors import DomainError
from shared.means import Means
from shared.messaging import turns
from shared.messaging.envelope import (
    Lane,
    MalformedMessageError,
    Message,
    Received,
    sealed_fields,
    traced,
    unseal,
)
from shared.messaging.turns import Turn
from shared.messaging.waiting import Waiting
from shared.telemetry import traces
from shared.telemetry.metrics import APPLIED

log = structlog.get_logger()

Handler = Callable[[AsyncSession, Received[Any]], Awaitable[None]]
Handlers = Mapping[str, Handler]

# Serialization failure, deadlock, lock not available: the database asks to try again.
_PASSING = frozenset({"40001", "40P01", "55P03"})
# How many batches of first tries are taken before a look at what is to be tried again.
BATCHES = 4


class NotYetError(DomainError):
    """Raised by a handler for what another message will bring soon: tried again shortly."""

    code = "not-yet"

    def __init__(self, what: str = "") -> None:
        super().__init__("所需内容尚未到达，稍后重试", f"not here yet: {what}", what=what)


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
    """`width` messages at once, of different subjects; other processes may run more."""

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
        patience: Patience | None = None,
    ) -> None:
        self._engine = engine
        self._sessions = sessions
        self._handlers = handlers
        self._readers = {type_: reader_of(handler) for type_, handler in handlers.items()}
        self._carried = carried
        self._clock = clock
        self._stored = stored or asyncio.Event()
        self._width = width
        self._together = together
        self._patience = patience or Patience()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; what is being applied then is finished."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._width):
                group.create_task(self._keep_up(number, stop))

    async def _keep_up(self, number: int, stop: asyncio.Event) -> None:
        waiting = Waiting(self._stored, stop, shortest=0.1, longest=0.5)
        # One of them looks at the bulk lane first, so that it is never starved.
        first = Lane.BULK if number and number == self._width - 1 else Lane.INTERACTIVE
        while not stop.is_set():
            self._stored.clear()
            if await self.apply_some(first=first):
                waiting.reset()
            else:
                await waiting.rest()

    async def apply_due(self) -> int:
        """Everything that is due now; how many turns were taken."""
        total = 0
        while taken := await self.apply_some():
            total += taken
        return total

    async def apply_some(self, *, first: Lane = Lane.INTERACTIVE) -> int:
        """One turn by itself and, if more is waiting, some batches of first tries together."""
        taken = int(await self.apply_next(first=first))
        if not taken or self._together < 2:
            return taken
        for _ in range(BATCHES):
            batch = await self._apply_together(first)
            taken += batch
            if batch < self._together:
                break
        return taken

    async def _apply_together(self, lane: Lane) -> int:
        """Under load, messages of several subjects share one transaction. If one of them fails
        nothing of it stays, and each is taken by itself: only then is it known which, and why."""
        try:
            async with self._engine.begin() as connection:
                tries = await turns.first_tries(connection, lane=lane, limit=self._together)
                messages = [each.message for each in tries]
                if messages:
                    await self._handle_all(connection, messages)
                    await turns.mark_all_applied(connection, messages)
        except Exception as error:  # noqa: BLE001  (seen again, and dealt with, one by one)
            log.info("messages_taken_apart", error=described(error))
            return await self._apply_apart()
        self._count(messages, "applied")
        return len(messages)

    async def _apply_apart(self) -> int:
        return sum([await self.apply_next() for _ in range(self._together)])

    async def _handle_all(self, connection: AsyncConnection, messages: Sequence[Message]) -> None:
        async with self._sessions(
            bind=connection, join_transaction_mode="rollback_only"
        ) as session:
            for message in messages:
                await self._handle(session, message)
                # What one handler loaded is no other's business.
                await session.flush()
                session.expunge_all()

    async def apply_next(self, *, first: Lane = Lane.INTERACTIVE) -> bool:
        """One turn: applied, put off or parked. False when nothing is due."""
        async with self._engine.begin() as connection:
            turn = await turns.next_in_sequence(connection, first=first)
            if turn is None:
                return False
            outcome = await self._take(connection, turn)
        self._count([turn.message], outcome)
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
            ):
                await self._handle(session, message)
        except MalformedMessageError as error:
            return await self._park(connection, turn, described(error))
        except Exception as error:
            # Whatever a handler raises, the others go on. A connection that is gone, though, can
            # note nothing: the turn is simply taken again.
            if connection.invalidated:
                raise
            return await self._put_off(connection, turn, error)
        await turns.mark_applied(connection, message, conflict=turn.conflict)
        return "applied"

    async def _handle(self, session: AsyncSession, message: Message) -> None:
        handler = self._handlers.get(message.type)
        if handler is None:
            return
        with traces.within(
            f"apply {message.type}",
            SpanKind.CONSUMER,
            message.traceparent,
            {**traced(message), "tongban.house": self._carried.house},
        ):
            await handler(session, self._read(message))

    def _read(self, message: Message) -> Received[Any]:
        reader = self._readers[message.type]
        return Received(
            id=message.id,
            type=message.type,
            producer=message.producer,
            subject=message.subject,
            sequence=message.sequence,
            at=message.time,
            now=self._clock(),
            lane=message.lane,
            data=unseal(message.data, reader, id=message.id, keys=self._carried.keys),
            facts=message.data,
        )

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


def reader_of(handler: Handler) -> type[BaseModel]:
    """The model a handler reads, from its second parameter: `Received[Model]`."""
    hints = get_type_hints(handler if inspect.isroutine(handler) else type(handler).__call__)
    hints.pop("return", None)
    arguments = get_args(list(hints.values())[1]) if len(hints) > 1 else ()
    if len(arguments) != 1 or not issubclass(arguments[0], BaseModel):
        raise TypeError(f"{handler!r} should take (session, message: Received[Model])")
    reader: type[BaseModel] = arguments[0]
    sealed_fields(reader)
    return reader


def described(error: BaseException) -> str:
    """What is kept of an error: never its text, which may quote what people wrote, unless it is
    one of ours, whose texts carry nothing personal."""
    if isinstance(error, DomainError):
        return f"{type(error).__name__}: {error}"[:500]
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
