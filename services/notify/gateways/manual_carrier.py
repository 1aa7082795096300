"""The carrier without a system: a person books at the counter and types what the receipt says."""

from dataclasses import dataclass

from services.notify.domain.traces import Trace
from services.notify.gateways.carriers import BookingOrder, PushUnreadableError, Told
from services.notify.gateways.outcomes import Done, Outcome, Refused, RetryLater


@dataclass(frozen=True, slots=True)
class ManualCarrier:
    code: str = "manual"
    automatic: bool = False

    async def book(self, order: BookingOrder) -> Outcome:
        """Nothing to call: the waybill comes with the hand-over at the post office."""
        return Refused("manual", f"order {order.order_id} is booked by hand")

    async def cancel(self, order_id: str, waybill: str) -> Outcome:
        return Done(waybill or order_id, "manual")

    async def track(self, waybill: str) -> Told | RetryLater:
        """What people typed in is in the database already."""
        return Told(waybill, "", Trace())

    def read_push(self, document: object) -> tuple[Told, ...]:
        raise PushUnreadableError(f"no carrier pushes to manual ({type(document).__name__})")
