"""What notify keeps of cases, places and items; deliveries, dispatches, messages to people.

What is personal is sealed; the blind index beside a phone number counts messages per person.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.notify.models.declared import Base


class ItemRow(Base):
    """Notify's copy of a service item's version, with the fields it uses; `ways` are those in which
    its result may be delivered, none named: any."""

    __tablename__ = "item"

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    short_name: Mapped[str]
    postage_payer: Mapped[str]
    material_names: Mapped[dict[str, Any]]
    ways: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))


class LocationRow(Base):
    """Notify's copy of a place's version: what a message or an envelope says of it."""

    __tablename__ = "location"

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    kind: Mapped[str]
    division: Mapped[str]
    address: Mapped[str | None]
    postcode: Mapped[str | None]
    phone: Mapped[str | None]
    system: Mapped[str] = mapped_column(server_default=text("'own'"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class CaseRow(Base):
    """What of a case delivering and telling need; `person` is sealed (phone, envelope, code).

    Its row is locked before anything of the case is changed. `outstanding` are the deferred papers
    that have not come yet, `promised_on` the day they are due."""

    __tablename__ = "told_case"

    case_number: Mapped[str] = mapped_column(primary_key=True)
    item_code: Mapped[str]
    item_version: Mapped[int]
    item_name: Mapped[str]
    receiving_location: Mapped[str]
    receiving_division: Mapped[str]
    handling_location: Mapped[str | None]
    powers: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    delivery_method: Mapped[str | None]
    outstanding: Mapped[list[str]]
    person: Mapped[bytes]
    phone_blind: Mapped[bytes | None]
    phone_blind_next: Mapped[bytes | None]
    received_at: Mapped[datetime]
    promised_on: Mapped[date | None]
    reminded: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_reminder_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    # When the person was taken out of it.
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_told_case_reminder",
            "next_reminder_on",
            postgresql_where=text("next_reminder_on IS NOT NULL"),
        ),
    )


class DeliveryRow(Base):
    """The result's way to the applicant, one for each decided case.

    `lies_at` is the place that has the paper, or had it last. Sealed: `envelope` (to whom and
    where), `outcome` (opinion, certificate), `proof`."""

    __tablename__ = "delivery"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(unique=True)
    item_code: Mapped[str]
    item_name: Mapped[str]
    method: Mapped[str]
    status: Mapped[str]
    result: Mapped[str]
    authority: Mapped[str]
    decided_at: Mapped[datetime]
    deliver_by: Mapped[date | None]
    certificate_form: Mapped[str | None]
    receiving_location: Mapped[str]
    receiving_division: Mapped[str]
    handling_location: Mapped[str]
    handling_division: Mapped[str]
    lies_at: Mapped[str]
    envelope: Mapped[bytes]
    outcome: Mapped[bytes]
    failed_before: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    ready_on: Mapped[date | None]
    chores_done: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_chore_on: Mapped[date | None]
    delivered_at: Mapped[datetime | None]
    proof_kind: Mapped[str | None]
    proof: Mapped[bytes | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_delivery_receiving", "receiving_location", "id"),
        Index("ix_delivery_handling", "handling_location", "id"),
        Index("ix_delivery_division", "handling_division", "id"),
        Index(
            "ix_delivery_chore",
            "next_chore_on",
            "id",
            postgresql_where=text("next_chore_on IS NOT NULL"),
        ),
    )


class DeliveryStepRow(Base):
    """What was done about a delivery, by whom, when; only added to."""

    __tablename__ = "delivery_step"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey(DeliveryRow.id))
    step: Mapped[str]
    method: Mapped[str]
    from_status: Mapped[str | None]
    status: Mapped[str]
    actor: Mapped[str]
    actor_location: Mapped[str | None]
    at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_delivery_step_delivery_id", "delivery_id", "id"),)


class LinkRow(Base):
    """A way to an electronic result. The code is the handle with a signature, which the database
    does not hold: who reads this table opens nothing."""

    __tablename__ = "result_link"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey(DeliveryRow.id))
    handle: Mapped[bytes] = mapped_column(unique=True)
    issued_at: Mapped[datetime]
    issued_by: Mapped[str]
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_result_link_current",
            "delivery_id",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index(
            "ix_result_link_expires_at",
            "expires_at",
            postgresql_where=text("replaced_at IS NULL AND opened_at IS NULL"),
        ),
    )


class DispatchRow(Base):
    """Something posted. Its id is the order number that a carrier knows it by, so that booking
    again is the same booking; that of a sealed bag is routing's own id of it. `recipient` is
    sealed. `gateway` is the carrier that books over the network, `carrier` whoever has it. A
    waybill number names a dispatch only together with carrier and time: numbers are used again
    after a year. `cancel_at` is set while a booking that is not wanted any more has still to be
    cancelled with `cancel_gateway`."""

    __tablename__ = "dispatch"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    case_number: Mapped[str | None]
    parcel_number: Mapped[str | None]
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey(DeliveryRow.id))
    from_location: Mapped[str]
    from_division: Mapped[str]
    to_location: Mapped[str | None]
    status: Mapped[str]
    content: Mapped[str]
    payer: Mapped[str]
    recipient: Mapped[bytes]
    gateway: Mapped[str | None]
    carrier: Mapped[str | None]
    waybill: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    cancel_at: Mapped[datetime | None]
    cancel_gateway: Mapped[str | None]
    cancel_waybill: Mapped[str | None]
    booked_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    concluded_at: Mapped[datetime | None]
    next_track_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_dispatch_from", "from_location", "id"),
        Index("ix_dispatch_to", "to_location", "id"),
        Index("ix_dispatch_waybill", "carrier", "waybill"),
        Index(
            "ix_dispatch_case_number",
            "case_number",
            postgresql_where=text("case_number IS NOT NULL"),
        ),
        Index(
            "ix_dispatch_live",
            "id",
            postgresql_where=text("status NOT IN ('delivered', 'returned', 'lost', 'cancelled')"),
        ),
        Index(
            "ix_dispatch_concluded",
            "concluded_at",
            postgresql_where=text("concluded_at IS NOT NULL"),
        ),
        Index(
            "uq_dispatch_of_delivery",
            "delivery_id",
            unique=True,
            postgresql_where=text("status NOT IN ('delivered', 'returned', 'lost', 'cancelled')"),
        ),
        Index(
            "ix_dispatch_due",
            "next_attempt_at",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index("ix_dispatch_cancel", "cancel_at", postgresql_where=text("cancel_at IS NOT NULL")),
        Index(
            "ix_dispatch_track", "next_track_at", postgresql_where=text("next_track_at IS NOT NULL")
        ),
    )


class ScanRow(Base):
    """One scan as a carrier told of it; `words` may name people and are sealed."""

    __tablename__ = "dispatch_scan"

    dispatch_id: Mapped[UUID] = mapped_column(ForeignKey(DispatchRow.id), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    tracking: Mapped[str]
    words: Mapped[bytes | None]
    heard_at: Mapped[datetime]


class PushRow(Base):
    """What a carrier pushed, kept before it is answered; `body` is sealed."""

    __tablename__ = "carrier_push"

    carrier: Mapped[str] = mapped_column(primary_key=True)
    webhook_id: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[bytes]
    received_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    last_error: Mapped[str | None]

    __table_args__ = (
        Index(
            "ix_carrier_push_applied",
            "applied_at",
            postgresql_where=text("applied_at IS NOT NULL"),
        ),
        Index(
            "ix_carrier_push_due",
            "next_attempt_at",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
    )


class MessageRow(Base):
    """A message to a person; its id is the gateway's guard against a second one. Sealed in
    `content`: number, text, words. `source` is what it tells of: one message for each. Whoever
    looks after an endpoint is told of it without a case."""

    __tablename__ = "message"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str | None]
    event: Mapped[str]
    source: Mapped[str]
    template: Mapped[str]
    parts: Mapped[int] = mapped_column(SmallInteger)
    content: Mapped[bytes]
    phone_blind: Mapped[bytes | None]
    phone_blind_next: Mapped[bytes | None]
    status: Mapped[str]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    first_sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    reference: Mapped[str | None]
    last_error: Mapped[str | None]
    fate: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("case_number", "event", "source"),
        Index(
            "ix_message_due",
            "next_attempt_at",
            "id",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index("ix_message_person", "phone_blind", "first_sent_at"),
        Index("ix_message_of_staff", "created_at", postgresql_where=text("case_number IS NULL")),
        Index("ix_message_status", "status", "id"),
        Index("ix_message_reference", "reference", postgresql_where=text("reference IS NOT NULL")),
    )
