"""The installation that is measured: served, of its own, with a database that really writes."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg

from deploy.instance import free_port
from deploy.served import HOUSES, Served
from shared.clock import utc_now
from shared.security.callers import Role
from shared.security.keys import Keyring
from tests.bench.load import Loader
from tests.bench.wire import Wire

DATABASE = "tongban"
# As an administrator would for a server of this size; fsync stays on. Floors run on the same one.
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "'512MB'",
    "max_wal_size": "'8GB'",
    "max_connections": "300",
    "maintenance_work_mem": "'512MB'",
}


_ANY = " OR ".join(
    f"EXISTS (SELECT FROM {house}.{table})"
    for house in HOUSES
    for table in (
        "outbox WHERE published_at IS NULL",
        "inbox WHERE applied_at IS NULL AND parked_at IS NULL",
    )
)
_ON_THEIR_WAY = f"SELECT {_ANY}"


# Each worker has a sealer with a connection of its own, which is opened when all else is ready.
_WORKERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"

# What was there before anything was measured, for those who fill databases of their own.
BEGINNING = "tongban_beginning"


@dataclass(frozen=True, slots=True)
class Samples:
    """Numbers of a few real cases at different stages, to make many of (multiply.py)."""

    waiting: str
    done: str
    accepted: str
    papers: str


@dataclass(slots=True)
class Stage:
    served: Served
    loader: Loader
    keys: Keyring
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    told: Samples | None = None
    # Since when the workers that run now have been running, by the database's clock.
    workers_since: datetime | None = None

    @property
    def samples(self) -> Samples:
        assert self.told is not None, "samples are taken when the bench begins"
        return self.told

    async def set_aside(self) -> None:
        """Keep a copy of the database as it is; nobody may use it meanwhile."""
        served = self.served
        await asyncio.gather(*(asyncio.to_thread(each.stop) for each in served.processes))
        await served.database.create(BEGINNING, template=DATABASE)
        for each in served.processes:
            each.start()
        await served.ready()

    def token(self, role: Role, location: str | None, *, subject: str | None = None) -> str:
        return self.served.issuer.issue(
            subject=subject or f"{role.value}-{location}",
            name="示例人员",
            role=role,
            location=location,
            at=utc_now(),
            ttl=timedelta(hours=4),
        )

    def headers(self, role: Role, location: str | None, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, location, **claims)}"}

    def port(self, house: str) -> int:
        return self.served.apis[house][0][0]

    def pid(self, house: str) -> int:
        pid = self.served.apis[house][0][1].pid
        assert pid is not None
        return pid

    async def connect(self, database: str = DATABASE) -> "asyncpg.Connection[Any]":
        """As the owner of the tables."""
        return await asyncpg.connect(
            host=self.served.database.socket_folder, user="postgres", database=database
        )

    @asynccontextmanager
    async def without_workers(self) -> AsyncIterator[None]:
        """One api process against one floor: what follows from a call is measured elsewhere. What
        was announced meanwhile is never told, so that it is not in the way of what comes next."""
        workers = [each for group in self.served.workers.values() for each in group]
        await asyncio.gather(*(asyncio.to_thread(each.stop) for each in workers))
        try:
            yield
        finally:
            await self.forget()
            connection = await self.connect()
            self.workers_since = await connection.fetchval("SELECT clock_timestamp()")
            await connection.close()
            for each in workers:
                each.start()
            for house, group in self.served.workers.items():
                await self.has_workers(house, len(group))

    async def has_workers(self, house: str, count: int) -> None:
        """Return once so many are at work."""
        connection = await self.connect()
        async with asyncio.timeout(60):
            while True:
                if await connection.fetchval(_WORKERS, f"tongban-{house}-sealer") >= count:
                    break
                await asyncio.sleep(0.1)
        await connection.close()

    async def calm(self, *, within: float = 90.0) -> None:
        """Before the next figure: what is on its way arrives, or is forgotten."""
        connection = await self.connect()
        busy = True
        for _ in range(int(within * 2)):
            busy = await connection.fetchval(_ON_THEIR_WAY)
            if not busy:
                break
            await asyncio.sleep(0.5)
        await connection.close()
        if busy:
            async with self.without_workers():
                pass

    async def forget(self) -> None:
        """While no worker is at it."""
        connection = await self.connect()
        for house in HOUSES:
            await connection.execute(
                f"UPDATE {house}.outbox SET published_at = now() WHERE published_at IS NULL"
            )
            await connection.execute(
                f"UPDATE {house}.inbox SET applied_at = now(), due_at = NULL "
                "WHERE applied_at IS NULL AND parked_at IS NULL"
            )
        await connection.close()

    async def floor(self, module: str, **environment: str) -> tuple[int, int]:
        """Starts a floor's process; its port and pid."""
        port = free_port()
        process = await asyncio.to_thread(
            subprocess.Popen,
            [sys.executable, "-m", f"tests.bench.floors.{module}", str(port)],
            env={
                **os.environ,
                "FLOOR_SOCKET": self.served.database.socket_folder,
                "FLOOR_DATABASE": DATABASE,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.stack.callback(_end, process)
        await listens(port)
        return port, process.pid


def cpu_seconds(pid: int) -> float:
    """What the process has used so far: less moved by what else the machine does than time is."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Spent:
    """CPU that a process uses within, over `count` answers."""

    pid: int
    seconds: float = 0.0
    count: int = 0
    _before: float = 0.0

    def __enter__(self) -> None:
        self._before = cpu_seconds(self.pid)

    def __exit__(self, *_: object) -> None:
        self.seconds += cpu_seconds(self.pid) - self._before

    @property
    def each(self) -> float:
        """Milliseconds."""
        return self.seconds * 1000 / max(self.count, 1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def listens(port: int, *, within: float = 60.0) -> None:
    """Returns when somebody answers there."""
    deadline = perf_counter() + within
    while True:
        try:
            (await Wire.open(port)).close()
        except OSError:
            if perf_counter() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return


@asynccontextmanager
async def open_stage(folder: Path) -> AsyncIterator[Stage]:
    # The receiver of webhooks is on this machine, too.
    served = Served(folder, environment={"NOTIFY_OUTBOUND_ALLOWED": '["127.0.0.0/8"]'})
    await asyncio.to_thread(_tune, served)
    await served.start()
    loader = await Loader.start()
    try:
        keys = Keyring.load(folder / "keys" / "keyring.json")
        stage = Stage(served, loader, keys)
        async with stage.stack:
            yield stage
    finally:
        await loader.stop()
        await served.stop()


def _tune(served: Served) -> None:
    database = served.database
    database.start()
    for name, value in SETTINGS.items():
        asyncio.run(database.administer(f"ALTER SYSTEM SET {name} = {value}"))
    database.stop()
