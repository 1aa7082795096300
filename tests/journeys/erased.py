"""What has ended is erased in one house, and soon in all of them; the trails stay whole."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from deploy import conserve
from deploy.embedded import HOUSES, house_settings
from services.intake.app import KEPT
from shared.audit.verify import verify
from shared.clock import utc_now
from shared.premises import Premises, open_premises
from shared.retention.purging import purge
from tests.installation import Installation

_CASES = {"intake": "case_file", "routing": "routed_case", "notify": "told_case"}
_LONG_AFTER = timedelta(days=11 * 365)


async def erased_everywhere(houses: Installation, folder: Path) -> int:
    """How many cases it were."""
    async with AsyncExitStack() as stack:
        street = {}
        for name in HOUSES:
            settings = house_settings(name, folder, houses.database, port=1)
            street[name] = await stack.enter_async_context(open_premises(name, settings, utc_now))
        count = await _purged(street["intake"])
        for name, premises in street.items():
            await _follows(premises, _CASES[name], count)
        found = await conserve.check_now(houses.database.url("postgres"))
        assert list(found.breaches) == []
        for premises in street.values():
            verdict = await verify(premises.sealer_engine, keys=premises.carried.keys)
            assert verdict.whole, (premises.house, verdict.first_break)
    return count


async def _purged(intake: Premises) -> int:
    count = 0
    for kept in KEPT:
        async with intake.sessions.begin() as session:
            at = utc_now() + _LONG_AFTER
            count += await purge(session, kept, intake.terms, at=at)
    return count


async def _follows(premises: Premises, table: str, count: int) -> None:
    deadline = asyncio.get_running_loop().time() + 30
    while True:
        async with premises.sessions() as session:
            query = f"SELECT count(*) FROM {table} WHERE erased_at IS NOT NULL"
            erased = await session.scalar(text(query))
        if erased == count or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.1)
    assert erased == count, premises.house
