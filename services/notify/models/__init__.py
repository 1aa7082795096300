"""Notify's tables: results and messages to people, and webhooks to systems."""

from services.notify.models.declared import Base
from services.notify.models.results import (
    CaseRow,
    DeliveryRow,
    DeliveryStepRow,
    DispatchRow,
    ItemRow,
    LinkRow,
    LocationRow,
    MessageRow,
    PushRow,
    ScanRow,
)
from services.notify.models.webhooks import (
    AttemptRow,
    CasePlaceRow,
    LineRow,
    SubscriptionRow,
    WebhookRow,
)

__all__ = [
    "AttemptRow",
    "Base",
    "CasePlaceRow",
    "CaseRow",
    "DeliveryRow",
    "DeliveryStepRow",
    "DispatchRow",
    "ItemRow",
    "LineRow",
    "LinkRow",
    "LocationRow",
    "MessageRow",
    "PushRow",
    "ScanRow",
    "SubscriptionRow",
    "WebhookRow",
]
