"""Alembic's environment: one house at a time, each with its own schema and version table."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, text

from migrations import triggers
from migrations.houses import METADATA
from shared.db.base import PLATFORM

config = context.config
house: str = config.attributes["house"]
connection: Connection = config.attributes["connection"]


def _render(kind: str, value: Any, context_: Any) -> str | Literal[False]:
    """Types of our own come from shared/db/types.py, which no later change may take away."""
    if kind == "type" and type(value).__module__ == "shared.db.types":
        context_.imports.add("from shared.db import types")
        return f"types.{value!r}"
    return False


def _ours(name: str | None, kind: str, _: Any) -> bool:
    return not (kind == "table" and name == "alembic_version")


connection.execute(text(f'SET search_path TO "{house}"'))
connection.dialect.default_schema_name = house
context.configure(
    connection=connection,
    target_metadata=[PLATFORM, METADATA[house]],
    include_name=_ours,
    version_table="alembic_version",
    compare_server_default=False,
    render_item=_render,
    process_revision_directives=triggers.add_missing,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
