"""Reads one queue: stores what has arrived as a batch, then acknowledges it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.abc import DeliveredMessage

from shared.messaging.envelope import MalformedMessageError, Message, decode
from shared.messaging.transport import Store
from shared.messaging.waiting import Waiting
from shared.workers import pause

log = structlog.get_logger()

# Nothing is held unacknowledged much longer than this, whatever the database does.
HELD_SECONDS = 20.0
BEGIN_SECONDS = 10.0


class ReaderLostError(Exception):
    """The broker or the channel went away, or no longer gives us what it has: begin again."""


class QueueReader:
    """Takes what is there without waiting for more: under load batches grow by themselves. Only
    after one a rest of `gather` seconds is taken."""

    def __init__(
        self,
        channel: AbstractChannel,
        queue: str,
        store: Store,
        *,
        prefetch: int = 200,
        batch: int = 100,
        held: float = HELD_SECONDS,
        gather: float = 0.0,
    ) -> None:
        self.queue = queue
        self.received = 0
        self._channel = channel
        self._store = store
        self._prefetch = prefetch
        self._batch = batch
        self._held = held
        self._gather = gather
        # None: nothing more will come over this channel.
        self._arrived: asyncio.Queue[DeliveredMessage | None] = asyncio.Queue()
        self._busy = False
        self._settled = 0

    @property
    def idle(self) -> bool:
        return not self._busy and self._arrived.empty()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, then stores and acknowledges what was already received."""
        async with asyncio.timeout(BEGIN_SECONDS):
            tag = await self._consume()
        ended = asyncio.create_task(self._end(tag, stop))
        try:
            while True:
                batch = await self._next_batch()
                if batch:
                    await self._keep(batch, stop)
                    # Where there was one, there are more: they cost less together.
                    await pause(stop, self._gather)
                elif stop.is_set():
                    return
                else:
                    raise ReaderLostError(self.queue)
        finally:
            self._busy = False
            ended.cancel()

    async def _consume(self) -> str:
        await self._channel.set_qos(prefetch_count=self._prefetch)
        underlay = await self._channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _: self._arrived.put_nowait(None))
        self._channel.close_callbacks.add(lambda *_: self._arrived.put_nowait(None))
        consumed = await underlay.basic_consume(self.queue, self._arrived.put)
        return str(consumed.consumer_tag)

    async def _end(self, tag: str, stop: asyncio.Event) -> None:
        await stop.wait()
        with suppress(AMQPError, ConnectionError, TimeoutError, RuntimeError):
            underlay = await self._channel.get_underlay_channel()
            await underlay.basic_cancel(tag, timeout=2)
        self._arrived.put_nowait(None)

    async def _next_batch(self) -> list[DeliveredMessage]:
        """Empty at the end."""
        self._busy = False
        message = await self._arrived.get()
        self._busy = True
        batch = []
        while message is not None:
            batch.append(message)
            if len(batch) == self._batch or self._arrived.empty():
                break
            message = self._arrived.get_nowait()
        if message is None and batch:
            self._arrived.put_nowait(None)
        self.received += len(batch)
        return batch

    async def _keep(self, batch: Sequence[DeliveredMessage], stop: asyncio.Event) -> None:
        tags: dict[int, Message] = {}
        rejected: list[int] = []
        for delivered in batch:
            tag = delivered.delivery_tag or 0
            try:
                tags[tag] = decode(delivered.body)
            except MalformedMessageError as error:
                log.error("message_unreadable", queue=self.queue, reason=str(error))
                rejected.append(tag)
        refused = await self._stored(list(tags.values()), stop)
        rejected += [tag for tag, message in tags.items() if message.id in refused]
        await self._settle([tag for tag in tags if tag not in rejected], rejected)

    async def _stored(self, messages: Sequence[Message], stop: asyncio.Event) -> set[object]:
        """Tries until it works. After `held` seconds the messages go back to the broker, but not
        before the store works again are they asked for anew: each return counts as a delivery."""
        waiting = Waiting(asyncio.Event(), stop, shortest=0.1, longest=2.0)
        clock = asyncio.get_running_loop().time
        give_up = clock() + self._held
        while messages:
            try:
                refused = await self._store(messages)
            except Exception as error:
                # Whatever keeps the store away, it passes.
                log.warning("store_away", queue=self.queue, error=type(error).__name__)
                if stop.is_set():
                    raise ReaderLostError(self.queue) from error
            else:
                if self._channel.is_closed:
                    raise ReaderLostError(self.queue)
                return set(refused)
            if clock() > give_up and not self._channel.is_closed:
                await self._channel.close()
            await waiting.rest()
        return set()

    async def _settle(self, kept: Sequence[int], rejected: Sequence[int]) -> None:
        try:
            underlay = await self._channel.get_underlay_channel()
            for tag in rejected:
                await underlay.basic_reject(tag, requeue=False)
            # One frame for all, where nothing delivered earlier is still open, as is the rule.
            tags = sorted((*kept, *rejected))
            together = tags == list(range(self._settled + 1, self._settled + 1 + len(tags)))
            self._settled = tags[-1]
            for tag in kept[-1:] if together else kept:
                await underlay.basic_ack(tag, multiple=together)
        except (AMQPError, ChannelInvalidStateError, ConnectionError) as error:
            raise ReaderLostError(self.queue) from error
