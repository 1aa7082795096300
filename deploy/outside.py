"""A carrier and an SMS gateway beside an installation: simulators as processes of their own, which
notify reaches over HTTP and which push back to it, signed."""

import asyncio
import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from deploy.instance import NotReadyError, free_port
from shared.security.secret_files import create_secret

HERE = Path(__file__).parent
KINDS = ("carrier", "sms")
READY_WITHIN = 20.0
_HOOKS = {
    "carrier": "/notify/webhooks/carriers/simulated",
    "sms": "/notify/webhooks/sms/simulated",
}


class Outside:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "gateways"
        self._ports = {kind: free_port() for kind in KINDS}
        self._hooks = {kind: _webhook_secret() for kind in KINDS}
        self._running: list[subprocess.Popen[bytes]] = []

    def url(self, kind: str) -> str:
        return f"http://127.0.0.1:{self._ports[kind]}"

    def environment(self) -> dict[str, str]:
        """What notify has to be told of them."""
        return {
            "NOTIFY_CARRIER_FILES": json.dumps([str(self.folder / "carrier.toml")]),
            "NOTIFY_CARRIER_BASES": json.dumps({"carrier": self.url("carrier")}),
            "NOTIFY_CARRIER_RULES": str(HERE / "carriers" / "rules.toml"),
            "NOTIFY_SMS_FILE": str(self.folder / "sms.toml"),
            "NOTIFY_SMS_BASE": self.url("sms"),
            "NOTIFY_OUTBOUND_ALLOWED": json.dumps(["127.0.0.0/8"]),
        }

    async def start(self) -> None:
        await asyncio.to_thread(self._prepare)
        deadline = asyncio.get_running_loop().time() + READY_WITHIN
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            for kind in KINDS:
                await _await_answer(client, f"{self.url(kind)}/admin/records", deadline)

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for kind in KINDS:
            shutil.copy(HERE / "simulators" / f"{kind}.toml", self.folder)
            create_secret(self.folder / f"{kind}.token", secrets.token_hex(16).encode())
            create_secret(self.folder / f"{kind}.webhook", self._hooks[kind].encode())
            command = [sys.executable, "-m", "deploy.simulators", kind]
            command += ["--port", str(self._ports[kind])]
            command += ["--token-file", str(self.folder / f"{kind}.token")]
            with (self.folder / f"{kind}.log").open("ab") as log:
                self._running.append(
                    subprocess.Popen(
                        command,
                        env=os.environ,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )

    async def subscribe(self, origin: str) -> None:
        """From now on both push to notify at this origin."""
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            for kind in KINDS:
                subscription = {"url": origin + _HOOKS[kind], "secret": self._hooks[kind]}
                answer = await client.put(f"{self.url(kind)}/admin/subscription", json=subscription)
                answer.raise_for_status()

    async def carry(self, waybill: str, *, steps: int = 5) -> None:
        """The parcel travels so many scans on; each is pushed before this returns."""
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            path = f"{self.url('carrier')}/admin/parcels/{waybill}/advance"
            (await client.post(path, params={"steps": steps})).raise_for_status()

    async def records(self, kind: str) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            found: dict[str, Any] = (await client.get(f"{self.url(kind)}/admin/records")).json()
        return found

    async def texts(self, phone: str, number: str) -> list[str]:
        """What was sent to this phone about this case."""
        sent = (await self.records("sms"))["sent"]
        mine = (each["content"] for each in sent if each["mobile"] == phone)
        return [text for text in mine if number in text]

    async def stop(self) -> None:
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            try:
                await asyncio.to_thread(process.wait, 10)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)
        self._running.clear()


def _webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


async def _await_answer(client: httpx.AsyncClient, url: str, deadline: float) -> None:
    while asyncio.get_running_loop().time() < deadline:
        try:
            if (await client.get(url)).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        await asyncio.sleep(0.1)
    raise NotReadyError(url)
