"""`make run` on a folder where it has run before: until every house is ready."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from deploy.instance import Instance
from tests.bench.report import Figure, bounded
from tests.bench.stage import Stage

# What is promised to whoever starts it again.
MOST = 10.0


async def measure(_: Stage) -> list[Figure]:
    with TemporaryDirectory(prefix="tongban-bench-start-") as folder:
        instance = Instance(Path(folder))
        try:
            first = await _spent(instance.start)
            again = []
            for _round in range(3):
                await instance.stop()
                again.append(await _spent(instance.start))
        finally:
            await asyncio.shield(instance.stop())
    return [
        bounded(
            "start",
            sorted(again)[1],
            "s",
            most=MOST,
            rounds=again,
            said=f"second start and after; the very first, with an empty folder: {first:.1f} s",
        )
    ]


async def _spent(act: Callable[[], Awaitable[None]]) -> float:
    began = perf_counter()
    await act()
    return perf_counter() - began
