"""What carriers push: proven, kept, answered; applied afterwards, each parcel by itself."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import tracking
from services.notify.domain import retries
from services.notify.gateways.carriers import Carriers, PushUnreadableError, Told
from services.notify.models import PushRow
from services.notify.queries import seals
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.errors import InvalidError
from shared.http import bodies
from shared.means import means
from shared.webhooks import signing

_LEASE = timedelta(minutes=2)


async def receive(
    session: AsyncSession,
    carrier: str,
    *,
    secrets: Mapping[str, bytes],
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
) -> None:
    """Kept before it is answered; the same id again changes nothing."""
    known = [secrets[carrier]] if carrier in secrets else []
    verified = signing.verify(known, headers, body, now=at)
    sealed = seals.seal_push(means(session).keys, carrier, verified.message_id, body)
    await session.execute(
        insert(PushRow)
        .values(
            carrier=carrier,
            webhook_id=verified.message_id,
            body=sealed,
            received_at=at,
            next_attempt_at=at,
        )
        .on_conflict_do_nothing()
    )


async def apply_next(sessions: Sessions, carriers: Carriers, clock: Clock) -> bool:
    """One push that is due; whether there was one."""
    async with sessions.begin() as session:
        row = await session.scalar(
            select(PushRow)
            .where(PushRow.next_attempt_at <= clock(), PushRow.carrier.in_(carriers))
            .order_by(PushRow.next_attempt_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return False
        row.attempts += 1
        # Whoever fails or dies over it leaves it due again, later and later.
        again = retries.next_attempt(retries.SMS, failures=row.attempts, at=clock(), chance=0.5)
        row.next_attempt_at = max(again, clock() + _LEASE) if again else None
        body = seals.open_push(means(session).keys, row.carrier, row.webhook_id, row.body)
    error = await _apply(sessions, carriers, row, body, at=clock())
    async with sessions.begin() as session:
        kept = await session.get_one(PushRow, (row.carrier, row.webhook_id), with_for_update=True)
        kept.next_attempt_at, kept.last_error = None, error
        kept.applied_at = clock() if error is None else None
    return True


async def _apply(
    sessions: Sessions, carriers: Carriers, row: PushRow, body: bytes, *, at: datetime
) -> str | None:
    """None, or what a person should see: nothing of it is lost, the body is kept."""
    try:
        bodies.check(body)
        document: object = json.loads(body)
        told = carriers[row.carrier].read_push(document)
    except (PushUnreadableError, InvalidError, ValueError, RecursionError):
        return "unreadable"
    unknown = 0
    for each in told:
        unknown += not await _hear(sessions, row.carrier, each, at=at)
    skipped = sum(each.skipped for each in told)
    return f"unknown={unknown} skipped={skipped}" if unknown or skipped else None


async def _hear(sessions: Sessions, carrier: str, told: Told, *, at: datetime) -> bool:
    async with sessions.begin() as session:
        dispatch_id = await tracking.find(session, carrier, told)
        if dispatch_id is None:
            return False
        await tracking.hear(session, dispatch_id, told.trace, at=at)
    return True
