"""Loops that run beside the endpoints, each restarted when it fails and ended when asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from shared.telemetry import metrics

log = structlog.get_logger()

# A loop runs until `stop` is set, then finishes what it holds and returns.
Loop = Callable[[asyncio.Event], Awaitable[None]]

_LONGEST_PAUSE = 15.0


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not a moment longer than until `stop`."""
    if not seconds:
        return
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def every(seconds: float, work: Callable[[], Awaitable[bool]]) -> Loop:
    """A loop that does `work` as long as it says there is more, then rests."""

    async def loop(stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not await work():
                await pause(stop, seconds)

    return loop


class Workers:
    def __init__(self) -> None:
        self._loops: dict[str, Loop] = {}
        self.failing: dict[str, str] = {}

    def add(self, name: str, loop: Loop) -> None:
        self._loops[name] = loop

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; a loop that raises is started again after a growing pause."""
        async with asyncio.TaskGroup() as group:
            for name, loop in self._loops.items():
                group.create_task(self._keep(name, loop, stop), name=name)

    @asynccontextmanager
    async def running(self, stop: asyncio.Event) -> AsyncIterator[None]:
        """Run beside what is within; at its end the loops finish."""
        task = asyncio.create_task(self.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def _keep(self, name: str, loop: Loop, stop: asyncio.Event) -> None:
        rest = 0.2
        while not stop.is_set():
            try:
                await loop(stop)
            except Exception as error:
                self.failing[name] = type(error).__name__
                log.error("loop_failed", loop=name, exc_info=error)
                metrics.LOOP_FAILURES.labels(name).inc()
                await pause(stop, rest)
                rest = min(rest * 2, _LONGEST_PAUSE)
            else:
                self.failing.pop(name, None)
                rest = 0.2
