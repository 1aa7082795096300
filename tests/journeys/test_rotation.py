"""Keys are rotated while people work, from one family of algorithms to the other: no request fails,
and nothing stays with the old keys."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from sqlalchemy import select

from deploy.database import EmbeddedDatabase
from deploy.embedded import HOUSES, house_settings
from deploy.keys import rotate_in
from deploy.stories import full_online, remote_collection
from deploy.stories.people import World
from shared.audit.chain import AUDIT_SEAL
from shared.audit.sealer import Sealer
from shared.audit.verify import verify
from shared.clock import utc_now
from shared.premises import open_premises
from shared.security.algorithms import SM
from shared.security.callers import Role
from shared.security.keys import Keyring
from shared.security.resealing import House, reseal_houses
from shared.security.ring import ROTATED
from tests.installation import Installation, installation
from tests.journeys.erased import erased_everywhere

# Looks at the ring again every two seconds; a transaction of these tests takes far less than one.
GRACE = timedelta(seconds=4)
CONTENT = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
_SUBMIT = "/intake/v1/cases"


@pytest.mark.timeout(240)
async def test_keys_are_rotated_under_load_and_nothing_stays_with_the_old_ones(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    async with installation(postgres, database, tmp_path) as houses:
        for name, story in (("a", full_online.tell), ("b", remote_collection.tell)):
            await story(World(houses.client, houses.issuer, lambda _: None, f"rotated-{name}"))
        number = await _with_a_file(houses)
        ring = Keyring.load(tmp_path / "keys" / "keyring.json")
        old: dict[str, bytes] = {purpose: ring.prefix(purpose) for purpose in ROTATED}
        async with _load(houses) as answers:
            at = utc_now()
            dict(rotate_in(ring, SM.name))
            resealed = await _reseal(houses, tmp_path, at)
            # Whoever works goes on after it.
            await asyncio.sleep(1)
        assert resealed > 100
        assert len(answers) > 50
        assert {status for status in answers if status >= 400} == set()
        assert await _sealed_with(houses, old) == {}
        # What no old key is needed for is still there when there are none.
        for purpose in ("fields", "events", "files"):
            for kid in ring.kids(purpose)[1:]:
                ring.forget(kid)
        await asyncio.sleep(2.1)
        await _is_still_there(houses, number)
        await full_online.tell(World(houses.client, houses.issuer, lambda _: None, "afterwards"))
        await _trail_goes_on(houses, tmp_path)
        # The stories have ended; their terms run out, and the person goes from every house.
        assert await erased_everywhere(houses, tmp_path) >= 3
        await _is_still_there(houses, number)


async def _trail_goes_on(houses: Installation, folder: Path) -> None:
    """With the hash of the new family, from where that of the old one has led."""
    for name in HOUSES:
        settings = house_settings(name, folder, houses.database, port=1)
        async with open_premises(name, settings, utc_now) as premises:
            keys, engine = premises.carried.keys, premises.sealer_engine
            while await Sealer(engine, utc_now, keys=keys).turn():
                pass
            verdict = await verify(engine, keys=keys)
            async with engine.connect() as connection:
                seals = await connection.scalars(select(AUDIT_SEAL.c.digest).distinct())
                assert set(seals) == {"sha256", "sm3"}
        assert verdict.whole, verdict.first_break


async def _reseal(houses: Installation, folder: Path, at: datetime) -> int:
    async with AsyncExitStack() as stack:
        opened = []
        for name, module in HOUSES.items():
            settings = house_settings(name, folder, houses.database, port=1)
            premises = await stack.enter_async_context(open_premises(name, settings, utc_now))
            opened.append(House(name, premises.sessions, module.SEALED))
        counts = await reseal_houses(opened, clock=utc_now, rotated_at=at, grace=GRACE)
    return sum(counts.values())


def _clerk(houses: Installation) -> dict[str, str]:
    return dict(houses.bearer(Role.CLERK, location=full_online.WINDOW))


async def _body(houses: Installation) -> dict[str, Any]:
    code = full_online.SUBMISSION["item_code"]
    item = await houses.client.get(f"/intake/v1/items/{code}", headers=_clerk(houses))
    return {**full_online.SUBMISSION, "form": item.json()["form_example"]}


async def _submit(houses: Installation, body: Mapping[str, Any]) -> httpx.Response:
    headers = {**_clerk(houses), "Idempotency-Key": str(uuid4())}
    return await houses.client.post(_SUBMIT, json=body, headers=headers)


async def _with_a_file(houses: Installation) -> str:
    taken = (await _submit(houses, await _body(houses))).json()
    number = str(taken["case_number"])
    code = full_online.SUBMISSION["materials"][0]["code"]
    put = await houses.client.put(
        f"{_SUBMIT}/{number}/materials/{code}/content",
        content=CONTENT,
        headers={**_clerk(houses), "Content-Type": "application/pdf"},
    )
    assert put.status_code == 201, put.text
    return number


@asynccontextmanager
async def _load(houses: Installation) -> AsyncIterator[list[int]]:
    """Submissions, their replays, searches and reads, all the while."""
    answers: list[int] = []
    stop = asyncio.Event()
    body = await _body(houses)

    async def work() -> None:
        while not stop.is_set():
            headers = {**_clerk(houses), "Idempotency-Key": str(uuid4())}
            taken = await houses.client.post(_SUBMIT, json=body, headers=headers)
            again = await houses.client.post(_SUBMIT, json=body, headers=headers)
            number, code = taken.json()["case_number"], taken.json()["tracking_code"]
            seen = await houses.client.get(f"{_SUBMIT}/{number}", headers=headers)
            public = await houses.client.get(f"/intake/v1/progress/{code}")
            name = {"name": body["applicant"]["name"]}
            found = await houses.client.post(f"{_SUBMIT}/search", json=name, headers=_clerk(houses))
            answers.extend(each.status_code for each in (taken, again, seen, public, found))
            assert again.json() == taken.json()
            assert number in found.text

    workers = [asyncio.create_task(work()) for _ in range(3)]
    try:
        yield answers
    finally:
        stop.set()
        await asyncio.gather(*workers)


async def _sealed_with(houses: Installation, old: Mapping[str, bytes]) -> dict[str, int]:
    """All columns of bytes and of JSON, looked through for what an old key began."""
    connection = await asyncpg.connect(
        host=houses.database.socket_folder, user="postgres", database=houses.database.name
    )
    found: dict[str, int] = {}
    try:
        columns = await connection.fetch(
            "SELECT table_schema, table_name, column_name, data_type"
            " FROM information_schema.columns WHERE table_schema = ANY($1)"
            " AND data_type IN ('bytea', 'jsonb')",
            list(HOUSES),
        )
        assert len(columns) > 60
        for schema, table, column, kind in columns:
            # Digests of what was sent prove by the key of their time, until they are thrown away.
            proves = {"index"} if column == "digest" else set()
            for purpose in {"fields", "events", "files", "index"} - proves:
                wanted = (
                    f'substring("{column}", 1, 5) = $1'
                    if kind == "bytea"
                    else f"\"{column}\"::text LIKE '%\"' || left(encode($1, 'base64'), 6) || '%'"
                )
                count = await connection.fetchval(
                    f'SELECT count(*) FROM "{schema}"."{table}" WHERE {wanted}', old[purpose]
                )
                if count:
                    found[f"{schema}.{table}.{column} {purpose}"] = count
    finally:
        await connection.close()
    return found


async def _is_still_there(houses: Installation, number: str) -> None:
    code = full_online.SUBMISSION["materials"][0]["code"]
    content = await houses.client.get(
        f"{_SUBMIT}/{number}/materials/{code}/content", headers=_clerk(houses)
    )
    assert content.content == CONTENT
    handoff = (await houses.client.get(f"{_SUBMIT}/{number}", headers=_clerk(houses))).json()[
        "handoffs"
    ][0]
    officer = houses.bearer(Role.OFFICER, location=handoff["location"])
    fetched = await houses.client.get(
        f"/routing/v1/handoffs/{handoff['id']}/materials/{code}/content?purpose=review",
        headers=dict(officer),
    )
    assert fetched.content == CONTENT, fetched.text
