"""Two houses with a transport between them: `north` speaks, `south` writes down what it heard."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import BigInteger, Column, Identity, MetaData, Table, Text, Uuid, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from shared.clock import utc_now
from shared.db.base import PLATFORM
from shared.db.engine import open_engine
from shared.db.transactions import Sessions, open_sessions
from shared.means import Means
from shared.messaging import inbox, outbox
from shared.messaging.apply import Applier, Patience
from shared.messaging.envelope import Event, Lane, Received
from shared.messaging.handling import Handlers
from shared.messaging.keeping import taking_back
from shared.messaging.outbox import OUTBOX, Announcement
from shared.messaging.relay import Relay
from shared.messaging.transport import Listener, Store, Transport
from shared.security.keys import Keyring
from shared.security.personal import Personal

HOUSES = ("north", "south")
AT = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)

EFFECT = Table(
    "effect",
    MetaData(),
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("subject", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("message_id", Uuid, nullable=False),
)


_WRITE = EFFECT.insert()


class Moved(Event):
    type: ClassVar[str] = "north.moved.v1"

    place: int
    note: Annotated[str | None, Personal("text")] = None


class Listed(Event):
    type: ClassVar[str] = "north.listed.v1"
    standalone: ClassVar[bool] = True

    version: int


class MovedRead(BaseModel):
    place: int


async def write_down(session: AsyncSession, message: Received[MovedRead]) -> None:
    await session.execute(
        _WRITE,
        {
            "subject": message.subject,
            "sequence": message.sequence,
            "message_id": message.id,
        },
    )


HANDLERS: Handlers = {Moved.type: write_down}


@dataclass(frozen=True, slots=True)
class House:
    engine: AsyncEngine
    sessions: Sessions
    carried: Means
    recorded: asyncio.Event
    stored: asyncio.Event

    @property
    def name(self) -> str:
        return self.carried.house

    def store(self) -> Store:
        return inbox.storing(self.sessions, self.stored)

    def relay(self, transport: Transport, *, batch: int = 200) -> Relay:
        return Relay(
            self.engine,
            transport,
            source=self.carried.source,
            recorded=self.recorded,
            batch=batch,
            retry_first=0.05,
            retry_ceiling=0.5,
        )

    def applier(
        self,
        handlers: Handlers = HANDLERS,
        *,
        width: int = 4,
        together: int = 16,
        patience: Patience | None = None,
    ) -> Applier:
        return Applier(
            self.engine,
            self.sessions,
            handlers,
            carried=self.carried,
            clock=utc_now,
            stored=self.stored,
            width=width,
            together=together,
            patience=patience or Patience(first=0.02, delay_first=0.01, delay_ceiling=0.1),
        )

    async def say(
        self, subject: str, count: int = 1, *, lane: Lane = Lane.INTERACTIVE
    ) -> Sequence[UUID]:
        async with self.sessions.begin() as session:
            ids = await outbox.record_many(
                session,
                [Announcement(Moved(place=n), subject, AT, lane) for n in range(count)],
            )
        self.recorded.set()
        return ids

    async def applied(self) -> Mapping[str, Sequence[int]]:
        """Sequences by subject, in the order in which they took effect."""
        async with self.sessions() as session:
            rows = await session.execute(select(EFFECT).order_by(EFFECT.c.number))
        order: dict[str, list[int]] = {}
        for row in rows:
            order.setdefault(row.subject, []).append(row.sequence)
        return order

    async def count_applied(self) -> int:
        async with self.sessions() as session:
            return await session.scalar(select(func.count()).select_from(EFFECT)) or 0

    async def count_unpublished(self) -> int:
        async with self.sessions() as session:
            return (
                await session.scalar(
                    select(func.count()).select_from(OUTBOX).where(OUTBOX.c.published_at.is_(None))
                )
                or 0
            )


async def open_house(url: str, name: str, keys: Keyring) -> House:
    """`url` may be opened again by another process: what is there stays."""
    recorded = asyncio.Event()
    engine = open_engine(url, schema=name, name=f"test-{name}", pool_size=20)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(1)"))
        await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {name}"))
        await connection.run_sync(PLATFORM.create_all)
        await connection.run_sync(EFFECT.metadata.create_all)
    carried = Means(
        house=name,
        source=f"urn:tongban:630000:{name}",
        division="630000",
        keys=keys,
        wake=recorded.set,
    )
    return House(engine, open_sessions(engine, carried), carried, recorded, asyncio.Event())


Loop = Callable[[asyncio.Event], Awaitable[None]]


@dataclass
class Street:
    """`north_transport` and `south_transport` are one and the same when embedded."""

    north: House
    south: House
    north_transport: Transport
    south_transport: Transport
    loops: list[Loop] = field(default_factory=list)

    def relaying(self, *, batch: int = 200, transport: Transport | None = None) -> "Street":
        self.loops.append(self.north.relay(transport or self.north_transport, batch=batch).run)
        return self

    def listening(
        self, *, store: Store | None = None, transport: Transport | None = None
    ) -> "Street":
        """Both houses: over the embedded transport nothing moves before all listen."""
        south = Listener("south", ("north",), store or self.south.store())
        north = Listener(
            "north",
            ("south",),
            self.north.store(),
            taking_back(self.north.sessions, seconds=0.2),
        )
        carried = transport or self.south_transport
        self.loops.append(lambda stop: carried.listen(south, stop))
        self.loops.append(lambda stop: self.north_transport.listen(north, stop))
        return self

    def applying(self, applier: Applier | None = None) -> "Street":
        self.loops.append((applier or self.south.applier()).run)
        return self

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Everything added so far runs, and is stopped cleanly at the end."""
        stop = asyncio.Event()
        loops, self.loops = self.loops, []
        tasks = [asyncio.create_task(_run(loop, stop)) for loop in loops]
        try:
            yield
        finally:
            stop.set()
            async with asyncio.timeout(60):
                results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result


async def _run(loop: Loop, stop: asyncio.Event) -> None:
    await loop(stop)


async def until(
    condition: Callable[[], Awaitable[bool]], *, seconds: float = 60, every: float = 0.03
) -> None:
    """Look until it is so; fail after `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to that in time"
        await asyncio.sleep(every)
