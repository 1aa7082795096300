"""Webhooks out: claimed, signed, posted, every attempt stored; against a bare httpx that posts."""

import asyncio
import os
import sys
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg

from services.notify.queries import seals
from shared.chance import new_bytes, new_id
from shared.clock import utc_now
from tests.bench.floors.hook import BODY
from tests.bench.report import Figure, Rounds
from tests.bench.stage import Stage

ENDPOINTS = 4
EACH_ROUND = 1200
ROUNDS = 3
SECONDS = 4.0
LONGEST = 40.0


async def measure(stage: Stage) -> list[Figure]:
    port, _ = await stage.floor("hook")
    url = f"http://127.0.0.1:{port}/hook"
    connection = await stage.connect()
    await connection.execute("SET search_path TO notify")
    told = [await _subscribe(stage, connection, url) for _ in range(ENDPOINTS)]
    loop = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.floors.hook",
        "loop",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "FLOOR_URL": url},
    )
    found = Rounds()
    try:
        # Once beforehand: the workers may just be starting, and an endpoint's pace grows as it
        # answers.
        await _delivered_a_second(connection, told)
        for _ in range(ROUNDS):
            ours = await _delivered_a_second(connection, told)
            found.add(ours, await _posted_a_second(loop))
    finally:
        assert loop.stdin is not None
        loop.stdin.close()
        await loop.wait()
        await connection.execute("UPDATE subscription SET status = 'removed'")
        await connection.close()
    return [found.figure("webhooks", "posts/s", least=0.5, said=f"{ENDPOINTS} endpoints")]


async def _subscribe(stage: Stage, connection: "asyncpg.Connection[Any]", url: str) -> UUID:
    """Proven already: proving an address is not what is measured."""
    subscription, at = new_id(), utc_now()
    secret = seals.seal_secret(stage.keys, subscription, new_bytes(32))
    await connection.execute(
        """
        INSERT INTO subscription (id, name, url, status, types, locations, items, secret, proven_at,
            created_at, changed_at)
        VALUES ($1, 'bench', $2, 'active', '{none}', '{}', '{}', $3, $4, $4, $4)
        """,
        subscription,
        url,
        secret,
        at,
    )
    return subscription


async def _delivered_a_second(connection: "asyncpg.Connection[Any]", told: list[UUID]) -> float:
    rows = [(told[number % len(told)], new_id()) for number in range(EACH_ROUND)]
    at, began = utc_now(), perf_counter()
    await connection.executemany(
        "INSERT INTO webhook_line VALUES ($1, $2, 1)", [(to, str(id_)) for to, id_ in rows]
    )
    await connection.executemany(
        """
        INSERT INTO webhook (id, subscription_id, message_id, type, subject, sequence, happened_at,
            body, status, next_attempt_at, created_at)
        VALUES ($1, $2, $1, 'routing.handoff-accepted.v1', $3, 1, $4, $5, 'waiting', $4, $4)
        """,
        [(id_, to, str(id_), at, BODY.decode()) for to, id_ in rows],
    )
    began = perf_counter()
    ids = [id_ for _, id_ in rows]
    before = left = EACH_ROUND
    while left and perf_counter() - began < LONGEST:
        await asyncio.sleep(0.2)
        left = await connection.fetchval(
            "SELECT count(*) FROM webhook WHERE id = ANY($1) AND status <> 'delivered'", ids
        )
    return (before - left) / (perf_counter() - began)


async def _posted_a_second(loop: asyncio.subprocess.Process) -> float:
    assert loop.stdin is not None
    assert loop.stdout is not None
    loop.stdin.write(f"{SECONDS}\n".encode())
    return float(await loop.stdout.readline())
