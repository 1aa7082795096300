"""Which queues have changed: one small query a tick for the whole process, however many poll."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.workers import pause

TICK = 0.1
# Where there was news within the last second, more of it is on its way: somebody waits for it.
BUSY_TICK = 0.03
BUSY_FOR = 1.0
# Whoever has not been able to look for so long does not say that nothing has changed.
STALE_AFTER = timedelta(seconds=30)

# Rows become visible in the order of commits, not of their numbers: whatever was still open at the
# last look (its snapshot's xmin) may show up now, so the next look begins there again.
_CHANGES = text("""
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
    (SELECT coalesce(json_agg(json_build_array(id, location)), '[]')
     FROM queue_change WHERE xact >= CAST(CAST(:horizon AS text) AS xid8)) AS changes
""")
_HORIZON = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")


class QueueWatcher:
    """`generation(location)` grows whenever that queue may have changed since it was last asked."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._generations: dict[str, int] = defaultdict(int)
        self._changed: dict[str, asyncio.Event] = {}
        self._seen: set[int] = set()
        self._horizon: str | None = None
        self.looked_at = clock()

    def generation(self, location: str) -> int:
        return self._generations[location]

    def touch(self, location: str) -> None:
        """This process changed the queue itself: its next reader sees it at once."""
        self._generations[location] += 1
        event = self._changed.pop(location, None)
        if event is not None:
            event.set()

    async def changed(
        self, location: str, *, since: int, seconds: float, closing: asyncio.Event
    ) -> bool:
        """Wait until the queue is no longer of generation `since`, the time is over or the house
        closes. What changed while the page was being read counts: it is not waited for again."""
        if self._generations[location] != since:
            return True
        event = self._changed.setdefault(location, asyncio.Event())
        waits = [asyncio.ensure_future(each.wait()) for each in (event, closing)]
        done, pending = await asyncio.wait(
            waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for task in pending:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        return bool(done) and event.is_set()

    async def run(self, stop: asyncio.Event) -> None:
        # After an outage nobody knows what was missed: everything counts as changed.
        self._horizon = None
        for location in list(self._generations):
            self.touch(location)
        clock, busy_until = asyncio.get_running_loop().time, 0.0
        async with self._engine.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            while not stop.is_set():
                if self._horizon is None:
                    self._horizon = await connection.scalar(_HORIZON)
                row = (await connection.execute(_CHANGES, {"horizon": self._horizon})).one()
                self._horizon = row.horizon
                if self._take(row.changes):
                    busy_until = clock() + BUSY_FOR
                self.looked_at = self._clock()
                await pause(stop, BUSY_TICK if clock() < busy_until else TICK)

    def _take(self, changes: list[tuple[int, str]]) -> bool:
        """Whether there was news."""
        new = [(id_, location) for id_, location in changes if id_ not in self._seen]
        self._seen = {id_ for id_, _ in changes}
        for location in {location for _, location in new}:
            self.touch(location)
        return bool(new)
