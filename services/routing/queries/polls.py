"""Queue polling: an unchanged page costs no query, a waiting poll answers at once to news."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from services.routing.models import HandoffRow
from services.routing.queries.watcher import STALE_AFTER, QueueWatcher
from shared.clock import Clock
from shared.http import etags

REMEMBERED = 20_000

Kind = TypeVar("Kind")
Load = Callable[[], Awaitable[Sequence[HandoffRow]]]


@dataclass(frozen=True, slots=True)
class Poll:
    """What is asked for; equal polls of many readers share what is known of the page."""

    location: str
    status: str | None
    free: bool | None
    after: str | None
    limit: int


@dataclass(frozen=True, slots=True)
class _Known:
    generation: int
    etag: str
    at: datetime


class Polls:
    def __init__(self, watcher: QueueWatcher, clock: Clock, closing: asyncio.Event) -> None:
        self._watcher = watcher
        self._clock = clock
        self._closing = closing
        self._known: OrderedDict[Poll, _Known] = OrderedDict()
        self._made: dict[tuple[str, str], tuple[_Known, Any]] = {}

    async def answer(
        self, poll: Poll, load: Load, *, seen: str | None, wait: float
    ) -> tuple[str, Sequence[HandoffRow] | None]:
        """The page's tag, and its rows unless `seen` is that tag. An empty page waits, too."""
        deadline = asyncio.get_running_loop().time() + wait
        while True:
            generation = self._watcher.generation(poll.location)
            tag, rows = await self._look(poll, load, seen)
            left = deadline - asyncio.get_running_loop().time()
            news = rows if seen is None else rows is not None
            if news or left <= 0 or self._closing.is_set():
                return tag, rows
            await self._watcher.changed(
                poll.location, since=generation, seconds=left, closing=self._closing
            )

    async def remembered(self, location: str, make: Callable[[], Awaitable[Kind]]) -> Kind:
        """What was made for this queue last, as long as the queue has not changed since."""
        generation = self._watcher.generation(location)
        key = (location, make.__qualname__)
        kept = self._made.get(key)
        if kept is None or not self._current(kept[0], generation):
            kept = (_Known(generation, "", self._clock()), await make())
            self._made[key] = kept
        value: Kind = kept[1]
        return value

    async def _look(
        self, poll: Poll, load: Load, seen: str | None
    ) -> tuple[str, Sequence[HandoffRow] | None]:
        generation = self._watcher.generation(poll.location)
        known = self._known.get(poll)
        if known is not None and self._current(known, generation) and seen is not None:
            self._known.move_to_end(poll)
            if etags.matches(seen, known.etag):
                return known.etag, None
        rows = await load()
        tag = etag_of(rows)
        self._known[poll] = _Known(generation, tag, self._clock())
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return tag, None if etags.matches(seen, tag) else rows

    def _current(self, known: _Known, generation: int) -> bool:
        now = self._clock()
        fresh = now - known.at < STALE_AFTER and now - self._watcher.looked_at < STALE_AFTER
        return fresh and known.generation == generation


def etag_of(rows: Sequence[HandoffRow]) -> str:
    """From the content, so that every process tags the same page alike."""
    content = ";".join(f"{row.id}:{row.version}" for row in rows)
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:24]}"'
