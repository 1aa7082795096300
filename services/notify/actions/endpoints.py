"""An endpoint is proven before its first webhook, watched while it works, and its owner told."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import delete, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import fanning
from services.notify.actions.fanning import DELIVERED, WAITING, News
from services.notify.actions.messages import text_owner
from services.notify.domain import breakers, told
from services.notify.domain.breakers import Breaker, BreakerRule, State
from services.notify.domain.subscriptions import MOVES, Status, Step, after
from services.notify.models import SubscriptionRow, WebhookRow
from services.notify.queries import subscriptions as queries
from shared.audit import trail
from shared.chance import new_id, new_secret
from shared.means import means

RULE = BreakerRule()
_SAID = {
    "degraded": "连续推送失败，已放慢",
    "failing": "推送一直失败",
    "undelivered": "有消息多次推送未成",
    "gone": "答复不再接收，已停用",
    "disabled": "长时间推送失败，已停用",
    "recovered": "已恢复",
}


@dataclass(frozen=True, slots=True)
class Alert:
    what: str
    percent: int = 0


def move(row: SubscriptionRow, step: Step, *, at: datetime) -> None:
    row.status = after(Status(row.status), step).value
    row.version += 1
    row.changed_at = at


async def ask_for_proof(session: AsyncSession, row: SubscriptionRow, *, at: datetime) -> None:
    """A fresh challenge, due now; what was asked before and not answered is void."""
    await session.flush()
    await session.execute(
        delete(WebhookRow).where(
            WebhookRow.subscription_id == row.id,
            WebhookRow.type == told.PROOF,
            WebhookRow.status != DELIVERED,
        )
    )
    facts = {"subscription_id": str(row.id), "challenge": new_secret()}
    await fanning.lay_out(session, _own_news(session, told.PROOF, row.id, facts, at=at), [row.id])


def answers(challenge_body: str, answer: bytes) -> bool:
    """Whoever repeats the challenge has read a body that only the address's owner gets."""
    try:
        said = from_json(answer)
        asked = from_json(challenge_body)["data"]["challenge"]
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("challenge") == asked


async def proven(session: AsyncSession, row: SubscriptionRow, *, at: datetime) -> None:
    move(row, Step.PROVE, at=at)
    row.proven_at = at
    _keep(row, breakers.enabled())
    await trail.record(session, action="endpoint-proven", resource=f"subscription:{row.id}", at=at)
    await pull_forward(session, row.id, at=at)


async def pull_forward(session: AsyncSession, subscription_id: UUID, *, at: datetime) -> None:
    """It answers again: nobody waits for the hour that was set while it did not."""
    await session.execute(
        update(WebhookRow)
        .where(
            WebhookRow.subscription_id == subscription_id,
            WebhookRow.status == WAITING,
            WebhookRow.next_attempt_at > at,
            or_(WebhookRow.leased_until.is_(None), WebhookRow.leased_until <= at),
        )
        .values(next_attempt_at=at)
        .execution_options(synchronize_session=False)
    )


def breaker_of(row: SubscriptionRow) -> Breaker:
    return Breaker(
        state=State(row.breaker),
        recent=tuple(row.recent),
        failing_since=row.failing_since,
        openings=row.openings,
        retry_at=row.retry_at,
        alerted=row.alerted,
    )


def _keep(row: SubscriptionRow, breaker: Breaker) -> None:
    row.breaker, row.recent = breaker.state.value, list(breaker.recent)
    row.failing_since, row.openings = breaker.failing_since, breaker.openings
    row.retry_at, row.alerted = breaker.retry_at, breaker.alerted


def admit(row: SubscriptionRow, *, at: datetime) -> bool:
    admitted = breakers.admit(breaker_of(row), at=at, rule=RULE)
    if admitted is None:
        return False
    _keep(row, admitted)
    return True


def revive(row: SubscriptionRow) -> None:
    """By hand: as if it had never failed."""
    _keep(row, breakers.enabled())
    row.rest_until, row.disabled_for, row.at_once = None, None, 1


async def note_answer(
    session: AsyncSession, row: SubscriptionRow, *, ok: bool, at: datetime
) -> None:
    """What one answer says of the endpoint, and what its owner is to be told of it."""
    if row.status != Status.ACTIVE:
        # Switched off while the call was out.
        return
    before = breaker_of(row)
    now = breakers.recorded(before, ok=ok, at=at, rule=RULE)
    alert = _alert(before, now, at=at)
    _keep(row, breakers.alerted(now, alert.percent) if alert and alert.percent else now)
    if now.state is State.DISABLED:
        move(row, Step.DISABLE, at=at)
        row.disabled_for = "failing"
    if ok and before.state is not State.CLOSED:
        await pull_forward(session, row.id, at=at)
    if alert is not None:
        await tell_owner(session, row, alert, since=before.failing_since or at, at=at)


def _alert(before: Breaker, now: Breaker, *, at: datetime) -> Alert | None:
    if now.state is State.DISABLED:
        return Alert("disabled", 100)
    if before.openings and now.failing_since is None:
        return Alert("recovered")
    if percent := breakers.due_alert(now, at=at, rule=RULE):
        return Alert("failing", percent)
    return Alert("degraded") if now.openings and not before.openings else None


async def gone(session: AsyncSession, row: SubscriptionRow, *, at: datetime) -> None:
    """It answered 410: it wants no more."""
    if (Status(row.status), Step.DISABLE) not in MOVES:
        return
    since = row.failing_since or at
    move(row, Step.DISABLE, at=at)
    row.disabled_for = "gone"
    _keep(row, replace(breakers.disabled(breaker_of(row)), alerted=100))
    await tell_owner(session, row, Alert("gone", 100), since=since, at=at)


async def tell_owner(
    session: AsyncSession, row: SubscriptionRow, alert: Alert, *, since: datetime, at: datetime
) -> None:
    """On the trail, by the owner's other endpoints, and by a text to whoever looks after it."""
    await trail.record(
        session,
        action=f"endpoint-{alert.what}",
        resource=f"subscription:{row.id}",
        outcome=row.status,
        facts={"percent": alert.percent},
        at=at,
    )
    facts = {
        "subscription_id": str(row.id),
        "name": row.name,
        "what": alert.what,
        "since": _stamp(since),
        "percent": alert.percent,
        "at": _stamp(at),
    }
    others = await queries.siblings(session, row)
    news = _own_news(session, told.HEALTH, row.id, facts, at=at)
    await fanning.lay_out(session, news, others)
    if row.contact is not None:
        await text_owner(session, row, _SAID[alert.what], source=str(news.id), at=at)


def _own_news(
    session: AsyncSession, type_: str, subscription_id: UUID, facts: dict[str, Any], *, at: datetime
) -> News:
    return News(
        id=new_id(),
        type=type_,
        producer=means(session).house,
        subject=f"subscription:{subscription_id}",
        at=at,
        now=at,
        facts=facts,
    )


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
