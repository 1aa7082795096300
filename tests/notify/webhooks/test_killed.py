"""Killed with SIGKILL when the partner has the webhook and our row does not say so yet."""

import asyncio
import json
import signal
import sys
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from services.notify.models import AttemptRow, WebhookRow
from shared.premises import Premises
from tests.notify import town
from tests.notify.town import CASE, Post, Time
from tests.notify.webhooks.conftest import Subscribing
from tests.notify.webhooks.subscriber import Subscriber


async def calling(file: Path, at: datetime, *more: str) -> int:
    """How it ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.notify.webhooks.calling_process",
        str(file),
        at.isoformat(),
        *more,
    )
    return await process.wait()


@pytest.fixture
def file(premises: Premises, tmp_path: Path) -> Path:
    written = json.loads(premises.settings.model_dump_json())
    for name in ("database_url", "sealer_database_url"):
        written[name] = getattr(premises.settings, name).get_secret_value()
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    return path


@pytest.mark.processes
@pytest.mark.timeout(240)
async def test_killed_after_the_call_and_before_its_record_the_partner_acts_once(
    post: Post,
    endpoint: Subscriber,
    subscribe: Subscribing,
    premises: Premises,
    time: Time,
    file: Path,
) -> None:
    await subscribe(endpoint)
    await post.tell(town.case_received(), subject=CASE)
    assert await calling(file, time.at, "dies") == -signal.SIGKILL
    assert len(endpoint.heard) == 1
    async with premises.sessions() as session:
        webhook = (
            await session.scalars(select(WebhookRow).where(WebhookRow.subject == CASE))
        ).one()
        tried = select(AttemptRow).where(AttemptRow.webhook_id == webhook.id)
        assert (webhook.status, (await session.scalars(tried)).all()) == ("waiting", [])
    # Past its lease another process takes it up.
    time.move(minutes=2)
    assert await calling(file, time.at) == 0
    # Told twice, under one id and in the same bytes, so that whoever keeps ids acts once.
    assert len(endpoint.heard) == 2
    assert list(endpoint.effects) == [str(webhook.message_id)]
    async with premises.sessions() as session:
        told = await session.get_one(WebhookRow, webhook.id)
        assert told.status == "delivered"
        assert len((await session.scalars(tried)).all()) == 1
