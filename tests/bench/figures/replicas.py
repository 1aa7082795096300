"""Two processes of a house instead of one: more submissions a second, more cases carried across.

Each has the same small share of a core, as a container's limit would give it: on two cores one
process with all it can get takes what the database, the broker and the load need, and a second
one could only take from the first.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Final

from deploy.instance import free_port
from deploy.served import Process
from shared.security.callers import Role
from tests.bench.figures.submit import WINDOW, posted, submission
from tests.bench.load import Job, Loader
from tests.bench.report import Figure, Rounds
from tests.bench.stage import Stage, listens

CONNECTIONS = 16
API_SHARE: Final = 0.25
WORKER_SHARE: Final = 0.05
# More than the workers carry with their share: what is measured is them, not the load.
RATE: Final = 60.0
SETTLING, MEASURED = 5.0, 15.0

_GROUPS: Final = Path("/sys/fs/cgroup/cpu")
_PERIOD: Final = 20_000
_APPLIED = "SELECT count(*) FROM routing.inbox WHERE type = $1 AND applied_at IS NOT NULL"
_RECEIVED = "intake.case-received.v1"


async def measure(stage: Stage, *, rounds: int = 3, seconds: float = 5.0) -> list[Figure]:
    return [
        await _apis(stage, rounds=rounds, seconds=seconds),
        await _workers(stage, rounds=rounds),
    ]


async def _apis(stage: Stage, *, rounds: int, seconds: float) -> Figure:
    found, other = Rounds(), await Loader.start()
    port = free_port()
    environment = {**stage.served.environment("intake"), "INTAKE_PORT": str(port)}
    second = Process("intake", "api", environment, stage.served.folder / "intake-api-second.log")
    try:
        async with stage.without_workers():
            second.start()
            await listens(port)
            with limited([stage.pid("intake"), _pid(second)], API_SHARE):
                for _ in range(rounds):
                    one = await stage.loader.run(_job(stage, stage.port("intake"), seconds))
                    two = await asyncio.gather(
                        stage.loader.run(_job(stage, stage.port("intake"), seconds)),
                        other.run(_job(stage, port, seconds)),
                    )
                    found.add(sum(each.rate for each in two), one.rate)
    finally:
        await asyncio.to_thread(second.stop)
        await other.stop()
    said = f"floor: one process; each may use {API_SHARE:.0%} of a core"
    return found.figure("two_apis", "cases/s", least=1.5, said=said)


async def _workers(stage: Stage, *, rounds: int) -> Figure:
    found = Rounds()
    for _ in range(rounds):
        one = await _carried_a_second(stage)
        async with _second_workers(stage) as more:
            two = await _carried_a_second(stage, more)
        found.add(two, one)
    said = f"floor: one worker of intake and one of routing; each may use {WORKER_SHARE:.0%}"
    return found.figure("two_workers", "cases/s", least=1.5, said=f"{said} of a core")


@asynccontextmanager
async def _second_workers(stage: Stage) -> AsyncIterator[Sequence[Process]]:
    served = stage.served
    more = [
        Process(house, "worker", served.environment(house), served.folder / f"{house}-second.log")
        for house in ("intake", "routing")
    ]
    async with AsyncExitStack() as stack:
        for each in more:
            each.start()
            stack.push_async_callback(asyncio.to_thread, each.stop)
        for each in more:
            await stage.has_workers(each.house, 2)
        yield more


async def _carried_a_second(stage: Stage, more: Sequence[Process] = ()) -> float:
    """Taken at the window, told over the broker, applied in routing; while more comes than they
    can carry."""
    workers = [*stage.served.workers["intake"], *stage.served.workers["routing"], *more]
    connection = await stage.connect()
    seconds = SETTLING + MEASURED
    try:
        with limited([_pid(each) for each in workers], WORKER_SHARE):
            load = asyncio.create_task(
                stage.loader.run(_job(stage, stage.port("intake"), seconds, rate=RATE))
            )
            await asyncio.sleep(SETTLING)
            before, began = await connection.fetchval(_APPLIED, _RECEIVED), perf_counter()
            await asyncio.sleep(MEASURED)
            after, ended = await connection.fetchval(_APPLIED, _RECEIVED), perf_counter()
            await load
    finally:
        await connection.close()
    await stage.calm(within=60.0)
    return float((after - before) / (ended - began))


@contextmanager
def limited(pids: Sequence[int], share: float) -> Iterator[None]:
    """Each of these processes may use `share` of one core. By the kernel's control groups (version
    1), which only root may set."""
    with ExitStack() as stack:
        for pid in pids:
            stack.enter_context(_limited(pid, share))
        yield


@contextmanager
def _limited(pid: int, share: float) -> Iterator[None]:
    own = re.search(r"^\d+:[^:]*\bcpu\b[^:]*:/(.*)$", Path(f"/proc/{pid}/cgroup").read_text(), re.M)
    if own is None:
        raise RuntimeError("this machine does not bound processes by control groups, version 1")
    group = _GROUPS / f"tongban-bench-{pid}"
    group.mkdir()
    try:
        (group / "cpu.cfs_period_us").write_text(str(_PERIOD))
        (group / "cpu.cfs_quota_us").write_text(str(round(_PERIOD * share)))
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        with suppress(ProcessLookupError):
            (_GROUPS / own[1] / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def _pid(process: Process) -> int:
    assert process.pid is not None, f"{process.house} {process.kind} does not run"
    return process.pid


def _job(stage: Stage, port: int, seconds: float, *, rate: float | None = None) -> Job:
    headers = stage.headers(Role.CLERK, WINDOW)
    request = posted("/intake/v1/cases", headers, submission())
    return Job(port, (request,), CONNECTIONS, seconds, rate, expect=201)
