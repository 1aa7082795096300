"""One window floods; another's clerk submits and another office's officer polls, as when idle?"""

import asyncio
from collections.abc import Mapping
from statistics import median
from time import perf_counter

from shared.security.callers import Role
from tests.bench import samples, wire
from tests.bench.figures.submit import posted, submission
from tests.bench.load import Job
from tests.bench.report import Figure
from tests.bench.stage import Stage
from tests.bench.wire import Wire

FLOODING = "630200-C1"
CONNECTIONS = 32
SECONDS = 8.0
MOST = 1.3


async def measure(stage: Stage) -> list[Figure]:
    """Idle and flooded in turns, three times each."""
    flood = Job(
        stage.port("intake"),
        (posted("/intake/v1/cases", stage.headers(Role.PLATFORM, FLOODING), submission()),),
        CONNECTIONS,
        SECONDS,
        expect=201,
    )
    idle: dict[str, list[float]] = {"submit": [], "poll": []}
    flooded: dict[str, list[float]] = {"submit": [], "poll": []}
    async with stage.without_workers():
        for turn in range(3):
            _add(idle, await _calls(stage, turn * 2, SECONDS / 2))
            flooding = asyncio.create_task(stage.loader.run(flood))
            await asyncio.sleep(1)
            _add(flooded, await _calls(stage, turn * 2 + 1, SECONDS / 2))
            await flooding
    return [_figure(name, idle[name], flooded[name]) for name in idle]


def _add(times: dict[str, list[float]], more: Mapping[str, list[float]]) -> None:
    for name, found in more.items():
        times[name] += found


def _figure(name: str, idle: list[float], flooded: list[float]) -> Figure:
    alone, beside = median(idle) * 1000, median(flooded) * 1000
    return Figure(
        f"hot_tenant_{name}",
        beside,
        "ms",
        f"≤ {MOST} × idle",
        beside / alone <= MOST,
        floor=alone,
        ratio=beside / alone,
        said=f"{CONNECTIONS} connections of one window flood; medians of {len(flooded)}",
    )


async def _calls(stage: Stage, run: int, seconds: float) -> Mapping[str, list[float]]:
    clerk, officer = (
        stage.headers(Role.CLERK, samples.WINDOW),
        stage.headers(Role.OFFICER, samples.OFFICE),
    )
    asked = {
        "submit": (
            await Wire.open(stage.port("intake")),
            posted("/intake/v1/cases", clerk, submission()),
        ),
        "poll": (
            await Wire.open(stage.port("routing")),
            wire.request("GET", f"/routing/v1/queues/{samples.OFFICE}/handoffs", officer),
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in asked}
    until, number = perf_counter() + seconds, 0
    while perf_counter() < until:
        number += 1
        for name, (one, request) in asked.items():
            began = perf_counter()
            answer = await one.ask(wire.keyed(request, number, 1000 + run))
            times[name].append(perf_counter() - began)
            assert answer.status in (200, 201), answer.body[:300]
        # As people do: not without a pause.
        await asyncio.sleep(0.02)
    for one, _ in asked.values():
        one.close()
    return times
