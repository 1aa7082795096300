"""Claiming by hand: the bare SKIP LOCKED statement, from as many connections as there are claimers.

One line of standard input: the place and the seconds; one of output: how many were claimed.
"""

import asyncio
import os
import sys
from time import perf_counter

import asyncpg
import uvloop

CLAIMERS = 16
_CLAIM = """
UPDATE handoff
SET holder = 'by-hand', holder_name = 'by hand', lease_until = now() + interval '15 minutes',
    bound = false, version = version + 1
WHERE id = (
    SELECT id FROM handoff
    WHERE location = $1 AND holder IS NULL AND returned_at IS NULL
        AND status IN ('received', 'accepted')
    ORDER BY light_rank, lane_rank, turn, window_received_at, id
    LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING *
"""


async def claim(place: str, seconds: float) -> float:
    async with asyncpg.create_pool(
        host=os.environ["FLOOR_SOCKET"],
        database=os.environ["FLOOR_DATABASE"],
        user="postgres",
        min_size=CLAIMERS,
        max_size=CLAIMERS,
        server_settings={"search_path": "routing", "jit": "off"},
    ) as pool:
        began, claimed = perf_counter(), 0

        async def one() -> None:
            nonlocal claimed
            async with pool.acquire() as connection:
                while perf_counter() - began < seconds:
                    if await connection.fetchrow(_CLAIM, place) is not None:
                        claimed += 1

        await asyncio.gather(*(one() for _ in range(CLAIMERS)))
        return claimed / (perf_counter() - began)


def main() -> None:
    for line in sys.stdin:
        place, seconds = line.split()
        sys.stdout.write(f"{uvloop.run(claim(place, float(seconds)))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
