"""A window on a real database: the application as it is wired, its catalogue and places loaded."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from fastapi import FastAPI
from pydantic import SecretStr

from deploy.database import EmbeddedDatabase
from services.intake import app as intake
from services.intake.models import LocationRow
from shared.configuration import IssuerSettings
from shared.premises import Premises, open_premises
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer
from shared.security.keys import Keyring
from tests.intake.places import PLACES

CATALOGUE = Path(__file__).parents[2] / "deploy" / "catalogue.json"
AT = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)

Tokens = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Unconfigured, structlog draws each error with all its locals: a burst would never end.
    Only while one of these tests runs: others, in the same process, read what is logged."""
    kept = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**kept)


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer.new()


@pytest.fixture
async def premises(
    database: str, postgres: EmbeddedDatabase, tmp_path: Path, issuer: LocalIssuer
) -> AsyncIterator[Premises]:
    keyring_file = tmp_path / "keyring.json"
    Keyring.create(keyring_file)
    jwks_file = tmp_path / "jwks.json"
    jwks_file.write_text(json.dumps(issuer.jwks()))
    settings = intake.Settings(
        served=False,
        transport="embedded",
        database_url=SecretStr(postgres.url("tongban_intake", database)),
        sealer_database_url=SecretStr(postgres.url("tongban_intake_sealer", database)),
        keyring_file=keyring_file,
        files_url=(tmp_path / "files").as_uri(),
        issuers=(IssuerSettings(issuer=issuer.url, jwks_file=jwks_file),),
        division="630000",
    )
    async with open_premises("intake", settings, lambda: AT) as opened:
        await intake.load_catalogue(opened, CATALOGUE)
        async with opened.sessions.begin() as session:
            session.add_all(_location(code, kind, division) for code, kind, division in PLACES)
        yield opened


def _location(code: str, kind: str, division: str) -> LocationRow:
    return LocationRow(
        code=code,
        version=1,
        name=f"{code}(示例)",
        kind=kind,
        division=division,
        valid_from=date(2024, 1, 1),
        valid_to=None,
    )


@pytest.fixture
def app(premises: Premises) -> FastAPI:
    return intake.create_app(premises)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake.test") as opened:
        yield opened


@pytest.fixture
def token(issuer: LocalIssuer) -> Tokens:
    def make(
        role: str = "clerk", location: str | None = "630000-C1", **claims: str
    ) -> dict[str, str]:
        issued = issuer.issue(
            subject=f"{role}-{location}",
            name="示例人员",
            role=Role(role),
            location=location,
            at=AT,
            ttl=timedelta(hours=1),
            **claims,
        )
        return {"Authorization": f"Bearer {issued}"}

    return make
