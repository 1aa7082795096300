"""Routing's tables: what is worked on, and where its papers are."""

from services.routing.models.contact import (
    AppointmentRow,
    ApprovalRow,
    AttachmentRow,
    MessageRow,
    ReminderRow,
)
from services.routing.models.days import LocalDayRow, YearNoticeRow
from services.routing.models.declared import Base
from services.routing.models.papers import (
    ContentRow,
    CustodyEntryRow,
    DiscrepancyRow,
    HoldingRow,
    OriginalRow,
    ParcelDeedRow,
    ParcelItemRow,
    ParcelRow,
    TransferRow,
)
from services.routing.models.partners import (
    ClientRow,
    ClientSecretRow,
    PartnerSecretRow,
    PartnerWebhookRow,
)
from services.routing.models.work import (
    ActRow,
    CaseRow,
    HandoffRow,
    ItemRow,
    NoticeRow,
    QueueChangeRow,
    RegistryRow,
    RegistryStateRow,
    RequestRow,
    WatchRow,
)

__all__ = [
    "ActRow",
    "AppointmentRow",
    "ApprovalRow",
    "AttachmentRow",
    "Base",
    "CaseRow",
    "ClientRow",
    "ClientSecretRow",
    "ContentRow",
    "CustodyEntryRow",
    "DiscrepancyRow",
    "HandoffRow",
    "HoldingRow",
    "ItemRow",
    "LocalDayRow",
    "MessageRow",
    "NoticeRow",
    "OriginalRow",
    "ParcelDeedRow",
    "ParcelItemRow",
    "ParcelRow",
    "PartnerSecretRow",
    "PartnerWebhookRow",
    "QueueChangeRow",
    "RegistryRow",
    "RegistryStateRow",
    "ReminderRow",
    "RequestRow",
    "TransferRow",
    "WatchRow",
    "YearNoticeRow",
]
