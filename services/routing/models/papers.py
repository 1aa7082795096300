"""Originals with the ledger of their holders, the parcels they travel in, electronic transfers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.routing.domain import custody
from services.routing.models.declared import Base


def _lawful() -> str:
    """The moves of domain/custody.py, as the database checks them on every entry."""
    moves = sorted(
        (act.value, giver.value if giver else custody.source_of(act).value, taker.value)
        for act, pairs in custody.MOVES.items()
        for giver, taker in pairs
    )
    listed = ", ".join(
        f"('{act}', '{giver}', '{taker}')" for act, giver, taker in dict.fromkeys(moves)
    )
    return f"(act, split_part(from_holder, ':', 1), split_part(to_holder, ':', 1)) IN ({listed})"


class OriginalRow(Base):
    """One paper as a thing: what the applicant handed in, or a result that an office issued."""

    __tablename__ = "original"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    place: Mapped[int] = mapped_column(SmallInteger)
    label: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    material_code: Mapped[str]
    name: Mapped[str]
    taken_at: Mapped[datetime]
    taken_by: Mapped[str]

    __table_args__ = (UniqueConstraint("case_number", "place"),)


class CustodyEntryRow(Base):
    """Only ever added to. Each entry goes on from the one before it: the reference to it holds its
    number and its taker, so nobody can be skipped, doubled or put in between."""

    __tablename__ = "custody_entry"

    original_id: Mapped[UUID] = mapped_column(ForeignKey(OriginalRow.id), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    prev_seq: Mapped[int | None]
    act: Mapped[str]
    from_holder: Mapped[str]
    to_holder: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    parcel_id: Mapped[UUID | None]

    __table_args__ = (
        UniqueConstraint("original_id", "seq", "to_holder"),
        ForeignKeyConstraint(
            ["original_id", "prev_seq", "from_holder"],
            ["custody_entry.original_id", "custody_entry.seq", "custody_entry.to_holder"],
        ),
        CheckConstraint(
            "(seq = 1 AND prev_seq IS NULL AND from_holder ~ '^(applicant|issuer):')"
            " OR (seq > 1 AND prev_seq = seq - 1)",
            name="goes_on",
        ),
        CheckConstraint("from_holder <> to_holder", name="moves"),
        CheckConstraint(_lawful(), name="lawful"),
        Index(
            "ix_custody_entry_parcel", "parcel_id", postgresql_where=text("parcel_id IS NOT NULL")
        ),
    )


class HoldingRow(Base):
    """In whose hands a paper is: one row, so one holder, and only one that the ledger names."""

    __tablename__ = "holding"

    original_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    holder: Mapped[str]
    since: Mapped[datetime]
    parcel_id: Mapped[UUID | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["original_id", "seq", "holder"],
            ["custody_entry.original_id", "custody_entry.seq", "custody_entry.to_holder"],
        ),
        Index("ix_holding_holder", "holder", "since", "original_id"),
    )


class ParcelRow(Base):
    """A sealed bag between two places; `manifest_digest` is fixed when it is sealed."""

    __tablename__ = "parcel"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    serial: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    number: Mapped[str] = mapped_column(unique=True)
    from_location: Mapped[str]
    from_division: Mapped[str]
    to_location: Mapped[str]
    to_division: Mapped[str]
    transit: Mapped[bool]
    state: Mapped[str]
    carrier: Mapped[str | None]
    waybill: Mapped[str | None]
    seal_number: Mapped[str | None]
    manifest_digest: Mapped[bytes | None]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    sealed_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    due_on: Mapped[date | None]
    remind_on: Mapped[date | None]
    arrived_at: Mapped[datetime | None]
    scanned_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __table_args__ = (
        Index("ix_parcel_out", "from_location", "id"),
        Index("ix_parcel_in", "to_location", "id"),
        Index("ix_parcel_waybill", "waybill", postgresql_where=text("waybill IS NOT NULL")),
        Index("ix_parcel_remind", "remind_on", postgresql_where=text("remind_on IS NOT NULL")),
    )


class ParcelItemRow(Base):
    """A line of the manifest; frozen once the bag is sealed. `scanned`: what the far end found."""

    __tablename__ = "parcel_item"

    parcel_id: Mapped[UUID] = mapped_column(ForeignKey(ParcelRow.id), primary_key=True)
    original_id: Mapped[UUID] = mapped_column(ForeignKey(OriginalRow.id), primary_key=True)
    case_number: Mapped[str]
    scanned: Mapped[str | None]

    __table_args__ = (Index("ix_parcel_item_original_id", "original_id"),)


class ParcelDeedRow(Base):
    """What was done to a bag, or told of it too late; `words` (messenger, note) are sealed."""

    __tablename__ = "parcel_deed"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    parcel_id: Mapped[UUID] = mapped_column(ForeignKey(ParcelRow.id), index=True)
    deed: Mapped[str]
    end: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]
    state: Mapped[str]
    facts: Mapped[dict[str, Any]]
    words: Mapped[bytes | None]

    __table_args__ = (
        Index("ix_parcel_deed_said", "at", postgresql_where=text("words IS NOT NULL")),
    )


class DiscrepancyRow(Base):
    """Both ends see it and each says how to settle it; `described` (sealed) is a paper nobody
    knows."""

    __tablename__ = "discrepancy"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    parcel_id: Mapped[UUID] = mapped_column(ForeignKey(ParcelRow.id), index=True)
    kind: Mapped[str]
    original_id: Mapped[UUID | None] = mapped_column(ForeignKey(OriginalRow.id), index=True)
    case_number: Mapped[str | None]
    described: Mapped[bytes | None]
    sender_says: Mapped[str | None]
    receiver_says: Mapped[str | None]
    settlement: Mapped[str | None]
    found_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_discrepancy_described",
            "settled_at",
            postgresql_where=text("described IS NOT NULL"),
        ),
    )


class ContentRow(Base):
    """A material's file as intake stored it; `file` (sealed) says where, and holds its key."""

    __tablename__ = "content"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    material_code: Mapped[str]
    digest: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    stored_at: Mapped[datetime]
    file: Mapped[bytes]

    __table_args__ = (Index("ix_content_case", "case_number", "material_code", "stored_at"),)


class TransferRow(Base):
    """电子签名法 11: what went from whom to whom, when it was sent, entered the other system, and
    was found to be what was sent. `what`: content (a file) or document (between steps)."""

    __tablename__ = "transfer"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    handoff_id: Mapped[UUID]
    what: Mapped[str]
    subject_id: Mapped[UUID]
    material_code: Mapped[str | None]
    digest: Mapped[str]
    from_location: Mapped[str]
    to_location: Mapped[str]
    sent_at: Mapped[datetime]
    received_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("handoff_id", "subject_id"),
        Index("ix_transfer_case_number", "case_number", "id"),
    )
