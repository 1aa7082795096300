"""From the outbox to the transport: claim, hand over, wait for the confirm, mark.

Any number of relays may run, in any number of processes: each claims rows that no other holds. The
transaction stays open while a batch is being published (the one exception to the rule), so a relay
that dies lets go of its rows at once; what it had published is published again and known by its id.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import structlog
from opentelemetry.trace import Span, SpanKind
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.messaging import outbox
from shared.messaging.envelope import Lane, Message, traced
from shared.messaging.transport import Transport, TransportAwayError
from shared.messaging.waiting import Waiting
from shared.telemetry import traces
from shared.workers import pause

log = structlog.get_logger()

GRACE_SECONDS = 2.0


class Relay:
    """`recorded` is set after commits of this process; what others recorded is found by polling.
    After a batch that was not full `gather` seconds pass, so that more of it goes together."""

    def __init__(
        self,
        engine: AsyncEngine,
        transport: Transport,
        *,
        source: str,
        recorded: asyncio.Event | None = None,
        batch: int = 200,
        gather: float = 0.0,
        retry_first: float = 0.5,
        retry_ceiling: float = 30.0,
    ) -> None:
        self._engine = engine
        self._looking = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._transport = transport
        self._source = source
        self._recorded = recorded or asyncio.Event()
        self._batch = batch
        self._gather = gather
        self._retry_first = retry_first
        self._retry_ceiling = retry_ceiling

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. A batch under way then has two seconds; after that its rows are let go."""
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._keep_up(Lane.INTERACTIVE, self._recorded, stop))
            # The bulk lane is only polled: nobody waits for it at a window.
            lanes.create_task(self._keep_up(Lane.BULK, asyncio.Event(), stop))

    async def _keep_up(self, lane: Lane, recorded: asyncio.Event, stop: asyncio.Event) -> None:
        # Another process records what this one carries: while there is traffic, look often.
        waiting = Waiting(recorded, stop, shortest=0.01, longest=0.5, stay=1.0)
        away = Waiting(asyncio.Event(), stop, shortest=0.1, longest=2.0)
        while not stop.is_set():
            recorded.clear()
            try:
                published = await self._until(stop, lane)
            except TransportAwayError:
                log.warning("transport_away", source=self._source, lane=lane, seconds=away.seconds)
                await away.rest()
                continue
            away.reset()
            if published == self._batch:
                waiting.reset()
            elif published:
                waiting.reset()
                await pause(stop, self._gather)
            else:
                await waiting.rest()

    async def _until(self, stop: asyncio.Event, lane: Lane) -> int:
        work = asyncio.ensure_future(self.relay_due(lane))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await asyncio.wait((work,), timeout=GRACE_SECONDS)
        finally:
            stopping.cancel()
            if not work.done():
                work.cancel()
                await asyncio.wait((work,))
        return 0 if work.cancelled() else work.result()

    async def relay_due(self, lane: Lane = Lane.INTERACTIVE) -> int:
        """Publish one batch; how many messages it had."""
        async with self._looking.connect() as connection:
            # One statement where there is nothing, as there mostly is.
            if not await outbox.anything_due(connection, lane=lane):
                return 0
        async with self._engine.begin() as connection:
            messages = await outbox.claim(
                connection, lane=lane, limit=self._batch, source=self._source
            )
            if messages:
                await self._hand_over(connection, messages)
        return len(messages)

    async def _hand_over(self, connection: AsyncConnection, messages: Sequence[Message]) -> None:
        spans = {each.id: _begin(each) for each in messages if each.traceparent}
        failed = await self._transport.publish([_continued(each, spans) for each in messages])
        # Only now: while the transport is away the same messages are tried again and again.
        for id_, span in spans.items():
            if id_ in failed:
                traces.failed(span, failed[id_].code)
            span.end()
        carried: list[UUID] = [each.id for each in messages if each.id not in failed]
        if carried:
            await outbox.mark_carried(connection, carried)
        if failed:
            codes = {id_: error.code for id_, error in failed.items()}
            log.warning("messages_not_carried", count=len(codes), codes=sorted(set(codes.values())))
            await outbox.mark_not_carried(
                connection, codes, first=self._retry_first, ceiling=self._retry_ceiling
            )


def _begin(message: Message) -> Span:
    attributes = {**traced(message), "tongban.house": message.producer}
    return traces.begin(
        f"publish {message.type}", SpanKind.PRODUCER, message.traceparent, attributes
    )


def _continued(message: Message, spans: Mapping[UUID, Span]) -> Message:
    span = spans.get(message.id)
    return message if span is None else replace(message, traceparent=traces.written(span))
