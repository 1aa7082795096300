"""What a house stands on in this process: its engine, its sessions, its keys, its clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.configuration import HouseSettings
from shared.db.engine import open_engine
from shared.db.transactions import Sessions, open_sessions
from shared.means import Means
from shared.retention.rules import Terms
from shared.security.keys import Keyring
from shared.security.outbound import Listed, open_client
from shared.security.revocations import Revocations
from shared.security.tokens import TokenVerifier
from shared.security.trust import trusted
from shared.telemetry.access import AccessLog


@dataclass(frozen=True, slots=True)
class Premises:
    """`recorded` is set whenever a transaction of this process may have filled the outbox."""

    house: str
    settings: HouseSettings
    engine: AsyncEngine
    sealer_engine: AsyncEngine
    sessions: Sessions
    carried: Means
    clock: Clock
    outbound: httpx.AsyncClient
    verifier: TokenVerifier
    access: AccessLog | None = None
    recorded: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def terms(self) -> Terms:
        return Terms(self.settings.retention)

    async def database_answers(self) -> str | None:
        """None when the database answers and is migrated, else why not; for readiness."""
        async with self.engine.connect() as connection:
            version = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        return None if version else "not migrated"

    async def copies_caught_up(self, table: str) -> str | None:
        """Whether this house's copy of another's registry is there and nothing of it waits."""
        async with self.engine.connect() as connection:
            there, waits = (
                await connection.execute(
                    text(
                        f'SELECT EXISTS (SELECT FROM "{table}"), EXISTS ('
                        "SELECT FROM inbox WHERE standalone AND due_at IS NOT NULL)"
                    )
                )
            ).one()
        if waits:
            return f"{table} is being filled"
        return None if there else f"{table} is empty"


@asynccontextmanager
async def open_premises(
    house: str, settings: HouseSettings, clock: Clock
) -> AsyncIterator[Premises]:
    recorded = asyncio.Event()
    engine = open_engine(
        settings.database_url.get_secret_value(),
        schema=house,
        name=f"tongban-{house}",
        pool_size=settings.pool_size,
    )
    sealer_engine = open_engine(
        settings.sealer_database_url.get_secret_value(),
        schema=house,
        name=f"tongban-{house}-sealer",
        pool_size=1,
    )
    carried = Means(
        house=house,
        source=f"urn:tongban:{settings.division}:{house}",
        division=settings.division,
        keys=Keyring.load(
            settings.keyring_file, spread=timedelta(seconds=settings.keyring_arrives_within)
        ),
        wake=recorded.set,
    )
    outbound = open_client(Listed(settings.outbound_allowed))
    sessions = open_sessions(engine, carried)
    access = AccessLog(settings.access_log_dir, house) if settings.access_log_dir else None
    try:
        yield Premises(
            house=house,
            settings=settings,
            engine=engine,
            sealer_engine=sealer_engine,
            sessions=sessions,
            carried=carried,
            clock=clock,
            outbound=outbound,
            verifier=trusted(settings.issuers, outbound, Revocations(sessions)),
            access=access,
            recorded=recorded,
        )
    finally:
        if access is not None:
            access.close()
        await outbound.aclose()
        await engine.dispose()
        await sealer_engine.dispose()
