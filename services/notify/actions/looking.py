"""Subscriptions as their owners see them: health, what waits, and how each attempt was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.models import AttemptRow, SubscriptionRow, WebhookRow
from services.notify.queries import seals
from services.notify.queries import subscriptions as queries
from shared.means import means
from shared.security.grants import Scope
from shared.security.masks import mask_phone


@dataclass(frozen=True, slots=True)
class Seen:
    row: SubscriptionRow
    contact: str | None
    waiting_since: datetime | None

    @property
    def resumes_at(self) -> datetime | None:
        """The breaker's hour, or the one that the endpoint asked for, whichever is later."""
        return max(filter(None, (self.row.retry_at, self.row.rest_until)), default=None)


async def one(
    session: AsyncSession, wanted: SubscriptionRow | UUID, *, scope: Scope | None = None
) -> Seen:
    if isinstance(wanted, UUID):
        wanted = await queries.one(session, wanted, scope or Scope())
    return (await _seen(session, [wanted]))[0]


async def page(
    session: AsyncSession, scope: Scope, *, after: str | None, limit: int
) -> tuple[Sequence[Seen], str | None]:
    rows, following = await queries.page(session, scope, after=after, limit=limit)
    return await _seen(session, rows), following


async def _seen(session: AsyncSession, rows: Sequence[SubscriptionRow]) -> list[Seen]:
    await session.flush()
    since = await queries.waiting_since(session, [row.id for row in rows])
    return [Seen(row, _contact(session, row), since.get(row.id)) for row in rows]


def _contact(session: AsyncSession, row: SubscriptionRow) -> str | None:
    if row.contact is None:
        return None
    return mask_phone(seals.open_contact(means(session).keys, row.id, row.contact))


async def webhooks(
    session: AsyncSession,
    subscription_id: UUID,
    scope: Scope,
    *,
    status: str | None,
    after: str | None,
    limit: int,
) -> tuple[Sequence[WebhookRow], str | None]:
    await queries.one(session, subscription_id, scope)
    return await queries.webhooks(session, subscription_id, status=status, after=after, limit=limit)


@dataclass(frozen=True, slots=True)
class Tried:
    row: AttemptRow
    webhook: WebhookRow
    answer: str


async def tried(
    session: AsyncSession,
    subscription_id: UUID,
    scope: Scope,
    *,
    webhook_id: UUID | None,
    after: str | None,
    limit: int,
) -> tuple[Sequence[Tried], str | None]:
    await queries.one(session, subscription_id, scope)
    rows, following = await queries.attempts(
        session, subscription_id, webhook_id=webhook_id, after=after, limit=limit
    )
    return [Tried(row, webhook, _answer(session, row)) for row, webhook in rows], following


def _answer(session: AsyncSession, row: AttemptRow) -> str:
    if row.answer is None:
        return ""
    return seals.open_answer(means(session).keys, row.id, row.answer).decode(errors="replace")
