"""What several do one after another in one transaction, written together at its end.

Whoever applies sixteen messages in one transaction writes into as many tables as one message does:
one statement does for all of them, where nobody reads what it writes before the transaction ends.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

Bound = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """A part of a larger statement, made once (a constant): its CTEs, how all that is given becomes
    their parameters, and what has to be asked of them so that they are carried out."""

    table: str
    sql: str
    bind: Callable[[Sequence[Any]], Bound]
    asked: str = "1"


Given = dict[Clause, list[Any]]


class Gathered:
    """`first` is written when somebody is going to read it, `last` when all is done: whatever takes
    a lock that others wait for."""

    def __init__(self) -> None:
        self.first: Given = {}
        self.last: Given = {}
        # Whole rows that nobody sees before they are written.
        self.whole = False

    async def settle(self, session: AsyncSession) -> None:
        """Write what has been gathered now: somebody is going to read it."""
        given, self.first, self.whole = self.first, {}, False
        if given:
            # They may refer to what the session has not written yet.
            await session.flush()
        await _write_all(session, given)

    async def finish(self, session: AsyncSession) -> None:
        await session.flush()
        await _write_all(session, self.first | self.last)


def gathered(session: AsyncSession) -> Gathered | None:
    """None where everything is written at once."""
    found: Gathered | None = session.info.get("gathered")
    return found


async def write(
    session: AsyncSession, clause: Clause, given: Sequence[Any], *, last: bool = False
) -> None:
    """What is given for the same clause is written together."""
    if not given:
        return
    waiting = gathered(session)
    if waiting is None:
        await _write_all(session, {clause: given})
    else:
        kept = waiting.last if last else waiting.first
        kept.setdefault(clause, []).extend(given)


@asynccontextmanager
async def gathering(session: AsyncSession) -> AsyncIterator[Gathered]:
    """What is written within leaves at the end, unless it failed."""
    waiting = session.info["gathered"] = Gathered()
    try:
        yield waiting
    finally:
        del session.info["gathered"]
    await waiting.finish(session)


async def _write_all(session: AsyncSession, given: Mapping[Clause, Sequence[Any]]) -> None:
    for clauses in _together(given):
        bound: dict[str, Any] = {}
        for clause in clauses:
            bound |= clause.bind(given[clause])
        await session.execute(_statement(clauses), bound)


def _together(given: Mapping[Clause, Sequence[Any]]) -> Iterator[tuple[Clause, ...]]:
    """In one statement nobody sees what the others do: of one table there is only one in each."""
    waiting = list(given)
    while waiting:
        tables: set[str] = set()
        now: list[Clause] = []
        while waiting and waiting[0].table not in tables:
            tables.add(waiting[0].table)
            now.append(waiting.pop(0))
        yield tuple(now)


@lru_cache(maxsize=256)
def _statement(clauses: tuple[Clause, ...]) -> TextClause:
    parts = ",\n".join(each.sql for each in clauses)
    return text(f"WITH {parts}\nSELECT {', '.join(each.asked for each in clauses)}")
