"""A rest between two looks: growing while there is nothing, cut short by a sign or by the end."""

import asyncio
from contextlib import suppress


class Waiting:
    """After a `reset` it does not grow for `stay` seconds: where there was news there is more."""

    def __init__(
        self,
        sign: asyncio.Event,
        stop: asyncio.Event,
        *,
        shortest: float,
        longest: float,
        stay: float = 0.0,
    ) -> None:
        self._sign = sign
        self._stop = stop
        self._shortest = shortest
        self._longest = longest
        self._stay = stay
        self._stays_until = 0.0
        self.seconds = shortest

    def reset(self) -> None:
        self.seconds = self._shortest
        if self._stay:
            self._stays_until = asyncio.get_running_loop().time() + self._stay

    async def rest(self) -> None:
        """Returns early once `sign` or `stop` is set; the next rest is longer unless it was."""
        signs = [asyncio.ensure_future(each.wait()) for each in (self._sign, self._stop)]
        done, pending = await asyncio.wait(
            signs, timeout=self.seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for task in pending:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if done:
            self.seconds = self._shortest
        elif asyncio.get_running_loop().time() >= self._stays_until:
            self.seconds = min(self.seconds * 2, self._longest)
