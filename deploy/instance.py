"""An embedded installation as a process of its own: started, killed, started again, ended."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from deploy.database import EmbeddedDatabase

READY_WITHIN = 120.0


class NotReadyError(Exception):
    """It did not become ready; says what it wrote last."""


class Instance:
    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._environment = dict(environment or {})
        self.port = port or free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "instance.log"

    async def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            **self._environment,
            "DATA_DIR": str(self.folder),
            "PORT": str(self.port),
        }
        with self.log.open("ab") as log:
            self._process = await asyncio.to_thread(
                subprocess.Popen,
                [sys.executable, "-m", "deploy.embedded"],
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        await self._ready()

    async def _ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + READY_WITHIN
        async with httpx.AsyncClient(base_url=self.origin, timeout=2) as client:
            while asyncio.get_running_loop().time() < deadline:
                if self._process is None or self._process.poll() is not None:
                    break
                if await _all_ready(client):
                    return
                await asyncio.sleep(0.1)
        raise NotReadyError(self.log.read_text(encoding="utf-8", errors="replace")[-2000:])

    def kill(self) -> None:
        """As a power cut would; PostgreSQL goes on, as it may."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def stop(self) -> None:
        """As Ctrl-C does; then see that no server is left behind."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                await asyncio.to_thread(self._process.wait, 40)
            except subprocess.TimeoutExpired:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)
            self._process = None
        await self._end_leftover()

    async def _end_leftover(self) -> None:
        """The server of a killed process; its pid file may be half written or just going away."""
        for _ in range(50):
            if not (self.folder / "pg" / "postmaster.pid").exists():
                return
            try:
                leftover = EmbeddedDatabase(self.folder / "pg")
                await asyncio.to_thread(leftover.start)
                await asyncio.to_thread(leftover.stop)
            except AssertionError:
                await asyncio.sleep(0.2)


async def _all_ready(client: httpx.AsyncClient) -> bool:
    try:
        answers = [
            await client.get(f"/{house}/readyz") for house in ("intake", "routing", "notify")
        ]
    except httpx.HTTPError:
        return False
    return all(answer.status_code == httpx.codes.OK for answer in answers)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
