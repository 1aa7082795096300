"""The simulators as anybody starts them, and what they answer to whoever is not let in."""

import asyncio
import os
import signal
import sys

import httpx
import pytest

from tests.notify.gateways.conftest import TOKEN, Remote


@pytest.mark.processes
@pytest.mark.parametrize("which", ["carrier", "sms"])
async def test_each_starts_from_the_command_line_and_stops_when_told(which: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "deploy.simulators",
        which,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        url = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{url}/admin/records")).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 60) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_without_the_token_nothing_is_booked_or_sent(
    remote_carrier: Remote, remote_sms: Remote
) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        for url in (f"{remote_carrier.url}/orders", f"{remote_sms.url}/messages"):
            assert (await client.post(url, json={})).status_code == 401
            headers = {"Authorization": f"Bearer {TOKEN}x"}
            assert (await client.post(url, json={}, headers=headers)).status_code == 401


async def test_forgetting_keeps_waybill_numbers_from_being_used_twice(
    remote_carrier: Remote,
) -> None:
    order = {
        "client_order_no": "1",
        "sender": {"name": "甲", "phone": "1", "address": "兰州"},
        "receiver": {"name": "乙", "phone": "2", "address": "西宁"},
    }
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=remote_carrier.url, trust_env=False) as client:
        first = (await client.post("/orders", json=order, headers=headers)).json()["data"]
        await client.delete("/admin/records")
        second = (await client.post("/orders", json=order, headers=headers)).json()["data"]
    assert first["waybill_no"] != second["waybill_no"]


async def test_a_journey_that_is_not_known_is_said_at_once(remote_carrier: Remote) -> None:
    async with httpx.AsyncClient(base_url=remote_carrier.url, trust_env=False) as client:
        answer = await client.post("/admin/scripts", json={"journey": "to the moon"})
    assert answer.status_code == 422
