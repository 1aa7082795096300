"""Copies of a house's tables for a floor to write into: same columns, indexes and references."""

from collections.abc import Sequence
from typing import Any

import asyncpg

_REFERENCES = """
SELECT conrelid::regclass::text AS owner, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype = 'f' AND connamespace = $1::regnamespace AND conrelid::regclass::text = ANY($2)
"""


async def copy_tables(
    connection: "asyncpg.Connection[Any]",
    house: str,
    tables: Sequence[str],
    *,
    filled: Sequence[str],
) -> None:
    """`filled` come with their rows."""
    await connection.execute(
        f"DROP SCHEMA IF EXISTS floor CASCADE; CREATE SCHEMA floor; SET search_path TO {house}"
    )
    for table in (*filled, *tables):
        await connection.execute(f"CREATE TABLE floor.{table} (LIKE {house}.{table} INCLUDING ALL)")
    for table in filled:
        await connection.execute(f"INSERT INTO floor.{table} SELECT * FROM {house}.{table}")
    references = await connection.fetch(_REFERENCES, house, list(tables))
    await connection.execute("SET search_path TO floor")
    for each in references:
        await connection.execute(f"ALTER TABLE floor.{each['owner']} ADD {each['definition']}")
    await connection.execute("RESET search_path")
