"""What the migrations make is what the models say, for each house."""

import pytest
from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.database import EmbeddedDatabase
from migrations import runner
from migrations.houses import APPEND_ONLY, HOUSES, METADATA, PLATFORM_TABLES
from shared.db.base import PLATFORM


@pytest.mark.parametrize("house", HOUSES)
@pytest.mark.filterwarnings("ignore:Did not recognize type .xid8.")
async def test_the_migrations_lead_to_the_models(
    postgres: EmbeddedDatabase, database: str, house: str
) -> None:
    engine = create_async_engine(postgres.url("postgres", database))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_check, house)
    finally:
        await engine.dispose()


def _check(connection: Connection, house: str) -> None:
    """Alembic raises with every difference it finds."""
    command.check(runner._config(house, connection))


def test_every_platform_table_is_named_for_the_migrations() -> None:
    assert {table.name for table in PLATFORM_TABLES} == set(PLATFORM.tables)


def test_what_is_append_only_exists() -> None:
    tables = {name for metadata in METADATA.values() for name in metadata.tables}
    assert tables | set(PLATFORM.tables) >= APPEND_ONLY


def test_no_house_has_a_table_of_the_platform() -> None:
    for house, metadata in METADATA.items():
        assert not set(metadata.tables) & set(PLATFORM.tables), house
