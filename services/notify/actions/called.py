"""What an endpoint answered: recorded, with what follows for the line, the endpoint, its owner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import endpoints
from services.notify.actions.endpoints import Alert
from services.notify.actions.fanning import DELIVERED, FAILED, WAITING
from services.notify.domain import pace, retries, told
from services.notify.domain.breakers import State
from services.notify.domain.retries import Meaning
from services.notify.domain.subscriptions import Status
from services.notify.gateways.subscribers import Post, Said
from services.notify.models import AttemptRow, SubscriptionRow, WebhookRow
from services.notify.queries import seals
from services.notify.queries.subscriptions import earlier_open
from shared.chance import new_id
from shared.db import gathering
from shared.db.rows import write_new
from shared.means import means


@dataclass(frozen=True, slots=True)
class Claimed:
    webhook_id: UUID
    subscription_id: UUID
    subject: str
    type: str
    number: int
    post: Post


@dataclass(frozen=True, slots=True)
class Answered:
    """`chance` spreads the next attempt, should there be one."""

    claimed: Claimed
    said: Said
    chance: float


async def record(session: AsyncSession, answered: Sequence[Answered], *, at: datetime) -> None:
    """What one endpoint answered to several calls. Lock order: subscription, lines, webhooks."""
    row = await session.get_one(
        SubscriptionRow, answered[0].claimed.subscription_id, with_for_update={"key_share": True}
    )
    ids = [each.claimed.webhook_id for each in answered]
    subjects = sorted({each.claimed.subject for each in answered})
    given = {"subscription": row.id, "subjects": subjects, "ids": ids}
    found = {each.id: each for each in await session.execute(_LOCK, given)}
    if all(_plainly_taken(row, found.get(each.claimed.webhook_id), each) for each in answered):
        await _record_taken(session, row, answered, at=at)
        return
    webhooks = await _loaded(session, ids)
    taken = [
        webhook.subject
        for each in answered
        if (webhook := webhooks.get(each.claimed.webhook_id)) is not None
        and await _record(session, row, webhook, each, at=at)
    ]
    if taken:
        await session.flush()
        await next_in_line(session, row.id, taken, at=at)


_LOCK = text("""
WITH lines AS MATERIALIZED (
    SELECT sequence FROM webhook_line
    WHERE subscription_id = :subscription AND subject = ANY(CAST(:subjects AS text[]))
    ORDER BY subject FOR UPDATE
)
SELECT id, attempts, status FROM webhook
WHERE id = ANY(CAST(:ids AS uuid[])) AND (SELECT count(*) FROM lines) >= 0
ORDER BY id FOR UPDATE
""").bindparams(bindparam("subscription", type_=Uuid))


async def _loaded(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, WebhookRow]:
    rows = await session.scalars(select(WebhookRow).where(WebhookRow.id.in_(ids)))
    return {row.id: row for row in rows}


def _plainly_taken(row: SubscriptionRow, webhook: Row[Any] | None, given: Answered) -> bool:
    """As it is nearly always: a working endpoint has taken what it was sent."""
    working = row.status == Status.ACTIVE and row.breaker == State.CLOSED and not row.openings
    return (
        working
        and webhook is not None
        and webhook.status == WAITING
        and webhook.attempts == given.claimed.number
        and given.claimed.type != told.PROOF
        and retries.meaning(given.said.status) is Meaning.TAKEN
    )


async def _record_taken(
    session: AsyncSession, row: SubscriptionRow, answered: Sequence[Answered], *, at: datetime
) -> None:
    """All of it in one statement."""
    async with gathering.gathering(session):
        for each in answered:
            session.add(_attempt(session, each.claimed, each.said, Meaning.TAKEN, at=at))
            _pace(row, Meaning.TAKEN, each.said, at=at)
            await endpoints.note_answer(session, row, ok=True, at=at)
        await write_new(session)
        await gathering.write(session, _DELIVERED, [(each.claimed, at) for each in answered])


def _delivered(given: Sequence[tuple[Claimed, datetime]]) -> Mapping[str, Any]:
    first, at = given[0]
    return {
        "subscription": first.subscription_id,
        "ids": [each.webhook_id for each, _ in given],
        "subjects": sorted({each.subject for each, _ in given}),
        "at": at,
    }


# The next of each line is looked for without those that this very statement takes out of it.
_DELIVERED = gathering.Clause(
    "webhook",
    """
webhooks_delivered AS (
    UPDATE webhook SET status = 'delivered', settled_at = CAST(:at AS timestamptz),
        next_attempt_at = NULL, leased_until = NULL
    WHERE id = ANY(CAST(:ids AS uuid[]))
),
webhooks_next AS (
    UPDATE webhook SET next_attempt_at = CAST(:at AS timestamptz)
    FROM (
        SELECT DISTINCT ON (subject) id FROM webhook
        WHERE subscription_id = CAST(:subscription AS uuid)
            AND subject = ANY(CAST(:subjects AS text[])) AND status <> 'delivered'
            AND id <> ALL(CAST(:ids AS uuid[]))
        ORDER BY subject, sequence
    ) AS first
    WHERE webhook.id = first.id AND status = 'waiting' AND next_attempt_at IS NULL
)
""",
    _delivered,
)


async def _record(
    session: AsyncSession,
    row: SubscriptionRow,
    webhook: WebhookRow,
    given: Answered,
    *,
    at: datetime,
) -> bool:
    """Whether it has been taken."""
    claimed, said = given.claimed, given.said
    meaning = _meaning(webhook, said)
    session.add(_attempt(session, claimed, said, meaning, at=at))
    if webhook.attempts != claimed.number or webhook.status != WAITING:
        # Its lease ran out and another took it up; or it was taken meanwhile.
        return False
    webhook.leased_until = None
    _pace(row, meaning, said, at=at)
    if meaning is Meaning.TAKEN:
        await _taken(session, row, webhook, at=at)
    elif meaning is Meaning.GONE:
        webhook.next_attempt_at = at
        await endpoints.gone(session, row, at=at)
    else:
        await _failed(session, row, webhook, said, at=at, chance=given.chance)
    return meaning is Meaning.TAKEN


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
    if webhook.type == told.PROOF:
        await endpoints.proven(session, row, at=at)
    else:
        await endpoints.note_answer(session, row, ok=True, at=at)


_NEXT = text("""
UPDATE webhook SET next_attempt_at = :at
FROM (
    SELECT DISTINCT ON (subject) id FROM webhook
    WHERE subscription_id = :subscription AND subject = ANY(CAST(:subjects AS text[]))
        AND status <> 'delivered'
    ORDER BY subject, sequence
) AS first
WHERE webhook.id = first.id AND status = 'waiting' AND next_attempt_at IS NULL
""").bindparams(bindparam("subscription", type_=Uuid))


async def next_in_line(
    session: AsyncSession, subscription_id: UUID, subjects: Sequence[str], *, at: datetime
) -> None:
    """Whoever is first now is due; one that was given up holds the line until it is recovered."""
    given = {"subscription": subscription_id, "subjects": sorted(set(subjects)), "at": at}
    await session.execute(_NEXT, given)


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
