"""Rows that several do one after another in one transaction, written together at its end.

Whoever applies sixteen messages in one transaction writes sixteen audit rows: one statement does,
where nobody reads them before the transaction ends.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncSession

Row = Mapping[str, Any]
Last = Callable[[AsyncSession, list[Any]], Awaitable[None]]


class Gathered:
    """`rows` by the statement that writes them; `last` is done when those are written."""

    def __init__(self) -> None:
        self.rows: dict[Executable, list[Row]] = {}
        self.last: dict[Last, list[Any]] = {}

    async def settle(self, session: AsyncSession) -> None:
        """Write the rows now: somebody is going to read them."""
        if self.rows:
            # They may refer to what the session has not written yet.
            await session.flush()
        for statement, rows in self.rows.items():
            await session.execute(statement, rows)
        self.rows.clear()


def gathered(session: AsyncSession) -> Gathered | None:
    """None where everything is written at once."""
    found: Gathered | None = session.info.get("gathered")
    return found


async def write(session: AsyncSession, statement: Executable, rows: Sequence[Row]) -> None:
    """`statement` is one made once (a constant): rows of the same one are written together."""
    if not rows:
        return
    waiting = gathered(session)
    if waiting is None:
        await session.execute(statement, list(rows))
    else:
        waiting.rows.setdefault(statement, []).extend(rows)


@asynccontextmanager
async def gathering(session: AsyncSession) -> AsyncIterator[Gathered]:
    """What is written within leaves at the end, unless it failed."""
    waiting = session.info["gathered"] = Gathered()
    try:
        yield waiting
    finally:
        del session.info["gathered"]
    await waiting.settle(session)
    for finish, given in waiting.last.items():
        await finish(session, given)
