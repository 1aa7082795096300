"""A file carried from another installation's door to ours by somebody whose lease runs on."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta

from shared.clock import Clock
from shared.http.fetching import ContentRefusedError, NotFetchedError

# Often enough for a lease of a minute.
_RENEWED_EVERY = timedelta(seconds=15)

Renew = Callable[[], Awaitable[None]]


class Carried:
    """What breaks on the way ends the upload early, so that nothing of it is kept, and is raised
    afterwards."""

    def __init__(self, stream: AsyncGenerator[bytes], renew: Renew, clock: Clock) -> None:
        self._stream = stream
        self._renew = renew
        self._clock = clock
        self._broke: NotFetchedError | ContentRefusedError | None = None

    async def chunks(self) -> AsyncGenerator[bytes]:
        renewed = self._clock()
        try:
            async with aclosing(self._stream) as stream:
                async for chunk in stream:
                    if self._clock() - renewed >= _RENEWED_EVERY:
                        await self._renew()
                        renewed = self._clock()
                    yield chunk
        except (NotFetchedError, ContentRefusedError) as error:
            self._broke = error

    def raise_what_broke(self) -> None:
        if self._broke is not None:
            raise self._broke
