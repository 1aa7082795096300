"""A case's trail proves itself outside the database; and the services' role cannot touch it."""

import copy
import json
from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.database import EmbeddedDatabase
from shared.audit.evidence import check, export
from shared.audit.heads import export_heads
from shared.audit.sealer import seal_once
from shared.audit.trail import AUDIT
from shared.clock import utc_now
from shared.security.keys import Keyring
from tests.shared.audit.test_chain import deed, engine, trail_url, write

__all__ = ["engine", "trail_url"]

CASE = "63000026000000999"


async def _evidence(engine: AsyncEngine, keys: Keyring) -> dict[str, Any]:
    """Two rows of the case, in two seals among rows of other cases; and one not sealed yet."""
    for _ in range(2):
        await write(engine, keys, 3)
        async with engine.begin() as connection:
            await connection.execute(
                insert(AUDIT), [deed(keys, case_number=CASE, resource=f"case:{CASE}")]
            )
        assert await seal_once(engine, at=utc_now())
    async with engine.begin() as connection:
        await connection.execute(
            insert(AUDIT), [deed(keys, case_number=CASE, resource=f"case:{CASE}")]
        )
    # As it is read by somebody else, from paper or disk.
    read: dict[str, Any] = json.loads(json.dumps(await export(engine, CASE)))
    return read


async def test_a_cases_trail_is_whole_outside_the_database(
    engine: AsyncEngine, keyring: Keyring
) -> None:
    document = await _evidence(engine, keyring)
    assert check(document) == []
    assert [row["seal"] for row in document["rows"]] == [1, 2, None]
    heads = [head.head.hex() async for head in export_heads(engine)]
    assert [seal["head"] for seal in document["seals"]] == heads
    # Nothing of other cases but ids and hashes.
    assert "63000026000000123" not in json.dumps(document)


CHANGED: Mapping[str, Any] = {
    "id": "0198f3a2-7c1e-7d40-9a11-3f5b2c6d7e80",
    "at": "2026-09-07T02:00:00.000001Z",
    "actor": "somebody",
    "actor_role": "ops",
    "actor_location": None,
    "action": "other",
    "case_number": "63000026000000998",
    "resource": "",
    "outcome": "refused",
    "address": None,
    "request_id": "r2",
    "facts": "{}",
    "proof": "00",
}


def test_every_column_is_changed_below() -> None:
    assert set(CHANGED) == set(AUDIT.c.keys())


@pytest.mark.parametrize("column", CHANGED)
async def test_no_column_of_the_exported_trail_can_be_changed(
    engine: AsyncEngine, keyring: Keyring, column: str
) -> None:
    document = await _evidence(engine, keyring)
    document["rows"][1]["columns"][column] = CHANGED[column]
    assert check(document) == [f"row {document['rows'][1]['columns']['id']}"]


async def test_no_seal_of_the_exported_trail_can_be_changed(
    engine: AsyncEngine, keyring: Keyring
) -> None:
    document = await _evidence(engine, keyring)
    for column, value in (
        ("sealed_at", "2026-09-07T02:00:00+00:00"),
        ("size", 3),
        ("previous", "00"),
        ("head", "00"),
    ):
        changed = copy.deepcopy(document)
        changed["seals"][1][column] = value
        assert check(changed) == ["seal 2"]
    changed = copy.deepcopy(document)
    changed["seals"][0]["rows"].pop(0)
    assert "seal 1" in check(changed)


_FORBIDDEN = (
    "UPDATE {}.audit SET actor = 'x'",
    "DELETE FROM {}.audit",
    "TRUNCATE {}.audit",
    "ALTER TABLE {}.audit DISABLE TRIGGER ALL",
    "DROP TABLE {}.audit",
    "SELECT 1 FROM {}.audit_seal",
    "INSERT INTO {}.audit_seal VALUES (1, now(), 'sha256', 1, '', '')",
    "DELETE FROM {}.audit_link",
)
_FORBIDDEN_TO_THE_SEALER = (
    "UPDATE {}.audit SET actor = 'x'",
    "DELETE FROM {}.audit",
    "INSERT INTO {0}.audit SELECT * FROM {0}.audit",
    "UPDATE {}.audit_seal SET size = 1",
    "DELETE FROM {}.audit_seal",
    "UPDATE {}.audit_link SET position = 1",
    "DELETE FROM {}.audit_link",
)


@pytest.mark.parametrize("house", ["intake", "routing", "notify"])
async def test_the_roles_that_run_can_add_to_the_trail_and_change_nothing_of_it(
    postgres: EmbeddedDatabase, database: str, house: str
) -> None:
    for role, statements in (
        (f"tongban_{house}", _FORBIDDEN),
        (f"tongban_{house}_sealer", _FORBIDDEN_TO_THE_SEALER),
    ):
        connection = await asyncpg.connect(
            host=postgres.socket_folder, user=role, database=database
        )
        try:
            await connection.fetch(f"SELECT 1 FROM {house}.audit")
            for statement in statements:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement.format(house))
        finally:
            await connection.close()
