"""The three real houses in this process, as `make run` runs them, on a database of a test."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from deploy.database import EmbeddedDatabase
from deploy.embedded import HOUSES, open_street
from deploy.street import Street
from shared.clock import utc_now
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer


class Copy(EmbeddedDatabase):
    """One database of the tests' server, taken for an installation's own."""

    def __init__(self, server: EmbeddedDatabase, name: str) -> None:
        super().__init__(server.folder)
        self._server = server._server
        self.name = name

    def url(self, role: str, database: str = "") -> str:
        return super().url(role, database or self.name)


@dataclass(frozen=True, slots=True)
class Installation:
    street: Street
    client: httpx.AsyncClient
    issuer: LocalIssuer
    database: Copy

    def bearer(self, role: Role, **claims: Any) -> Mapping[str, str]:
        token = self.issuer.issue(
            subject=f"{role.value}-{claims.get('location') or 'all'}",
            name="示例人员",
            role=role,
            at=utc_now(),
            ttl=timedelta(hours=1),
            **claims,
        )
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def installation(
    postgres: EmbeddedDatabase, database: str, folder: Path
) -> AsyncIterator[Installation]:
    """Loops running, catalogue and directory told to every house."""
    copy, stop = Copy(postgres, database), asyncio.Event()
    async with (
        open_street(folder, copy, port=1, stop=stop) as street,
        street._lifespan(street._front),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(street, raise_app_exceptions=False),
            base_url="http://tongban.test",
            timeout=30,
        ) as client,
    ):
        await _ready(client)
        issuer = LocalIssuer.load_or_create(folder / "keys" / "issuer.pem")
        yield Installation(street, client, issuer, copy)
        street.close()


async def _ready(client: httpx.AsyncClient) -> None:
    """All houses in one round, for one that is ready may still be asked by another."""
    for _ in range(300):
        answers = [await client.get(f"/{house}/readyz") for house in HOUSES]
        if all(answer.status_code == httpx.codes.OK for answer in answers):
            return
        await asyncio.sleep(0.1)
    raise AssertionError([answer.text for answer in answers])
