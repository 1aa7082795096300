"""Simulators on real ports, and the gateways that are described by the files lying beside them."""

import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import deploy.simulators
from deploy.simulators.carrier import new_carrier
from deploy.simulators.doors import serving
from deploy.simulators.sms import new_sms
from services.notify.gateways.calls import Line
from services.notify.gateways.json_carrier import JsonCarrier, open_carrier
from services.notify.gateways.json_sms import JsonSms, open_sms
from shared.clock import utc_now
from shared.security.outbound import Listed, open_client
from shared.security.secret_files import create_secret

SIMULATORS = Path(deploy.simulators.__file__).parent
TOKEN = "token-of-this-test"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
# A machine that pauses is not a far side that is silent.
PATIENCE = 60.0


class Remote:
    """The admin side of a running simulator."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self.url = url
        self._client = client

    async def order(self, operation: str, *faults: dict[str, Any], key: str = "*") -> None:
        body = {"operation": operation, "key": key, "faults": list(faults)}
        await self.post("/admin/faults", body)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = await self._client.post(self.url + path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def subscribe(self, url: str) -> None:
        body = {"url": url, "secret": SECRET}
        answer = await self._client.put(f"{self.url}/admin/subscription", json=body)
        assert answer.status_code == 200, answer.text

    async def records(self) -> dict[str, Any]:
        records: dict[str, Any] = (await self._client.get(f"{self.url}/admin/records")).json()
        return records


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The product's own client: what it refuses by default is listed here."""
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # no certificates to load: nothing is TLS here
    async with open_client(Listed(["127.0.0.0/8"]), verify=plain) as opened:
        yield opened


@pytest.fixture
def line(client: httpx.AsyncClient) -> Line:
    return Line(client, utc_now)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the gateways' files and their secrets, as an installation has it."""
    for name in ("carrier", "sms"):
        shutil.copy(SIMULATORS / f"{name}.toml", tmp_path)
        create_secret(tmp_path / f"{name}.token", TOKEN.encode())
    return tmp_path


@pytest.fixture
async def remote_carrier(client: httpx.AsyncClient) -> AsyncIterator[Remote]:
    async with serving(new_carrier(token=TOKEN)) as url:
        yield Remote(client, url)


@pytest.fixture
async def remote_sms(client: httpx.AsyncClient) -> AsyncIterator[Remote]:
    async with serving(new_sms(token=TOKEN)) as url:
        yield Remote(client, url)


@pytest.fixture
def carrier(files: Path, line: Line, remote_carrier: Remote) -> JsonCarrier:
    opened = open_carrier(files / "carrier.toml", line, base=remote_carrier.url)
    return replace(opened, line=replace(opened.line, timeout=PATIENCE))


@pytest.fixture
def sms(files: Path, line: Line, remote_sms: Remote) -> JsonSms:
    opened = open_sms(files / "sms.toml", line, base=remote_sms.url)
    return replace(opened, line=replace(opened.line, timeout=PATIENCE))
