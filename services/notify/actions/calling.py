"""Webhooks go out: claimed by due time, called with no transaction open, then recorded.

An endpoint that is slow, resting or failing holds up its own webhooks only. A claim is a lease: who
dies between the call and its record leaves the webhook due again, under the same webhook-id.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import (
    DateTime,
    Row,
    Select,
    Uuid,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import endpoints
from services.notify.actions.called import Answered, Claimed, record
from services.notify.domain import told
from services.notify.domain.breakers import State
from services.notify.domain.subscriptions import Status
from services.notify.gateways import subscribers
from services.notify.gateways.subscribers import Line, Post
from services.notify.models import SubscriptionRow, WebhookRow
from services.notify.queries import seals
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.means import means
from shared.messaging.waiting import Waiting

log = structlog.get_logger()

LEASE = timedelta(minutes=1)


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
        self._said: dict[UUID, list[Answered]] = {}
        self._noting: set[UUID] = set()
        # An endpoint may be called again.
        self._freed = asyncio.Event()

    async def start_some(self) -> bool:
        """Calls that are due are on their way; whether there were any. None is waited for, except
        where there are too many already."""
        free = self._most - len(self._out)
        if free <= 0:
            await asyncio.wait(self._out, return_when=asyncio.FIRST_COMPLETED, timeout=1)
            return True
        self._freed.clear()
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
        waiting = Waiting(self._freed, stop, shortest=0.25, longest=0.25)
        try:
            while not stop.is_set():
                if not await self.start_some():
                    await waiting.rest()
        finally:
            await self.finish()

    async def call_all(self) -> None:
        """Everything that is due now, one round after another."""
        while await self.start_some() or self._out:
            await self.finish()

    async def _call(self, claimed: Claimed) -> None:
        said = await subscribers.send(self._line, claimed.post)
        key = claimed.subscription_id
        self._said.setdefault(key, []).append(Answered(claimed, said, self._random.random()))
        if key in self._noting:
            # Whoever is noting an answer of this endpoint takes this one along.
            return
        self._noting.add(key)
        try:
            while answered := self._said.pop(key, None):
                await self._note(answered)
                self._freed.set()
        finally:
            self._noting.discard(key)

    async def _note(self, answered: Sequence[Answered]) -> None:
        try:
            async with self._sessions.begin() as session:
                await record(session, answered, at=self._clock())
        except SQLAlchemyError as error:
            if len(answered) > 1:
                for each in answered:
                    await self._note([each])
                return
            # Its lease ends, and it is called again under the same id.
            webhook = str(answered[0].claimed.webhook_id)
            log.error("webhook_not_recorded", webhook=webhook, exc_info=error)


async def claim(session: AsyncSession, *, most: int, at: datetime) -> Sequence[Claimed]:
    """Of one endpoint: the one whose turn it is, so many as it gets at a time."""
    row: SubscriptionRow | None = await session.scalar(_WHOSE_TURN, {"at": at})
    if row is None or not endpoints.admit(row, at=at):
        return []
    allowed = 1 if row.breaker != State.CLOSED else row.at_once
    given = {
        "subscription": row.id,
        "at": at,
        "until": at + LEASE,
        "most": most,
        "allowed": allowed,
        "all": row.status == Status.ACTIVE,
        "proof": told.PROOF,
    }
    due = (await session.execute(_TAKE, given)).all()
    secrets = _secrets(session, row, at=at)
    return [_claimed(row, each, secrets) for each in sorted(due, key=lambda each: each.id)]


def _whose_turn() -> Select[SubscriptionRow]:
    at = bindparam("at", type_=DateTime(timezone=True))
    out_now = (
        select(func.count())
        .where(WebhookRow.subscription_id == SubscriptionRow.id, WebhookRow.leased_until > at)
        .correlate(SubscriptionRow)
        .scalar_subquery()
    )
    something_due = exists().where(
        WebhookRow.subscription_id == SubscriptionRow.id,
        WebhookRow.next_attempt_at <= at,
        or_(SubscriptionRow.status == Status.ACTIVE.value, WebhookRow.type == told.PROOF),
    )
    return (
        select(SubscriptionRow)
        .where(
            SubscriptionRow.status.in_([Status.UNPROVEN.value, Status.ACTIVE.value]),
            or_(SubscriptionRow.rest_until.is_(None), SubscriptionRow.rest_until <= at),
            or_(SubscriptionRow.retry_at.is_(None), SubscriptionRow.retry_at <= at),
            something_due,
            out_now < SubscriptionRow.at_once,
        )
        .order_by(SubscriptionRow.served_at.nulls_first())
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )


# Both are asked for every few calls: written once, not composed anew each time.
_WHOSE_TURN = _whose_turn()
# What is out is counted again under the lock: another process may have claimed just before.
_TAKE = text("""
WITH due AS (
    SELECT id FROM webhook
    WHERE subscription_id = :subscription AND next_attempt_at <= :at
        AND (CAST(:all AS boolean) OR type = :proof)
    ORDER BY bulk, next_attempt_at, id
    LIMIT greatest(0, least(CAST(:most AS integer), CAST(:allowed AS integer) - (
        SELECT count(*) FROM webhook WHERE subscription_id = :subscription AND leased_until > :at
    )))
    FOR UPDATE SKIP LOCKED
),
served AS (UPDATE subscription SET served_at = :at WHERE id = :subscription)
UPDATE webhook SET attempts = attempts + 1, next_attempt_at = :until, leased_until = :until
FROM due WHERE webhook.id = due.id
RETURNING webhook.id, message_id, subject, type, attempts, body
""").bindparams(bindparam("subscription", type_=Uuid))


def _secrets(session: AsyncSession, row: SubscriptionRow, *, at: datetime) -> Sequence[bytes]:
    """Both of them while the owner changes over."""
    keys = means(session).keys
    known = [seals.open_secret(keys, row.id, row.secret)]
    if row.previous_secret and row.previous_until and at < row.previous_until:
        known.append(seals.open_secret(keys, row.id, row.previous_secret))
    return known


def _claimed(row: SubscriptionRow, webhook: Row[Any], secrets: Sequence[bytes]) -> Claimed:
    return Claimed(
        webhook_id=webhook.id,
        subscription_id=row.id,
        subject=webhook.subject,
        type=webhook.type,
        number=webhook.attempts,
        post=Post(row.url, secrets, str(webhook.message_id), webhook.body.encode()),
    )
