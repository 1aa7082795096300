"""What a house does about the messages it hears: a table, type to handler.

    class HandoffAccepted(BaseModel):
        handoff_id: UUID

    async def on_accepted(session: AsyncSession, message: Received[HandoffAccepted]) -> None: ...

    HANDLERS: Handlers = {"routing.handoff-accepted.v1": on_accepted}

A type that is not in it is applied as nothing. A handler never commits; when it raises, nothing of
it stays. `NotYetError` says that something else must arrive first; any other error is tried again a
few times and then parked.

What comes often may be handled several at a time, each of another subject:

    async def on_opened(session: AsyncSession, messages: Sequence[Received[Opened]]) -> None: ...
"""

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from opentelemetry.trace import Span, SpanKind
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.errors import DomainError
from shared.means import Means
from shared.messaging.envelope import Message, Received, sealed_fields, traced, unseal
from shared.telemetry import traces

# Of one message, or of a sequence of them.
Handler = Callable[[AsyncSession, Any], Awaitable[None]]
Handlers = Mapping[str, Handler]


class NotYetError(DomainError):
    """Raised by a handler for what another message will bring soon: tried again shortly. Of several
    messages, `of` says which."""

    code = "not-yet"

    def __init__(self, what: str = "", *, of: Collection[UUID] = ()) -> None:
        super().__init__("所需内容尚未到达，稍后重试", f"not here yet: {what}", what=what)
        self.of = frozenset(of)


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a handler reads, and whether it takes several at once."""

    model: type[BaseModel]
    several: bool


class Handling:
    """The table at work, for one house."""

    def __init__(self, handlers: Handlers, *, carried: Means, clock: Clock) -> None:
        self._handlers = handlers
        self._readers = {type_: _reader(handler) for type_, handler in handlers.items()}
        self._carried = carried
        self._clock = clock

    def groups(self, messages: Sequence[Message]) -> list[Sequence[Message]]:
        """Those of a type whose handler takes several; every other by itself."""
        groups: list[Sequence[Message]] = []
        for type_, given in groupby(sorted(messages, key=_type), _type):
            same = list(given)
            reader = self._readers.get(type_)
            groups += [same] if reader and reader.several else [[each] for each in same]
        return groups

    async def handle(self, session: AsyncSession, messages: Sequence[Message]) -> None:
        """One, or several of a type."""
        type_ = messages[0].type
        handler = self._handlers.get(type_)
        if handler is None:
            return
        reader = self._readers[type_]
        if reader.several:
            spans = [self._begin(each) for each in messages]
            read = [self._read(*each) for each in zip(messages, spans, strict=True)]
            with traces.ending(spans):
                await handler(session, read)
            return
        span = self._begin(messages[0])
        with traces.ending([span]), traces.inside(span):
            await handler(session, self._read(messages[0], span))

    def _begin(self, message: Message) -> Span:
        return traces.begin(
            f"apply {message.type}",
            SpanKind.CONSUMER,
            message.traceparent,
            {**traced(message), "tongban.house": self._carried.house},
        )

    def _read(self, message: Message, span: Span) -> Received[Any]:
        model = self._readers[message.type].model
        return Received(
            id=message.id,
            type=message.type,
            producer=message.producer,
            subject=message.subject,
            sequence=message.sequence,
            at=message.time,
            now=self._clock(),
            lane=message.lane,
            data=unseal(message.data, model, id=message.id, keys=self._carried.keys),
            facts=message.data,
            span=span,
        )


def reader_of(handler: Handler) -> type[BaseModel]:
    """The model a handler reads, from its second parameter: `Received[Model]`, or several."""
    return _reader(handler).model


def _reader(handler: Handler) -> _Reader:
    hints = get_type_hints(handler if inspect.isroutine(handler) else type(handler).__call__)
    hints.pop("return", None)
    given = list(hints.values())[1] if len(hints) > 1 else None
    several = get_origin(given) is Sequence
    if several:
        (given,) = get_args(given)
    arguments = get_args(given)
    if len(arguments) != 1 or not issubclass(arguments[0], BaseModel):
        raise TypeError(f"{handler!r} should take (session, message: Received[Model])")
    sealed_fields(arguments[0])
    return _Reader(arguments[0], several)


def _type(message: Message) -> str:
    return message.type
