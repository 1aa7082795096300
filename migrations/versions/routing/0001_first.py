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
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_location", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column(
            "facts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False, postgresql_using="brin")
    op.create_index(
        "ix_audit_case_number_id",
        "audit",
        ["case_number", "id"],
        unique=False,
        postgresql_where=sa.text("case_number IS NOT NULL"),
    )
    op.create_table(
        "audit_link",
        sa.Column("audit_id", sa.Uuid(), nullable=False),
        sa.Column("seal_number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("row_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_link")),
        sa.UniqueConstraint(
            "seal_number", "position", name=op.f("uq_audit_link_seal_number_position")
        ),
    )
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seal")),
    )
    op.create_table(
        "idempotency",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("reply", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller", "operation", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_expires_at"), "idempotency", ["expires_at"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("standalone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column(
            "stored_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("delays", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("delayed_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("conflict", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "producer", name=op.f("pk_inbox")),
        postgresql_with={
            "fillfactor": "85",
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_analyze_scale_factor": "0.05",
        },
    )
    op.create_index(
        "ix_inbox_due",
        "inbox",
        ["lane", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_inbox_parked",
        "inbox",
        ["parked_at"],
        unique=False,
        postgresql_where=sa.text("parked_at IS NOT NULL"),
    )
    op.create_index(
        "ix_inbox_waiting",
        "inbox",
        ["lane", "stored_at"],
        unique=False,
        postgresql_where=sa.text("applied_at IS NULL AND parked_at IS NULL"),
    )
    op.create_index(
        "uq_inbox_turn",
        "inbox",
        ["producer", "subject", "sequence"],
        unique=True,
        postgresql_where=sa.text("NOT conflict"),
    )
    op.create_table(
        "inbox_subject",
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("applied", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("producer", "subject", name=op.f("pk_inbox_subject")),
        postgresql_with={
            "fillfactor": "85",
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_analyze_scale_factor": "0.05",
        },
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("standalone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("subject", "sequence", name=op.f("uq_outbox_subject_sequence")),
        postgresql_with={
            "fillfactor": "85",
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_analyze_scale_factor": "0.05",
        },
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["lane", "next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "revocation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("token_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocation")),
    )
    op.create_index("ix_revocation_revoked_at", "revocation", ["revoked_at"], unique=False)
    op.create_table(
        "subject_sequence",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_subject_sequence")),
        postgresql_with={
            "fillfactor": "85",
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_analyze_scale_factor": "0.05",
        },
    )
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
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("from_location", sa.Text(), nullable=False),
        sa.Column("to_location", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.SmallInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index(
        "ix_appointment_case_number", "appointment", ["case_number", "id"], unique=False
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    op.create_index(
        "ix_approval_division",
        "approval",
        ["division", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index("ix_approval_handoff_id", "approval", ["handoff_id", "id"], unique=False)
    op.create_index(
        "uq_approval_asked",
        "approval",
        ["handoff_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("store_key", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sa.UniqueConstraint("case_number", "sha256", name=op.f("uq_attachment_case_number_sha256")),
        sa.UniqueConstraint("store_key", name=op.f("uq_attachment_store_key")),
    )
    op.create_table(
        "case_link",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("joint_number", sa.Text(), nullable=False),
        sa.Column("their_number", sa.Text(), nullable=True),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_number", "partner", name=op.f("pk_case_link")),
        sa.UniqueConstraint(
            "partner", "joint_number", name=op.f("uq_case_link_partner_joint_number")
        ),
    )
    op.create_index("ix_case_link_their_number", "case_link", ["their_number"], unique=False)
    op.create_table(
        "client",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
    )
    op.create_table(
        "client_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_secret")),
    )
    op.create_index("ix_client_secret_client_id", "client_secret", ["client_id"], unique=False)
    op.create_table(
        "content",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("material_code", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content")),
    )
    op.create_index(
        "ix_content_case", "content", ["case_number", "material_code", "stored_at"], unique=False
    )
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
        sa.Column("collect_told_on", sa.Date(), nullable=True),
        sa.Column("result_posted_on", sa.Date(), nullable=True),
        sa.Column("result_delivered_on", sa.Date(), nullable=True),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("clock", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("clock_state", sa.Text(), nullable=False),
        sa.Column("clock_revision", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("light", sa.Text(), nullable=False),
        sa.Column("light_rank", sa.SmallInteger(), nullable=False),
        sa.Column("light_told", sa.Text(), server_default=sa.text("'green'"), nullable=False),
        sa.Column("notice_told", sa.Text(), server_default=sa.text("'green'"), nullable=False),
        sa.Column("lane_rank", sa.SmallInteger(), nullable=False),
        sa.Column("turn", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calendar", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoff")),
    )
    op.create_index(
        "ix_handoff_calendar",
        "handoff",
        ["calendar", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND opened_at IS NOT NULL"),
    )
    op.create_index("ix_handoff_case_number", "handoff", ["case_number"], unique=False)
    op.create_index(
        "ix_handoff_division",
        "handoff",
        ["division", "location", "light_rank", "lane_rank", "turn", "window_received_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND opened_at IS NOT NULL"),
    )
    op.create_index(
        "ix_handoff_free",
        "handoff",
        ["location", "light_rank", "lane_rank", "turn", "window_received_at", "id"],
        unique=False,
        postgresql_where=sa.text(
            "holder IS NULL AND returned_at IS NULL AND status IN ('received', 'accepted')"
        ),
    )
    op.create_index(
        "ix_handoff_holder",
        "handoff",
        ["holder"],
        unique=False,
        postgresql_where=sa.text("holder IS NOT NULL"),
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
        ["location", "light_rank", "lane_rank", "turn", "window_received_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND opened_at IS NOT NULL"),
    )
    op.create_index(
        "ix_handoff_turn",
        "handoff",
        ["location", "light_rank", "lane_rank", "receiving_location", "turn"],
        unique=False,
        postgresql_where=sa.text(
            "holder IS NULL AND returned_at IS NULL AND status IN ('received', 'accepted')"
        ),
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
        "local_day",
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("division", "day", name=op.f("pk_local_day")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("from_location", sa.Text(), nullable=False),
        sa.Column("to_location", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attachments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_case_number", "message", ["case_number", "id"], unique=False)
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
        "original",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("material_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_original")),
        sa.UniqueConstraint("case_number", "place", name=op.f("uq_original_case_number_place")),
        sa.UniqueConstraint("label", name=op.f("uq_original_label")),
    )
    op.create_table(
        "parcel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("from_location", sa.Text(), nullable=False),
        sa.Column("from_division", sa.Text(), nullable=False),
        sa.Column("to_location", sa.Text(), nullable=False),
        sa.Column("to_division", sa.Text(), nullable=False),
        sa.Column("transit", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("waybill", sa.Text(), nullable=True),
        sa.Column("seal_number", sa.Text(), nullable=True),
        sa.Column("manifest_digest", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("remind_on", sa.Date(), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel")),
        sa.UniqueConstraint("number", name=op.f("uq_parcel_number")),
        sa.UniqueConstraint("serial", name=op.f("uq_parcel_serial")),
    )
    op.create_index("ix_parcel_in", "parcel", ["to_location", "id"], unique=False)
    op.create_index("ix_parcel_out", "parcel", ["from_location", "id"], unique=False)
    op.create_index(
        "ix_parcel_remind",
        "parcel",
        ["remind_on"],
        unique=False,
        postgresql_where=sa.text("remind_on IS NOT NULL"),
    )
    op.create_index(
        "ix_parcel_waybill",
        "parcel",
        ["waybill"],
        unique=False,
        postgresql_where=sa.text("waybill IS NOT NULL"),
    )
    op.create_table(
        "parcel_link",
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("joint_number", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("parcel_id", "partner", name=op.f("pk_parcel_link")),
        sa.UniqueConstraint(
            "partner", "joint_number", name=op.f("uq_parcel_link_partner_joint_number")
        ),
    )
    op.create_index("ix_parcel_link_joint_number", "parcel_link", ["joint_number"], unique=False)
    op.create_table(
        "partner_access",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partner", name=op.f("pk_partner_access")),
    )
    op.create_table(
        "partner_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "faults",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_message")),
    )
    op.create_index(
        "ix_partner_message_case_number",
        "partner_message",
        ["case_number"],
        unique=False,
        postgresql_where=sa.text("case_number IS NOT NULL"),
    )
    op.create_index(
        "ix_partner_message_file_id",
        "partner_message",
        ["file_id", "partner"],
        unique=False,
        postgresql_where=sa.text("file_id IS NOT NULL"),
    )
    op.create_index(
        "ix_partner_message_partner", "partner_message", ["partner", "id"], unique=False
    )
    op.create_index(
        "ix_partner_message_webhook_id", "partner_message", ["webhook_id"], unique=False
    )
    op.create_table(
        "partner_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_secret")),
    )
    op.create_index("ix_partner_secret_partner", "partner_secret", ["partner"], unique=False)
    op.create_table(
        "partner_webhook",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("turn", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column(
            "faults",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("partner", "webhook_id", name=op.f("pk_partner_webhook")),
    )
    op.create_index(
        "ix_partner_webhook_due",
        "partner_webhook",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(
        "ix_partner_webhook_settled",
        "partner_webhook",
        ["settled_at"],
        unique=False,
        postgresql_where=sa.text("body IS NOT NULL"),
    )
    op.create_index("ix_partner_webhook_turn", "partner_webhook", ["partner", "turn"], unique=False)
    op.create_index(
        "ix_partner_webhook_waiting",
        "partner_webhook",
        ["partner", "subject", "turn"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
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
        sa.Column("calendar", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_registry_state")),
    )
    op.create_table(
        "reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("from_location", sa.Text(), nullable=False),
        sa.Column("from_division", sa.Text(), nullable=False),
        sa.Column("to_location", sa.Text(), nullable=False),
        sa.Column("to_division", sa.Text(), nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("handoff_id", "number", name=op.f("uq_reminder_handoff_id_number")),
    )
    op.create_index(
        "ix_reminder_answer_by",
        "reminder",
        ["answer_by", "id"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NULL AND raised_at IS NULL"),
    )
    op.create_index("ix_reminder_case_number", "reminder", ["case_number", "id"], unique=False)
    op.create_index("ix_reminder_to_location", "reminder", ["to_location", "id"], unique=False)
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
        sa.Column("commitment", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("broken_promise", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("why", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("assigned_by", sa.Text(), nullable=True),
        sa.Column("assigned_words", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
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
        "transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("material_code", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("from_location", sa.Text(), nullable=False),
        sa.Column("to_location", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint(
            "handoff_id", "subject_id", name=op.f("uq_transfer_handoff_id_subject_id")
        ),
    )
    op.create_index("ix_transfer_case_number", "transfer", ["case_number", "id"], unique=False)
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
    op.create_table(
        "year_notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_year_notice")),
    )
    op.create_table(
        "custody_entry",
        sa.Column("original_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prev_seq", sa.Integer(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("from_holder", sa.Text(), nullable=False),
        sa.Column("to_holder", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(act, split_part(from_holder, ':', 1), split_part(to_holder, ':', 1)) IN (('collect', 'carrier', 'applicant'), ('collect', 'location', 'applicant'), ('fill', 'location', 'parcel'), ('find', 'lost', 'carrier'), ('find', 'lost', 'location'), ('give_back', 'location', 'applicant'), ('hand_over', 'parcel', 'carrier'), ('issue', 'issuer', 'location'), ('lose', 'carrier', 'lost'), ('lose', 'parcel', 'lost'), ('post', 'location', 'carrier'), ('scan_in', 'carrier', 'location'), ('take_in', 'applicant', 'location'), ('take_out', 'parcel', 'location'), ('turn_up', 'applicant', 'location'), ('turn_up', 'carrier', 'location'), ('turn_up', 'location', 'location'), ('turn_up', 'lost', 'location'), ('turn_up', 'parcel', 'location'))",
            name=op.f("ck_custody_entry_lawful"),
        ),
        sa.CheckConstraint(
            "(seq = 1 AND prev_seq IS NULL AND from_holder ~ '^(applicant|issuer):') OR (seq > 1 AND prev_seq = seq - 1)",
            name=op.f("ck_custody_entry_goes_on"),
        ),
        sa.CheckConstraint("from_holder <> to_holder", name=op.f("ck_custody_entry_moves")),
        sa.ForeignKeyConstraint(
            ["original_id", "prev_seq", "from_holder"],
            ["custody_entry.original_id", "custody_entry.seq", "custody_entry.to_holder"],
            name=op.f("fk_custody_entry_original_id_prev_seq_from_holder"),
        ),
        sa.ForeignKeyConstraint(
            ["original_id"], ["original.id"], name=op.f("fk_custody_entry_original_id")
        ),
        sa.PrimaryKeyConstraint("original_id", "seq", name=op.f("pk_custody_entry")),
        sa.UniqueConstraint(
            "original_id",
            "seq",
            "to_holder",
            name=op.f("uq_custody_entry_original_id_seq_to_holder"),
        ),
    )
    op.create_index(
        "ix_custody_entry_parcel",
        "custody_entry",
        ["parcel_id"],
        unique=False,
        postgresql_where=sa.text("parcel_id IS NOT NULL"),
    )
    op.create_table(
        "discrepancy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("original_id", sa.Uuid(), nullable=True),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column("described", sa.LargeBinary(), nullable=True),
        sa.Column("sender_says", sa.Text(), nullable=True),
        sa.Column("receiver_says", sa.Text(), nullable=True),
        sa.Column("settlement", sa.Text(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["original_id"], ["original.id"], name=op.f("fk_discrepancy_original_id")
        ),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcel.id"], name=op.f("fk_discrepancy_parcel_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discrepancy")),
    )
    op.create_index(
        "ix_discrepancy_described",
        "discrepancy",
        ["settled_at"],
        unique=False,
        postgresql_where=sa.text("described IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_discrepancy_original_id"), "discrepancy", ["original_id"], unique=False
    )
    op.create_index(op.f("ix_discrepancy_parcel_id"), "discrepancy", ["parcel_id"], unique=False)
    op.create_table(
        "parcel_deed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("end", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcel.id"], name=op.f("fk_parcel_deed_parcel_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_deed")),
    )
    op.create_index(op.f("ix_parcel_deed_parcel_id"), "parcel_deed", ["parcel_id"], unique=False)
    op.create_index(
        "ix_parcel_deed_said",
        "parcel_deed",
        ["at"],
        unique=False,
        postgresql_where=sa.text("words IS NOT NULL"),
    )
    op.create_table(
        "parcel_item",
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("original_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("scanned", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["original_id"], ["original.id"], name=op.f("fk_parcel_item_original_id")
        ),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcel.id"], name=op.f("fk_parcel_item_parcel_id")
        ),
        sa.PrimaryKeyConstraint("parcel_id", "original_id", name=op.f("pk_parcel_item")),
    )
    op.create_index("ix_parcel_item_original_id", "parcel_item", ["original_id"], unique=False)
    op.create_table(
        "holding",
        sa.Column("original_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["original_id", "seq", "holder"],
            ["custody_entry.original_id", "custody_entry.seq", "custody_entry.to_holder"],
            name=op.f("fk_holding_original_id_seq_holder"),
        ),
        sa.PrimaryKeyConstraint("original_id", name=op.f("pk_holding")),
    )
    op.create_index(
        "ix_holding_holder", "holding", ["holder", "since", "original_id"], unique=False
    )


def downgrade() -> None:
    """A house does not go back: expand, backfill, contract. Restore instead."""
    raise NotImplementedError
