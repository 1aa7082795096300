"""The same calls at 10,000 cases and at half a million or a million, one here, one there, in turns.

Half a million is what fits into a run of everything; `BENCH_CASES` says otherwise."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from deploy.instance import free_port
from deploy.served import Process
from migrations import runner
from shared.clock import utc_now
from shared.security.callers import Role
from tests.bench import samples, wire
from tests.bench.figures.submit import posted, submission
from tests.bench.multiply import Plan, multiply, person
from tests.bench.report import Figure
from tests.bench.stage import BEGINNING, Stage, listens
from tests.bench.wire import Wire

FEW = 10_000
MANY = int(os.environ.get("BENCH_CASES") or 500_000)
CALLS = 150
MOST = 1.3
HOUSES = ("intake", "routing")


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    house: str
    request: bytes
    expect: int = 200


async def measure(stage: Stage) -> list[Figure]:
    told = stage.samples
    # Of a year's cases most are over, few wait or are being worked on.
    shares = {told.done: 0.90, told.waiting: 0.04, told.accepted: 0.04, told.papers: 0.02}
    sizes = {"tongban_few": FEW, "tongban_many": MANY}
    began = perf_counter()
    async with _databases(stage, sizes, shares):
        loaded = perf_counter() - began
        before = await _scans(stage, "tongban_many")
        async with _apis(stage, sizes) as ports:
            times = await _in_turns(_calls(stage), ports)
        after = await _scans(stage, "tongban_many")
    scanned = ", ".join(name for name in before if after.get(name, 0) > before[name])
    said = f"{MANY:,} cases, loaded in {loaded:.0f} s; read whole: {scanned or 'no table'}"
    return [_figure(name, few, many, scanned, said) for name, (few, many) in times.items()]


def _figure(
    name: str, few: Sequence[float], many: Sequence[float], scanned: str, said: str
) -> Figure:
    at_few, at_many = median(few) * 1000, median(many) * 1000
    ratio = at_many / at_few
    return Figure(
        name=f"growth_{name}",
        value=at_many,
        unit="ms",
        target=f"≤ {MOST} × at {FEW:,}",
        met=ratio <= MOST and not scanned,
        floor=at_few,
        ratio=ratio,
        said=said,
    )


@asynccontextmanager
async def _databases(
    stage: Stage, sizes: Mapping[str, int], shares: Mapping[str, float]
) -> AsyncIterator[None]:
    """Each from the copy that was set aside with the samples; they are dropped again."""
    database = stage.served.database
    # The million is analysed when it is there; vacuuming it meanwhile would only hold it up.
    await database.administer("ALTER SYSTEM SET autovacuum = off")
    await database.administer("SELECT pg_reload_conf()")
    windows = samples.places("centre")
    offices = samples.places("office", ending="-RS")
    try:
        for name, count in sizes.items():
            await database.create(name, template=BEGINNING)
            plan = Plan(count, utc_now(), "630000", windows, offices)

            async def connect(name: str = name) -> Any:
                return await stage.connect(name)

            await multiply(connect, stage.keys, shares=shares, plan=plan, houses=HOUSES)
        yield
    finally:
        for name in sizes:
            await database.administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await database.administer("ALTER SYSTEM RESET autovacuum")
        await database.administer("SELECT pg_reload_conf()")


@asynccontextmanager
async def _apis(
    stage: Stage, databases: Mapping[str, int]
) -> AsyncIterator[Mapping[tuple[str, str], int]]:
    served, ports = stage.served, {}
    processes = []
    for database in databases:
        for house in HOUSES:
            port, prefix = free_port(), house.upper()
            environment = served.environment(house) | {
                f"{prefix}_PORT": str(port),
                f"{prefix}_DATABASE_URL": served.database.url(runner.service_role(house), database),
            }
            process = Process(house, "api", environment, served.folder / f"{database}-{house}.log")
            await asyncio.to_thread(process.start)
            processes.append(process)
            ports[database, house] = port
    try:
        for port, process in zip(ports.values(), processes, strict=True):
            try:
                await listens(port)
            except OSError as error:
                raise RuntimeError(process.log.read_text()[-2000:]) from error
        yield ports
    finally:
        await asyncio.gather(*(asyncio.to_thread(each.stop) for each in processes))


def _calls(stage: Stage) -> Sequence[Call]:
    window, office = samples.WINDOW, samples.OFFICE
    clerk = stage.headers(Role.CLERK, window)
    officer = stage.headers(Role.OFFICER, office)
    queue = f"/routing/v1/queues/{office}"
    who = person(4_242)
    search = {"id_number": who.id_number}
    return (
        Call("submit", "intake", posted("/intake/v1/cases", clerk, submission()), 201),
        Call("poll", "routing", wire.request("GET", f"{queue}/handoffs?limit=50", officer)),
        Call("claim", "routing", posted(f"{queue}/claims", officer, {"limit": 1})),
        Call("search", "intake", posted("/intake/v1/cases/search", clerk, search)),
        Call("search_name", "intake", posted("/intake/v1/cases/search", clerk, {"name": who.name})),
        Call(
            "to_do",
            "intake",
            wire.request("GET", "/intake/v1/cases?next_actor=receiving&limit=50", clerk),
        ),
    )


async def _in_turns(
    calls: Sequence[Call], ports: Mapping[tuple[str, str], int]
) -> Mapping[str, tuple[list[float], list[float]]]:
    """One call at a time, so that a time is a call's own; the first ten of each are not counted."""
    wires = {key: await Wire.open(port) for key, port in ports.items()}
    databases = sorted({database for database, _ in ports})
    times: dict[str, tuple[list[float], list[float]]] = {}
    for call in calls:
        found: tuple[list[float], list[float]] = ([], [])
        for number in range(CALLS + 10):
            for place, database in enumerate(databases):
                request = wire.keyed(call.request, number, place + 1)
                began = perf_counter()
                answer = await wires[database, call.house].ask(request)
                spent = perf_counter() - began
                assert answer.status == call.expect, (call.name, answer.body[:300])
                if number >= 10:
                    found[place].append(spent)
        times[call.name] = found
    for each in wires.values():
        each.close()
    return times


async def _scans(stage: Stage, database: str) -> Mapping[str, int]:
    """How often each large table was read from end to end. The counters are told when connections
    end: those of the processes that were measured have."""
    connection = await stage.connect(database)
    rows = await connection.fetch(
        """
        SELECT n.nspname || '.' || c.relname AS name, pg_stat_get_numscans(c.oid) AS scans
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND c.reltuples > 5000 AND n.nspname = ANY($1) ORDER BY 1
        """,
        list(HOUSES),
    )
    await connection.close()
    return {row["name"]: row["scans"] for row in rows}
