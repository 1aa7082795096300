"""Webhooks go out: claimed by due time, called with no transaction open, then recorded.

An endpoint that is slow, resting or failing holds up its own webhooks only. A claim is a lease: who
dies between the call and its record leaves the webhook due again, under the same webhook-id.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, ScalarSelect, exists, func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import endpoints
from services.notify.actions.endpoints import Alert
from services.notify.actions.fanning import DELIVERED, FAILED, WAITING
from services.notify.domain import pace, retries, told
from services.notify.domain.breakers import State
from services.notify.domain.retries import Meaning
from services.notify.domain.subscriptions import Status
from services.notify.gateways import subscribers
from services.notify.gateways.subscribers import Line, Post, Said
from services.notify.models import AttemptRow, LineRow, SubscriptionRow, WebhookRow
from services.notify.queries import seals
from services.notify.queries.subscriptions import earlier_open
from shared.chance import new_id
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.means import means

log = structlog.get_logger()

LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claimed:
    webhook_id: UUID
    subscription_id: UUID
    subject: str
    type: str
    number: int
    post: Post


class Caller:
    """At most `most` calls at a time in this process, and few to any one endpoint."""

    def __init__(
        self, sessions: Sessions, line: Line, clock: Clock, random: Random, *, most: int = 64
    ) -> None:
        self._sessions = sessions
        self._line = line
        self._clock = clock
        self._random = random
        self._most = most
        self._out: set[asyncio.Task[None]] = set()

    async def start_some(self) -> bool:
        """Calls that are due are on their way; whether there were any. None is waited for, except
        where there are too many already."""
        free = self._most - len(self._out)
        if free <= 0:
            await asyncio.wait(self._out, return_when=asyncio.FIRST_COMPLETED, timeout=1)
            return True
        async with self._sessions.begin() as session:
            claimed = await claim(session, most=free, at=self._clock())
        for each in claimed:
            task = asyncio.create_task(self._call(each))
            self._out.add(task)
            task.add_done_callback(self._out.discard)
        return bool(claimed)

    async def finish(self) -> None:
        """What is out is recorded; nothing new begins."""
        while self._out:
            await asyncio.wait(self._out)

    async def run(self, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                if not await self.start_some():
                    await _rest(stop, 0.25)
        finally:
            await self.finish()

    async def call_all(self) -> None:
        """Everything that is due now, one round after another."""
        while await self.start_some() or self._out:
            await self.finish()

    async def _call(self, claimed: Claimed) -> None:
        said = await subscribers.send(self._line, claimed.post)
        try:
            async with self._sessions.begin() as session:
                await record(session, claimed, said, at=self._clock(), chance=self._random.random())
        except SQLAlchemyError as error:
            # Its lease ends, and it is called again under the same id.
            log.error("webhook_not_recorded", webhook=str(claimed.webhook_id), exc_info=error)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def claim(session: AsyncSession, *, most: int, at: datetime) -> Sequence[Claimed]:
    """Of one endpoint: the one whose turn it is, so many as it gets at a time."""
    row = await session.scalar(
        select(SubscriptionRow)
        .where(
            SubscriptionRow.status.in_([Status.UNPROVEN.value, Status.ACTIVE.value]),
            or_(SubscriptionRow.rest_until.is_(None), SubscriptionRow.rest_until <= at),
            or_(SubscriptionRow.retry_at.is_(None), SubscriptionRow.retry_at <= at),
            _something_due(at),
            _out_now(at) < SubscriptionRow.at_once,
        )
        .order_by(SubscriptionRow.served_at.nulls_first())
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    if row is None or not endpoints.admit(row, at=at):
        return []
    row.served_at = at
    # Counted again under the lock: another process may have claimed just before.
    out = await session.scalar(select(_out_now(at)).where(SubscriptionRow.id == row.id)) or 0
    allowed = 1 if row.breaker != State.CLOSED else row.at_once
    webhooks = await _due(session, row, most=min(most, allowed - out), at=at)
    secrets = _secrets(session, row, at=at)
    return [_claimed(row, webhook, secrets, at=at) for webhook in webhooks]


def _out_now(at: datetime) -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(WebhookRow.subscription_id == SubscriptionRow.id, WebhookRow.leased_until > at)
        .correlate(SubscriptionRow)
        .scalar_subquery()
    )


def _something_due(at: datetime) -> ColumnElement[bool]:
    return exists().where(
        WebhookRow.subscription_id == SubscriptionRow.id,
        WebhookRow.next_attempt_at <= at,
        or_(SubscriptionRow.status == Status.ACTIVE.value, WebhookRow.type == told.PROOF),
    )


async def _due(
    session: AsyncSession, row: SubscriptionRow, *, most: int, at: datetime
) -> Sequence[WebhookRow]:
    if most <= 0:
        return []
    query = select(WebhookRow).where(
        WebhookRow.subscription_id == row.id, WebhookRow.next_attempt_at <= at
    )
    if row.status != Status.ACTIVE:
        query = query.where(WebhookRow.type == told.PROOF)
    query = query.order_by(WebhookRow.bulk, WebhookRow.next_attempt_at, WebhookRow.id).limit(most)
    return (await session.scalars(query.with_for_update(skip_locked=True))).all()


def _secrets(session: AsyncSession, row: SubscriptionRow, *, at: datetime) -> Sequence[bytes]:
    """Both of them while the owner changes over."""
    keys = means(session).keys
    known = [seals.open_secret(keys, row.id, row.secret)]
    if row.previous_secret and row.previous_until and at < row.previous_until:
        known.append(seals.open_secret(keys, row.id, row.previous_secret))
    return known


def _claimed(
    row: SubscriptionRow, webhook: WebhookRow, secrets: Sequence[bytes], *, at: datetime
) -> Claimed:
    webhook.attempts += 1
    webhook.next_attempt_at = webhook.leased_until = at + LEASE
    return Claimed(
        webhook_id=webhook.id,
        subscription_id=row.id,
        subject=webhook.subject,
        type=webhook.type,
        number=webhook.attempts,
        post=Post(row.url, secrets, str(webhook.message_id), webhook.body.encode()),
    )


async def record(
    session: AsyncSession, claimed: Claimed, said: Said, *, at: datetime, chance: float
) -> None:
    """Lock order: subscription, line, webhook."""
    row = await session.get_one(
        SubscriptionRow, claimed.subscription_id, with_for_update={"key_share": True}
    )
    await session.execute(
        select(LineRow.sequence)
        .where(LineRow.subscription_id == row.id, LineRow.subject == claimed.subject)
        .with_for_update()
    )
    webhook = await session.get(WebhookRow, claimed.webhook_id, with_for_update=True)
    if webhook is None:
        return
    meaning = _meaning(webhook, said)
    session.add(_attempt(session, claimed, said, meaning, at=at))
    if webhook.attempts != claimed.number or webhook.status != WAITING:
        # Its lease ran out and another took it up; or it was taken meanwhile.
        return
    webhook.leased_until = None
    _pace(row, meaning, said, at=at)
    if meaning is Meaning.TAKEN:
        await _taken(session, row, webhook, at=at)
    elif meaning is Meaning.GONE:
        webhook.next_attempt_at = at
        await endpoints.gone(session, row, at=at)
    else:
        await _failed(session, row, webhook, said, at=at, chance=chance)


def _meaning(webhook: WebhookRow, said: Said) -> Meaning:
    meaning = retries.meaning(said.status)
    if webhook.type == told.PROOF and meaning is Meaning.TAKEN:
        return meaning if endpoints.answers(webhook.body, said.answer) else Meaning.FAILED
    return meaning


def _attempt(
    session: AsyncSession, claimed: Claimed, said: Said, meaning: Meaning, *, at: datetime
) -> AttemptRow:
    attempt_id = new_id()
    answer = said.answer
    unproven = said.error is None and claimed.type == told.PROOF and meaning is Meaning.FAILED
    return AttemptRow(
        id=attempt_id,
        webhook_id=claimed.webhook_id,
        subscription_id=claimed.subscription_id,
        number=claimed.number,
        at=at,
        milliseconds=int(said.took / timedelta(milliseconds=1)),
        status=said.status,
        error="challenge-not-repeated" if unproven and (said.status or 0) < 300 else said.error,
        outcome=meaning.value,
        answer=seals.seal_answer(means(session).keys, attempt_id, answer) if answer else None,
    )


def _pace(row: SubscriptionRow, meaning: Meaning, said: Said, *, at: datetime) -> None:
    row.at_once = pace.next_pace(row.at_once, taken=meaning is Meaning.TAKEN, took=said.took)
    if meaning is Meaning.SLOW_DOWN and said.retry_after:
        row.rest_until = at + min(said.retry_after, retries.WEBHOOKS.most_retry_after)


async def _taken(
    session: AsyncSession, row: SubscriptionRow, webhook: WebhookRow, *, at: datetime
) -> None:
    webhook.status, webhook.settled_at, webhook.next_attempt_at = DELIVERED, at, None
    await session.flush()
    await next_in_line(session, row.id, webhook.subject, at=at)
    if webhook.type == told.PROOF:
        await endpoints.proven(session, row, at=at)
    else:
        await endpoints.note_answer(session, row, ok=True, at=at)


async def next_in_line(
    session: AsyncSession, subscription_id: UUID, subject: str, *, at: datetime
) -> None:
    """Whoever is first now is due; one that was given up holds the line until it is recovered."""
    first = await session.scalar(
        select(WebhookRow)
        .where(
            WebhookRow.subscription_id == subscription_id,
            WebhookRow.subject == subject,
            WebhookRow.status != DELIVERED,
        )
        .order_by(WebhookRow.sequence)
        .limit(1)
    )
    if first is not None and first.status == WAITING and first.next_attempt_at is None:
        first.next_attempt_at = at


async def _failed(
    session: AsyncSession,
    row: SubscriptionRow,
    webhook: WebhookRow,
    said: Said,
    *,
    at: datetime,
    chance: float,
) -> None:
    webhook.failures += 1
    again = retries.next_attempt(
        retries.WEBHOOKS,
        failures=webhook.failures,
        at=at,
        chance=chance,
        retry_after=said.retry_after,
    )
    webhook.next_attempt_at = again
    if again is None:
        webhook.status = FAILED
    elif await session.scalar(select(earlier_open()).where(WebhookRow.id == webhook.id)):
        # An earlier one was put back meanwhile: it goes first.
        webhook.next_attempt_at = None
    if row.status != Status.ACTIVE:
        return
    await endpoints.note_answer(session, row, ok=False, at=at)
    if again is None:
        alert = Alert("undelivered", row.alerted)
        await endpoints.tell_owner(session, row, alert, since=row.failing_since or at, at=at)
