"""Notify as a process of its own, killed with SIGKILL between booking and recording it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from services.notify.models import CaseRow, DispatchRow
from shared.clock import utc_now
from shared.premises import Premises
from tests.notify import town
from tests.notify.network.remotes import Remote
from tests.notify.town import CASE, Post, Time

pytestmark = pytest.mark.timeout(240)


@asynccontextmanager
async def notify_process(file: Path, ahead: float) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.notify.network.booking_process", str(file), str(ahead)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
def file(premises: Premises, tmp_path: Path) -> Path:
    written = json.loads(premises.settings.model_dump_json())
    for name in ("database_url", "sealer_database_url"):
        written[name] = getattr(premises.settings, name).get_secret_value()
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    return path


async def until(found: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(600):
        if await found():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come to that")


async def dispatch_of(premises: Premises) -> DispatchRow:
    async with premises.sessions() as session:
        return (await session.scalars(select(DispatchRow))).one()


@pytest.mark.parametrize("point", ["claimed", "asked", "answered"])
async def test_killed_at_any_point_there_is_one_booking_after_the_restart(
    post: Post, premises: Premises, carrier: Remote, time: Time, file: Path, point: str
) -> None:
    time.at = utc_now()
    await post.tell(town.case_received("post"))
    await post.tell(town.case_decided(form="paper"))

    async def claimed() -> bool:
        return (await dispatch_of(premises)).attempts > 0

    async def booked() -> bool:
        return bool((await carrier.records())["bookings"])

    if point == "answered":
        # It has the answer in hand and waits for the case's lock to record it.
        async with premises.sessions.begin() as holding:
            await holding.execute(
                select(CaseRow).where(CaseRow.case_number == CASE).with_for_update()
            )
            async with notify_process(file, 0) as process:
                await until(booked)
                await asyncio.sleep(0.5)
                process.kill()
                await process.wait()
    elif point == "asked":
        # Done there, and the answer is long in coming.
        fault = {"kind": "status", "done": True, "seconds": 30, "status": 500}
        await carrier.order("book", fault)
        async with notify_process(file, 0) as process:
            await until(booked)
            process.kill()
            await process.wait()
    else:
        async with notify_process(file, 0) as process:
            await until(claimed)
            process.kill()
            await process.wait()
    assert point == "claimed" or (await dispatch_of(premises)).status == "planned"
    async with notify_process(file, 3) as process:
        assert await process.wait() == 0
    row = await dispatch_of(premises)
    bookings = (await carrier.records())["bookings"]
    assert (row.status, [each["waybill"] for each in bookings]) == ("booked", [row.waybill])
