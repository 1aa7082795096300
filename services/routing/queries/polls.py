"""Queue polling: an unchanged page costs no query, a waiting poll answers at once to news."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from services.routing.queries.handoffs import Queued
from services.routing.queries.watcher import STALE_AFTER, QueueWatcher
from shared.clock import Clock
from shared.http import etags

REMEMBERED = 20_000
# Whole pages are kept of those that were asked for last.
PAGES = 500
# Whatever changes a queue says so, leases that lapse and lights that turn too; this is only a net
# beneath. Shorter, and thousands of quiet queues would be read again and again for nothing.
MADE_ANEW_AFTER = timedelta(minutes=15)

Kind = TypeVar("Kind")
Load = Callable[[], Awaitable["Page"]]


@dataclass(frozen=True, slots=True)
class Poll:
    """What is asked for; equal polls of many readers share what is known of the page."""

    location: str
    status: str | None
    free: bool | None
    after: str | None
    limit: int


@dataclass(frozen=True, slots=True)
class Page:
    """As it is sent; an empty one has nothing to answer a waiting poll with."""

    etag: str
    body: bytes
    empty: bool


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
        self._pages: OrderedDict[Poll, Page] = OrderedDict()
        self._made: dict[tuple[str, str], tuple[_Known, Any]] = {}

    async def answer(
        self, poll: Poll, load: Load, *, seen: str | None, wait: float
    ) -> tuple[str, Page | None]:
        """The page's tag, and the page unless `seen` is that tag. An empty page waits, too."""
        deadline = asyncio.get_running_loop().time() + wait
        while True:
            generation = self._watcher.generation(poll.location)
            page = await self._look(poll, load, seen)
            left = deadline - asyncio.get_running_loop().time()
            news = not page.empty if seen is None else not etags.matches(seen, page.etag)
            if news or left <= 0 or self._closing.is_set():
                return page.etag, None if etags.matches(seen, page.etag) else page
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

    def unchanged(self, poll: Poll, seen: str) -> str | None:
        """The tag that `seen` still is, as far as is known without asking anybody."""
        known = self._known.get(poll)
        if known is None or not self._current(known, self._watcher.generation(poll.location)):
            return None
        self._known.move_to_end(poll)
        return known.etag if etags.matches(seen, known.etag) else None

    async def _look(self, poll: Poll, load: Load, seen: str | None) -> Page:
        """Whoever asks for a page without having seen one reads what is true now; those who poll
        share the page that was made when the queue last changed."""
        generation = self._watcher.generation(poll.location)
        known = self._known.get(poll)
        if seen is not None and known is not None and self._current(known, generation):
            self._known.move_to_end(poll)
            if etags.matches(seen, known.etag):
                return Page(known.etag, b"", empty=False)
            if (made := self._pages.get(poll)) is not None and made.etag == known.etag:
                return made
        page = await load()
        self._keep(poll, _Known(generation, page.etag, self._clock()), page)
        return page

    def _keep(self, poll: Poll, known: _Known, page: Page) -> None:
        self._known[poll] = known
        self._pages[poll] = page
        for kept, most in ((self._known, REMEMBERED), (self._pages, PAGES)):
            kept.move_to_end(poll)
            while len(kept) > most:
                kept.popitem(last=False)

    def _current(self, known: _Known, generation: int) -> bool:
        now = self._clock()
        looked = now - self._watcher.looked_at < STALE_AFTER
        return looked and now - known.at < MADE_ANEW_AFTER and known.generation == generation


def etag_of(rows: Sequence[Queued]) -> str:
    """From the content, so that every process tags the same page alike."""
    content = ";".join(f"{row.id}:{row.version}" for row in rows)
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:24]}"'
