"""The first tables of intake."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

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
        "catalogue",
        sa.Column("only", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint('"only" = 1', name=op.f("ck_catalogue_only_one")),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_catalogue")),
    )
    op.create_table(
        "handed_in",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("turn", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("joint_number", sa.Text(), nullable=False),
        sa.Column("instructions", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("partner", "webhook_id", name=op.f("pk_handed_in")),
    )
    op.create_index("ix_handed_in_case_number", "handed_in", ["case_number"], unique=False)
    op.create_index(
        "ix_handed_in_due",
        "handed_in",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(
        "ix_handed_in_settled",
        "handed_in",
        ["settled_at"],
        unique=False,
        postgresql_where=sa.text("instructions IS NOT NULL"),
    )
    op.create_index(
        "ix_handed_in_waiting",
        "handed_in",
        ["partner", "joint_number", "turn"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "item_version",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("modes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("service_objects", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_item_version")),
    )
    op.create_index(
        "ix_item_version_published",
        "item_version",
        ["code", "version"],
        unique=False,
        postgresql_where=sa.text("status <> 'draft'"),
    )
    op.create_table(
        "location",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("opening", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_location")),
    )
    op.create_table(
        "number_block",
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("last_serial", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("division", "year", name=op.f("pk_number_block")),
    )
    op.create_table(
        "case_file",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("tracking_index", sa.LargeBinary(), nullable=False),
        sa.Column("tracking_index_next", sa.LargeBinary(), nullable=True),
        sa.Column("tracking_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("receiving_location", sa.Text(), nullable=False),
        sa.Column("receiving_division", sa.Text(), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("basis", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("chosen_basis", sa.Text(), nullable=True),
        sa.Column("delivery_method", sa.Text(), nullable=True),
        sa.Column("applicant_kind", sa.Text(), nullable=False),
        sa.Column("name_index", sa.LargeBinary(), nullable=True),
        sa.Column("name_index_next", sa.LargeBinary(), nullable=True),
        sa.Column("id_number_index", sa.LargeBinary(), nullable=True),
        sa.Column("id_number_index_next", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index_next", sa.LargeBinary(), nullable=True),
        sa.Column("representative_index", sa.LargeBinary(), nullable=True),
        sa.Column("representative_index_next", sa.LargeBinary(), nullable=True),
        sa.Column("application_sealed", sa.LargeBinary(), nullable=False),
        sa.Column(
            "ground",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("next_actor", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("light", sa.Text(), nullable=True),
        sa.Column("asked_until", sa.Date(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("delivery_status", sa.Text(), nullable=True),
        sa.Column("delivery_way", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retention", sa.Text(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_code", "item_version"],
            ["item_version.code", "item_version.version"],
            name=op.f("fk_case_file_item_code_item_version"),
        ),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_case_file")),
    )
    op.create_index(
        "ix_case_file_all",
        "case_file",
        [sa.literal_column("received_at DESC"), sa.literal_column("case_number DESC")],
        unique=False,
    )
    op.create_index(
        "ix_case_file_division",
        "case_file",
        ["receiving_division", sa.literal_column("received_at DESC")],
        unique=False,
    )
    op.create_index("ix_case_file_id_number_index", "case_file", ["id_number_index"], unique=False)
    op.create_index(
        "ix_case_file_incomplete",
        "case_file",
        ["asked_until"],
        unique=False,
        postgresql_where=sa.text("status = 'received_incomplete'"),
    )
    op.create_index(
        "ix_case_file_light",
        "case_file",
        [
            "receiving_location",
            "light",
            sa.literal_column("received_at DESC"),
            sa.literal_column("case_number DESC"),
        ],
        unique=False,
        postgresql_where=sa.text("light IS NOT NULL"),
    )
    op.create_index(
        "ix_case_file_light_all",
        "case_file",
        ["light", sa.literal_column("received_at DESC"), sa.literal_column("case_number DESC")],
        unique=False,
        postgresql_where=sa.text("light IS NOT NULL"),
    )
    op.create_index("ix_case_file_name_index", "case_file", ["name_index"], unique=False)
    op.create_index("ix_case_file_phone_index", "case_file", ["phone_index"], unique=False)
    op.create_index(
        "ix_case_file_received",
        "case_file",
        [
            "receiving_location",
            sa.literal_column("received_at DESC"),
            sa.literal_column("case_number DESC"),
        ],
        unique=False,
    )
    op.create_index(
        "ix_case_file_representative_index",
        "case_file",
        ["representative_index"],
        unique=False,
        postgresql_where=sa.text("representative_index IS NOT NULL"),
    )
    op.create_index(
        "ix_case_file_status",
        "case_file",
        [
            "receiving_location",
            "status",
            sa.literal_column("received_at DESC"),
            sa.literal_column("case_number DESC"),
        ],
        unique=False,
    )
    op.create_index(
        "ix_case_file_term",
        "case_file",
        ["retention", "ended_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NOT NULL AND erased_at IS NULL"),
    )
    op.create_index(
        "ix_case_file_to_do",
        "case_file",
        [
            "receiving_location",
            sa.literal_column("received_at DESC"),
            sa.literal_column("case_number DESC"),
        ],
        unique=False,
        postgresql_where=sa.text("next_actor = 'receiving'"),
    )
    op.create_index(
        "ix_case_file_to_do_all",
        "case_file",
        [sa.literal_column("received_at DESC"), sa.literal_column("case_number DESC")],
        unique=False,
        postgresql_where=sa.text("next_actor = 'receiving'"),
    )
    op.create_index("uq_case_file_tracking_index", "case_file", ["tracking_index"], unique=True)
    op.create_table(
        "case_content",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("material_code", sa.Text(), nullable=False),
        sa.Column("store_key", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_by", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_content_case_number")
        ),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_case_content")),
    )
    op.create_index("ix_case_content_store_key", "case_content", ["store_key"], unique=False)
    op.create_index(
        "uq_case_content_present",
        "case_content",
        ["case_number", "material_code"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "case_correction",
        sa.Column("correction_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected_by", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("said_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_correction_case_number")
        ),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_case_correction")),
    )
    op.create_index(
        op.f("ix_case_correction_case_number"), "case_correction", ["case_number"], unique=False
    )
    op.create_table(
        "case_handoff",
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("step_name", sa.Text(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_handoff_case_number")
        ),
        sa.PrimaryKeyConstraint("handoff_id", name=op.f("pk_case_handoff")),
    )
    op.create_index(
        op.f("ix_case_handoff_case_number"), "case_handoff", ["case_number"], unique=False
    )
    op.create_index(op.f("ix_case_handoff_location"), "case_handoff", ["location"], unique=False)
    op.create_table(
        "case_hold",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("said_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_hold_case_number")
        ),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_case_hold")),
    )
    op.create_index(
        "ix_case_hold_case_number", "case_hold", ["case_number", "hold_id"], unique=False
    )
    op.create_table(
        "case_letter",
        sa.Column("letter_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_letter_case_number")
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_case_letter")),
    )
    op.create_index(
        op.f("ix_case_letter_case_number"), "case_letter", ["case_number"], unique=False
    )
    op.create_table(
        "case_material",
        sa.Column("material_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("e_certificate_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("earlier_case", sa.Text(), nullable=True),
        sa.Column("spared", sa.Text(), nullable=True),
        sa.Column("supplement_id", sa.Uuid(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_material_case_number")
        ),
        sa.PrimaryKeyConstraint("material_id", name=op.f("pk_case_material")),
    )
    op.create_index(
        op.f("ix_case_material_case_number"), "case_material", ["case_number"], unique=False
    )
    op.create_table(
        "case_notice",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supplement_due_on", sa.Date(), nullable=True),
        sa.Column("faults_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_notice_case_number")
        ),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_case_notice")),
    )
    op.create_index(
        op.f("ix_case_notice_case_number"), "case_notice", ["case_number"], unique=False
    )
    op.create_table(
        "case_original",
        sa.Column("original_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("material_code", sa.Text(), nullable=False),
        sa.Column("supplement_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("parcel_number", sa.Text(), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_original_case_number")
        ),
        sa.PrimaryKeyConstraint("original_id", name=op.f("pk_case_original")),
    )
    op.create_index(
        op.f("ix_case_original_case_number"), "case_original", ["case_number"], unique=False
    )
    op.create_table(
        "case_payment",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("bill_number", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_payment_case_number")
        ),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_case_payment")),
    )
    op.create_index(
        "uq_case_payment_bill", "case_payment", ["case_number", "bill_number"], unique=True
    )
    op.create_table(
        "case_promise",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("material_code", sa.Text(), nullable=False),
        sa.Column("id_number_index", sa.LargeBinary(), nullable=True),
        sa.Column("id_number_index_next", sa.LargeBinary(), nullable=True),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("barred_until", sa.Date(), nullable=True),
        sa.Column("follows", sa.Text(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_promise_case_number")
        ),
        sa.PrimaryKeyConstraint(
            "case_number", "kind", "material_code", name=op.f("pk_case_promise")
        ),
    )
    op.create_index(
        "ix_case_promise_bar_over",
        "case_promise",
        ["barred_until"],
        unique=False,
        postgresql_where=sa.text("id_number_index IS NOT NULL AND barred_until IS NOT NULL"),
    )
    op.create_index(
        "ix_case_promise_barred",
        "case_promise",
        ["id_number_index"],
        unique=False,
        postgresql_where=sa.text("barred_until IS NOT NULL"),
    )
    op.create_index(
        "ix_case_promise_expires_on",
        "case_promise",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text("expires_on IS NOT NULL"),
    )
    op.create_table(
        "case_request",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("refusal_code", sa.Text(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_request_case_number")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_case_request")),
    )
    op.create_index(
        op.f("ix_case_request_case_number"), "case_request", ["case_number"], unique=False
    )
    op.create_table(
        "case_signed_paper",
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("of_paper", sa.Uuid(), nullable=True),
        sa.Column("store_key", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_by", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["case_file.case_number"],
            name=op.f("fk_case_signed_paper_case_number"),
        ),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_case_signed_paper")),
    )
    op.create_index(
        "ix_case_signed_paper_store_key", "case_signed_paper", ["store_key"], unique=False
    )
    op.create_index(
        "uq_case_signed_paper_present",
        "case_signed_paper",
        ["case_number", "kind", "of_paper"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "case_step",
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"], ["case_file.case_number"], name=op.f("fk_case_step_case_number")
        ),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_case_step")),
    )
    op.create_index("ix_case_step_case", "case_step", ["case_number", "at"], unique=False)
    op.create_table(
        "case_verification",
        sa.Column("verification_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("became", sa.Text(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_by", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["case_file.case_number"],
            name=op.f("fk_case_verification_case_number"),
        ),
        sa.PrimaryKeyConstraint("verification_id", name=op.f("pk_case_verification")),
    )
    op.create_index(
        op.f("ix_case_verification_case_number"), "case_verification", ["case_number"], unique=False
    )
    op.execute(
        "CREATE FUNCTION make_void() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], NULL)); END $$"
    )
    op.execute(
        "CREATE TRIGGER void_case_file_tracking_index_next BEFORE UPDATE OF tracking_index ON case_file FOR EACH ROW WHEN (NEW.tracking_index IS DISTINCT FROM OLD.tracking_index AND NEW.tracking_index_next = OLD.tracking_index_next) EXECUTE FUNCTION make_void('tracking_index_next')"
    )
    op.execute(
        "CREATE TRIGGER void_case_file_name_index_next BEFORE UPDATE OF name_index ON case_file FOR EACH ROW WHEN (NEW.name_index IS DISTINCT FROM OLD.name_index AND NEW.name_index_next = OLD.name_index_next) EXECUTE FUNCTION make_void('name_index_next')"
    )
    op.execute(
        "CREATE TRIGGER void_case_file_id_number_index_next BEFORE UPDATE OF id_number_index ON case_file FOR EACH ROW WHEN (NEW.id_number_index IS DISTINCT FROM OLD.id_number_index AND NEW.id_number_index_next = OLD.id_number_index_next) EXECUTE FUNCTION make_void('id_number_index_next')"
    )
    op.execute(
        "CREATE TRIGGER void_case_file_phone_index_next BEFORE UPDATE OF phone_index ON case_file FOR EACH ROW WHEN (NEW.phone_index IS DISTINCT FROM OLD.phone_index AND NEW.phone_index_next = OLD.phone_index_next) EXECUTE FUNCTION make_void('phone_index_next')"
    )
    op.execute(
        "CREATE TRIGGER void_case_file_representative_index_next BEFORE UPDATE OF representative_index ON case_file FOR EACH ROW WHEN (NEW.representative_index IS DISTINCT FROM OLD.representative_index AND NEW.representative_index_next = OLD.representative_index_next) EXECUTE FUNCTION make_void('representative_index_next')"
    )
    op.execute(
        "CREATE TRIGGER void_case_promise_id_number_index_next BEFORE UPDATE OF id_number_index ON case_promise FOR EACH ROW WHEN (NEW.id_number_index IS DISTINCT FROM OLD.id_number_index AND NEW.id_number_index_next = OLD.id_number_index_next) EXECUTE FUNCTION make_void('id_number_index_next')"
    )


def downgrade() -> None:
    """A house does not go back: expand, backfill, contract. Restore instead."""
    raise NotImplementedError
