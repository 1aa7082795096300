"""Two processes of a house instead of one: more submissions a second, more messages applied."""

import asyncio
from time import perf_counter

import asyncpg

from deploy.instance import free_port
from deploy.served import Process
from shared.security.callers import Role
from tests.bench.figures.submit import WINDOW, posted, submission
from tests.bench.load import Job, Loader
from tests.bench.report import Figure, Rounds
from tests.bench.stage import Stage, listens

CONNECTIONS = 16

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
    return found.figure("two_apis", "cases/s", least=1.1, said="floor: one process of the same")


async def _workers(stage: Stage, *, rounds: int) -> Figure:
    found = Rounds()
    connection = await stage.connect()
    try:
        for _ in range(rounds):
            one = await _applied_a_second(stage, connection, ())
            two = await _applied_a_second(stage, connection, _second_workers(stage))
            found.add(two, one)
    finally:
        await connection.close()
    return found.figure("two_workers", "msgs/s", least=1.1, said="floor: one process of the same")


def _second_workers(stage: Stage) -> tuple[Process, ...]:
    served = stage.served
    return tuple(
        Process(house, "worker", served.environment(house), served.folder / f"{house}-second.log")
        for house in ("intake", "routing")
    )


async def _applied_a_second(
    stage: Stage, connection: "asyncpg.Connection[asyncpg.Record]", more: tuple[Process, ...]
) -> float:
    """How fast routing applies what intake took while nobody carried anything; from the first
    message applied to the last, so that the start of a process is not counted."""
    before = await connection.fetchval(_APPLIED, _RECEIVED)
    workers = [each for group in stage.served.workers.values() for each in group]
    await asyncio.gather(*(asyncio.to_thread(each.stop) for each in workers))
    taken = await stage.loader.run(_job(stage, stage.port("intake"), 15.0, rate=100.0))
    for each in (*workers, *more):
        each.start()
    try:
        begun = await _once_more_than(connection, before)
        started = perf_counter()
        done = await _once_more_than(connection, before + taken.count - 1)
        return float((done - begun) / (perf_counter() - started))
    finally:
        await asyncio.gather(*(asyncio.to_thread(each.stop) for each in more))


async def _once_more_than(
    connection: "asyncpg.Connection[asyncpg.Record]", count: int, *, within: float = 120.0
) -> int:
    deadline = perf_counter() + within
    while True:
        applied = int(await connection.fetchval(_APPLIED, _RECEIVED))
        if applied > count:
            return applied
        if perf_counter() > deadline:
            raise TimeoutError(f"{applied} applied, not yet {count}")
        await asyncio.sleep(0.05)


def _job(stage: Stage, port: int, seconds: float, *, rate: float | None = None) -> Job:
    headers = stage.headers(Role.CLERK, WINDOW)
    request = posted("/intake/v1/cases", headers, submission())
    return Job(port, (request,), CONNECTIONS, seconds, rate, expect=201)
