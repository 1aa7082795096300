"""Everything that notify keeps sealed, for the day on which the keys are rotated."""

from typing import Any, Final

from sqlalchemy import Row, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions.messages import mobile_of
from services.notify.models import (
    AttemptRow,
    CaseRow,
    DeliveryRow,
    DispatchRow,
    MessageRow,
    PushRow,
    ScanRow,
    SubscriptionRow,
)
from services.notify.queries.seals import Content, Person
from shared.means import means
from shared.retention.blanking import is_blank
from shared.security.resealing import Sealed


async def _find_by_phone(session: AsyncSession, row: Row[Any], opened: bytes) -> None:
    phone = Person.model_validate_json(opened).phone
    if is_blank(phone):
        return
    mobile = mobile_of(phone)
    await session.execute(
        update(CaseRow)
        .where(CaseRow.case_number == row.case_number)
        .values(phone_blind=_blind(session, mobile))
    )


async def _count_by_phone(session: AsyncSession, row: Row[Any], opened: bytes) -> None:
    mobile = Content.model_validate_json(opened).phone
    if is_blank(mobile):
        return
    await session.execute(
        update(MessageRow)
        .where(MessageRow.id == row.id)
        .values(phone_blind=_blind(session, mobile))
    )


def _blind(session: AsyncSession, mobile: str | None) -> bytes | None:
    return means(session).keys.blind("phone", mobile) if mobile else None


SEALED: Final = (
    Sealed(
        CaseRow.person,
        "notify.told_case.person:{case_number}",
        follow=_find_by_phone,
        since=CaseRow.received_at,
    ),
    Sealed(DeliveryRow.envelope, "notify.delivery.envelope:{id}"),
    Sealed(DeliveryRow.outcome, "notify.delivery.outcome:{id}"),
    Sealed(DeliveryRow.proof, "notify.delivery.proof:{id}"),
    Sealed(DispatchRow.recipient, "notify.dispatch.recipient:{id}"),
    Sealed(
        MessageRow.content,
        "notify.message.content:{id}",
        follow=_count_by_phone,
        since=MessageRow.created_at,
    ),
    Sealed(ScanRow.words, "notify.dispatch_scan.words:{dispatch_id}"),
    Sealed(PushRow.body, "notify.carrier_push.body:{carrier}:{webhook_id}"),
    Sealed(SubscriptionRow.secret, "notify.subscription.secret:{id}"),
    Sealed(SubscriptionRow.previous_secret, "notify.subscription.secret:{id}"),
    Sealed(SubscriptionRow.contact, "notify.subscription.contact:{id}"),
    Sealed(AttemptRow.answer, "notify.webhook_attempt.answer:{id}"),
)

# Digests and indexes, and the half of a link that opens nothing without its signature.
PLAIN: Final = frozenset({"told_case.phone_blind", "message.phone_blind", "result_link.handle"})
