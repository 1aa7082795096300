"""What rows are found by (a blind index, X) and, while keys are rotated, will be found by (X_next).

A table that has a column of bytes X and beside it X_next has a pair. A rotation writes X_next under
the new key and leaves X as it is, so that every process finds every row, also one that has not read
the new ring; once all of them are ready X becomes X_next, in batches. Whoever writes X meanwhile
makes X_next void: a trigger sees to it (migrations/triggers.py), so that a switch never brings back
what was corrected, or somebody who was erased."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, case, func, null, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.security.ring import PREFIX_SIZE

NEXT: Final = "_next"


def successor(column: Any) -> Any:
    return column.table.c[f"{column.name}{NEXT}"]


def pairs(table: Table) -> Iterator[Any]:
    """Every X of a table that has an X_next."""
    return (column for column in table.c if f"{column.name}{NEXT}" in table.c)


def unready(column: Any, prefix: bytes) -> ColumnElement[bool]:
    """Made with an old key, and nothing under the present one beside it."""
    after = successor(column)
    return and_(
        _begins_otherwise(column, prefix), after.is_(None) | _begins_otherwise(after, prefix)
    )


def _begins_otherwise(column: Any, prefix: bytes) -> ColumnElement[bool]:
    return func.substring(column, 1, PREFIX_SIZE) != prefix


async def make_ready(
    session: AsyncSession, table: Table, where: ColumnElement[bool], **fresh: bytes | None
) -> bool:
    """X_next of these rows, by the name of X; where there is no X, or it is fresh, none. Whether
    there was anything to make ready."""
    values = {
        f"{name}{NEXT}": null() if digest is None else case((table.c[name] != digest, digest))
        for name, digest in fresh.items()
    }
    changes = (table.c[name].is_distinct_from(after) for name, after in values.items())
    done = await session.execute(update(table).where(where, or_(*changes)).values(values))
    return bool(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one


def unswitched(columns: Sequence[Any]) -> ColumnElement[bool]:
    return or_(*(successor(column).is_not(None) for column in columns))


class Switch:
    """Takes what the rows of one table are found by over to what is ready."""

    def __init__(self, table: Table, columns: Sequence[Any]) -> None:
        self._table = table
        self.key = tuple(table.primary_key.columns)
        self._waiting = unswitched(columns)
        self._values: dict[str, Any] = {}
        for column in columns:
            after = successor(column)
            self._values |= {column.name: func.coalesce(after, column), after.name: null()}

    async def take(
        self, session: AsyncSession, after: tuple[Any, ...] | None, limit: int
    ) -> Sequence[Any]:
        query = select(*self.key).where(self._waiting)
        if after is not None:
            query = query.where(tuple_(*self.key) > after)
        query = query.order_by(*self.key).limit(limit).with_for_update(skip_locked=True)
        return (await session.execute(query)).all()

    async def change(self, session: AsyncSession, rows: Sequence[Any]) -> int:
        these = tuple_(*self.key).in_([tuple(row) for row in rows])
        await session.execute(update(self._table).where(these).values(self._values))
        return len(rows)
