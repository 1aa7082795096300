"""Brings every house's schema and roles up to date; any number may run it at once."""

from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from migrations.houses import APPEND_ONLY, HOUSES, SEALER_ADDS, SEALER_READS

HERE = Path(__file__).parent
_LOCK = 7_201_001


def service_role(house: str) -> str:
    return f"tongban_{house}"


def sealer_role(house: str) -> str:
    return f"tongban_{house}_sealer"


def _config(house: str, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("version_locations", str(HERE / "versions" / house))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["house"] = house
    config.attributes["connection"] = connection
    return config


async def upgrade(admin_url: str, *, passwords: Mapping[str, str] | None = None) -> None:
    """`admin_url`'s role owns the tables and may create roles; `passwords` are by role name and set
    when given (an embedded server trusts its own socket)."""
    engine = create_async_engine(admin_url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            # Held until commit: a second runner waits, then finds nothing to do.
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            await connection.run_sync(_upgrade_all, dict(passwords or {}))
    finally:
        await engine.dispose()


def _upgrade_all(connection: Connection, passwords: dict[str, str]) -> None:
    for house in HOUSES:
        for role in (service_role(house), sealer_role(house)):
            _ensure_role(connection, role, passwords.get(role))
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{house}"'))
        command.upgrade(_config(house, connection), "head")
        _grant(connection, house)
    connection.execute(text("SET search_path TO public"))


def _ensure_role(connection: Connection, role: str, password: str | None) -> None:
    known = connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    if not known:
        connection.execute(text(f'CREATE ROLE "{role}" LOGIN'))
    if password is not None:
        quoted = connection.scalar(text("SELECT quote_literal(:p)"), {"p": password})
        connection.execute(text(f'ALTER ROLE "{role}" PASSWORD {quoted}'))


def _grant(connection: Connection, house: str) -> None:
    service, sealer = service_role(house), sealer_role(house)
    present = set(inspect(connection).get_table_names(schema=house))
    statements = [
        f'REVOKE ALL ON SCHEMA "{house}" FROM PUBLIC',
        f'GRANT USAGE ON SCHEMA "{house}" TO "{service}", "{sealer}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{house}" TO "{service}"',
        f'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA "{house}" TO "{service}", "{sealer}"',
        f'REVOKE ALL ON "{house}"."alembic_version" FROM "{service}"',
        f'GRANT SELECT ON "{house}"."alembic_version" TO "{service}"',
    ]
    statements += [
        f'REVOKE UPDATE, DELETE, TRUNCATE ON "{house}"."{table}" FROM "{service}"'
        for table in sorted(APPEND_ONLY & present)
    ]
    for table in sorted(SEALER_READS & present):
        statements.append(f'GRANT SELECT ON "{house}"."{table}" TO "{sealer}"')
    for table in sorted(SEALER_ADDS & present):
        statements.append(f'REVOKE ALL ON "{house}"."{table}" FROM "{service}"')
        statements.append(f'GRANT SELECT, INSERT ON "{house}"."{table}" TO "{sealer}"')
    for statement in statements:
        connection.execute(text(statement))


async def autogenerate(admin_url: str, house: str, message: str) -> None:
    """For developers: write the migration that takes the house's tables to its models."""
    engine = create_async_engine(admin_url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_revise, house, message)
    finally:
        await engine.dispose()


def _revise(connection: Connection, house: str, message: str) -> None:
    there = len(list((HERE / "versions" / house).glob("[0-9]*.py")))
    command.revision(
        _config(house, connection),
        message=message,
        autogenerate=True,
        rev_id=f"{there + 1:04d}",
    )
