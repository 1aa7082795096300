"""What every process holds in memory when 50,000 cases have gone through."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from tests.bench.figures.crossing import submissions
from tests.bench.load import Job
from tests.bench.report import Figure
from tests.bench.stage import Stage

CASES = 50_000
EVER = datetime(2000, 1, 1, tzinfo=UTC)
MOST = 200.0
LONGEST = float(os.environ.get("BENCH_MEMORY_SECONDS") or 420)

# What is told of a case when it has come, and the houses that apply it. What was forgotten between
# two figures was never handled, and what was handled before a worker was started not by it.
_HANDLED = """
SELECT least(
    (SELECT count(*) FROM intake.case_file),
    (SELECT count(*) FROM intake.inbox
        WHERE type = 'routing.case-assigned.v1' AND applied_at >= $1),
    (SELECT count(*) FROM routing.inbox
        WHERE type = 'intake.case-received.v1' AND applied_at >= $1),
    (SELECT count(*) FROM notify.inbox
        WHERE type = 'intake.case-received.v1' AND applied_at >= $1)
)
"""
_TAKEN = "SELECT count(*) FROM intake.case_file WHERE received_at >= $1"


async def measure(stage: Stage) -> list[Figure]:
    """What the processes that run now have handled for earlier figures counts, too."""
    requests = tuple(await submissions(stage))
    connection = await stage.connect()
    began, since = perf_counter(), stage.workers_since or EVER
    while perf_counter() - began < LONGEST:
        handled = await connection.fetchval(_HANDLED, since)
        if handled >= CASES:
            break
        if await connection.fetchval(_TAKEN, since) < CASES:
            job = Job(stage.port("intake"), requests, 16, 5.0, expect=201)
            await stage.loader.run(job)
        else:
            await asyncio.sleep(1)
    await connection.close()
    spent = perf_counter() - began
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
            sizes[largest] < MOST and handled >= CASES,
            rounds=tuple(sizes.values()),
            said=f"each has handled {handled:,} cases, the last of them in {spent:.0f} s: {told}",
        )
    ]


def _megabytes(pid: int) -> float:
    """Resident, as the kernel says."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)
