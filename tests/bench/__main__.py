"""`python -m tests.bench [FIGURE …]`: measures, prints a table, writes DATA_DIR/bench.json."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from types import MappingProxyType

from tests.bench import report
from tests.bench.figures import (
    claim,
    crossing,
    growth,
    memory,
    pollers,
    queue,
    replicas,
    start,
    submit,
    tenants,
    webhooks,
)
from tests.bench.report import Figure
from tests.bench.samples import take_samples
from tests.bench.stage import Stage, open_stage

Measure = Callable[[Stage], Awaitable[list[Figure]]]

FIGURES: Mapping[str, Measure] = MappingProxyType(
    {
        "start": start.measure,
        # While queues are short: what has just come stands on the first page of its office.
        "pollers": pollers.measure,
        "submit": submit.measure,
        "hot_tenant": tenants.measure,
        "poll": queue.measure,
        "claim": claim.measure,
        "replicas": replicas.measure,
        # From here to `memory` the workers run on: it counts what they have handled.
        "webhooks": webhooks.measure,
        "crossing": crossing.measure,
        "crossing_rate": crossing.measure_rate,
        "memory": memory.measure,
        "growth": growth.measure,
    }
)
# Figures that are measured by one and the same.
ALSO: Mapping[str, str] = MappingProxyType({"poll_unchanged": "poll", "poll_changed": "poll"})


async def run(names: Sequence[str]) -> list[Figure]:
    figures: list[Figure] = []
    # Whoever ends us ends what we have started, too.
    running = asyncio.current_task()
    assert running is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    with tempfile.TemporaryDirectory(prefix="tongban-bench-") as folder:
        async with open_stage(Path(folder)) as stage:
            # Before anything is measured: what they leave behind is much, and in the way of it.
            stage.told = await take_samples(stage)
            await stage.calm()
            if "growth" in names:
                await stage.set_aside()
            for name in names:
                began = perf_counter()
                await stage.calm()
                found = await _measured(name, stage)
                figures += found
                _say(f"{name}: {perf_counter() - began:.0f} s\n{report.table(found)}")
    return figures


async def _measured(name: str, stage: Stage) -> list[Figure]:
    """One that cannot be measured does not take the others with it; it is a missed one."""
    try:
        return await FIGURES[name](stage)
    except Exception as error:  # noqa: BLE001  (whatever it was is said in the table)
        return [Figure(name, 0.0, "", "measured", False, said=f"FAILED: {error!r}"[:300])]


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def main(names: Sequence[str]) -> None:
    names = list(dict.fromkeys(ALSO.get(name, name) for name in names))
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        sys.exit(f"no such figure: {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    about = report.machine()
    figures = asyncio.run(run(names or tuple(FIGURES)))
    report.write(Path(os.environ.get("DATA_DIR") or ".data") / "bench.json", about, figures)
    sys.stdout.write(report.table(figures) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
