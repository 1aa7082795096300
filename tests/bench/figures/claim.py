"""One of 100,000 that wait, sixteen claimers, against the bare statement on the same table."""

import asyncio
import os
import sys

from shared.security.callers import Role
from tests.bench import samples
from tests.bench.figures.submit import posted
from tests.bench.floors.claim import CLAIMERS
from tests.bench.load import Job
from tests.bench.report import Figure, Rounds
from tests.bench.stage import DATABASE, Spent, Stage

WAITING = 100_000
ROUNDS = 5
SECONDS = 3.0


async def measure(stage: Stage) -> list[Figure]:
    await samples.fill_queue(stage, WAITING)
    office = samples.OFFICE
    officers = [
        stage.headers(Role.OFFICER, office, subject=f"officer-{number}")
        for number in range(CLAIMERS)
    ]
    path = f"/routing/v1/queues/{office}/claims"
    requests = tuple(posted(path, headers, {"limit": 1}) for headers in officers)
    ours = Job(stage.port("routing"), requests, CLAIMERS, SECONDS)
    floor = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.floors.claim",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "FLOOR_SOCKET": stage.served.database.socket_folder,
            "FLOOR_DATABASE": DATABASE,
        },
    )
    found, mine = Rounds(), Spent(stage.pid("routing"))
    try:
        async with stage.without_workers():
            for _ in range(ROUNDS):
                with mine:
                    claimed = await stage.loader.run(ours)
                mine.count += claimed.count
                found.add(claimed.rate, await _by_hand(floor, office))
    finally:
        assert floor.stdin is not None
        floor.stdin.close()
        await floor.wait()
    said = f"CPU of the process per claim: {mine.each:.2f} ms"
    return [found.figure("claim", "claims/s", least=0.5, said=said)]


async def _by_hand(floor: asyncio.subprocess.Process, office: str) -> float:
    assert floor.stdin is not None
    assert floor.stdout is not None
    floor.stdin.write(f"{office} {SECONDS}\n".encode())
    return float(await floor.stdout.readline())
