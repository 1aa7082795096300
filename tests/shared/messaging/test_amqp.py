"""What only a real broker can do to us: vanish, hang, cut, refuse, forget."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast
from uuid import UUID

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aiormq.channel import Channel

from deploy.broker import Broker
from deploy.definitions import FILE
from shared.chores import HOUSES as REAL_HOUSES
from shared.messaging.amqp import AmqpTransport
from shared.messaging.amqp_declaration import declare
from shared.messaging.amqp_reader import QueueReader, ReaderLostError
from shared.messaging.envelope import Lane, Message, encode
from shared.messaging.outbox import OUTBOX
from shared.messaging.topology import Topology
from shared.messaging.transport import Listener, TransportAwayError
from tests.shared.messaging.conftest import OpenAmqp
from tests.shared.messaging.street import Street, until
from tests.shared.messaging.test_inbox import make_message
from tests.shared.messaging.test_transports import has_applied, has_published, in_order

pytestmark = [pytest.mark.broker, pytest.mark.timeout(150)]


def heard_by_south(topology: Topology) -> str:
    return topology.queue("south", "north", Lane.INTERACTIVE)


@asynccontextmanager
async def channel_to(url: str) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(url) as connection:
        yield await connection.channel()


async def depth(url: str, name: str) -> int:
    async with channel_to(url) as channel:
        declared = await channel.declare_queue(name, passive=True)
        return declared.declaration_result.message_count or 0


def listener(street: Street) -> Listener:
    return Listener("south", ("north",), street.south.store())


async def test_a_broker_that_is_away_at_the_start_is_awaited(
    amqp_street: OpenAmqp, own_broker: Broker
) -> None:
    street = await amqp_street(own_broker.url)
    await street.north.say("a", 3)
    own_broker.kill()
    try:
        async with street.relaying().listening().applying().open():
            with pytest.raises(TransportAwayError):
                await street.north_transport.publish([make_message()])
            assert not street.south_transport.healthy
            await asyncio.to_thread(own_broker.start)
            await until(has_applied(street.south, 3), seconds=30)
            assert street.south_transport.healthy
    finally:
        own_broker.start()
    assert await street.south.applied() == in_order(a=3)


async def test_a_broker_killed_in_the_middle_and_gone_for_a_while_loses_nothing(
    amqp_street: OpenAmqp, own_broker: Broker
) -> None:
    street = await amqp_street(own_broker.url)
    subjects = {f"s{n}": 20 for n in range(30)}
    for subject in subjects:
        await street.north.say(subject, 10)
    try:
        async with street.relaying(batch=20).listening().applying().open():
            await until(has_applied(street.south, 40), every=0.005)
            own_broker.kill()
            for subject in subjects:
                await street.north.say(subject, 10)
            assert await street.north.count_unpublished() > 0
            await asyncio.to_thread(own_broker.start)
            await until(has_applied(street.south, 600), seconds=60)
            await until(has_published(street.north), seconds=30)
    finally:
        own_broker.start()
    assert await street.south.applied() == in_order(**subjects)


async def test_connections_that_are_cut_are_made_anew(
    amqp_street: OpenAmqp, own_broker: Broker
) -> None:
    street = await amqp_street(own_broker.url)
    async with street.relaying(batch=10).listening().applying().open():
        for round_ in range(1, 4):
            for n in range(10):
                await street.north.say(f"s{n}", 10)
            await until(has_applied(street.south, round_ * 100 - 90), every=0.005)
            await asyncio.to_thread(own_broker.control, "close_all_connections", "cut by a test")
        await until(has_applied(street.south, 300), seconds=40)
        await until(has_published(street.north), seconds=20)
    assert await street.south.applied() == in_order(**{f"s{n}": 30 for n in range(10)})


async def test_a_broker_that_hangs_is_not_waited_for(
    amqp_street: OpenAmqp, own_broker: Broker
) -> None:
    street = await amqp_street(own_broker.url)
    async with street.relaying().listening().applying().open():
        await street.north.say("a")
        await until(has_applied(street.south, 1))
        own_broker.freeze()
        try:
            with pytest.raises(TransportAwayError):
                await street.north_transport.publish([make_message("z")])
            await street.north.say("a")
        finally:
            own_broker.thaw()

        async def is_applied() -> bool:
            return (await street.south.applied()).get("a") == [1, 2]

        await until(is_applied, seconds=40)


async def test_a_full_queue_refuses_and_the_rest_waits_in_the_outbox(
    amqp_street: OpenAmqp, topology: Topology, amqp_url: str
) -> None:
    street = await amqp_street(max_length=10)
    for n in range(10):
        await street.north.say(f"s{n}", 10)

    async def is_refused() -> bool:
        async with street.north.sessions() as session:
            found = await session.scalars(OUTBOX.select().with_only_columns(OUTBOX.c.last_error))
            return "refused" in set(found)

    async with street.relaying(batch=20).open():
        await until(is_refused)
    assert await street.north.count_unpublished() > 50
    async with street.relaying(batch=20).listening().applying().open():
        await until(has_applied(street.south, 100), seconds=40)
        await until(has_published(street.north), seconds=20)
    assert await street.south.applied() == in_order(**{f"s{n}": 10 for n in range(10)})
    assert await depth(amqp_url, topology.dead("south")) == 0


async def test_what_nobody_was_bound_to_hear_comes_back_and_is_told_again(
    amqp_street: OpenAmqp, topology: Topology, amqp_url: str
) -> None:
    street = await amqp_street()
    async with street.relaying().open():
        await street.north.say("warm")
        await until(has_published(street.north))
        async with channel_to(amqp_url) as channel:
            await channel.queue_delete(heard_by_south(topology))
        await street.north.say("a", 3)
        await until(has_published(street.north))
        assert await depth(amqp_url, topology.unrouted("north")) == 3
    async with street.relaying().listening().applying().open():
        await until(has_applied(street.south, 3), seconds=30)
    assert await street.south.applied() == in_order(a=3)


async def test_without_even_an_alternate_the_row_stays_and_says_why(
    amqp_street: OpenAmqp, topology: Topology, amqp_url: str
) -> None:
    street = await amqp_street()
    assert not await street.north_transport.publish([make_message()])
    async with channel_to(amqp_url) as channel:
        await channel.exchange_delete(topology.unrouted("north"))
        await channel.queue_delete(heard_by_south(topology))
    message = make_message()
    failed = await street.north_transport.publish([message])
    assert {id_: error.code for id_, error in failed.items()} == {message.id: "unroutable"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"id": "x"}',
        encode(make_message()).replace(b'"sequence":"0', b'"sequence":"-'),
    ],
    ids=["empty", "bytes", "list", "no-envelope", "negative"],
)
async def test_what_cannot_be_read_is_set_aside_and_the_rest_goes_on(
    amqp_street: OpenAmqp, topology: Topology, amqp_url: str, body: bytes
) -> None:
    street = await amqp_street()
    await street.north.say("a", 3)
    async with street.relaying().listening().applying().open():
        await until(has_applied(street.south, 3))
        async with channel_to(amqp_url) as channel:
            exchange = await channel.get_exchange(topology.exchange("north"))
            await exchange.publish(aio_pika.Message(body), "interactive.nonsense")
        await street.north.say("a", 2)
        await until(has_applied(street.south, 5))

        async def is_set_aside() -> bool:
            return await depth(amqp_url, topology.dead("south")) == 1

        await until(is_set_aside)
    assert await street.south.applied() == in_order(a=5)


async def test_what_cannot_be_stored_is_set_aside_alone_and_can_be_revived(
    amqp_street: OpenAmqp, topology: Topology, amqp_url: str
) -> None:
    street = await amqp_street()
    transport = street.south_transport
    assert isinstance(transport, AmqpTransport)
    sound, unsound = make_message("a", 1), make_message("b", 1, data={"place": "\0"})
    async with street.listening().applying().open():
        assert not await street.north_transport.publish([unsound, sound])
        await until(has_applied(street.south, 1))

    async with channel_to(amqp_url) as channel:
        exchange = await channel.get_exchange(f"{topology.prefix}.dead")
        crashed = encode(make_message("c", 1))
        await exchange.publish(aio_pika.Message(crashed), "south")
    assert await transport.revive(listener(street)) == 1
    await street.south.applier().apply_due()
    assert await street.south.applied() == {"a": [1], "c": [1]}
    assert await depth(amqp_url, topology.dead("south")) == 1


async def test_a_queue_that_was_deleted_under_its_reader_is_declared_and_read_again(
    amqp_street: OpenAmqp, topology: Topology, amqp_url: str
) -> None:
    street = await amqp_street()
    async with street.relaying().listening().applying().open():
        await street.north.say("a")
        await until(has_applied(street.south, 1))
        async with channel_to(amqp_url) as channel:
            await channel.queue_delete(heard_by_south(topology))

        async def is_read_again() -> bool:
            try:
                async with channel_to(amqp_url) as channel:
                    found = await channel.declare_queue(heard_by_south(topology), passive=True)
            except aio_pika.exceptions.ChannelNotFoundEntity:
                return False
            return bool(found.declaration_result.consumer_count)

        await until(is_read_again)
        await street.north.say("a")
        await until(has_applied(street.south, 2))


async def test_a_reader_that_the_broker_has_forgotten_notices_and_begins_again(
    amqp_street: OpenAmqp, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its consumer is gone without a word: nothing comes, nothing fails."""
    street = await amqp_street()
    begun: list[QueueReader] = []
    run = QueueReader.run

    async def remember(self: QueueReader, stop: asyncio.Event) -> None:
        begun.append(self)
        await run(self, stop)

    monkeypatch.setattr(QueueReader, "run", remember)
    async with street.relaying().listening().applying().open():
        await street.north.say("a")
        await until(has_applied(street.south, 1))
        (reader,) = [each for each in begun if each.queue == heard_by_south(topology)]
        underlay = cast(Channel, await reader._channel.get_underlay_channel())
        for tag in list(underlay.consumers):
            await underlay.basic_cancel(tag)
        await street.north.say("a")
        await until(has_applied(street.south, 2), seconds=20)
    assert len([each for each in begun if each.queue == heard_by_south(topology)]) == 2


async def test_messages_go_back_to_the_broker_when_the_store_stays_away(
    amqp_street: OpenAmqp, topology: Topology, amqp_url: str
) -> None:
    """Nothing is held unacknowledged for long; they are asked for again once the store works."""
    street = await amqp_street()
    kept: list[Message] = []
    away = True

    async def store(messages: Sequence[Message]) -> Collection[UUID]:
        if away:
            raise ConnectionRefusedError
        kept.extend(messages)
        return ()

    await street.north_transport.publish([make_message("a", n) for n in range(1, 6)])
    async with channel_to(amqp_url) as channel:
        reader = QueueReader(channel, heard_by_south(topology), store, held=0.2)
        running = asyncio.create_task(reader.run(asyncio.Event()))

        async def went_back() -> bool:
            return await depth(amqp_url, heard_by_south(topology)) == 5

        async def is_held() -> bool:
            return await depth(amqp_url, heard_by_south(topology)) == 0

        await until(is_held)
        await until(went_back)
        away = False
        with pytest.raises(ReaderLostError):
            await asyncio.wait_for(running, 60)
    assert kept


async def test_what_an_administrator_declared_otherwise_is_left_as_it_is(
    amqp_street: OpenAmqp, topology: Topology, amqp_url: str
) -> None:
    street = await amqp_street()
    async with channel_to(amqp_url) as channel:
        await channel.declare_queue(
            heard_by_south(topology),
            durable=True,
            arguments={"x-queue-type": "quorum", "x-max-length": 7},
        )
    await street.north.say("a", 3)
    async with street.relaying().listening().applying().open():
        await until(has_applied(street.south, 3))
    async with channel_to(amqp_url) as channel:
        await channel.declare_queue(
            heard_by_south(topology),
            durable=True,
            arguments={"x-queue-type": "quorum", "x-max-length": 7},
        )


async def test_the_definitions_file_suits_a_broker_and_the_services(
    own_broker: Broker, tmp_path: Path
) -> None:
    """Imported into an empty virtual host, nothing is left for the services to declare."""
    own_broker.control("add_vhost", "defined")
    try:
        own_broker.control("set_permissions", "-p", "defined", "tongban", ".*", ".*", ".*")
        file = tmp_path / "definitions.json"
        file.write_text(FILE.read_text().replace('"vhost": "/"', '"vhost": "defined"'))
        await asyncio.to_thread(own_broker.control, "import_definitions", str(file))
        # What may only be read and written must suffice from here on.
        own_broker.control("set_permissions", "-p", "defined", "tongban", "^$", ".*", ".*")
        async with await aio_pika.connect(f"{own_broker.url}defined") as connection:
            await declare(connection, Topology(REAL_HOUSES))
        listed = own_broker.control("list_queues", "-p", "defined", "name").split()
        assert {each.name for each in Topology(REAL_HOUSES).queues} <= set(listed)
    finally:
        own_broker.control("delete_vhost", "defined")


async def test_many_crashes_while_holding_a_message_set_it_aside(
    amqp_street: OpenAmqp, topology: Topology, amqp_url: str
) -> None:
    """The delivery limit is the last resort against a message that kills whoever takes it."""
    street = await amqp_street(delivery_limit=2)
    assert not await street.north_transport.publish([make_message()])
    for _ in range(3):
        async with channel_to(amqp_url) as channel:
            found = await channel.get_queue(heard_by_south(topology))
            assert await found.get() is not None

    async def is_set_aside() -> bool:
        return await depth(amqp_url, topology.dead("south")) == 1

    await until(is_set_aside)
