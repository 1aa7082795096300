"""The loop that looks for what is due: some at a time, by an index, each batch with its audit row.

Taking away twice is taking away once: what is gone is not found again, and what two workers look at
is skipped by the second.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, delete, func, null, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.audit import trail
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.retention.rules import BY_KIND, Goes, Rule, Terms

AT_ONCE: Final = 500
# How far a dry run counts.
COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Due:
    """What a batch needs to know: everything before `before`, as things stand `at` that moment."""

    rule: Rule
    before: datetime
    at: datetime
    limit: int


# Returns how many were taken away: fewer than the limit when there is no more.
Take = Callable[[AsyncSession, Due], Awaitable[int]]
# What is due, in the order of an index: for the one who wants to look first.
Find = Callable[[Due], Select[Any]]


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of data in one house. `tells` says that it writes an audit row for each case."""

    kind: str
    find: Find
    take: Take
    limit: int = AT_ONCE
    tells: bool = False

    @property
    def rule(self) -> Rule:
        return BY_KIND[self.kind]

    def due(self, terms: Terms, at: datetime) -> Due:
        return Due(self.rule, terms.before(self.kind, at), at, self.limit)


def removing(kind: str, table: Any, since: Any, *where: ColumnElement[bool]) -> Kept:
    """Rows that go as they are; an index leads to `since`, and `where` is that of the index."""
    find = _finding(table, since, *where)

    async def take(session: AsyncSession, due: Due) -> int:
        gone = await session.execute(delete(table).where(_batch(table, find, due)))
        return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE has one

    return Kept(kind, find, take)


def emptying(kind: str, column: Any, since: Any) -> Kept:
    """Rows that stay, with nothing in the column any more."""
    table = column.table
    find = _finding(table, since, column.is_not(None))

    async def take(session: AsyncSession, due: Due) -> int:
        emptied = update(table).where(_batch(table, find, due)).values({column.name: null()})
        done = await session.execute(emptied)
        return int(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one

    return Kept(kind, find, take)


def _finding(table: Any, since: Any, *where: ColumnElement[bool]) -> Find:
    key = _key(table)
    return lambda due: select(*key).where(since < due.before, *where).order_by(since)


def _batch(table: Any, find: Find, due: Due) -> ColumnElement[bool]:
    chosen = find(due).limit(due.limit).with_for_update(skip_locked=True)
    return tuple_(*_key(table)).in_(chosen)


def _key(table: Any) -> tuple[Any, ...]:
    return tuple(getattr(table, "__table__", table).primary_key.columns)


async def purge(session: AsyncSession, kept: Kept, terms: Terms, *, at: datetime) -> int:
    """One batch in this transaction; the trail says how many, by which rule."""
    due = kept.due(terms, at)
    count = await kept.take(session, due)
    if count and not kept.tells:
        await record(session, due, count)
    return count


async def record(session: AsyncSession, due: Due, count: int) -> None:
    await trail.record(
        session,
        action="data-erased" if due.rule.goes is Goes.ERASED else "data-removed",
        at=due.at,
        resource=f"retention:{due.rule.kind}",
        facts={"rule": due.rule.kind, "count": count, "before": due.before.isoformat()},
    )


def purging(
    sessions: Sessions, kept: Kept, terms: Terms, clock: Clock
) -> Callable[[], Awaitable[bool]]:
    async def work() -> bool:
        async with sessions.begin() as session:
            return await purge(session, kept, terms, at=clock()) >= kept.limit

    return work


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of a kind is due now, counted to COUNTED and no further."""

    kept: Kept
    count: int


async def waiting(
    session: AsyncSession, all_kept: Sequence[Kept], terms: Terms, *, at: datetime
) -> list[Waiting]:
    found = []
    for kept in all_kept:
        some = kept.find(kept.due(terms, at)).limit(COUNTED).subquery()
        count = await session.scalar(select(func.count()).select_from(some))
        found.append(Waiting(kept, int(count or 0)))
    return found
