"""Who is told by webhook, what each is to be told, and every attempt that was made."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.notify.models.declared import Base


class CasePlaceRow(Base):
    """A place that takes part in a case by a handoff; the window is known from the case."""

    __tablename__ = "case_place"

    case_number: Mapped[str] = mapped_column(primary_key=True)
    handoff_id: Mapped[UUID] = mapped_column(primary_key=True)
    location: Mapped[str]
    left_at: Mapped[datetime | None]


class SubscriptionRow(Base):
    """An endpoint of a partner (or, without one, of a system of our own) and what it is told.

    Sealed: `secret`, `previous_secret` (signs beside it until `previous_until`), `contact`.
    `recent` … `alerted` are the breaker's; `rest_until` is what the endpoint itself asked for."""

    __tablename__ = "subscription"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str | None]
    name: Mapped[str]
    url: Mapped[str]
    status: Mapped[str]
    types: Mapped[list[str]]
    locations: Mapped[list[str]]
    items: Mapped[list[str]]
    contact: Mapped[bytes | None]
    secret: Mapped[bytes]
    previous_secret: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    proven_at: Mapped[datetime | None]
    disabled_for: Mapped[str | None]
    breaker: Mapped[str] = mapped_column(server_default=text("'closed'"))
    recent: Mapped[list[bool]] = mapped_column(ARRAY(Boolean), server_default=text("'{}'"))
    failing_since: Mapped[datetime | None]
    openings: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    retry_at: Mapped[datetime | None]
    alerted: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    rest_until: Mapped[datetime | None]
    at_once: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    served_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_subscription_partner", "partner", "id"),
        Index(
            "ix_subscription_live",
            "id",
            postgresql_where=text("status IN ('unproven', 'active')"),
        ),
    )


class LineRow(Base):
    """What one subscription is told of one case stands in a line; its row is locked by whoever
    joins or leaves it, so that exactly the first one is ever due."""

    __tablename__ = "webhook_line"

    subscription_id: Mapped[UUID] = mapped_column(ForeignKey(SubscriptionRow.id), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)


class WebhookRow(Base):
    """One thing to be told to one subscription. `message_id` is its webhook-id, however often it
    is sent; `body` the very bytes that are signed. Only the first of a line has `next_attempt_at`;
    `leased_until` is set while a call is out."""

    __tablename__ = "webhook"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey(SubscriptionRow.id))
    message_id: Mapped[UUID]
    type: Mapped[str]
    subject: Mapped[str]
    sequence: Mapped[int] = mapped_column(BigInteger)
    happened_at: Mapped[datetime]
    bulk: Mapped[bool] = mapped_column(server_default=text("false"))
    body: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failures: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("subscription_id", "message_id"),
        Index(
            "uq_webhook_in_line",
            "subscription_id",
            "subject",
            "sequence",
            unique=True,
        ),
        Index(
            "ix_webhook_open_line",
            "subscription_id",
            "subject",
            "sequence",
            postgresql_where=text("status <> 'delivered'"),
        ),
        Index(
            "ix_webhook_due",
            "subscription_id",
            "bulk",
            "next_attempt_at",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index(
            "ix_webhook_leased",
            "subscription_id",
            "leased_until",
            postgresql_where=text("leased_until IS NOT NULL"),
        ),
        Index("ix_webhook_page", "subscription_id", "id"),
        Index("ix_webhook_settled", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
    )


class AttemptRow(Base):
    """One call: when, how it was answered, how long it took; `answer` (its first 4 kB) is sealed,
    since nobody knows what a far side repeats in it."""

    __tablename__ = "webhook_attempt"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey(WebhookRow.id, ondelete="CASCADE"))
    subscription_id: Mapped[UUID]
    number: Mapped[int]
    at: Mapped[datetime]
    milliseconds: Mapped[int]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    error: Mapped[str | None]
    outcome: Mapped[str]
    answer: Mapped[bytes | None]

    __table_args__ = (
        Index("ix_webhook_attempt_page", "subscription_id", "id"),
        Index("ix_webhook_attempt_webhook", "webhook_id", "id"),
    )
