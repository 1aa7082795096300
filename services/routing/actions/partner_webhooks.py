"""What partners send: proven and kept before it is answered; and settled: applied, or rejected with
every reason, which is told back. Applying is applying.py's."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.domain import crossings
from services.routing.domain.crossings import CloudEvent, Outcome
from services.routing.models import PartnerWebhookRow
from services.routing.queries import partners as queries
from shared import shapes
from shared.audit import trail
from shared.errors import ConflictError, InvalidError
from shared.http import bodies
from shared.means import means
from shared.messaging import outbox
from shared.webhooks import signing

ANSWERS = "answered"
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=10)


class WebhookIdReusedError(ConflictError):
    code = "webhook-id-reused"

    def __init__(self) -> None:
        super().__init__(
            "这一webhook-id已用于另一份内容；新的内容请用新的编号",
            "this webhook-id was used with another body",
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one webhook; `again`: it could not be done just now."""

    outcome: Outcome
    faults: list[dict[str, Any]] = field(default_factory=list)
    case_number: str | None = None
    joint_number: str | None = None
    again: str | None = None
    missing_since: datetime | None = None


async def receive(
    session: AsyncSession, partner: str, *, headers: Mapping[str, str], body: bytes, at: datetime
) -> str | None:
    """Nothing is read before the sender is proven; the same again changes nothing. Where the sender
    asks us to prove that we are there: what it wants to hear."""
    keys = means(session).keys
    held = [
        queries.open_secret(keys, row) for row in await queries.secrets(session, partner, at=at)
    ]
    verified = signing.verify(held, headers, body, now=at)
    event = read(body)
    if (challenge := crossings.challenge_of(event)) is not None:
        return challenge
    digest = hashlib.sha256(body).digest()
    kept = await session.scalar(
        insert(PartnerWebhookRow)
        .values(
            partner=partner,
            webhook_id=verified.message_id,
            subject=crossings.subject_of(event),
            kind=crossings.kind_of(event),
            body=queries.seal_body(keys, partner, verified.message_id, body),
            digest=digest,
            received_at=at,
            next_attempt_at=at,
        )
        .on_conflict_do_nothing()
        .returning(PartnerWebhookRow.turn)
    )
    if kept is None:
        await _require_same(session, partner, verified.message_id, digest)
    return None


async def _require_same(
    session: AsyncSession, partner: str, webhook_id: str, digest: bytes
) -> None:
    before = await session.scalar(
        select(PartnerWebhookRow.digest).where(
            PartnerWebhookRow.partner == partner, PartnerWebhookRow.webhook_id == webhook_id
        )
    )
    if before != digest:
        raise WebhookIdReusedError


def read(body: bytes) -> CloudEvent:
    bodies.check(body)
    try:
        return CloudEvent.model_validate_json(body)
    except ValidationError as error:
        raise InvalidError(shapes.faults(error.errors())) from None


async def settle(
    session: AsyncSession,
    given: PartnerWebhookRow,
    verdict: Verdict,
    *,
    at: datetime,
) -> None:
    row = await session.get_one(
        PartnerWebhookRow, (given.partner, given.webhook_id), with_for_update=True
    )
    if row.settled_at is not None:
        return
    if verdict.again is not None:
        pause = min(_FIRST_PAUSE * 2 ** min(row.attempts, 12), _LONGEST_PAUSE)
        row.last_error, row.next_attempt_at = verdict.again, at + pause
        row.missing_since = verdict.missing_since
        return
    row.settled_at, row.next_attempt_at, row.last_error = at, None, None
    row.outcome, row.faults = verdict.outcome.value, verdict.faults
    if verdict.outcome is Outcome.IGNORED or row.kind == ANSWERS:
        # An answer is not answered, or two installations would never stop.
        return
    await trail.record(
        session,
        action="partner-webhook-settled",
        case_number=verdict.case_number,
        resource=f"webhook:{row.partner}/{row.webhook_id}",
        outcome=row.outcome,
        facts={"kind": row.kind, "faults": [each["code"] for each in verdict.faults]},
        at=at,
    )
    answered = events.PartnerAnswered(
        partner=row.partner,
        webhook_id=row.webhook_id,
        kind=row.kind,
        outcome=row.outcome,
        case_number=verdict.case_number,
        joint_number=verdict.joint_number,
        faults=verdict.faults,
        at=at,
    )
    subject = verdict.case_number or f"partner:{row.partner}"
    await outbox.record(session, answered, subject=subject, at=at)
