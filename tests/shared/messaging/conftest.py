"""Two houses in a fresh database, and whatever carries between them."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aio_pika
import pytest
import structlog
from aio_pika.exceptions import AMQPError
from structlog.types import EventDict

from deploy.database import EmbeddedDatabase
from shared.chance import new_id
from shared.messaging.amqp import AmqpTransport
from shared.messaging.embedded import EmbeddedTransport
from shared.messaging.topology import Topology
from shared.security.keys import Keyring
from tests.broker import amqp_url, own_broker
from tests.shared.messaging.street import HOUSES, House, Street, open_house

__all__ = ["amqp_url", "own_broker"]


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """One line each; by default structlog paints whole tracebacks with their variables."""
    kept = structlog.get_config()
    structlog.configure(processors=[_without_trace, structlog.processors.KeyValueRenderer()])
    yield
    structlog.configure(**kept)


def _without_trace(_: object, __: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    return {**event, "error": repr(error)} if error is not None else event


TRANSPORTS = (
    "embedded",
    pytest.param("amqp", marks=[pytest.mark.broker, pytest.mark.timeout(150)]),
)


@pytest.fixture
def database_url(postgres: EmbeddedDatabase, bare_database: str) -> str:
    return postgres.url("postgres", bare_database)


@pytest.fixture
def keyring_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    Keyring.create(path)
    return path


@pytest.fixture
async def houses(database_url: str, keyring_file: Path) -> AsyncIterator[tuple[House, House]]:
    keys = Keyring.load(keyring_file)
    north = await open_house(database_url, "north", keys)
    south = await open_house(database_url, "south", keys)
    yield north, south
    await north.engine.dispose()
    await south.engine.dispose()


@pytest.fixture
def north(houses: tuple[House, House]) -> House:
    return houses[0]


@pytest.fixture
def south(houses: tuple[House, House]) -> House:
    return houses[1]


@pytest.fixture
def topology() -> Topology:
    """Names of its own for every test: RabbitMQ 3.10, killed and started again, does not always
    survive that a quorum queue is deleted and declared again under the same name."""
    return Topology(HOUSES, prefix=f"test-{new_id().hex}")


async def _wipe(url: str, topology: Topology) -> None:
    with contextlib.suppress(AMQPError, OSError):
        async with await aio_pika.connect(url, timeout=5) as connection:
            channel = await connection.channel()
            for queue in topology.queues:
                await channel.queue_delete(queue.name)
            for exchange in topology.exchanges:
                await channel.exchange_delete(exchange.name)


OpenAmqp = Callable[..., Awaitable[Street]]


@pytest.fixture
async def amqp_street(
    houses: tuple[House, House], amqp_url: str, topology: Topology
) -> AsyncIterator[OpenAmqp]:
    """Each house with a connection of its own; `url` may point to another broker."""
    opened: list[AmqpTransport] = []

    async def open_street(url: str = amqp_url, **limits: Any) -> Street:
        opened.extend(
            AmqpTransport(
                url,
                replace(topology, **limits),
                name=house,
                heartbeat=2,
                publish_timeout=3,
                look_after=0.5,
            )
            for house in HOUSES
        )
        return Street(*houses, opened[-2], opened[-1])

    yield open_street
    for transport in opened:
        await transport.close()
    await _wipe(amqp_url, topology)


@pytest.fixture(params=TRANSPORTS)
async def street(
    request: pytest.FixtureRequest, houses: tuple[House, House], topology: Topology
) -> AsyncIterator[Street]:
    """The same houses over each transport in turn."""
    if request.param == "embedded":
        transport = EmbeddedTransport(HOUSES)
        yield Street(*houses, transport, transport)
        await transport.close()
        return
    url: str = request.getfixturevalue("amqp_url")
    transports = [
        AmqpTransport(url, topology, name=house, heartbeat=2, look_after=0.5) for house in HOUSES
    ]
    yield Street(*houses, transports[0], transports[1])
    for each in transports:
        await each.close()
    await _wipe(url, topology)
