"""Real PostgreSQL for every test that needs one: a server per run, a database per test."""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.database import EmbeddedDatabase
from shared.db.base import PLATFORM
from shared.db.engine import open_engine
from shared.db.transactions import Sessions, open_sessions
from shared.means import Means
from shared.security.keys import Keyring

MEMORY = Path("/dev/shm")  # noqa: S108  (only as TMPDIR, under which names are made safely)
_ROOM = 4 << 30

TEMPLATE = "tongban_template"
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
}
_numbers = itertools.count(1)

# A busy machine is not a wrong answer; the time-out of a whole test is pytest's. Two runs of the
# same code try the same examples; TEST_EXPLORE=1 looks for new ones.
settings.register_profile(
    "tongban", deadline=None, derandomize=os.environ.get("TEST_EXPLORE") != "1"
)
settings.load_profile("tongban")


def pytest_configure() -> None:
    """Databases, brokers and installations of the tests live in memory where there is room: each
    test has a database of its own, and on a disk most of a test's time is the copying of it. Who
    names a TMPDIR gets that one."""
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > _ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedDatabase]:
    """Durability is switched off: tests kill our processes, never this server."""
    with tempfile.TemporaryDirectory(prefix="tongban-pg-") as folder:
        server = EmbeddedDatabase(Path(folder) / "pg", SETTINGS)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedDatabase) -> str:
    """A database with every migration applied, copied for each test."""
    from migrations import runner

    asyncio.run(postgres.create(TEMPLATE))
    asyncio.run(runner.upgrade(postgres.url("postgres", TEMPLATE)))
    return TEMPLATE


async def _drop(postgres: EmbeddedDatabase, name: str) -> None:
    await postgres.administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
async def database(postgres: EmbeddedDatabase, template: str) -> AsyncIterator[str]:
    """The name of a fresh, migrated database."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    await postgres.create(name, template=template)
    yield name
    await _drop(postgres, name)


@pytest.fixture
async def bare_database(postgres: EmbeddedDatabase) -> AsyncIterator[str]:
    """A fresh database with the platform tables only, in schema `house`; needs no migrations."""
    name = f"b{os.getpid()}_{next(_numbers)}"
    await postgres.create(name)
    connection = await asyncpg.connect(host=postgres.socket_folder, user="postgres", database=name)
    await connection.execute("CREATE SCHEMA house")
    await connection.close()
    engine = open_engine(postgres.url("postgres", name), schema="house", name="setup")
    async with engine.begin() as opened:
        await opened.run_sync(PLATFORM.create_all)
    await engine.dispose()
    yield name
    await _drop(postgres, name)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keyring.json")


@pytest.fixture
def at() -> datetime:
    """A Monday morning in Xining: 2026-09-07 10:00 local time."""
    return datetime(2026, 9, 7, 2, 0, tzinfo=UTC)


OpenSessions = Callable[..., Awaitable[Sessions]]


@pytest.fixture
async def sessions_of(postgres: EmbeddedDatabase, keyring: Keyring) -> AsyncIterator[OpenSessions]:
    """Open sessions on a database as one house; engines are closed after the test."""
    engines: list[AsyncEngine] = []

    async def open_for(database: str, house: str, *, schema: str | None = None) -> Sessions:
        role = "postgres" if schema else f"tongban_{house}"
        engine = open_engine(
            postgres.url(role, database), schema=schema or house, name=f"test-{house}"
        )
        engines.append(engine)
        carried = Means(
            house=house, source=f"urn:tongban:630000:{house}", division="630000", keys=keyring
        )
        return open_sessions(engine, carried)

    yield open_for
    for engine in engines:
        await engine.dispose()


@pytest.fixture
async def house_sessions(bare_database: str, sessions_of: OpenSessions) -> Sessions:
    """Sessions on the platform tables of a house that exists for this test only."""
    sessions = await sessions_of(bare_database, "house", schema="house")
    async with sessions() as session:
        await session.execute(text("SELECT 1"))
    return sessions
