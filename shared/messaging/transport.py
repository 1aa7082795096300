"""The promise that every transport keeps: at least once, in no particular order.

What is shared by all of them comes before (outbox) and after (inbox); a transport only carries. One
conformance suite holds them to it: tests/shared/messaging/test_transports.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from shared.messaging.envelope import Message

# Returns once the batch is committed; what was stored before is harmless. The ids returned are of
# messages that could not be stored and never can be. Raises when the store is away.
Store = Callable[[Sequence[Message]], Awaitable[Collection[UUID]]]
# Takes back what this house had published and nobody was bound to hear: to be published again.
TakeBack = Callable[[Sequence[UUID]], Awaitable[None]]


class TransportAwayError(Exception):
    """Nothing can be carried at present; nothing is known about any single message."""


class NotCarriedError(Exception):
    """This message was not taken over; others may have been. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Listener:
    """`consumer` hears everything that `producers` publish, and keeps it with `store`; what comes
    within `gather` seconds of each other may be kept together."""

    consumer: str
    producers: tuple[str, ...]
    store: Store
    take_back: TakeBack | None = None
    gather: float = 0.0


class Transport(Protocol):
    @property
    def healthy(self) -> bool:
        """Whether messages can be carried now; for readiness, never a reason to drop anything."""

    async def publish(self, messages: Sequence[Message]) -> Mapping[UUID, NotCarriedError]:
        """Return once responsibility for the messages has been taken, except for those returned.

        Raises TransportAwayError when nothing is known about any of them. Either way a message may
        have arrived nevertheless: it will be published again, and the inbox knows it by its id.
        """

    async def listen(self, listener: Listener, stop: asyncio.Event) -> None:
        """Hand every message to `listener.store`, and let go of it only once that has returned.

        Runs until `stop`, through any outage; then finishes what it holds and returns.
        """

    async def close(self) -> None: ...
