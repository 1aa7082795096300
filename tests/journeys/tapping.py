"""Listens in at a broker: whatever goes through any exchange of an installation, also what is set
aside there, comes to a queue of the test's own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from shared.messaging.topology import Topology

WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Tapped:
    """`text` is all of it: body, headers, and what else travels with it."""

    exchange: str
    id: str | None
    type: str | None
    text: str


@dataclass(slots=True)
class Tap:
    channel: AbstractChannel
    taken: list[Tapped] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, message: AbstractIncomingMessage) -> None:
        properties = json.dumps(message.info(), ensure_ascii=False, default=str)
        body = message.body.decode("utf-8", "replace")
        exchange, type_ = message.exchange or "", message.type
        self.taken.append(Tapped(exchange, message.message_id, type_, f"{properties}\n{body}"))
        self._arrived.set()

    async def until(self, there: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN):
            while not there():
                self._arrived.clear()
                await self._arrived.wait()

    async def plant(self, exchange: str, key: str, body: str, headers: dict[str, Any]) -> None:
        target = await self.channel.get_exchange(exchange, ensure=False)
        await target.publish(aio_pika.Message(body.encode(), headers=headers), key)


@asynccontextmanager
async def tapped(url: str, topology: Topology) -> AsyncIterator[Tap]:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await _bind(queue, topology)
        tap = Tap(channel)
        await queue.consume(tap.take, no_ack=True)
        yield tap


async def _bind(queue: AbstractQueue, topology: Topology) -> None:
    for exchange in topology.exchanges:
        keys = topology.houses if exchange.kind == "direct" else ("#",)
        for key in keys:
            await queue.bind(exchange.name, key)
