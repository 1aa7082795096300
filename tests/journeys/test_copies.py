"""A house that has lost what it knows of the registries is told all of it again."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from deploy.database import EmbeddedDatabase
from shared.security.callers import Role
from tests.installation import installation

COPIES = ("routing.item", "notify.item", "intake.location", "notify.location")

pytestmark = pytest.mark.timeout(180)


async def test_republishing_rebuilds_every_copy_that_was_lost(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    async with installation(postgres, database, tmp_path) as town:
        connection = await asyncpg.connect(
            host=postgres.socket_folder, user="postgres", database=database
        )
        whole = {table: await _content(connection, table) for table in COPIES}
        assert all(whole.values())
        await connection.execute(f"TRUNCATE {', '.join(COPIES)}")
        # What was told before is no longer there either: the registries themselves are asked.
        await connection.execute("DELETE FROM intake.outbox; DELETE FROM routing.outbox")
        for path in ("/intake/v1/catalogue/republication", "/routing/v1/registry/republication"):
            answer = await town.client.post(path, headers=dict(town.bearer(Role.OPS)))
            assert answer.status_code == 200, answer.text
            assert answer.json()["republished"] > 0
        async with asyncio.timeout(30):
            for table in COPIES:
                await _again(connection, table, whole[table])
        await connection.close()


async def _again(
    connection: "asyncpg.Connection[asyncpg.Record]", table: str, whole: list[str]
) -> None:
    while True:
        if await _content(connection, table) == whole:
            return
        await asyncio.sleep(0.05)


async def _content(connection: "asyncpg.Connection[asyncpg.Record]", table: str) -> list[str]:
    rows = await connection.fetch(f"SELECT t::text AS row FROM {table} t")
    return sorted(row["row"] for row in rows)
