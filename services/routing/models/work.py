"""The registry, cases with their handoffs, acts, notices, requests, watches."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.routing.models.declared import Base
from shared.db.types import Xid8


class RegistryRow(Base):
    """One version of a location, partner, agreement or rule; never changed, only followed."""

    __tablename__ = "registry"

    kind: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    document: Mapped[dict[str, Any]]
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]


class RegistryStateRow(Base):
    """Says whether a process's copy of the registry is still the latest."""

    __tablename__ = "registry_state"

    one: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)
    # Grows with every holiday notice or local day; each open handoff knows the one it was
    # computed with.
    calendar: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class ItemRow(Base):
    """Routing's copy of a service item's version, with the fields it uses."""

    __tablename__ = "item"

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    status: Mapped[str]
    document: Mapped[dict[str, Any]]


class CaseRow(Base):
    """`application` is sealed; `status` is received, open, unroutable, decided or closed."""

    __tablename__ = "routed_case"

    case_number: Mapped[str] = mapped_column(primary_key=True)
    item_code: Mapped[str]
    item_version: Mapped[int]
    mode: Mapped[str]
    channel: Mapped[str]
    receiving_location: Mapped[str]
    receiving_division: Mapped[str]
    basis: Mapped[dict[str, Any]]
    chosen_basis: Mapped[str | None]
    received_at: Mapped[datetime]
    priority: Mapped[str]
    delivery_method: Mapped[str]
    materials: Mapped[list[Any]]
    application: Mapped[bytes]
    # 告知承诺: what was promised, so that it can be checked later.
    commitment: Mapped[dict[str, Any] | None]
    # 容缺: which deferred papers did not come in time, and whether they came since.
    broken_promise: Mapped[dict[str, Any] | None]
    status: Mapped[str]
    outcome: Mapped[str | None]
    why: Mapped[dict[str, Any] | None]
    # Where no rule leads, operations may say where to: who it was, and why (sealed).
    assigned_by: Mapped[str | None]
    assigned_words: Mapped[bytes | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    # When the person was taken out of it.
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_routed_case_unroutable",
            "received_at",
            postgresql_where=text("status = 'unroutable'"),
        ),
    )


_ORDERED = ("location", "light_rank", "lane_rank", "turn", "window_received_at", "id")
_OPEN = "closed_at IS NULL AND opened_at IS NOT NULL"
FREE = "holder IS NULL AND returned_at IS NULL AND status IN ('received', 'accepted')"


class HandoffRow(Base):
    """Legal status, who works on it (holder, lease, bound) and the clock are three things.
    A step of a later stage is planned until `opened_at`; `returned_at`: the window has it back to
    mend it.

    `clock` holds every stretch; the date columns beside it are what it computes to."""

    __tablename__ = "handoff"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    item_code: Mapped[str]
    item_version: Mapped[int]
    item_name: Mapped[str]
    mode: Mapped[str]
    step: Mapped[str]
    step_name: Mapped[str]
    role: Mapped[str]
    stage: Mapped[int] = mapped_column(SmallInteger)
    lead: Mapped[bool]
    accepts: Mapped[bool]
    decides: Mapped[bool]
    step_limit: Mapped[dict[str, Any] | None]
    location: Mapped[str]
    division: Mapped[str]
    receiving_location: Mapped[str]
    receiving_division: Mapped[str]
    powers: Mapped[list[Any]]
    why: Mapped[dict[str, Any]]
    status: Mapped[str]
    outcome: Mapped[str | None]
    result: Mapped[str | None]
    holder: Mapped[str | None]
    holder_name: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    bound: Mapped[bool]
    opened_at: Mapped[datetime | None]
    window_received_at: Mapped[datetime]
    handling_received_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    noticed_on: Mapped[date | None]
    supplemented_on: Mapped[date | None]
    supplement_due_on: Mapped[date | None]
    deemed: Mapped[bool] = mapped_column(server_default=text("false"))
    # Of the result, as notify tells it: the applicant was told to come for it, it was posted, they
    # have it.
    collect_told_on: Mapped[date | None]
    result_posted_on: Mapped[date | None]
    result_delivered_on: Mapped[date | None]
    # 事后核查 of what was granted on a promise: when it was done last.
    checked_on: Mapped[date | None]
    clock: Mapped[dict[str, Any]]
    clock_state: Mapped[str]
    clock_revision: Mapped[int]
    due_on: Mapped[date | None]
    due_provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    light: Mapped[str]
    light_rank: Mapped[int] = mapped_column(SmallInteger)
    # The gravest light announced so far; one that has gone back may be announced again.
    light_told: Mapped[str] = mapped_column(server_default=text("'green'"))
    # The same of the days before acceptance, in which everything missing has to be told.
    notice_told: Mapped[str] = mapped_column(server_default=text("'green'"))
    lane_rank: Mapped[int] = mapped_column(SmallInteger)
    # The sending places take turns (domain/queues.py); set when it enters a light.
    turn: Mapped[int] = mapped_column(server_default=text("0"))
    # With the window for mending since then; nobody claims it meanwhile.
    returned_at: Mapped[datetime | None]
    calendar: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]

    # `turn` is worked out as the row is written; what came of it is read back with the write.
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012  (SQLAlchemy's own convention)
    __table_args__ = (
        Index("ix_handoff_case_number", "case_number"),
        Index("ix_handoff_queue", *_ORDERED, postgresql_where=text(_OPEN)),
        # What a claim takes from: only what nobody holds and where there is something to do.
        Index("ix_handoff_free", *_ORDERED, postgresql_where=text(FREE)),
        # Where the sender's last turn is, when the next of its cases comes.
        Index(
            "ix_handoff_turn",
            "location",
            "light_rank",
            "lane_rank",
            "receiving_location",
            "turn",
            postgresql_where=text(FREE),
        ),
        Index(
            "ix_handoff_lease",
            "lease_until",
            postgresql_where=text("lease_until IS NOT NULL AND NOT bound"),
        ),
        Index("ix_handoff_division", "division", *_ORDERED, postgresql_where=text(_OPEN)),
        Index("ix_handoff_holder", "holder", postgresql_where=text("holder IS NOT NULL")),
        Index("ix_handoff_calendar", "calendar", "id", postgresql_where=text(_OPEN)),
    )


class ActRow(Base):
    """One legal act on a handoff; `words` (opinion, reasons, who it was by name) are sealed."""

    __tablename__ = "act"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    handoff_id: Mapped[UUID]
    case_number: Mapped[str]
    step: Mapped[str]
    side: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
    words: Mapped[bytes | None]

    __table_args__ = (Index("ix_act_handoff_id", "handoff_id", "id"),)


class NoticeRow(Base):
    """一次性告知: everything that is missing, told once; `faults` are sealed."""

    __tablename__ = "notice"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    handoff_id: Mapped[UUID]
    case_number: Mapped[str]
    number: Mapped[int] = mapped_column(SmallInteger)
    issued_at: Mapped[datetime]
    supplement_due_on: Mapped[date | None]
    faults: Mapped[bytes]
    answered_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("handoff_id", "number"),)


class RequestRow(Base):
    """A supplement or withdrawal that the window asked for, and what became of it."""

    __tablename__ = "request"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    kind: Mapped[str]
    asked_at: Mapped[datetime]
    settled_at: Mapped[datetime]
    outcome: Mapped[str]
    facts: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_request_case_number", "case_number", "id"),)


class WatchRow(Base):
    """Fires when the local day `on_day` begins, if the clock still has this revision."""

    __tablename__ = "watch"

    handoff_id: Mapped[UUID] = mapped_column(primary_key=True)
    sign: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    on_day: Mapped[date]
    fired_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_watch_on_day", "on_day", "handoff_id", postgresql_where=text("fired_at IS NULL")),
    )


class QueueChangeRow(Base):
    """Something in a location's queue changed. Only added to, so that nobody waits for a turn;
    readers follow by transaction number, for rows become visible out of order."""

    __tablename__ = "queue_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    location: Mapped[str]
    xact: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_queue_change_xact", "xact"),)
