"""What the two places of a case say to each other, and what a supervisor is asked for."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.routing.models.declared import Base


class ApprovalRow(Base):
    """An officer asks, a supervisor answers; `words` (reasons) are sealed. `used_at`: what was
    allowed in advance has been done."""

    __tablename__ = "approval"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    handoff_id: Mapped[UUID]
    case_number: Mapped[str]
    kind: Mapped[str]
    location: Mapped[str]
    division: Mapped[str]
    state: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
    words: Mapped[bytes]
    settled_by: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    answer: Mapped[bytes | None]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_approval_asked",
            "handoff_id",
            "kind",
            unique=True,
            postgresql_where=text("state = 'asked'"),
        ),
        Index("ix_approval_division", "division", "id", postgresql_where=text("state = 'asked'")),
        Index("ix_approval_handoff_id", "handoff_id", "id"),
    )


class AttachmentRow(Base):
    """A file that somebody added to an act or a message; its digest is what they refer to."""

    __tablename__ = "attachment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    sha256: Mapped[bytes]
    size: Mapped[int]
    media_type: Mapped[str]
    store_key: Mapped[str] = mapped_column(unique=True)
    key_sealed: Mapped[bytes]
    stored_at: Mapped[datetime]
    stored_by: Mapped[str]

    __table_args__ = (UniqueConstraint("case_number", "sha256"),)


class MessageRow(Base):
    """点对点联络: one place to the other, on one case; `words` are sealed."""

    __tablename__ = "message"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    from_location: Mapped[str]
    to_location: Mapped[str]
    written_by: Mapped[str]
    at: Mapped[datetime]
    attachments: Mapped[list[Any]]
    words: Mapped[bytes]

    __table_args__ = (Index("ix_message_case_number", "case_number", "id"),)


class ReminderRow(Base):
    """催办: the office first; unanswered in time, the supervisors of both places."""

    __tablename__ = "reminder"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    handoff_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(SmallInteger)
    from_location: Mapped[str]
    from_division: Mapped[str]
    to_location: Mapped[str]
    to_division: Mapped[str]
    sent_by: Mapped[str]
    sent_at: Mapped[datetime]
    words: Mapped[bytes]
    answer_by: Mapped[date]
    answered_at: Mapped[datetime | None]
    raised_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("handoff_id", "number"),
        Index(
            "ix_reminder_answer_by",
            "answer_by",
            "id",
            postgresql_where=text("answered_at IS NULL AND raised_at IS NULL"),
        ),
        Index("ix_reminder_case_number", "case_number", "id"),
        Index("ix_reminder_to_location", "to_location", "id"),
    )


class AppointmentRow(Base):
    """视频会商: when, between whom, and what came of it; `words` are sealed."""

    __tablename__ = "appointment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    handoff_id: Mapped[UUID]
    from_location: Mapped[str]
    to_location: Mapped[str]
    starts_at: Mapped[datetime]
    minutes: Mapped[int] = mapped_column(SmallInteger)
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    state: Mapped[str]
    words: Mapped[bytes]
    settled_by: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[bytes | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __table_args__ = (Index("ix_appointment_case_number", "case_number", "id"),)
