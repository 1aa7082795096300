"""Uvicorn, told at the first signal that we are closing, so that waiting polls answer and end."""

import asyncio
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp


class Server(uvicorn.Server):
    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        on_signal: Callable[[], None],
        limit_concurrency: int | None = None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=3,
                timeout_keep_alive=30,
                limit_concurrency=limit_concurrency,
                lifespan="on",
            )
        )
        self._on_signal = on_signal
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        asyncio.get_running_loop().call_soon_threadsafe(self._on_signal)
        super().handle_exit(sig, frame)
