"""Partner provinces: what proves them, what they sent, and the service accounts that fetch."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.routing.models.declared import Base


class PartnerSecretRow(Base):
    """What a partner signs with, sealed. While it is rotated two hold, until the older expires."""

    __tablename__ = "partner_secret"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str]
    secret: Mapped[bytes]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_partner_secret_partner", "partner"),)


class PartnerWebhookRow(Base):
    """One webhook as it came, its body sealed; `turn` is the order in which they came. It is
    settled once it was applied, or rejected with every reason; the body goes some time later."""

    __tablename__ = "partner_webhook"

    partner: Mapped[str] = mapped_column(primary_key=True)
    webhook_id: Mapped[str] = mapped_column(primary_key=True)
    turn: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    subject: Mapped[str]
    kind: Mapped[str]
    body: Mapped[bytes | None]
    digest: Mapped[bytes]
    received_at: Mapped[datetime]
    # Due while it is not settled; a fetch that fails is tried again later and later.
    next_attempt_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]
    # Since when they say that what it names is not there.
    missing_since: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    faults: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))

    __table_args__ = (
        Index(
            "ix_partner_webhook_due",
            "next_attempt_at",
            postgresql_where=text("settled_at IS NULL"),
        ),
        # Whether an earlier one of the same matter still waits.
        Index(
            "ix_partner_webhook_waiting",
            "partner",
            "subject",
            "turn",
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index("ix_partner_webhook_turn", "partner", "turn"),
        Index(
            "ix_partner_webhook_settled", "settled_at", postgresql_where=text("body IS NOT NULL")
        ),
    )


class ClientRow(Base):
    """A system that comes with a token of its own: what it may be, and for which partner or
    place. Once disabled it gets no further token."""

    __tablename__ = "client"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    partner: Mapped[str | None]
    location: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    disabled_at: Mapped[datetime | None]


class ClientSecretRow(Base):
    """Only a keyed digest: the secret itself is shown once and kept nowhere."""

    __tablename__ = "client_secret"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    digest: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_client_secret_client_id", "client_id"),)


class PartnerAccessRow(Base):
    """Where a partner's installation answers and with which account we come; the secret sealed."""

    __tablename__ = "partner_access"

    partner: Mapped[str] = mapped_column(primary_key=True)
    base_url: Mapped[str]
    client_id: Mapped[str]
    secret: Mapped[bytes]
    set_at: Mapped[datetime]
    set_by: Mapped[str]


class CaseLinkRow(Base):
    """One case in two installations: our number, theirs, and one joint number over both. `way`:
    handed out by a window of ours, or handed in by one of theirs."""

    __tablename__ = "case_link"

    case_number: Mapped[str] = mapped_column(primary_key=True)
    partner: Mapped[str] = mapped_column(primary_key=True)
    joint_number: Mapped[str]
    their_number: Mapped[str | None]
    way: Mapped[str]
    linked_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("partner", "joint_number"),
        # What stands on a paper that was labelled over there.
        Index("ix_case_link_their_number", "their_number"),
    )


class ParcelLinkRow(Base):
    """One bag in two installations; the number printed on it is the sender's."""

    __tablename__ = "parcel_link"

    parcel_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str] = mapped_column(primary_key=True)
    joint_number: Mapped[str]

    __table_args__ = (
        UniqueConstraint("partner", "joint_number"),
        Index("ix_parcel_link_joint_number", "joint_number"),
    )


class PartnerMessageRow(Base):
    """What we told a partner; `content` is sealed and fetched by it with a token, and its digest
    travels in the webhook."""

    __tablename__ = "partner_message"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str]
    case_number: Mapped[str | None]
    kind: Mapped[str]
    content: Mapped[bytes]
    digest: Mapped[str]
    # The file that it speaks of: a material's, or an attachment.
    file_id: Mapped[UUID | None]
    told_at: Mapped[datetime]
    # The webhook under which it went out; their answer names it.
    webhook_id: Mapped[UUID | None]
    outcome: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    faults: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))

    __table_args__ = (
        Index("ix_partner_message_webhook_id", "webhook_id"),
        # Whether a partner has been told of a file already.
        Index(
            "ix_partner_message_file_id",
            "file_id",
            "partner",
            postgresql_where=text("file_id IS NOT NULL"),
        ),
        Index(
            "ix_partner_message_case_number",
            "case_number",
            postgresql_where=text("case_number IS NOT NULL"),
        ),
        Index("ix_partner_message_partner", "partner", "id"),
    )
