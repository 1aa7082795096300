"""Alembic's environment: one house at a time, each with its own schema and version table."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from migrations.houses import METADATA
from shared.db.base import PLATFORM

config = context.config
house: str = config.attributes["house"]
connection: Connection = config.attributes["connection"]


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
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
