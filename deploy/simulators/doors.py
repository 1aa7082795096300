"""Who may come in, and how a simulator is put on a port."""

import asyncio
import hmac
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp


class Guard:
    """An empty token lets everybody in."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}" if token else ""

    def __call__(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if self._expected and not hmac.compare_digest(given.encode(), self._expected.encode()):
            raise HTTPException(401)


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs it, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """The address at which it answers, until the block ends; port 0 takes a free one."""
    with socket.create_server((host, port)) as listener:
        config = uvicorn.Config(
            app,
            log_level="critical",  # lines are broken on purpose here
            access_log=False,
            timeout_graceful_shutdown=1,
            lifespan="on",
        )
        server = _Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.listening.wait()
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
