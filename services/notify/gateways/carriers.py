"""The shape of a carrier: what it is asked, what it answers, and what it tells by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from services.notify.domain.traces import Trace
from services.notify.gateways.outcomes import Outcome, RetryLater


@dataclass(frozen=True, slots=True)
class Party:
    """Personal: it lives only as long as the call, and is never logged."""

    name: str
    phone: str
    address: str
    postcode: str = ""
    division: str = ""


@dataclass(frozen=True, slots=True)
class BookingOrder:
    order_id: str  # our own id: the carrier's guard against a second booking
    sender: Party
    recipient: Party
    content: str
    payer: str
    pieces: int = 1
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a carrier says about one waybill, pulled or pushed; `order_id` where it repeats ours."""

    waybill: str
    order_id: str
    trace: Trace
    skipped: int = 0  # scans that could not be read: to be seen, not to be lost in silence


class PushUnreadableError(ValueError):
    """A push that is signed rightly but is not in the shape agreed."""


@runtime_checkable
class CarrierGateway(Protocol):
    @property
    def code(self) -> str: ...

    @property
    def automatic(self) -> bool:
        """Whether booking and tracking go over the network rather than by a person's hand."""
        ...

    async def book(self, order: BookingOrder) -> Outcome:
        """Safe to repeat with the same order id."""
        ...

    async def cancel(self, order_id: str, waybill: str) -> Outcome: ...

    async def track(self, waybill: str) -> Told | RetryLater: ...

    def read_push(self, document: object) -> tuple[Told, ...]:
        """Pure; raises PushUnreadableError when nothing in it can be read."""
        ...


Carriers = Mapping[str, CarrierGateway]
