"""Rows of a table as a part of a larger statement (gathering.py): they travel as one JSON text, so
that it is the same statement however many they are."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic_core import to_json
from sqlalchemy import ClauseElement, LargeBinary, Table, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper

from shared.db import gathering
from shared.db.gathering import Bound, Clause

Row = Mapping[str, Any]


def inserting(
    table: Table, columns: Iterable[str], *, key: Sequence[str] = (), conflict: str = ""
) -> Clause:
    """`conflict` as in SQL, from ON CONFLICT on. Of several rows with the same `key` the last
    counts, as if they had been written one after another."""
    names = ", ".join(columns)
    sql = f"""
{table.name}_kept AS (
    INSERT INTO {table.name} ({names}) SELECT {names} FROM {_given(table)} {conflict}
)
"""
    return Clause(table.name, sql, _Binding(table, key))


def updating(
    table: Table, columns: Iterable[str], *, key: Sequence[str], unless_null: Sequence[str] = ()
) -> Clause:
    """Those `unless_null` stay as they are where nothing is given for them."""
    values = [
        f"{name} = coalesce(given.{name}, kept.{name})"
        if name in unless_null
        else f"{name} = given.{name}"
        for name in columns
    ]
    sql = f"""
{table.name}_changed AS (
    UPDATE {table.name} AS kept SET {", ".join(values)} FROM {_given(table)}
    WHERE {" AND ".join(f"kept.{name} = given.{name}" for name in key)}
)
"""
    return Clause(table.name, sql, _Binding(table, key))


async def write_new(session: AsyncSession) -> None:
    """What the session has new is gathered, and leaves it; where everything is written at once, or
    the database has to work something out, it is flushed."""
    waiting, new = gathering.gathered(session), list(session.new)
    rows = [(_mapper(type(each)), _values(each)) for each in new]
    if waiting is None or any(_worked_out(row) for _, row in rows):
        await session.flush()
        return
    for each in new:
        session.expunge(each)
    for mapper, row in rows:
        clause = _inserting_all(mapper, _left_to_default(mapper, row))
        await gathering.write(session, clause, [row])
    waiting.whole = waiting.whole or bool(rows)


def _mapper(kind: type[Any]) -> "Mapper[Any]":
    mapper: Mapper[Any] = inspect(kind)
    return mapper


def _values(row: Any) -> dict[str, Any]:
    kept = row.__dict__
    columns = _columns(_mapper(type(row)))
    return {column: kept[name] for name, column in columns.items() if name in kept}


@lru_cache(maxsize=256)
def _columns(mapper: "Mapper[Any]") -> Mapping[str, str]:
    return {each.key: each.columns[0].name for each in mapper.column_attrs}


def _worked_out(row: Row) -> bool:
    return any(isinstance(value, ClauseElement) for value in row.values())


@lru_cache(maxsize=256)
def _defaulted(mapper: "Mapper[Any]") -> frozenset[str]:
    columns = mapper.local_table.columns
    return frozenset(each.name for each in columns if each.server_default or each.identity)


def _left_to_default(mapper: "Mapper[Any]", row: Row) -> frozenset[str]:
    return _defaulted(mapper).difference(row)


@lru_cache(maxsize=256)
def _inserting_all(mapper: "Mapper[Any]", left_out: frozenset[str]) -> Clause:
    table = mapper.local_table
    assert isinstance(table, Table)  # noqa: S101  (what is mapped is mapped to a table)
    return inserting(table, (each.name for each in table.columns if each.name not in left_out))


class _Binding:
    """Rows as the one parameter that `_given` reads."""

    def __init__(self, table: Table, key: Sequence[str]) -> None:
        self._name = _parameter(table)
        self._key = key
        self._bytes = [each.name for each in table.columns if isinstance(each.type, LargeBinary)]

    def __call__(self, given: Sequence[Row]) -> Bound:
        rows = given
        if self._key:
            rows = list({tuple(row[name] for name in self._key): row for row in given}.values())
        if self._bytes:
            rows = [self._written(row) for row in rows]
        return {self._name: to_json(rows).decode()}

    def _written(self, row: Row) -> Row:
        found = {name: row[name] for name in self._bytes if row.get(name) is not None}
        return {**row, **{name: f"\\x{value.hex()}" for name, value in found.items()}}


def _parameter(table: Table) -> str:
    return f"{table.name}_rows"


def _given(table: Table) -> str:
    named = f"CAST(NULL AS {table.name}), CAST(:{_parameter(table)} AS json)"
    return f"json_populate_recordset({named}) AS given"
