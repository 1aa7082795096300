"""Everything that routing keeps sealed, for the day on which the keys are rotated."""

from typing import Final

from services.routing.models import (
    ActRow,
    AppointmentRow,
    ApprovalRow,
    AttachmentRow,
    CaseRow,
    ContentRow,
    DiscrepancyRow,
    MessageRow,
    NoticeRow,
    ParcelDeedRow,
    PartnerAccessRow,
    PartnerMessageRow,
    PartnerSecretRow,
    PartnerWebhookRow,
    ReminderRow,
)
from services.routing.queries.words import ASSIGNED
from shared.security.resealing import Sealed

SEALED: Final = (
    Sealed(CaseRow.application, "routing.routed_case.application:{case_number}"),
    Sealed(CaseRow.assigned_words, ASSIGNED),
    Sealed(ActRow.words, "routing.act.words:{id}"),
    Sealed(NoticeRow.faults, "routing.notice.faults:{id}"),
    Sealed(ApprovalRow.words, "routing.approval.words:{id}"),
    Sealed(ApprovalRow.answer, "routing.approval.answer:{id}"),
    Sealed(MessageRow.words, "routing.message.words:{id}"),
    Sealed(ReminderRow.words, "routing.reminder.words:{id}"),
    Sealed(AppointmentRow.words, "routing.appointment.words:{id}"),
    Sealed(AppointmentRow.outcome, "routing.appointment.outcome:{id}"),
    Sealed(ParcelDeedRow.words, "routing.parcel_deed.words:{id}"),
    Sealed(DiscrepancyRow.described, "routing.discrepancy.described:{id}"),
    Sealed(ContentRow.file, "routing.content.file:{id}", holds_keys=True),
    Sealed(PartnerSecretRow.secret, "routing.partner_secret.secret:{id}"),
    Sealed(PartnerWebhookRow.body, "routing.partner_webhook.body:{partner}:{webhook_id}"),
    Sealed(PartnerAccessRow.secret, "routing.partner_access.secret:{partner}"),
    Sealed(PartnerMessageRow.content, "routing.partner_message.content:{id}"),
    Sealed(AttachmentRow.key_sealed, "{store_key}", "files"),
)

# Digests, which open nothing.
PLAIN: Final = frozenset(
    {
        "parcel.manifest_digest",
        "attachment.sha256",
        "partner_webhook.digest",
        "client_secret.digest",
    }
)
