"""Everything that notify keeps sealed, for the day on which the keys are rotated."""

from typing import Any, Final

from sqlalchemy import Row
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
from shared.db.base import table_of
from shared.means import means
from shared.retention.blanking import is_blank
from shared.security.blind_indexes import make_ready
from shared.security.resealing import Sealed


async def _find_by_phone(session: AsyncSession, row: Row[Any], opened: bytes) -> bool:
    phone = Person.model_validate_json(opened).phone
    if is_blank(phone):
        return False
    here = _CASE.c.case_number == row.case_number
    return await make_ready(session, _CASE, here, phone_blind=_blind(session, mobile_of(phone)))


async def _count_by_phone(session: AsyncSession, row: Row[Any], opened: bytes) -> bool:
    mobile = Content.model_validate_json(opened).phone
    if is_blank(mobile):
        return False
    here = _MESSAGE.c.id == row.id
    return await make_ready(session, _MESSAGE, here, phone_blind=_blind(session, mobile))


def _blind(session: AsyncSession, mobile: str | None) -> bytes | None:
    return means(session).keys.blind("phone", mobile) if mobile else None


_CASE, _MESSAGE = table_of(CaseRow), table_of(MessageRow)

SEALED: Final = (
    Sealed(
        CaseRow.person,
        "notify.told_case.person:{case_number}",
        follow=_find_by_phone,
        finds=(_CASE.c.phone_blind,),
    ),
    Sealed(DeliveryRow.envelope, "notify.delivery.envelope:{id}"),
    Sealed(DeliveryRow.outcome, "notify.delivery.outcome:{id}"),
    Sealed(DeliveryRow.proof, "notify.delivery.proof:{id}"),
    Sealed(DispatchRow.recipient, "notify.dispatch.recipient:{id}"),
    Sealed(
        MessageRow.content,
        "notify.message.content:{id}",
        follow=_count_by_phone,
        finds=(_MESSAGE.c.phone_blind,),
    ),
    Sealed(ScanRow.words, "notify.dispatch_scan.words:{dispatch_id}"),
    Sealed(PushRow.body, "notify.carrier_push.body:{carrier}:{webhook_id}"),
    Sealed(SubscriptionRow.secret, "notify.subscription.secret:{id}"),
    Sealed(SubscriptionRow.previous_secret, "notify.subscription.secret:{id}"),
    Sealed(SubscriptionRow.contact, "notify.subscription.contact:{id}"),
    Sealed(AttemptRow.answer, "notify.webhook_attempt.answer:{id}"),
)

# Digests and indexes, and the half of a link that opens nothing without its signature.
PLAIN: Final = frozenset(
    {
        *("told_case.phone_blind", "told_case.phone_blind_next"),
        *("message.phone_blind", "message.phone_blind_next"),
        "result_link.handle",
    }
)
