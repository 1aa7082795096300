"""What the window hears, as a table: message type to handler."""

from collections.abc import Mapping
from types import MappingProxyType

from services.intake.consumers import custody, notify, partners, routing
from shared.messaging.handling import Handler

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {**routing.HANDLERS, **custody.HANDLERS, **notify.HANDLERS, **partners.HANDLERS}
)
