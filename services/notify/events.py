"""What notify tells the other houses, one class per message."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.notify.models import DeliveryRow
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


PUBLISHED: Sequence[type[Event]] = (DeliveryChanged, ResultDelivered)


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
