"""Whose request is served next: who has much under way waits for those who have little.

A process serves on one loop. If a system sends hundreds of requests at once, a clerk beside it
would wait for all of them; so each caller's first is let in at once, and more of the same caller
only while few are inside. Who waits long for a place gets one anyhow: what is inside may itself be
waiting for something, and costs nobody anything.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from typing import Final

INSIDE: Final = 2
PATIENCE: Final = 1.0

Place = asyncio.Future[None]


class Turns:
    def __init__(self, *, inside: int = INSIDE, patience: float = PATIENCE) -> None:
        self._most = inside
        self._patience = patience
        self._inside: Counter[str] = Counter()
        self._count = 0
        # By caller, the one who was given a place longest ago first.
        self._waiting: OrderedDict[str, deque[Place]] = OrderedDict()

    async def enter(self, who: str) -> None:
        if self._count < self._most or not self._inside[who]:
            self._let_in(who)
            return
        place: Place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(place)
        done, _ = await self._wait(who, place)
        if not done:
            self._forget(who, place)
            self._let_in(who)

    async def _wait(self, who: str, place: Place) -> tuple[set[Place], set[Place]]:
        try:
            return await asyncio.wait((place,), timeout=self._patience)
        except asyncio.CancelledError:
            # They went away; a place they had been given already goes to the next.
            if place.done():
                self.leave(who)
            else:
                self._forget(who, place)
            raise

    def leave(self, who: str) -> None:
        self._count -= 1
        self._inside[who] -= 1
        if not self._inside[who]:
            del self._inside[who]
        while self._waiting and self._count < self._most:
            self._call_next()

    def _call_next(self) -> None:
        who, places = self._waiting.popitem(last=False)
        self._let_in(who)
        places.popleft().set_result(None)
        if places:
            self._waiting[who] = places

    def _let_in(self, who: str) -> None:
        self._count += 1
        self._inside[who] += 1

    def _forget(self, who: str, place: Place) -> None:
        places = self._waiting.get(who)
        if places is None:
            return
        places.remove(place)
        if not places:
            del self._waiting[who]
