"""What was not told, or shall be told once more, is put back at its place in the line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import endpoints
from services.notify.actions.fanning import DELIVERED, FAILED, WAITING
from services.notify.domain import told
from services.notify.domain.subscriptions import Status, Step
from services.notify.models import LineRow, SubscriptionRow, WebhookRow
from services.notify.queries import subscriptions as queries
from shared.audit import trail
from shared.errors import Fault, InvalidError
from shared.http import etags
from shared.security.grants import Scope


@dataclass(frozen=True, slots=True)
class Again:
    """Exactly one of them: this one, everything since then, or all that was given up."""

    webhook_id: UUID | None = None
    since: datetime | None = None
    failed: bool = False

    @property
    def what(self) -> str:
        if self.webhook_id is not None:
            return "one"
        return "since" if self.since is not None else "failed"


async def recover(
    session: AsyncSession,
    subscription_id: UUID,
    again: Again,
    *,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> tuple[SubscriptionRow, int]:
    """How many were put back. An endpoint that was switched off is proven once more first."""
    if [again.webhook_id is not None, again.since is not None, again.failed].count(True) != 1:
        zh = "webhook_id、since、failed 三者填一项"
        raise InvalidError([Fault("/", "one-of-three", zh, "exactly one of the three")])
    row = await queries.one(session, subscription_id, scope, lock=True)
    etags.require(if_match, row.version)
    was = row.status
    endpoints.move(row, Step.RECOVER, at=at)
    endpoints.revive(row)
    count = await _put_back(session, row.id, _chosen(again), at=at)
    await endpoints.pull_forward(session, row.id, at=at)
    if was == Status.DISABLED:
        await endpoints.ask_for_proof(session, row, at=at)
    await trail.record(
        session,
        action="webhooks-recovered",
        resource=f"subscription:{row.id}",
        facts={"what": again.what, "count": count},
        at=at,
    )
    return row, count


def _chosen(again: Again) -> ColumnElement[bool]:
    if again.webhook_id is not None:
        return WebhookRow.id == again.webhook_id
    if again.since is not None:
        return WebhookRow.happened_at >= again.since
    return WebhookRow.status == FAILED


async def _put_back(
    session: AsyncSession, subscription_id: UUID, chosen: ColumnElement[bool], *, at: datetime
) -> int:
    mine = WebhookRow.subscription_id == subscription_id
    these = (mine, chosen, WebhookRow.type != told.PROOF)
    subjects = select(WebhookRow.subject).where(*these).distinct()
    locked = await session.scalars(
        select(LineRow.subject)
        .where(LineRow.subscription_id == subscription_id, LineRow.subject.in_(subjects))
        .order_by(LineRow.subject)
        .with_for_update()
    )
    lines = locked.all()
    back = await session.scalars(
        update(WebhookRow)
        .where(*these)
        .values(status=WAITING, failures=0, settled_at=None)
        .returning(WebhookRow.id)
        .execution_options(synchronize_session=False)
    )
    count = len(back.all())
    await _only_the_first_is_due(session, subscription_id, lines, at=at)
    return count


async def _only_the_first_is_due(
    session: AsyncSession, subscription_id: UUID, lines: Sequence[str], *, at: datetime
) -> None:
    """Of each line; what is out just now is left alone."""
    first = (
        select(WebhookRow.subject, func.min(WebhookRow.sequence).label("first"))
        .where(
            WebhookRow.subscription_id == subscription_id,
            WebhookRow.subject.in_(lines),
            WebhookRow.status != DELIVERED,
        )
        .group_by(WebhookRow.subject)
        .subquery()
    )
    await session.execute(
        update(WebhookRow)
        .where(
            WebhookRow.subscription_id == subscription_id,
            WebhookRow.subject == first.c.subject,
            WebhookRow.status == WAITING,
            WebhookRow.leased_until.is_(None),
        )
        .values(next_attempt_at=case((WebhookRow.sequence == first.c.first, at), else_=None))
        .execution_options(synchronize_session=False)
    )
