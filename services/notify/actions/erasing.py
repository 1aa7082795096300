"""Intake has taken the person out of a case: so does notify, and whatever waited is not sent."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, delete, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions.messages import Sending
from services.notify.actions.resealing import SEALED
from services.notify.models import (
    CaseRow,
    DeliveryRow,
    DispatchRow,
    LinkRow,
    MessageRow,
    PushRow,
    ScanRow,
    SubscriptionRow,
    WebhookRow,
)
from services.notify.queries import cases
from shared.audit import trail
from shared.retention import erasing
from shared.retention.erasing import Erasable, Left, of_case
from shared.retention.purging import Due, Kept, removing


def _dispatches(numbers: Collection[str]) -> Any:
    return select(DispatchRow.id).where(DispatchRow.case_number.in_(numbers))


def _of_dispatch(numbers: Collection[str]) -> ColumnElement[bool]:
    return ScanRow.dispatch_id.in_(_dispatches(numbers))


_SCANNED: Final = (
    select(DispatchRow.case_number).where(DispatchRow.id == ScanRow.dispatch_id).scalar_subquery()
)

ERASABLE: Final = (
    Erasable(CaseRow.person, of_case(CaseRow.case_number), kind="messages", zh="联系电话和查询码"),
    Erasable(
        DeliveryRow.envelope, of_case(DeliveryRow.case_number), kind="deliveries", zh="送达的收件人"
    ),
    Erasable(
        DeliveryRow.outcome, of_case(DeliveryRow.case_number), kind="deliveries", zh="结果和证照"
    ),
    Erasable(DeliveryRow.proof, of_case(DeliveryRow.case_number), kind="deliveries", zh="送达回证"),
    Erasable(
        DispatchRow.recipient,
        of_case(DispatchRow.case_number),
        kind="deliveries",
        zh="寄递的收件人",
    ),
    Erasable(
        ScanRow.words, _of_dispatch, Left.NOTHING, kind="deliveries", zh="寄递轨迹", case=_SCANNED
    ),
    Erasable(MessageRow.content, of_case(MessageRow.case_number), kind="messages", zh="短信"),
)


def _old_webhooks(due: Due) -> Select[Any]:
    """What was told is kept to be told again; what an endpoint that is switched off never came back
    for, as long."""
    abandoned = select(SubscriptionRow.id).where(
        SubscriptionRow.status.in_(["disabled", "removed"]), SubscriptionRow.changed_at < due.before
    )
    told = select(WebhookRow.id).where(WebhookRow.settled_at < due.before)
    left_lying = select(WebhookRow.id).where(
        WebhookRow.subscription_id.in_(abandoned),
        WebhookRow.created_at < due.before,
        WebhookRow.settled_at.is_(None),
    )
    # Each by its own index; one condition over both would read the whole table.
    return select(union_all(told, left_lying).subquery().c.id)


async def _take_webhooks(session: AsyncSession, due: Due) -> int:
    old = _old_webhooks(due).limit(due.limit)
    gone = await session.scalars(
        delete(WebhookRow).where(WebhookRow.id.in_(old)).returning(WebhookRow.id)
    )
    return len(gone.all())


# What is of no case, or of many, goes by its own age; a webhook takes its attempts along.
KEPT: Final = (
    Kept("webhooks", _old_webhooks, _take_webhooks, limit=100),
    removing("carrier_pushes", PushRow, PushRow.applied_at),
    removing(
        "staff_messages",
        MessageRow,
        MessageRow.created_at,
        MessageRow.case_number.is_(None),
        MessageRow.next_attempt_at.is_(None),
    ),
)
# Secrets between systems, the number of who looks after an endpoint, and what goes with its row.
STAYS: Final = frozenset(
    {
        "subscription.secret",
        "subscription.previous_secret",
        "subscription.contact",
        "webhook_attempt.answer",
    }
)


async def erase_case(
    session: AsyncSession, case_number: str, *, rule: str, cause: str, at: datetime
) -> None:
    """A case that never came here has nothing to erase."""
    case = await cases.lock_case(session, case_number)
    if case is None or case.erased_at is not None:
        return
    await _stop(session, case_number, at=at)
    erased = await erasing.erase_cases(session, ERASABLE, SEALED, [case_number])
    case.erased_at, case.phone_blind = at, None
    case.next_reminder_on = None
    await trail.record(
        session,
        action="case-erased",
        at=at,
        case_number=case_number,
        resource=f"case:{case_number}",
        facts={"rule": rule, "cause": cause, "erased": dict(erased)},
    )


async def _stop(session: AsyncSession, case_number: str, *, at: datetime) -> None:
    """Nothing goes to anybody any more, and no link opens anything."""
    mine = MessageRow.case_number == case_number
    await session.execute(
        update(MessageRow)
        .where(mine, MessageRow.next_attempt_at.is_not(None))
        .values(status=Sending.OVERTAKEN.value, next_attempt_at=None, settled_at=at)
    )
    await session.execute(update(MessageRow).where(mine).values(phone_blind=None))
    delivery = select(DeliveryRow.id).where(DeliveryRow.case_number == case_number)
    await session.execute(
        update(DeliveryRow).where(DeliveryRow.case_number == case_number).values(next_chore_on=None)
    )
    await session.execute(delete(LinkRow).where(LinkRow.delivery_id.in_(delivery)))
