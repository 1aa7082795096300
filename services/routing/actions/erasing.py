"""Intake has taken the person out of a case: so does routing, and tells the partner that has it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import crossing
from services.routing.actions.resealing import SEALED
from services.routing.domain import crossings
from services.routing.models import (
    ActRow,
    AppointmentRow,
    ApprovalRow,
    AttachmentRow,
    CaseRow,
    ContentRow,
    DiscrepancyRow,
    HandoffRow,
    MessageRow,
    NoticeRow,
    ParcelDeedRow,
    PartnerMessageRow,
    PartnerWebhookRow,
    ReminderRow,
)
from services.routing.queries import crossings as links
from services.routing.queries import handoffs
from shared.audit import trail
from shared.retention import erasing
from shared.retention.erasing import Erasable, Left, Of, of_case
from shared.retention.purging import emptying


def _of_handoff(column: Any) -> Of:
    """Rows that an index finds by their handoff."""

    def of(numbers: Collection[str]) -> ColumnElement[bool]:
        here: ColumnElement[bool] = column.in_(
            select(HandoffRow.id).where(HandoffRow.case_number.in_(numbers))
        )
        return here

    return of


ERASABLE: Final = (
    Erasable(CaseRow.application, of_case(CaseRow.case_number), zh="申请内容"),
    Erasable(
        CaseRow.assigned_words, of_case(CaseRow.case_number), Left.NOTHING, zh="人工分办的理由"
    ),
    Erasable(ActRow.words, _of_handoff(ActRow.handoff_id), zh="办理意见"),
    Erasable(NoticeRow.faults, _of_handoff(NoticeRow.handoff_id), zh="一次性告知"),
    Erasable(ApprovalRow.words, _of_handoff(ApprovalRow.handoff_id), zh="请示"),
    Erasable(ApprovalRow.answer, _of_handoff(ApprovalRow.handoff_id), zh="批复"),
    Erasable(MessageRow.words, of_case(MessageRow.case_number), zh="两地留言"),
    Erasable(ReminderRow.words, of_case(ReminderRow.case_number), zh="催办"),
    Erasable(AppointmentRow.words, of_case(AppointmentRow.case_number), zh="视频会商"),
    Erasable(AppointmentRow.outcome, of_case(AppointmentRow.case_number), zh="会商记录"),
    Erasable(
        ContentRow.file, of_case(ContentRow.case_number), Left.NO_ROW, kind="files", zh="材料文件"
    ),
    Erasable(
        AttachmentRow.key_sealed,
        of_case(AttachmentRow.case_number),
        Left.NO_ROW,
        kind="files",
        zh="办理附件",
    ),
    Erasable(
        PartnerMessageRow.content, of_case(PartnerMessageRow.case_number), zh="告知合作方的内容"
    ),
)
# What is of many cases, or of none yet, goes by its own age.
KEPT: Final = (
    emptying("parcels", ParcelDeedRow.words, ParcelDeedRow.at),
    emptying("discrepancies", DiscrepancyRow.described, DiscrepancyRow.settled_at),
    emptying("partner_webhooks", PartnerWebhookRow.body, PartnerWebhookRow.settled_at),
)
# Secrets between systems.
STAYS: Final = frozenset({"partner_secret.secret", "partner_access.secret"})


async def erase_case(
    session: AsyncSession, case_number: str, *, rule: str, cause: str, at: datetime
) -> None:
    """A case that never came here has nothing to erase."""
    case = await handoffs.lock_case(session, case_number)
    if case is None or case.erased_at is not None:
        return
    erased = await erasing.erase_cases(session, ERASABLE, SEALED, [case_number])
    case.erased_at = at
    case.version += 1
    await trail.record(
        session,
        action="case-erased",
        at=at,
        case_number=case_number,
        resource=f"case:{case_number}",
        facts={"rule": rule, "cause": cause, "erased": dict(erased)},
    )
    await session.flush()
    for link in await links.links(session, case_number):
        await crossing.tell(
            session,
            link.partner,
            crossings.ERASED,
            {"rule": rule, "cause": cause, "erased_at": at},
            case_number=case_number,
            joint_number=link.joint_number,
            at=at,
        )
