"""What Prometheus is told of requests, messages and queues."""

import asyncio
import re
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from deploy.database import EmbeddedDatabase
from deploy.instance import free_port
from deploy.stories.full_online import OFFICE, SUBMISSION, WINDOW
from services.routing import sight
from shared.clock import utc_now
from shared.db.transactions import Sessions
from shared.messaging import keeping
from shared.messaging.envelope import Lane
from shared.security.callers import Role
from shared.telemetry import metrics
from shared.workers import Workers
from tests.installation import Installation, installation


def _figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.timeout(180)
async def test_a_case_is_seen_in_its_queue(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    async with installation(postgres, database, tmp_path) as houses:
        sessions: Sessions = houses.street._apps["routing"].state.sessions
        await _submit(houses, {"household_registration": "620102"})
        await _submit(houses, {"household_registration": "110101"})
        later = utc_now() + timedelta(hours=2)
        measure = sight.measure(sessions, lambda: later)
        await _until_there(sessions)
        assert await measure() is False
        assert _figure("tongban_clock_lights", light="green") == 1
        assert _figure("tongban_clock_lights", light="missed") == 0
        assert _figure("tongban_queue_free", division=OFFICE[:6]) == 1
        assert 7100 < _figure("tongban_queue_oldest_seconds", division=OFFICE[:6]) < 7300
        assert _figure("tongban_unroutable_cases") == 1

        await _claim(houses)
        await measure()
        assert _figure("tongban_queue_free", division=OFFICE[:6]) == 0
        assert _figure("tongban_queue_oldest_seconds", division=OFFICE[:6]) == 0
        status = {"house": "intake", "operation": "submit_case", "status": "201"}
        assert _figure("tongban_request_seconds_count", **status) >= 2


@pytest.mark.parametrize("table", ["inbox", "outbox"])
async def test_how_far_behind_is_answered_from_what_waits_alone(
    house_sessions: Sessions, table: str
) -> None:
    """However much was heard and said before: those rows are not looked at."""
    query = {"inbox": keeping._INBOX_LAG, "outbox": keeping._OUTBOX_LAG}[table]
    parameters = {"lanes": [lane.value for lane in Lane], "counted": keeping.COUNTED}
    async with house_sessions() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await session.execute(text(f"EXPLAIN {query.text}"), parameters)
        lines = "\n".join(plan.scalars())
    assert f"Seq Scan on {table}" not in lines
    assert {"inbox": "ix_inbox_waiting", "outbox": "ix_outbox_due"}[table] in lines


async def test_a_loop_that_fails_is_counted() -> None:
    stop, workers = asyncio.Event(), Workers()

    async def fail(_: asyncio.Event) -> None:
        stop.set()
        raise ConnectionError

    workers.add("test-fails", fail)
    before = _figure("tongban_loop_failures_total", loop="test-fails")
    await workers.run(stop)
    assert _figure("tongban_loop_failures_total", loop="test-fails") == before + 1


def test_figures_have_a_port_of_their_own() -> None:
    port = free_port()
    metrics.serve(port, host="127.0.0.1")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        told = answer.read().decode()
    assert re.search(r"^# TYPE tongban_request_seconds histogram$", told, re.MULTILINE)


async def _submit(houses: Installation, basis: dict[str, str]) -> None:
    clerk = houses.bearer(Role.CLERK, location=WINDOW)
    item = (await houses.client.get("/intake/v1/items/RS-002", headers=clerk)).json()
    answer = await houses.client.post(
        "/intake/v1/cases",
        json={**SUBMISSION, "form": item["form_example"], "basis": basis},
        headers={**clerk, "Idempotency-Key": f"case-{basis['household_registration']}"},
    )
    assert answer.status_code == 201, answer.text


async def _until_there(sessions: Sessions) -> None:
    for _ in range(300):
        async with sessions() as session:
            there = await session.scalar(text("SELECT count(*) FROM routed_case"))
        if there == 2:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the cases did not come to routing")


async def _claim(houses: Installation) -> None:
    officer = houses.bearer(Role.OFFICER, location=OFFICE)
    answer = await houses.client.post(
        f"/routing/v1/queues/{OFFICE}/claims", json={"limit": 1}, headers=officer
    )
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["handoffs"]) == 1
