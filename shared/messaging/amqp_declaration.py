"""Brings a broker to the topology, touching nothing that is there already."""

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import (
    ChannelAccessRefused,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
)

from shared.messaging.topology import Binding, Exchange, Queue, Topology

log = structlog.get_logger()


async def declare(connection: AbstractConnection, topology: Topology) -> None:
    """Every service declares all of it, so that it does not matter who starts first. What exists is
    left as it is, even with other arguments: those are the administrator's. Where services may
    not declare, the definitions file does."""
    wanted: list[Exchange | Queue] = [*topology.exchanges, *topology.queues]
    for each in wanted:
        if not await _exists(connection, each):
            await _create(connection, each)
    for binding in topology.bindings:
        await _bind(connection, binding)


async def _exists(connection: AbstractConnection, entity: Exchange | Queue) -> bool:
    channel = await connection.channel()
    try:
        if isinstance(entity, Exchange):
            await channel.declare_exchange(entity.name, passive=True)
        else:
            await channel.declare_queue(entity.name, passive=True)
    except ChannelNotFoundEntity:
        # The broker has closed the channel with its answer.
        return False
    await channel.close()
    return True


async def _create(connection: AbstractConnection, entity: Exchange | Queue) -> None:
    channel = await connection.channel()
    try:
        await _declare(channel, entity)
    except (ChannelAccessRefused, ChannelPreconditionFailed) as error:
        log.warning("declaration_refused", name=entity.name, error=type(error).__name__)
        return
    log.info("declared", name=entity.name)
    await channel.close()


async def _declare(channel: AbstractChannel, entity: Exchange | Queue) -> None:
    arguments = dict(entity.arguments)
    if isinstance(entity, Exchange):
        await channel.declare_exchange(entity.name, entity.kind, durable=True, arguments=arguments)
    else:
        await channel.declare_queue(entity.name, durable=True, arguments=arguments)


async def _bind(connection: AbstractConnection, binding: Binding) -> None:
    channel = await connection.channel()
    try:
        queue = await channel.get_queue(binding.queue, ensure=False)
        await queue.bind(binding.exchange, binding.key)
    except ChannelAccessRefused as error:
        log.warning("binding_refused", queue=binding.queue, error=type(error).__name__)
        return
    await channel.close()
