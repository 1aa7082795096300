"""What notify hears from intake and routing, and the one action each message leads to."""

from collections.abc import Mapping, Sequence
from functools import wraps
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import fanning
from services.notify.consumers import cases, intake, papers, registry
from services.notify.domain import told as tellings
from shared.messaging.envelope import Received
from shared.messaging.handling import Handler


class Heard(BaseModel):
    """Of what only travels on."""


async def on_heard(session: AsyncSession, messages: Sequence[Received[Heard]]) -> None:
    """Nothing of our own follows from it."""


# Only with them is it known whose business the case is.
_WHOSE = frozenset({"intake.case-received.v1", "routing.case-assigned.v1"})


def _passed_on(type_: str, handler: Handler) -> Handler:
    """To those who are told by webhook, before what follows from it here."""

    @wraps(handler)
    async def on_message(session: AsyncSession, given: Any) -> None:
        if type_ in _WHOSE:
            await handler(session, given)
        several = given if isinstance(given, Sequence) else [given]
        await fanning.fan_out_all(session, type_, [fanning.heard(each) for each in several])
        if type_ not in _WHOSE:
            await handler(session, given)

    return on_message


_OWN: Mapping[str, Handler] = MappingProxyType(
    {**registry.HANDLERS, **intake.HANDLERS, **cases.HANDLERS, **papers.HANDLERS}
)
# What we do nothing about ourselves, and others are told of.
_ONLY_PASSED_ON = frozenset(
    type_ for type_ in tellings.ASKABLE - set(_OWN) if not type_.startswith("notify.")
)

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {type_: _passed_on(type_, handler) for type_, handler in _OWN.items()}
    | {type_: _passed_on(type_, on_heard) for type_ in sorted(_ONLY_PASSED_ON)}
    # It passes the message on between two steps of its own.
    | {"routing.handoff-transferred.v1": cases.on_handoff_transferred}
)
