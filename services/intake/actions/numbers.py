"""Case numbers, drawn from blocks: nobody waits for anybody else's transaction.

A block is taken in a transaction of its own, before the one that uses the number. What is left of a
block when a process ends stays unused: numbers have gaps, and no number is ever given twice.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from services.intake.models import NumberBlockRow
from shared.clock import local_date
from shared.db.transactions import Sessions
from shared.identity import case_numbers


@dataclass(slots=True)
class Slip:
    """A number that goes back to the stock unless it is used."""

    number: str
    used: bool = False

    def use(self) -> str:
        # Used even if the transaction fails: whether it was committed may not be known.
        self.used = True
        return self.number


class Numbers:
    def __init__(self, sessions: Sessions, *, division: str, block: int) -> None:
        self._sessions = sessions
        self._division = division
        self._block = block
        self._stocks: dict[int, deque[str]] = {}
        self._fetching = asyncio.Lock()

    @asynccontextmanager
    async def drawn(self, at: datetime) -> AsyncIterator[Slip]:
        year = local_date(at).year
        stock = self._stocks.setdefault(year, deque())
        while not stock:
            async with self._fetching:
                if not stock:
                    stock.extend(await self._fetch(year))
        slip = Slip(stock.popleft())
        try:
            yield slip
        finally:
            if not slip.used:
                stock.appendleft(slip.number)

    async def _fetch(self, year: int) -> list[str]:
        row = NumberBlockRow
        taken = (
            insert(row)
            .values(division=self._division, year=year, last_serial=self._block)
            .on_conflict_do_update(
                index_elements=["division", "year"],
                set_={"last_serial": row.last_serial + self._block},
            )
            .returning(row.last_serial)
        )
        async with self._sessions.begin() as session:
            last = (await session.execute(taken)).scalar_one()
        serials = range(last - self._block + 1, last + 1)
        return [case_numbers.compose(self._division, year, serial) for serial in serials]
