"""Notify on a real database, wired as it is; places and one item are known."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from deploy.database import EmbeddedDatabase
from services.notify import app as notify
from shared.configuration import IssuerSettings
from shared.premises import Premises, open_premises
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer
from shared.security.keys import Keyring
from tests.notify import town
from tests.notify.town import OFFICE, WINDOW, Post, Time

Tokens = Callable[..., dict[str, str]]


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer.new()


@pytest.fixture
def gateways() -> dict[str, Any]:
    """Settings for gateways; none, unless a test says otherwise."""
    return {}


@pytest.fixture
async def premises(
    database: str,
    postgres: EmbeddedDatabase,
    tmp_path: Path,
    issuer: LocalIssuer,
    time: Time,
    gateways: dict[str, Any],
) -> AsyncIterator[Premises]:
    keyring_file = tmp_path / "keyring.json"
    Keyring.create(keyring_file)
    jwks_file = tmp_path / "jwks.json"
    jwks_file.write_text(json.dumps(issuer.jwks()))
    settings = notify.Settings(
        served=False,
        transport="embedded",
        database_url=SecretStr(postgres.url("tongban_notify", database)),
        sealer_database_url=SecretStr(postgres.url("tongban_notify_sealer", database)),
        keyring_file=keyring_file,
        files_url=(tmp_path / "files").as_uri(),
        issuers=(IssuerSettings(issuer=issuer.url, jwks_file=jwks_file),),
        division="630000",
        public_url="http://notify.test",
        **gateways,
    )
    async with open_premises("notify", settings, time) as opened:
        yield opened


@pytest.fixture
def app(premises: Premises) -> FastAPI:
    return notify.create_app(premises)


@pytest.fixture
async def post(premises: Premises, app: FastAPI) -> Post:
    """The street up to the first case: items and places have been told."""
    carried = Post(premises)
    await carried.tell(town.item_published(), subject="item:YB-001")
    for code, name, division in (
        (WINDOW, "青海省政务服务中心(示例)", "630000"),
        (OFFICE, "兰州市城关区医保局(示例)", "620102"),
    ):
        await carried.tell(town.location(code, name, division), subject=f"location:{code}")
    return carried


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify.test") as opened:
        yield opened


@pytest.fixture
def token(issuer: LocalIssuer, time: Time) -> Tokens:
    def make(role: str = "clerk", location: str | None = WINDOW, **claims: str) -> dict[str, str]:
        issued = issuer.issue(
            subject=f"{role}-{location}",
            name="示例人员",
            role=Role(role),
            location=location,
            at=time(),
            ttl=timedelta(days=365),
            **claims,
        )
        return {"Authorization": f"Bearer {issued}"}

    return make
