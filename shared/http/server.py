"""Uvicorn, told at the first signal that we are closing, so that waiting polls answer and end."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp


def settle() -> None:
    """What was made while starting stays until the end: the collector need not walk it again and
    again (some hundred thousand objects, looked at in the middle of somebody's request)."""
    gc.collect()
    gc.freeze()
    # Nearly all that a request makes is gone with it, without the collector, which by itself would
    # look after every 700 things.
    gc.set_threshold(20_000, 20, 20)


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
        settle()
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn would raise the signal again once it has ended, into the midst of our end."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self.handle_exit, each, None)
        try:
            yield
        finally:
            for each in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(each)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_signal()
        super().handle_exit(sig, frame)
