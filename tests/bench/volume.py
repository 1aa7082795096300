"""`python -m tests.bench.volume [COUNT]`: the window's reads at 10,000 stored cases and at COUNT.

Filling takes minutes, looking seconds: with `--folder` what was filled is kept there, `--fill` does
only that, and a later run in the same folder only looks.

Every statement is taken from the real call while it runs, with its real values, and explained by
the same database: nothing here is a copy of a query. Prints a table and the plans, as
docs/volume.md has them, and ends with an error where a table of cases was read whole.
"""

import argparse
import asyncio
import json
import logging
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import structlog
from pydantic import SecretStr
from sqlalchemy import event, select

from deploy.database import EmbeddedDatabase
from deploy.served import HERE
from migrations import runner
from services.intake import app as intake
from services.intake.api.examples import REMOTE_COLLECTION
from services.intake.models import CaseRow, LocationRow
from shared.clock import utc_now
from shared.configuration import IssuerSettings
from shared.premises import Premises, open_premises
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer
from shared.security.keys import Keyring
from tests.bench.multiply import Place, Plan, multiply, person
from tests.bench.samples import places

FEW = 10_000
CALLS = 60
WINDOW = "630104-C1"
_CASES = "/intake/v1/cases"
_WHOLE = re.compile(r"Seq Scan on (case_\w+)")


@dataclass(frozen=True, slots=True)
class Said:
    """One statement as it went to the database."""

    statement: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    send: Callable[[], Awaitable[httpx.Response]]


@dataclass
class Hall:
    """An installation of intake alone, on a database of its own."""

    database: EmbeddedDatabase
    name: str
    keyring: Keyring
    issuer: LocalIssuer
    premises: Premises
    client: httpx.AsyncClient

    async def connect(self) -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(
            host=self.database.socket_folder, user="postgres", database=self.name
        )

    def headers(self, role: Role, location: str | None, **claims: Any) -> dict[str, str]:
        token = self.issuer.issue(
            subject=f"{role}-{location}",
            name="示例人员",
            role=role,
            location=location,
            at=utc_now(),
            ttl=timedelta(hours=4),
            **claims,
        )
        return {"Authorization": f"Bearer {token}"}


def _make_keys(folder: Path) -> tuple[Keyring, LocalIssuer]:
    folder.mkdir(exist_ok=True)
    issuer = LocalIssuer.load_or_create(folder / "issuer.pem")
    (folder / "jwks.json").write_text(json.dumps(issuer.jwks()))
    return Keyring.load_or_create(folder / "keyring.json"), issuer


def windows() -> list[Place]:
    """Of all that is taken a good half at one window, as in the year that the figures tell of."""
    centres = places("centre")
    hot = next(place for place in centres if place.code == WINDOW)
    return [*centres, *[hot] * (len(centres) + 1)]


@asynccontextmanager
async def open_hall(database: EmbeddedDatabase, folder: Path, name: str) -> AsyncIterator[Hall]:
    await database.create(name)
    await runner.upgrade(database.url("postgres", name))
    keyring, issuer = _make_keys(folder)
    settings = intake.Settings(
        served=False,
        transport="embedded",
        database_url=SecretStr(database.url("tongban_intake", name)),
        sealer_database_url=SecretStr(database.url("tongban_intake_sealer", name)),
        keyring_file=folder / "keyring.json",
        files_url=(folder / "files").as_uri(),
        issuers=(IssuerSettings(issuer=issuer.url, jwks_file=folder / "jwks.json"),),
        division="630000",
    )
    async with open_premises("intake", settings, utc_now) as premises:
        await intake.load_catalogue(premises, HERE / "catalogue.json")
        async with premises.sessions.begin() as session:
            for each in places("centre"):
                await session.merge(_location(each))
        transport = httpx.ASGITransport(intake.create_app(premises))
        async with httpx.AsyncClient(transport=transport, base_url="http://hall") as client:
            yield Hall(database, name, keyring, issuer, premises, client)


def _location(place: Place) -> LocationRow:
    return LocationRow(
        code=place.code,
        version=1,
        name=f"{place.code}（示例）",
        kind="centre",
        division=place.division,
        valid_from=utc_now().date() - timedelta(days=900),
    )


async def fill(hall: Hall, count: int) -> Sequence[str]:
    """From four cases that were really taken: most are over, few wait for the window."""
    shares = {}
    for status, actor, share in (
        ("delivered", "none", 0.90),
        ("accepted", "handling", 0.05),
        ("assigned", "handling", 0.04),
        ("noticed", "receiving", 0.01),
    ):
        taken = await hall.client.post(
            _CASES,
            json=dict(REMOTE_COLLECTION),
            headers=hall.headers(Role.CLERK, WINDOW) | {"Idempotency-Key": str(uuid4())},
        )
        assert taken.status_code == 201, taken.text
        number = taken.json()["case_number"]
        async with hall.premises.sessions.begin() as session:
            case = await session.get_one(CaseRow, number)
            case.status, case.next_actor = status, actor
            case.light = "red" if status == "noticed" else None
        shares[number] = share
    plan = Plan(count, utc_now(), "630000", windows(), places("centre"))
    return await multiply(hall.connect, hall.keyring, shares=shares, plan=plan, houses=("intake",))


def calls(hall: Hall, numbers: Sequence[str]) -> list[Call]:
    """What a window, and who sees a whole province, ask all day."""
    clerk = hall.headers(Role.CLERK, WINDOW)
    above = hall.headers(Role.SUPERVISOR, "630000-C1", division="630000")
    # One of the middle of the year, of this window.
    place = len(numbers) // 2 // len(windows()) * len(windows()) - 1
    number, who = numbers[place], person(place)

    def search(**sought: str) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: hall.client.post(f"{_CASES}/search", json=sought, headers=clerk)

    def read(path: str, headers: dict[str, str]) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: hall.client.get(path, headers=headers)

    return [
        Call("一个办件", read(f"{_CASES}/{number}", clerk)),
        Call("窗口待办", read(f"{_CASES}?next_actor=receiving&limit=50", clerk)),
        Call("辖区待办（上级）", read(f"{_CASES}?next_actor=receiving&limit=50", above)),
        Call("辖区灯色（上级）", read(f"{_CASES}?light=red&light=missed&limit=50", above)),
        Call("按状态", read(f"{_CASES}?status=accepted&limit=50", clerk)),
        Call("按灯色", read(f"{_CASES}?light=red&light=missed&limit=50", clerk)),
        Call("按日期", read(f"{_CASES}?received_from=2026-01-05&limit=50", clerk)),
        Call("按编号查找", search(case_number=number)),
        Call("按姓名查找", search(name=who.name)),
        Call("按证件号码查找", search(id_number=who.id_number)),
        Call("按电话查找", search(phone=who.phone)),
    ]


@contextmanager
def overheard(premises: Premises) -> Iterator[list[Said]]:
    """The statements that are sent meanwhile, with their values."""
    said: list[Said] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        said.append(Said(statement, tuple(parameters)))

    engine = premises.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def explain(hall: Hall, said: Said) -> str:
    """What the database really does for it, and leaves no trace of."""
    connection = await hall.connect()
    try:
        await connection.execute("SET search_path TO intake")
        await connection.execute("SET ROLE tongban_intake")
        transaction = connection.transaction()
        await transaction.start()
        rows = await connection.fetch(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) {said.statement}", *said.values
        )
        await transaction.rollback()
    finally:
        await connection.close()
    return "\n".join(row[0] for row in rows)


async def _large(hall: Hall) -> set[str]:
    """A table with a handful of rows is read whole, and rightly so."""
    connection = await hall.connect()
    rows = await connection.fetch("SELECT relname FROM pg_class WHERE reltuples > 1000")
    await connection.close()
    return {row["relname"] for row in rows}


@dataclass(frozen=True, slots=True)
class Seen:
    name: str
    statements: int
    plans: Sequence[str]
    read_whole: Sequence[str]


async def look(hall: Hall, call: Call) -> Seen:
    answer = await call.send()
    assert answer.status_code == 200, answer.text
    with overheard(hall.premises) as said:
        await call.send()
    asked = [each for each in said if each.statement.lstrip().startswith("SELECT")]
    explained = [(each, await explain(hall, each)) for each in asked]
    whole = {found for _, plan in explained for found in _WHOLE.findall(plan)} & await _large(hall)
    plans = [plan for each, plan in explained if "case_file" in each.statement]
    return Seen(call.name, len(said), plans, sorted(whole))


async def pace(*beside: Call) -> list[float]:
    """The median of each in milliseconds, asked by turns: what else the machine does meets all."""
    times: list[list[float]] = [[] for _ in beside]
    for _ in range(CALLS):
        for call, taken in zip(beside, times, strict=True):
            began = perf_counter()
            await call.send()
            taken.append((perf_counter() - began) * 1000)
    return [median(taken) for taken in times]


async def filled(hall: Hall, count: int, kept: Path) -> Sequence[str]:
    """The numbers of its cases; filled before, they are read from `kept`."""
    numbers = _read(kept)
    if not numbers:
        numbers = await fill(hall, count)
        kept.write_text("\n".join(numbers))  # noqa: ASYNC240  # nobody else is served meanwhile
    async with hall.premises.sessions() as session:
        held = len((await session.execute(select(CaseRow.case_number).limit(count))).all())
    assert held >= count, f"{held} cases stored"
    return numbers


def _read(kept: Path) -> Sequence[str]:
    return kept.read_text().split() if kept.exists() else ()


@dataclass(frozen=True, slots=True)
class Compared:
    few: float
    many: float
    seen: Seen


def written(compared: Sequence[Compared], count: int) -> str:
    lines = [f"| 查询 | {FEW:,} 件 | {count:,} 件 | 倍数 | 语句 |", "|---|---|---|---|---|"]
    for each in compared:
        times = f"{each.few:.1f} ms | {each.many:.1f} ms | {each.many / each.few:.2f}"
        lines.append(f"| {each.seen.name} | {times} | {each.seen.statements} |")
    for each in compared:
        lines += ["", f"### {each.seen.name}", "```", *each.seen.plans, "```"]
    return "\n".join(lines)


async def run(folder: Path, count: int, *, only_fill: bool) -> list[Compared]:
    database = EmbeddedDatabase(folder / "pg")
    database.start()
    try:
        async with AsyncExitStack() as stack:
            asked = []
            for each in (FEW, count):
                hall = await stack.enter_async_context(
                    open_hall(database, folder / f"hall-{each}", f"hall_{each}")
                )
                numbers = await filled(hall, each, folder / f"numbers-{each}")
                asked.append([(hall, call) for call in calls(hall, numbers)])
            if only_fill:
                return []
            compared = []
            for (_, one), (hall, other) in zip(*asked, strict=True):
                seen = await look(hall, other)
                few, many = await pace(one, other)
                compared.append(Compared(few, many, seen))
            return compared
    finally:
        database.stop()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="volume", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep what is filled here, look at it again")
    parser.add_argument("--fill", action="store_true", help="only fill the folder")
    asked = parser.parse_args()
    if asked.fill and asked.folder is None:
        parser.error("--fill without --folder would keep nothing")
    return asked


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asked = _asked()
    with tempfile.TemporaryDirectory(prefix="tongban-volume-") as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        compared = asyncio.run(run(folder, asked.count, only_fill=asked.fill))
    if asked.fill:
        return
    sys.stdout.write(written(compared, asked.count) + "\n")
    if whole := sorted({table for each in compared for table in each.seen.read_whole}):
        sys.exit(f"read whole: {', '.join(whole)}")


if __name__ == "__main__":
    main()
