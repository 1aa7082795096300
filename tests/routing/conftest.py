"""Routing with the demo's directory and catalogue, on a database of its own, its clock movable."""

import asyncio
import itertools
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from deploy.database import EmbeddedDatabase
from services.routing import app as routing
from shared.configuration import IssuerSettings
from shared.premises import Premises, open_premises
from shared.security.issuer import LocalIssuer
from shared.security.keys import Keyring
from tests.routing.builders import CATALOGUE, House, MovableClock

STOCKED = "tongban_routing_stocked"
_numbers = itertools.count(1)
# A Monday morning in Xining.
MONDAY = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)


@asynccontextmanager
async def _premises(
    postgres: EmbeddedDatabase, name: str, folder: Path, clock: MovableClock, issuer: LocalIssuer
) -> AsyncIterator[Premises]:
    Keyring.load_or_create(folder / "keyring.json")
    (folder / "jwks.json").write_text(json.dumps(issuer.jwks()))
    settings = routing.Settings(
        served=False,
        transport="embedded",
        database_url=SecretStr(postgres.url("tongban_routing", name)),
        sealer_database_url=SecretStr(postgres.url("tongban_routing_sealer", name)),
        keyring_file=folder / "keyring.json",
        files_url=(folder / "files").as_uri(),
        issuers=(IssuerSettings(issuer=issuer.url, jwks_file=folder / "jwks.json"),),
        division="630000",
        issuer_key_file=folder / "issuer.pem",
    )
    async with open_premises("routing", settings, clock) as premises:
        yield premises


@asynccontextmanager
async def _house(
    postgres: EmbeddedDatabase, name: str, folder: Path, clock: MovableClock
) -> AsyncIterator[House]:
    issuer = LocalIssuer.load_or_create(folder / "issuer.pem")
    async with _premises(postgres, name, folder, clock, issuer) as premises:
        app = routing.create_app(premises)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://x") as client,
        ):
            yield House(premises, app, client, issuer, clock)


@pytest.fixture(scope="session")
def stocked(postgres: EmbeddedDatabase, template: str) -> str:
    """The demo's directory registered and its catalogue heard; copied for each test."""

    async def stock() -> None:
        with tempfile.TemporaryDirectory() as folder:
            clock = MovableClock(MONDAY)
            async with _house(postgres, STOCKED, Path(folder), clock) as house:
                await routing.load_directory(house.premises, Path("deploy/directory.json"))
                for item in json.loads(CATALOGUE.read_text("utf-8"))["items"]:
                    await house.publish(item)
                await house.rows("DELETE FROM inbox")
                await house.rows("DELETE FROM inbox_subject")

    asyncio.run(postgres.create(STOCKED, template=template))
    asyncio.run(stock())
    return STOCKED


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(MONDAY)


@pytest.fixture
async def house(
    postgres: EmbeddedDatabase, stocked: str, tmp_path: Path, clock: MovableClock
) -> AsyncIterator[House]:
    name = f"r{os.getpid()}_{next(_numbers)}"
    await postgres.create(name, template=stocked)
    async with _house(postgres, name, tmp_path, clock) as opened:
        yield opened
    await postgres.administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of a run makes the stocked database; that is not its fault."""
    for item in items:
        if (
            "house" in getattr(item, "fixturenames", ())
            and item.get_closest_marker("timeout") is None
        ):
            item.add_marker(pytest.mark.timeout(240))
