"""Connections kept open between two calls, by where they lead.

httpcore's own pool looks at every connection it has whenever a call begins or ends; with some sixty
calls out at a time that was a quarter of what a webhook cost.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

import httpcore
from httpcore import AsyncConnectionInterface as Connection

Where = tuple[bytes, bytes, int]

_SWEEP_AFTER: Final = 10.0


class Pool(httpcore.AsyncConnectionPool):
    """A connection is one call's from its beginning to the end of its answer, and then waits for
    the next to the same place. So many at once; whoever comes then waits."""

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext,
        connections: int,
        kept_for: float,
        backend: httpcore.AsyncNetworkBackend,
    ) -> None:
        super().__init__(
            ssl_context=ssl_context, keepalive_expiry=kept_for, network_backend=backend
        )
        self._most = connections
        self._free = asyncio.Semaphore(connections)
        self._waiting: dict[Where, deque[Connection]] = {}
        self._count = 0
        self._swept_at = 0.0

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        origin = request.url.origin
        where = (origin.scheme, origin.host, origin.port)
        await self._enter(request)
        try:
            await self._sweep()
            connection = await self._taken(where) or self.create_connection(origin)
            response = await connection.handle_async_request(request)
        except BaseException:
            # It has closed itself.
            self._free.release()
            raise
        assert isinstance(response.stream, AsyncIterable)  # noqa: S101  (of an asynchronous call)
        return httpcore.Response(
            status=response.status,
            headers=response.headers,
            content=_Answer(response.stream, self, where, connection),
            extensions=response.extensions,
        )

    def give_back(self, where: Where, connection: Connection) -> None:
        """What was not read to its end has been closed."""
        self._free.release()
        if connection.is_idle():
            self._waiting.setdefault(where, deque()).append(connection)
            self._count += 1

    async def aclose(self) -> None:
        waiting, self._waiting, self._count = self._waiting, {}, 0
        for connections in waiting.values():
            for each in connections:
                await each.aclose()

    async def _enter(self, request: httpcore.Request) -> None:
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("pool")):
                await self._free.acquire()
        except TimeoutError:
            raise httpcore.PoolTimeout("every connection is taken") from None

    async def _taken(self, where: Where) -> Connection | None:
        """The one that was used last: the others may end."""
        waiting = self._waiting.get(where)
        while waiting:
            connection = waiting.pop()
            self._count -= 1
            if connection.is_available() and not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def _sweep(self) -> None:
        """Those that have waited for too long or were closed by the other side; and the oldest
        where there are too many, whoever they lead to."""
        now = asyncio.get_running_loop().time()
        if self._count <= self._most and now - self._swept_at < _SWEEP_AFTER:
            return
        self._swept_at = now
        for where, waiting in list(self._waiting.items()):
            while waiting and (self._count > self._most or waiting[0].has_expired()):
                self._count -= 1
                await waiting.popleft().aclose()
            if not waiting:
                self._waiting.pop(where, None)


class _Answer:
    """The body of an answer; with its end the connection is free again."""

    def __init__(
        self, body: AsyncIterable[bytes], pool: Pool, where: Where, connection: Connection
    ) -> None:
        self._body = body
        self._pool = pool
        self._where = where
        self._connection: Connection | None = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._body:
                yield part
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            close = getattr(self._body, "aclose", None)
            if close is not None:
                await close()
        finally:
            self._pool.give_back(self._where, connection)
