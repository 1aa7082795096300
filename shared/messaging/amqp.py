"""The transport over RabbitMQ: confirmed publishing, consuming in batches, and its own recovery.

aio-pika's robust connections restore consumers most of the time; here a lost consumer is a case
that stands still. So connections are plain, and on any doubt everything is torn down and begun
again. Publishing and consuming have a connection each: a broker that throttles publishers goes on
taking acknowledgements.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractIncomingMessage,
    AbstractQueue,
)
from aio_pika.exceptions import AMQPError, DeliveryError, PublishError
from aiormq.channel import Channel
from pamqp.commands import Basic

from shared.messaging.amqp_declaration import declare
from shared.messaging.amqp_reader import QueueReader, ReaderLostError
from shared.messaging.envelope import (
    CONTENT_TYPE,
    MalformedMessageError,
    Message,
    decode,
    encode,
)
from shared.messaging.topology import Topology, routing_key
from shared.messaging.transport import (
    Listener,
    NotCarriedError,
    Store,
    TakeBack,
    TransportAwayError,
)
from shared.messaging.waiting import Waiting
from shared.telemetry.metrics import SET_ASIDE
from shared.workers import pause

log = structlog.get_logger()

_AWAY = (AMQPError, ConnectionError, OSError, TimeoutError, RuntimeError)
CONNECT_SECONDS = 5.0


class AmqpTransport:
    """`name` is shown in the broker's list of connections."""

    def __init__(
        self,
        url: str,
        topology: Topology,
        *,
        name: str,
        heartbeat: int = 15,
        publish_timeout: float = 10.0,
        look_after: float = 5.0,
    ) -> None:
        self._url = _with_query(url, heartbeat=heartbeat, name=name)
        self._topology = topology
        self._publish_timeout = publish_timeout
        self._look_after = look_after
        self._opening = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._states: dict[str, bool] = {}

    @property
    def healthy(self) -> bool:
        """Whether everything that was begun (publishing, listening) has its connection."""
        return bool(self._states) and all(self._states.values())

    async def publish(self, messages: Sequence[Message]) -> Mapping[UUID, NotCarriedError]:
        if not messages:
            return {}
        channel = cast(Channel, await (await self._publishing_channel()).get_underlay_channel())
        tasks = [asyncio.create_task(self._publish(channel, message)) for message in messages]
        try:
            await asyncio.wait(tasks, timeout=self._publish_timeout)
        finally:
            for task in tasks:
                task.cancel()
        # One more turn, so that those just cancelled are over.
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return await self._sorted_out(messages, results)

    async def _publish(self, channel: Channel, message: Message) -> None:
        """Returns with the confirm. Not waiting for each frame to be drained makes publishing
        pipelined; the batch bounds how much is on its way."""
        await channel.basic_publish(
            encode(message),
            exchange=self._topology.exchange(message.producer),
            routing_key=routing_key(message),
            properties=Basic.Properties(
                message_id=str(message.id),
                content_type=CONTENT_TYPE,
                message_type=message.type,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            ),
            mandatory=True,
            wait=False,
        )

    async def _sorted_out(
        self, messages: Sequence[Message], results: Sequence[object]
    ) -> Mapping[UUID, NotCarriedError]:
        failed, lost = {}, 0
        for message, result in zip(messages, results, strict=True):
            if isinstance(result, PublishError):
                failed[message.id] = NotCarriedError("unroutable")
            elif isinstance(result, DeliveryError):
                failed[message.id] = NotCarriedError("refused")
            elif isinstance(result, BaseException):
                failed[message.id] = NotCarriedError("not-confirmed")
                lost += 1
        if lost:
            await self._drop()
        if lost and lost == len(messages):
            raise TransportAwayError("nothing was confirmed")
        return failed

    async def _publishing_channel(self) -> AbstractChannel:
        async with self._opening:
            if self._channel is not None and not self._channel.is_closed:
                return self._channel
            await self._drop()
            try:
                self._connection = await self._connect()
                self._channel = await self._connection.channel(on_return_raises=True)
            except _AWAY as error:
                await self._drop()
                raise TransportAwayError(type(error).__name__) from error
            self._states["publishing"] = True
            return self._channel

    async def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._states["publishing"] = False
        if connection is not None:
            await _close(connection)

    async def _connect(self) -> AbstractConnection:
        connection = await aio_pika.connect(self._url, timeout=CONNECT_SECONDS)
        try:
            async with asyncio.timeout(CONNECT_SECONDS * 2):
                await declare(connection, self._topology)
        except BaseException:
            await _close(connection)
            raise
        return connection

    async def listen(self, listener: Listener, stop: asyncio.Event) -> None:
        state = f"listening:{listener.consumer}"
        away = Waiting(asyncio.Event(), stop, shortest=0.2, longest=5.0)
        while not stop.is_set():
            self._states[state] = False
            try:
                connection = await self._connect()
                try:
                    self._states[state] = True
                    away.reset()
                    await self._read(connection, listener, stop)
                finally:
                    await _close(connection)
            except* (*_AWAY, ReaderLostError) as lost:
                self._states[state] = False
                kinds = sorted({type(error).__name__ for error in lost.exceptions})
                log.warning("listening_interrupted", consumer=listener.consumer, errors=kinds)
                await away.rest()
        self._states.pop(state, None)

    async def _read(
        self, connection: AbstractConnection, listener: Listener, stop: asyncio.Event
    ) -> None:
        """Until `stop`; raises when any of the queues is no longer read."""
        stores = dict.fromkeys(
            self._topology.heard_by(listener.consumer, listener.producers), listener.store
        )
        if listener.take_back is not None:
            stores[self._topology.unrouted(listener.consumer)] = _taking_back(listener.take_back)
        readers = [
            QueueReader(await connection.channel(), queue, store, gather=listener.gather)
            for queue, store in stores.items()
        ]
        async with asyncio.TaskGroup() as group:
            for reader in readers:
                group.create_task(reader.run(stop))
            group.create_task(self._watch(connection, readers, stop))

    async def _watch(
        self, connection: AbstractConnection, readers: Sequence[QueueReader], stop: asyncio.Event
    ) -> None:
        """A consumer that the broker has forgotten gets nothing and is told nothing: look."""
        channel = await connection.channel()
        suspects: dict[str, int] = {}
        while not stop.is_set():
            await pause(stop, self._look_after)
            for reader in readers:
                starved = reader.idle and await _is_starved(channel, reader.queue)
                if starved and suspects.get(reader.queue) == reader.received:
                    raise ReaderLostError(reader.queue)
                if starved:
                    suspects[reader.queue] = reader.received
                else:
                    suspects.pop(reader.queue, None)
            await self._count_set_aside(channel)

    async def _count_set_aside(self, channel: AbstractChannel) -> None:
        for house in self._topology.houses:
            for queue in (self._topology.dead(house), self._topology.unrouted(house)):
                waiting, _ = await _found(channel, queue)
                SET_ASIDE.labels(queue).set(waiting)

    async def revive(self, listener: Listener, *, limit: int = 1000) -> int:
        """Store what lies among the dead letters after all, for instance after a crash that came
        back too often; what cannot be read stays there. How many were stored."""
        connection = await self._connect()
        try:
            channel = await connection.channel()
            dead = await channel.get_queue(self._topology.dead(listener.consumer), ensure=False)
            return await _revive(dead, listener.store, limit)
        finally:
            await _close(connection)

    async def close(self) -> None:
        async with self._opening:
            await self._drop()
            self._states.clear()


async def _found(channel: AbstractChannel, queue: str) -> tuple[int, int]:
    """Messages waiting and consumers reading."""
    declared = await channel.declare_queue(queue, passive=True, timeout=CONNECT_SECONDS)
    found = declared.declaration_result
    return found.message_count or 0, found.consumer_count or 0


async def _is_starved(channel: AbstractChannel, queue: str) -> bool:
    waiting, consumers = await _found(channel, queue)
    return bool(waiting) or not consumers


async def _revive(dead: AbstractQueue, store: Store, limit: int) -> int:
    revived, left = 0, []
    while revived < limit and (letter := await dead.get(fail=False)) is not None:
        if await _storable(letter, store):
            await letter.ack()
            revived += 1
        else:
            left.append(letter)
    for letter in left:
        await letter.nack(requeue=True)
    return revived


async def _storable(letter: AbstractIncomingMessage, store: Store) -> bool:
    try:
        return not await store([decode(letter.body)])
    except MalformedMessageError:
        return False


def _taking_back(take_back: TakeBack) -> Store:
    async def store(messages: Sequence[Message]) -> Collection[UUID]:
        log.error("messages_unroutable", count=len(messages))
        await take_back([message.id for message in messages])
        return ()

    return store


async def _close(connection: AbstractConnection) -> None:
    """Politely for two seconds; then it is left alone, whatever it is waiting for."""
    closing = asyncio.create_task(connection.close())
    done, _ = await asyncio.wait((closing,), timeout=2)
    if not done:
        closing.cancel()
    elif not closing.cancelled() and (error := closing.exception()) is not None:
        log.debug("connection_closed_with_error", error=type(error).__name__)


def _with_query(url: str, **settings: object) -> str:
    """aio-pika takes its settings from the address; what stands there already wins."""
    parts = urlsplit(url)
    query = {key: str(value) for key, value in settings.items()} | dict(parse_qsl(parts.query))
    return urlunsplit(parts._replace(query=urlencode(query)))
