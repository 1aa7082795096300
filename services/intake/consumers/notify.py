"""What notify says: how the result reaches the applicant."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import news
from services.intake.actions.news import Told
from services.intake.consumers.readers import DeliveryChanged, ResultDelivered
from services.intake.domain.cases import News, What
from shared.messaging.envelope import Received
from shared.messaging.handling import Handler


async def on_delivery_changed(session: AsyncSession, message: Received[DeliveryChanged]) -> None:
    changed = message.data
    said = News(What.DELIVERING, message.at, value=changed.status, way=changed.method)
    await news.tell(session, Told(message.id, changed.case_number), said, now=message.now)


async def on_result_delivered(session: AsyncSession, message: Received[ResultDelivered]) -> None:
    delivered = message.data
    said = News(What.DELIVERED, delivered.delivered_at, way=delivered.method)
    await news.tell(session, Told(message.id, delivered.case_number), said, now=message.now)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "notify.delivery-changed.v1": on_delivery_changed,
        "notify.result-delivered.v1": on_result_delivered,
    }
)
