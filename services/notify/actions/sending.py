"""Messages go out: claimed, sent with no transaction open, then recorded; none goes out twice.

A claim is a lease: who dies between sending and recording leaves the message due again, and the
gateway knows our id, so that its "duplicate" is the success that was not recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import matters
from services.notify.actions.messages import Sending
from services.notify.domain import retries
from services.notify.domain.limits import earliest
from services.notify.domain.messages import LEGAL, URGENCY, Event, Urgency
from services.notify.gateways.outcomes import Done, Duplicate, Outcome, Refused
from services.notify.gateways.sms import SmsGateway, SmsOrder
from services.notify.models import MessageRow
from services.notify.queries import seals
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.means import means

LEASE = timedelta(minutes=2)

# Counting what a person was sent and sending more is one step for all processes; it is short.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7201, 2)")
_LOOK_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: UUID
    event: Event
    attempts: int
    order: SmsOrder


async def send_next(sessions: Sessions, gateway: SmsGateway, clock: Clock, random: Random) -> bool:
    """One message that is due; whether there was one."""
    async with sessions.begin() as session:
        row = await _next(session, at=clock())
        claimed = await _claim(session, row, at=clock()) if row else None
    if claimed is None:
        return row is not None
    outcome = await gateway.send(claimed.order)
    async with sessions.begin() as session:
        await _record(session, claimed, outcome, at=clock(), chance=random.random())
    return True


async def _next(session: AsyncSession, *, at: datetime) -> MessageRow | None:
    await session.execute(_ONE_AT_A_TIME)
    return await session.scalar(
        select(MessageRow)
        .where(MessageRow.next_attempt_at <= at)
        .order_by(MessageRow.next_attempt_at, MessageRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


async def _claim(session: AsyncSession, row: MessageRow, *, at: datetime) -> _Claimed | None:
    """None when this person has had enough for now, or sleeps: then it is put off."""
    event = Event(row.event)
    content = seals.open_content(means(session).keys, row.id, row.content)
    allowed_at = await _allowed_at(session, row, event, content.phone or "", at=at)
    if allowed_at > at:
        row.next_attempt_at = allowed_at
        return None
    row.first_sent_at = row.first_sent_at or at
    row.attempts += 1
    row.next_attempt_at = at + LEASE
    order = SmsOrder(
        message_id=row.id.hex,
        phone=content.phone or "",
        text=content.text,
        provider_code=content.provider_code,
        words=content.words,
    )
    return _Claimed(row.id, event, row.attempts, order)


async def _allowed_at(
    session: AsyncSession, row: MessageRow, event: Event, phone: str, *, at: datetime
) -> datetime:
    practice = matters.practice(session)
    quiet = None if URGENCY[event] is Urgency.NOW else practice.quiet
    if row.first_sent_at is not None:
        return quiet.until(at) if quiet else at
    limit = replace(practice.limit, quiet=quiet)
    return earliest(at, await _sent_before(session, phone, at=at), limit)


async def _sent_before(session: AsyncSession, phone: str, *, at: datetime) -> Sequence[datetime]:
    """To the same person, about whatever case; what is on its way just now counts. While keys are
    rotated, some of it is found by the old one still."""
    blinds = means(session).keys.blinds("phone", phone)
    return (
        await session.scalars(
            select(func.coalesce(MessageRow.first_sent_at, at)).where(
                MessageRow.phone_blind.in_(blinds),
                MessageRow.first_sent_at > at - _LOOK_BACK,
            )
        )
    ).all()


async def _record(
    session: AsyncSession, claimed: _Claimed, outcome: Outcome, *, at: datetime, chance: float
) -> None:
    row = await session.get(MessageRow, claimed.id, with_for_update=True)
    if row is None or row.status != Sending.WAITING:
        return
    if isinstance(outcome, Done | Duplicate):
        row.reference = outcome.reference
        _settle(row, Sending.SENT, at=at)
        return
    row.last_error = f"{outcome.raw_code} {outcome.reason}".strip()[:200]
    if isinstance(outcome, Refused):
        _settle(row, Sending.REFUSED, at=at)
        return
    # An act with legal effect is told however late.
    schedule = replace(retries.SMS, repeat_last=claimed.event in LEGAL)
    again = retries.next_attempt(
        schedule,
        failures=claimed.attempts,
        at=at,
        chance=chance,
        retry_after=outcome.after,
    )
    if again is None:
        _settle(row, Sending.GIVEN_UP, at=at)
    else:
        row.next_attempt_at = again


def _settle(row: MessageRow, status: Sending, *, at: datetime) -> None:
    row.status, row.settled_at, row.next_attempt_at = status.value, at, None
