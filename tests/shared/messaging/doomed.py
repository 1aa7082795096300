"""A process that runs both houses and kills itself at one point of a message's way.

    python -m tests.shared.messaging.doomed POINT DATABASE_URL KEYRING_FILE [AMQP_URL PREFIX]

It prints nothing and ends by SIGKILL: what comes after it must find everything as it was.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.messaging import inbox
from shared.messaging.amqp import AmqpTransport
from shared.messaging.embedded import EmbeddedTransport
from shared.messaging.envelope import Message, Received
from shared.messaging.topology import Topology
from shared.messaging.transport import Listener, NotCarriedError, Store, Transport
from shared.security.keys import Keyring
from tests.shared.messaging.street import (
    HOUSES,
    House,
    Moved,
    MovedRead,
    Street,
    open_house,
    write_down,
)

POINTS = (
    "before-publish",
    "after-publish",
    "before-store-commit",
    "after-store-commit",
    "before-apply-commit",
    "after-apply-commit",
)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DoomedTransport:
    """Publishes the first batch, or not, and dies."""

    def __init__(self, inner: Transport, point: str) -> None:
        self._inner = inner
        self._point = point

    @property
    def healthy(self) -> bool:
        return self._inner.healthy

    async def publish(self, messages: Sequence[Message]) -> Mapping[UUID, NotCarriedError]:
        if self._point == "before-publish":
            die()
        failed = await self._inner.publish(messages)
        if self._point == "after-publish" and not failed:
            die()
        return failed

    async def listen(self, listener: Listener, stop: asyncio.Event) -> None:
        await self._inner.listen(listener, stop)

    async def close(self) -> None:
        await self._inner.close()


def doomed_store(house: House, point: str) -> Store:
    async def store(messages: Sequence[Message]) -> Collection[UUID]:
        async with house.sessions.begin() as session:
            await inbox.store(session, messages)
            if point == "before-store-commit":
                die()
        if point == "after-store-commit":
            die()
        house.stored.set()
        return ()

    return store


async def run(point: str, url: str, keyring_file: str, *amqp: str) -> None:
    keys = Keyring.load(Path(keyring_file))
    north, south = await open_house(url, "north", keys), await open_house(url, "south", keys)

    async def handle(session: AsyncSession, message: Received[MovedRead]) -> None:
        await write_down(session, message)
        await session.flush()
        if point == "before-apply-commit" and message.sequence > 1:
            die()

    applied = south.applier({Moved.type: handle})
    north_transport, south_transport = _transports(*amqp)
    street = Street(north, south, north_transport, south_transport)
    street.relaying(transport=DoomedTransport(north_transport, point), batch=7)
    street.listening(store=doomed_store(south, point))
    if point == "after-apply-commit":
        street.loops.append(lambda _: _die_after_some(applied.apply_next))
    else:
        street.applying(applied)
    async with street.open():
        await asyncio.sleep(60)


async def _die_after_some(apply_next: Callable[[], Awaitable[bool]]) -> None:
    done = 0
    while done < 3:
        done += await apply_next()
        await asyncio.sleep(0.01)
    die()


def _transports(*amqp: str) -> tuple[Transport, Transport]:
    if not amqp:
        shared = EmbeddedTransport(HOUSES)
        return shared, shared
    url, prefix = amqp
    topology = Topology(HOUSES, prefix=prefix)
    return (
        AmqpTransport(url, topology, name="doomed-north"),
        AmqpTransport(url, topology, name="doomed-south"),
    )


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
