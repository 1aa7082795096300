"""What notify tells the other houses, one class per message."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.notify.models import DeliveryRow, DispatchRow
from shared.messaging.envelope import Event


class DeliveryChanged(Event):
    """Where the result is on its way to the applicant."""

    type: ClassVar[str] = "notify.delivery-changed.v1"

    case_number: str
    delivery_id: UUID
    method: str
    status: str
    at: datetime


class ResultDelivered(Event):
    """The applicant has it; said once for each delivery."""

    type: ClassVar[str] = "notify.result-delivered.v1"

    case_number: str
    delivery_id: UUID
    method: str
    delivered_at: datetime
    proof_kind: str


class ParcelTracked(Event):
    """A carrier's word on a bag between two places (subject parcel:<id>)."""

    type: ClassVar[str] = "notify.parcel-tracked.v1"

    parcel_id: UUID
    carrier: str
    waybill: str
    what: str
    at: datetime


PUBLISHED: Sequence[type[Event]] = (DeliveryChanged, ResultDelivered, ParcelTracked)


def delivery_changed(delivery: DeliveryRow, *, at: datetime) -> DeliveryChanged:
    return DeliveryChanged(
        case_number=delivery.case_number,
        delivery_id=delivery.id,
        method=delivery.method,
        status=delivery.status,
        at=at,
    )


def result_delivered(delivery: DeliveryRow, *, at: datetime) -> ResultDelivered:
    return ResultDelivered(
        case_number=delivery.case_number,
        delivery_id=delivery.id,
        method=delivery.method,
        delivered_at=at,
        proof_kind=delivery.proof_kind or "",
    )


def parcel_tracked(parcel: DispatchRow, what: str, *, at: datetime) -> ParcelTracked:
    return ParcelTracked(
        parcel_id=parcel.id,
        carrier=parcel.carrier or "",
        waybill=parcel.waybill or "",
        what=what,
        at=at,
    )
