"""The first tables of routing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "act",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act")),
    )
    op.create_index("ix_act_handoff_id", "act", ["handoff_id", "id"], unique=False)
    op.create_table(
        "handoff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("item_name", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("step_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("accepts", sa.Boolean(), nullable=False),
        sa.Column("decides", sa.Boolean(), nullable=False),
        sa.Column("step_limit", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("receiving_location", sa.Text(), nullable=False),
        sa.Column("receiving_division", sa.Text(), nullable=False),
        sa.Column("powers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("why", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("holder_name", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bound", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handling_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("noticed_on", sa.Date(), nullable=True),
        sa.Column("supplemented_on", sa.Date(), nullable=True),
        sa.Column("supplement_due_on", sa.Date(), nullable=True),
        sa.Column("deemed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("clock", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("clock_state", sa.Text(), nullable=False),
        sa.Column("clock_revision", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("light", sa.Text(), nullable=False),
        sa.Column("light_rank", sa.SmallInteger(), nullable=False),
        sa.Column("lane_rank", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoff")),
    )
    op.create_index("ix_handoff_case_number", "handoff", ["case_number"], unique=False)
    op.create_index(
        "ix_handoff_division",
        "handoff",
        ["division", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_handoff_free",
        "handoff",
        ["location", "light_rank", "lane_rank", "window_received_at", "id"],
        unique=False,
        postgresql_where=sa.text("holder IS NULL AND status IN ('received', 'accepted')"),
    )
    op.create_index(
        "ix_handoff_lease",
        "handoff",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("lease_until IS NOT NULL AND NOT bound"),
    )
    op.create_index(
        "ix_handoff_queue",
        "handoff",
        ["location", "light_rank", "lane_rank", "window_received_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND opened_at IS NOT NULL"),
    )
    op.create_table(
        "item",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_item")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supplement_due_on", sa.Date(), nullable=True),
        sa.Column("faults", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("handoff_id", "number", name=op.f("uq_notice_handoff_id_number")),
    )
    op.create_table(
        "queue_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column(
            "xact", types.Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False
        ),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_change")),
    )
    op.create_index("ix_queue_change_xact", "queue_change", ["xact"], unique=False)
    op.create_table(
        "registry",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "code", "version", name=op.f("pk_registry")),
    )
    op.create_table(
        "registry_state",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_registry_state")),
    )
    op.create_table(
        "request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
    )
    op.create_index("ix_request_case_number", "request", ["case_number", "id"], unique=False)
    op.create_table(
        "routed_case",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("receiving_location", sa.Text(), nullable=False),
        sa.Column("receiving_division", sa.Text(), nullable=False),
        sa.Column("basis", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("chosen_basis", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("delivery_method", sa.Text(), nullable=False),
        sa.Column("materials", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("application", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("why", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("assigned_by", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_routed_case")),
    )
    op.create_index(
        "ix_routed_case_unroutable",
        "routed_case",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("status = 'unroutable'"),
    )
    op.create_table(
        "watch",
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("sign", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("handoff_id", "sign", "revision", name=op.f("pk_watch")),
    )
    op.create_index(
        "ix_watch_on_day",
        "watch",
        ["on_day", "handoff_id"],
        unique=False,
        postgresql_where=sa.text("fired_at IS NULL"),
    )


def downgrade() -> None:
    """A house does not go back: expand, backfill, contract. Restore instead."""
    raise NotImplementedError
