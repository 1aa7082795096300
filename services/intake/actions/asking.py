"""How a request is noted: sealed, on the trail, as a step of the case and in its version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import seals
from services.intake.actions.filing import Original
from services.intake.domain.cases import What
from services.intake.models import CaseRow, RequestRow, StepRow
from shared.audit import trail
from shared.chance import new_id
from shared.means import means, origin

SUPPLEMENT, WITHDRAWAL, COMPLETION = "supplement", "withdrawal", "completion"
PENDING, APPLIED = "pending", "applied"


@dataclass(frozen=True, slots=True)
class Asked:
    request_id: UUID
    case_number: str
    kind: str
    status: str
    originals: Sequence[Original] = ()


async def ask(
    session: AsyncSession,
    case: CaseRow,
    request_id: UUID,
    kind: str,
    content: Mapping[str, JsonValue],
    *,
    at: datetime,
) -> None:
    await session.execute(
        insert(RequestRow).values(
            request_id=request_id,
            case_number=case.case_number,
            kind=kind,
            asked_at=at,
            asked_by=origin(session).actor,
            status=PENDING,
            content_sealed=seals.seal_request(means(session).keys, request_id, dict(content)),
        )
    )


async def note(session: AsyncSession, case: CaseRow, what: What, *, at: datetime) -> None:
    case.version += 1
    case.changed_at = at
    await session.execute(
        insert(StepRow).values(
            step_id=new_id(),
            case_number=case.case_number,
            at=at,
            what=what.value,
            location=case.receiving_location,
        )
    )


async def audit(
    session: AsyncSession,
    case: CaseRow,
    action: str,
    request_id: UUID,
    facts: Mapping[str, Any],
    *,
    at: datetime,
) -> None:
    await trail.record(
        session,
        action=action,
        at=at,
        case_number=case.case_number,
        resource=f"request:{request_id}",
        facts=facts,
    )
