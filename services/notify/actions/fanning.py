"""What happened is laid out for every system that may and wants to hear of it, in the transaction
in which notify hears or does it; sending comes later."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain import told
from services.notify.domain.subscriptions import Wish
from services.notify.domain.told import Audience
from services.notify.models import LineRow, WebhookRow
from services.notify.queries import subscriptions as queries
from services.notify.queries.subscriptions import Listener
from shared.chance import new_id
from shared.means import means
from shared.messaging import outbox
from shared.messaging.envelope import Lane, Received
from shared.messaging.outbox import Announcement

WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"


@dataclass(frozen=True, slots=True)
class News:
    """Something that a house said; `facts` as they travel, personal ones sealed."""

    id: UUID
    type: str
    producer: str
    subject: str
    at: datetime
    now: datetime
    facts: Mapping[str, Any]
    lane: Lane = Lane.INTERACTIVE


@dataclass(frozen=True, slots=True)
class _Reach:
    """`partners` may hear of it; None: all may."""

    partners: Collection[str] | None
    places: Collection[str] = ()
    item: str | None = None


def heard(message: Received[Any]) -> News:
    return News(
        id=message.id,
        type=message.type,
        producer=message.producer,
        subject=message.subject,
        at=message.at,
        now=message.now,
        facts=message.facts,
        lane=message.lane,
    )


async def announce(session: AsyncSession, announcements: Sequence[Announcement]) -> None:
    """What notify itself has to say: to the other houses, and to whoever is told by webhook."""
    ids = await outbox.record_many(session, announcements)
    for id_, each in zip(ids, announcements, strict=True):
        event = each.event
        news = News(
            id=id_,
            type=event.type,
            producer=means(session).house,
            subject=each.subject,
            at=each.at,
            now=each.at,
            facts=event.model_dump(mode="json"),
            lane=each.lane,
        )
        await fan_out(session, news)


async def fan_out(session: AsyncSession, news: News) -> None:
    await fan_out_all(session, news.type, [news])


async def fan_out_all(session: AsyncSession, type_: str, every: Sequence[News]) -> None:
    """Of several of one type: who listens to it is asked once."""
    if type_ not in told.KINDS:
        return
    listeners = await queries.listeners(session, type_)
    if not listeners:
        return
    for news in every:
        reach = await _reach(session, news)
        wanted = [each.id for each in listeners if _for(each, news, reach)]
        await lay_out(session, news, wanted)


def _for(listener: Listener, news: News, reach: _Reach) -> bool:
    if reach.partners is not None and listener.partner not in {None, *reach.partners}:
        return False
    wish = Wish(listener.types, listener.locations, listener.items)
    return wish.covers(news.type, places=reach.places, item=reach.item)


async def _reach(session: AsyncSession, news: News) -> _Reach:
    facts, audience = news.facts, told.KINDS[news.type].audience
    if audience is Audience.EVERYBODY:
        return _Reach(None, item=facts.get("code"))
    if audience is Audience.NAMED:
        return _Reach({str(facts.get("partner"))})
    if audience is Audience.BAG:
        ends = {str(facts[name]) for name in ("from_location", "to_location") if name in facts}
        return _Reach(await queries.partners(session, ends), ends)
    part = await queries.part(session, str(facts["case_number"]))
    return _Reach(await queries.partners(session, part.places), part.places, part.item)


async def lay_out(session: AsyncSession, news: News, subscriptions: Sequence[UUID]) -> None:
    """Each at the end of its line; due at once where nothing is before it."""
    if not subscriptions:
        return
    numbers = await _join(session, news.subject, subscriptions)
    busy = set(
        await session.scalars(
            select(WebhookRow.subscription_id)
            .where(
                WebhookRow.subscription_id.in_(subscriptions),
                WebhookRow.subject == news.subject,
                WebhookRow.status != DELIVERED,
            )
            .distinct()
        )
    )
    envelope = told.Envelope(
        id=news.id,
        source=f"urn:tongban:{means(session).division}:{news.producer}",
        type=news.type,
        subject=news.subject,
        at=news.at,
    )
    rows = [
        {
            "id": new_id(),
            "subscription_id": subscription,
            "message_id": news.id,
            "type": news.type,
            "subject": news.subject,
            "sequence": number,
            "happened_at": news.at,
            "bulk": news.lane is Lane.BULK,
            "body": told.document(envelope, news.facts, sequence=number),
            "status": WAITING,
            "next_attempt_at": None if subscription in busy else news.now,
            "created_at": news.now,
        }
        for subscription, number in numbers.items()
    ]
    await session.execute(
        insert(WebhookRow)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["subscription_id", "message_id"])
    )


async def _join(
    session: AsyncSession, subject: str, subscriptions: Sequence[UUID]
) -> dict[UUID, int]:
    """The next number of each line, which stays locked until the end: whoever is told something
    just now sees this one, or this one sees it done."""
    given = [
        {"subscription_id": each, "subject": subject, "sequence": 1}
        for each in sorted(subscriptions)
    ]
    numbered = await session.execute(
        insert(LineRow)
        .values(given)
        .on_conflict_do_update(
            index_elements=["subscription_id", "subject"], set_={"sequence": LineRow.sequence + 1}
        )
        .returning(LineRow.subscription_id, LineRow.sequence)
    )
    return {row.subscription_id: row.sequence for row in numbered}
