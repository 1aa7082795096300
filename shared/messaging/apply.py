"""From the inbox to the handler: in sequence per subject, each message in one transaction with its effect."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import DomainError
from shared.messaging.envelope import Received

# The second parameter is annotated `Received[Reader]`; from there the applier knows what to read.
Handler = Callable[[AsyncSession, Received[Any]], Awaitable[None]]
Handlers = Mapping[str, Handler]


class NotYetError(DomainError):
    """Raised by a handler for what another message will bring soon: tried again shortly."""

    code = "not-yet"

    def __init__(self, what: str = "") -> None:
        super().__init__("所需内容尚未到达，稍后重试", f"not here yet: {what}", what=what)
