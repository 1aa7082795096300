"""What a partner's window handed in, once intake has created it or found its faults."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import partner_webhooks
from services.routing.actions.crossing import IN
from services.routing.actions.partner_webhooks import Verdict
from services.routing.domain.crossings import Outcome
from services.routing.models import CaseLinkRow, PartnerWebhookRow


@dataclass(frozen=True, slots=True)
class Settled:
    partner: str
    webhook_id: str
    kind: str
    outcome: str
    case_number: str | None
    joint_number: str
    their_number: str
    faults: list[dict[str, Any]]


async def settle(session: AsyncSession, told: Settled, *, at: datetime) -> None:
    """The two numbers are tied together before the partner hears of ours."""
    row = await session.get(PartnerWebhookRow, (told.partner, told.webhook_id))
    if row is None or row.settled_at is not None:
        return
    applied = told.outcome == Outcome.APPLIED
    if applied and told.kind == "case.submitted" and told.case_number is not None:
        session.add(
            CaseLinkRow(
                case_number=told.case_number,
                partner=told.partner,
                joint_number=told.joint_number,
                their_number=told.their_number,
                way=IN,
                linked_at=at,
            )
        )
        await session.flush()
    verdict = Verdict(
        Outcome(told.outcome),
        told.faults,
        case_number=told.case_number,
        joint_number=told.joint_number,
    )
    await partner_webhooks.settle(session, row, verdict, at=at)
