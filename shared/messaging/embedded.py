"""The transport of one process: committed rows go straight into each other house's inbox."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.messaging.envelope import Message
from shared.messaging.transport import Listener, NotCarriedError, TransportAwayError


class EmbeddedTransport:
    """A message is carried once every other house has stored it; until all of them listen, nothing
    is, and it waits in the outbox."""

    def __init__(self, houses: Sequence[str]) -> None:
        self._houses = tuple(houses)
        self._listeners: dict[str, Listener] = {}

    @property
    def healthy(self) -> bool:
        return len(self._listeners) == len(self._houses)

    async def publish(self, messages: Sequence[Message]) -> Mapping[UUID, NotCarriedError]:
        failed: dict[UUID, NotCarriedError] = {}
        for house in self._houses:
            failed.update(
                await self._hand_over(
                    house, [message for message in messages if message.producer != house]
                )
            )
        return failed

    async def _hand_over(
        self, house: str, messages: Sequence[Message]
    ) -> Mapping[UUID, NotCarriedError]:
        listener = self._listeners.get(house)
        if listener is None:
            return {message.id: NotCarriedError(f"{house}-not-listening") for message in messages}
        heard = [message for message in messages if message.producer in listener.producers]
        if not heard:
            return {}
        try:
            refused = await listener.store(heard)
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            raise TransportAwayError(type(error).__name__) from error
        return {id_: NotCarriedError(f"unstorable-at-{house}") for id_ in refused}

    async def listen(self, listener: Listener, stop: asyncio.Event) -> None:
        self._listeners[listener.consumer] = listener
        try:
            await stop.wait()
        finally:
            del self._listeners[listener.consumer]

    async def close(self) -> None:
        self._listeners.clear()
