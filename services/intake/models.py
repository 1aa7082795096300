"""Intake's tables: the catalogue, a copy of the places, and the cases as the window knows them.

What is personal is sealed; the blind indexes beside it find equal values and tell nothing else.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
    desc,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db.base import new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = {  # noqa: RUF012  (declarative reads it as a class attribute)
        str: Text,
        int: Integer,
        bytes: LargeBinary,
        datetime: DateTime(timezone=True),
        date: Date,
        UUID: Uuid,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


class ItemVersionRow(Base):
    """One version of a service item; `document` is the whole of it, the columns are for finding."""

    __tablename__ = "item_version"

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    name: Mapped[str]
    department: Mapped[str]
    modes: Mapped[list[str]]
    service_objects: Mapped[list[str]]
    document: Mapped[dict[str, Any]]
    imported_at: Mapped[datetime]

    __table_args__ = (
        Index(
            "ix_item_version_published",
            "code",
            "version",
            postgresql_where=text("status <> 'draft'"),
        ),
    )


class CatalogueRow(Base):
    """One row: which state the catalogue is in, so that processes know when to look again."""

    __tablename__ = "catalogue"

    only: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint('"only" = 1', name="only_one"),)


class LocationRow(Base):
    """What intake needs of routing's places, version by version."""

    __tablename__ = "location"

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    kind: Mapped[str]
    division: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    # For what is printed: where the applicant finds it.
    address: Mapped[str | None]
    phone: Mapped[str | None]
    opening: Mapped[str | None]


class NumberBlockRow(Base):
    """How far the numbers of a year have been handed out, in blocks."""

    __tablename__ = "number_block"

    division: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last_serial: Mapped[int]


class CaseRow(Base):
    """A case as the window knows it; `version` counts every change anybody could see. `…_next` is
    what it will be found by once a rotation of keys is over."""

    __tablename__ = "case_file"

    case_number: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    tracking_index: Mapped[bytes]
    tracking_index_next: Mapped[bytes | None]
    tracking_sealed: Mapped[bytes]
    item_code: Mapped[str]
    item_version: Mapped[int]
    mode: Mapped[str]
    channel: Mapped[str]
    receiving_location: Mapped[str]
    receiving_division: Mapped[str]
    received_by: Mapped[str]
    received_at: Mapped[datetime]
    priority: Mapped[str]
    basis: Mapped[dict[str, Any]]
    chosen_basis: Mapped[str | None]
    delivery_method: Mapped[str | None]
    applicant_kind: Mapped[str]
    # None once the person has been taken out of the case.
    name_index: Mapped[bytes | None]
    name_index_next: Mapped[bytes | None]
    id_number_index: Mapped[bytes | None]
    id_number_index_next: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    phone_index_next: Mapped[bytes | None]
    representative_index: Mapped[bytes | None]
    representative_index_next: Mapped[bytes | None]
    application_sealed: Mapped[bytes]
    # 个人信息保护法 13: on which ground, whence; consents with their time and text.
    ground: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    # The picture: what routing and notify have told us, as far as the window needs it.
    status: Mapped[str]
    next_actor: Mapped[str]
    accepted_at: Mapped[datetime | None]
    due_on: Mapped[date | None]
    due_provisional: Mapped[bool] = mapped_column(server_default=false())
    light: Mapped[str | None]
    asked_until: Mapped[date | None]
    decided_at: Mapped[datetime | None]
    result: Mapped[str | None]
    outcome: Mapped[str | None]
    delivery_status: Mapped[str | None]
    # By which way it goes now; what the applicant chose at first is `delivery_method`.
    delivery_way: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]

    # Its term: from when on, by which line of the table; and when the person was taken out.
    ended_at: Mapped[datetime | None]
    retention: Mapped[str | None]
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["item_code", "item_version"], ["item_version.code", "item_version.version"]
        ),
        Index("uq_case_file_tracking_index", "tracking_index", unique=True),
        Index(
            "ix_case_file_received",
            "receiving_location",
            desc("received_at"),
            desc("case_number"),
        ),
        Index(
            "ix_case_file_to_do",
            "receiving_location",
            desc("received_at"),
            desc("case_number"),
            postgresql_where=text("next_actor = 'receiving'"),
        ),
        Index(
            "ix_case_file_status",
            "receiving_location",
            "status",
            desc("received_at"),
            desc("case_number"),
        ),
        Index(
            "ix_case_file_light",
            "receiving_location",
            "light",
            desc("received_at"),
            desc("case_number"),
            postgresql_where=text("light IS NOT NULL"),
        ),
        # For those who see a whole area: what waits and what is late is little of it.
        Index(
            "ix_case_file_to_do_all",
            desc("received_at"),
            desc("case_number"),
            postgresql_where=text("next_actor = 'receiving'"),
        ),
        Index(
            "ix_case_file_light_all",
            "light",
            desc("received_at"),
            desc("case_number"),
            postgresql_where=text("light IS NOT NULL"),
        ),
        # The rest by division where that is little, else by time.
        Index("ix_case_file_division", "receiving_division", desc("received_at")),
        Index("ix_case_file_all", desc("received_at"), desc("case_number")),
        # Registered visits whose time to be completed runs out.
        Index(
            "ix_case_file_incomplete",
            "asked_until",
            postgresql_where=text("status = 'received_incomplete'"),
        ),
        Index("ix_case_file_name_index", "name_index"),
        Index("ix_case_file_id_number_index", "id_number_index"),
        Index("ix_case_file_phone_index", "phone_index"),
        Index(
            "ix_case_file_representative_index",
            "representative_index",
            postgresql_where=text("representative_index IS NOT NULL"),
        ),
        # What has ended and still holds its person, by the end of its term.
        Index(
            "ix_case_file_term",
            "retention",
            "ended_at",
            postgresql_where=text("ended_at IS NOT NULL AND erased_at IS NULL"),
        ),
    )


class HoldRow(Base):
    """A dispute that keeps a case from being erased, from when it is set until it is lifted; what
    it is about (`said`) is sealed."""

    __tablename__ = "case_hold"

    hold_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number))
    kind: Mapped[str]
    set_at: Mapped[datetime]
    set_by: Mapped[str]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]
    said_sealed: Mapped[bytes]

    __table_args__ = (Index("ix_case_hold_case_number", "case_number", "hold_id"),)


class HandoffRow(Base):
    """A piece of work at an office, as routing tells of it."""

    __tablename__ = "case_handoff"

    handoff_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number), index=True)
    location: Mapped[str] = mapped_column(index=True)
    step: Mapped[str]
    step_name: Mapped[str]
    stage: Mapped[int]
    role: Mapped[str | None]
    lead: Mapped[bool]
    status: Mapped[str]
    due_on: Mapped[date | None]


class MaterialRow(Base):
    """A paper as it was entered at the window; `supplement_id` when it came later."""

    __tablename__ = "case_material"

    material_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number), index=True)
    code: Mapped[str]
    form: Mapped[str]
    count: Mapped[int]
    e_certificate_sealed: Mapped[bytes | None]
    earlier_case: Mapped[str | None]
    # 免证办: by what the paper was spared, and so how the applicant agreed.
    spared: Mapped[str | None]
    supplement_id: Mapped[UUID | None]
    given_at: Mapped[datetime]


class OriginalRow(Base):
    """One sheet that left the applicant's hands over this counter. Until routing tells of a move
    it lies here: `holder` is empty."""

    __tablename__ = "case_original"

    original_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number), index=True)
    material_code: Mapped[str]
    supplement_id: Mapped[UUID | None]
    label: Mapped[str | None]
    holder: Mapped[str | None]
    parcel_number: Mapped[str | None]
    moved_at: Mapped[datetime | None]


class ContentRow(Base):
    """A material's file; the bytes are in the store under `store_key`, sealed by their own key."""

    __tablename__ = "case_content"

    content_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number))
    material_code: Mapped[str]
    store_key: Mapped[str]
    key_sealed: Mapped[bytes]
    sha256: Mapped[bytes]
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    stored_at: Mapped[datetime]
    stored_by: Mapped[str]
    replaced_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_case_content_present",
            "case_number",
            "material_code",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index("ix_case_content_store_key", "store_key"),
    )


class PromiseRow(Base):
    """A paper that may come later (deferral) or not at all (commitment), until kept or broken."""

    __tablename__ = "case_promise"

    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    material_code: Mapped[str] = mapped_column(primary_key=True)
    id_number_index: Mapped[bytes | None]
    id_number_index_next: Mapped[bytes | None]
    promised_at: Mapped[datetime]
    due_on: Mapped[date | None]
    kept_at: Mapped[datetime | None]
    broken_at: Mapped[datetime | None]
    barred_until: Mapped[date | None]
    # What followed when it was broken, as the item says.
    follows: Mapped[str | None]
    # The last day before something follows; none where nothing is owed any more.
    expires_on: Mapped[date | None]

    __table_args__ = (
        Index(
            "ix_case_promise_expires_on",
            "expires_on",
            postgresql_where=text("expires_on IS NOT NULL"),
        ),
        Index(
            "ix_case_promise_barred",
            "id_number_index",
            postgresql_where=text("barred_until IS NOT NULL"),
        ),
        Index(
            "ix_case_promise_bar_over",
            "barred_until",
            postgresql_where=text("id_number_index IS NOT NULL AND barred_until IS NOT NULL"),
        ),
    )


class NoticeRow(Base):
    """A one-time notice, of the handling place or of the window itself; what it says is sealed.
    `number` is its place among those of one handoff: the second only repeats."""

    __tablename__ = "case_notice"

    notice_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number), index=True)
    handoff_id: Mapped[UUID | None]
    number: Mapped[int | None]
    location: Mapped[str]
    issued_at: Mapped[datetime]
    supplement_due_on: Mapped[date | None]
    faults_sealed: Mapped[bytes]
    answered_at: Mapped[datetime | None]


class LetterRow(Base):
    """What an office has decided and owes the applicant in writing; what it says is sealed."""

    __tablename__ = "case_letter"

    letter_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number), index=True)
    kind: Mapped[str]
    handoff_id: Mapped[UUID]
    location: Mapped[str]
    issued_at: Mapped[datetime]
    said_sealed: Mapped[bytes]


class RequestRow(Base):
    """A supplement or a withdrawal: asked for here, applied or refused by routing."""

    __tablename__ = "case_request"

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number), index=True)
    kind: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    status: Mapped[str]
    settled_at: Mapped[datetime | None]
    content_sealed: Mapped[bytes]
    refusal_code: Mapped[str | None]
    refusal: Mapped[str | None]


class CorrectionRow(Base):
    """A clerical error put right: who, when, which fields; what stood there before is sealed."""

    __tablename__ = "case_correction"

    correction_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number), index=True)
    corrected_at: Mapped[datetime]
    corrected_by: Mapped[str]
    fields: Mapped[list[str]]
    said_sealed: Mapped[bytes]


class VerificationRow(Base):
    """核验 at the counter: whose identity or which original, how, and what became of the paper."""

    __tablename__ = "case_verification"

    verification_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number), index=True)
    subject: Mapped[str]
    how: Mapped[str]
    became: Mapped[str | None]
    verified_at: Mapped[datetime]
    verified_by: Mapped[str]
    location: Mapped[str]


class PaymentRow(Base):
    """缴费, as GB/T 39046 table 14 has it; the payer's name is sealed."""

    __tablename__ = "case_payment"

    payment_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number))
    bill_number: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(16, 2))
    way: Mapped[str]
    paid_at: Mapped[datetime]
    payer_sealed: Mapped[bytes | None]
    noted_at: Mapped[datetime]
    noted_by: Mapped[str]
    location: Mapped[str]

    __table_args__ = (Index("uq_case_payment_bill", "case_number", "bill_number", unique=True),)


class SignedPaperRow(Base):
    """A paper of the case that the authority or the applicant has signed, as it was scanned or
    sealed electronically; `of_paper` is the notice or letter that it stands for."""

    __tablename__ = "case_signed_paper"

    paper_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number))
    kind: Mapped[str]
    of_paper: Mapped[UUID | None]
    store_key: Mapped[str]
    key_sealed: Mapped[bytes]
    sha256: Mapped[bytes]
    size: Mapped[int] = mapped_column(BigInteger)
    stored_at: Mapped[datetime]
    stored_by: Mapped[str]
    replaced_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_case_signed_paper_present",
            "case_number",
            "kind",
            "of_paper",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index("ix_case_signed_paper_store_key", "store_key"),
    )


class StepRow(Base):
    """What happened to a case, in order, without anything personal: the progress page shows it."""

    __tablename__ = "case_step"

    step_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey(CaseRow.case_number))
    at: Mapped[datetime]
    what: Mapped[str]
    handoff_id: Mapped[UUID | None]
    location: Mapped[str | None]
    until: Mapped[date | None]

    __table_args__ = (Index("ix_case_step_case", "case_number", "at"),)


class HandedInRow(Base):
    """What a partner's window handed in, by way of routing: fetched from there, then taken here
    like any other; `instructions` (how to fetch it, in whose name) are sealed, and go some
    time after it is settled."""

    __tablename__ = "handed_in"

    partner: Mapped[str] = mapped_column(primary_key=True)
    webhook_id: Mapped[str] = mapped_column(primary_key=True)
    turn: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    kind: Mapped[str]
    joint_number: Mapped[str]
    instructions: Mapped[bytes | None]
    received_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]
    # Since when they say that it is not there.
    missing_since: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    case_number: Mapped[str | None]

    __table_args__ = (
        Index(
            "ix_handed_in_due",
            "next_attempt_at",
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "ix_handed_in_waiting",
            "partner",
            "joint_number",
            "turn",
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index("ix_handed_in_case_number", "case_number"),
        Index(
            "ix_handed_in_settled", "settled_at", postgresql_where=text("instructions IS NOT NULL")
        ),
    )
