"""What every process holds in memory when 50,000 cases have gone through."""

import asyncio
import os
from pathlib import Path
from time import perf_counter

from tests.bench.figures.crossing import submissions
from tests.bench.load import Job
from tests.bench.report import Figure
from tests.bench.stage import Stage

CASES = 50_000
MOST = 200.0
LONGEST = float(os.environ.get("BENCH_MEMORY_SECONDS") or 240)


async def measure(stage: Stage) -> list[Figure]:
    """What earlier figures have left to do counts; so long as it may take, so many it is."""
    requests = tuple(await submissions(stage))
    connection = await stage.connect()
    began = perf_counter()
    while perf_counter() - began < LONGEST:
        taken = await connection.fetchval("SELECT count(*) FROM intake.case_file")
        arrived = await connection.fetchval(
            "SELECT count(*) FROM routing.inbox WHERE applied_at IS NOT NULL"
        )
        if min(taken, arrived) >= CASES:
            break
        if taken < CASES:
            job = Job(stage.port("intake"), requests, 8, 5.0, expect=201)
            await stage.loader.run(job)
        else:
            await asyncio.sleep(1)
    await connection.close()
    sizes = {
        f"{process.house} {process.kind}": _megabytes(process.pid)
        for process in stage.served.processes
        if process.pid is not None
    }
    largest = max(sizes, key=lambda name: sizes[name])
    told = ", ".join(f"{name} {size:.0f}" for name, size in sizes.items())
    return [
        Figure(
            "memory",
            sizes[largest],
            "MB",
            f"< {MOST:g} MB after {CASES:,} cases",
            sizes[largest] < MOST and min(taken, arrived) >= CASES,
            rounds=tuple(sizes.values()),
            said=f"after {taken:,} taken, {arrived:,} messages applied in routing: {told}",
        )
    ]


def _megabytes(pid: int) -> float:
    """Resident, as the kernel says."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)
