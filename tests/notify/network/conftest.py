"""Notify with the simulators on real ports, and the gateways that lead to them."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import deploy.simulators
from deploy.simulators.carrier import new_carrier
from deploy.simulators.doors import serving
from deploy.simulators.sms import new_sms
from services.notify import app as notify
from services.notify.gateways.calls import Line
from services.notify.gateways.carriers import CarrierGateway
from services.notify.gateways.json_carrier import open_carrier
from services.notify.gateways.json_sms import JsonSms, open_sms
from shared.premises import Premises
from shared.security.secret_files import create_secret
from tests.notify.network.remotes import SECRET, Remote
from tests.notify.town import Time

SIMULATORS = Path(deploy.simulators.__file__).parent


@pytest.fixture
async def carrier(time: Time) -> AsyncIterator[Remote]:
    async with serving(new_carrier(clock=time)) as url:
        yield Remote(url)


@pytest.fixture
async def sms() -> AsyncIterator[Remote]:
    async with serving(new_sms(reports_by_itself=False)) as url:
        yield Remote(url)


@pytest.fixture
def gateways(tmp_path: Path, carrier: Remote, sms: Remote) -> dict[str, Any]:
    folder = tmp_path / "gateways"
    folder.mkdir()
    for name in ("carrier", "sms"):
        shutil.copy(SIMULATORS / f"{name}.toml", folder)
        create_secret(folder / f"{name}.token", b"token")
        create_secret(folder / f"{name}.webhook", SECRET.encode())
    return {
        "carrier_files": (folder / "carrier.toml",),
        "carrier_bases": {"carrier": carrier.url},
        "sms_file": folder / "sms.toml",
        "sms_base": sms.url,
        "outbound_allowed": ("127.0.0.0/8",),
    }


@pytest.fixture
def texting(premises: Premises) -> JsonSms:
    settings = premises.settings
    assert isinstance(settings, notify.Settings)
    assert settings.sms_file is not None
    line = Line(premises.outbound, premises.clock)
    return open_sms(settings.sms_file, line, base=settings.sms_base)


@pytest.fixture
def carriers(premises: Premises) -> dict[str, CarrierGateway]:
    settings = premises.settings
    assert isinstance(settings, notify.Settings)
    line = Line(premises.outbound, premises.clock)
    base = settings.carrier_bases["carrier"]
    return {"simulated": open_carrier(settings.carrier_files[0], line, base=base)}
