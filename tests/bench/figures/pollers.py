"""4,880 service points (406 townships, 4,474 villages) poll every five seconds, beside 20
submissions a second for a minute: how long polls and submissions take, what it costs, and whether
each case shows up at the poll that waits for it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx

from deploy.stories import full_online
from shared.security.callers import Role
from tests.bench import crowd, samples
from tests.bench.report import Figure, bounded
from tests.bench.stage import Stage, cpu_seconds

POINTS = 406 + 4_474
EVERY, ROUNDS = 5.0, 12
RATE, SECONDS = 20.0, 60.0
# In which every point asks for the first time; what follows is measured.
WARM = 90.0


async def measure(
    stage: Stage, *, points: int = POINTS, rounds: int = ROUNDS, seconds: float = SECONDS
) -> list[Figure]:
    offices = [
        place.code for place in samples.places("office", ending="-RS") if place.division[4:] != "00"
    ]
    stations = [f"630104-V{number:04}" for number in range(points - len(offices))]
    async with httpx.AsyncClient(
        transport=stage.served.gateway(), base_url="http://tongban", timeout=60
    ) as client:
        await _register(stage, client, stations)
        bodies = await _bodies(stage, client, offices)
    officers = [[code, stage.token(Role.OFFICER, code)] for code in (*offices, *stations)]
    polled, submitted, spent = await asyncio.gather(
        crowd.start("pollers", _plan(stage, officers, rounds=rounds)),
        crowd.start(
            "window",
            {
                **_plan(stage, officers[: len(offices)], rounds=rounds),
                "intake_port": stage.port("intake"),
                "clerk": stage.token(Role.CLERK, full_online.WINDOW),
                "bodies": bodies,
                "connections": 16,
                "rate": RATE,
                "seconds": seconds,
            },
        ),
        _spent(stage, over=EVERY * rounds),
    )
    return _figures(polled, submitted, spent, over=EVERY * rounds)


def _plan(stage: Stage, places: Sequence[Sequence[str]], *, rounds: int) -> dict[str, Any]:
    return {
        "port": stage.port("routing"),
        "every": EVERY,
        "rounds": rounds,
        "places": places,
        "begin_after": WARM,
    }


async def _spent(stage: Stage, *, over: float) -> dict[str, float]:
    """CPU seconds of the minute that is measured."""
    await asyncio.sleep(WARM + EVERY)
    before = _cpu(stage)
    await asyncio.sleep(over)
    after = _cpu(stage)
    return {name: after[name] - used for name, used in before.items()}


def _figures(
    polled: Mapping[str, Any],
    submitted: Mapping[str, Any],
    spent: Mapping[str, float],
    *,
    over: float,
) -> list[Figure]:
    polls, taken, heard = polled["polls"], submitted["submissions"], submitted["heard"]
    unexpected = sum(
        count
        for answers, expected in ((polls["answers"], ("200", "304")), (taken["answers"], ("201",)))
        for status, count in answers.items()
        if status not in expected
    )
    return [
        bounded("poll_p50", polls["p50"] * 1000, "ms", most=50, said=_said(polls)),
        bounded("poll_p99", polls["p99"] * 1000, "ms", most=1000),
        bounded("submit_beside_polls_p50", taken["p50"] * 1000, "ms", most=100, said=_said(taken)),
        bounded("submit_beside_polls_p99", taken["p99"] * 1000, "ms", most=1000),
        bounded("waiting_poll_p50", heard["p50"] * 1000, "ms", most=1000, said=_said(heard)),
        bounded("waiting_poll_p99", heard["p99"] * 1000, "ms", most=3000),
        bounded("waiting_poll_missed", len(submitted["missed"]), "cases", most=0),
        bounded("unexpected_answers", unexpected, "answers", most=0),
        *(
            bounded(f"cpu_{name}", used / over * 100, "% core", most=100)
            for name, used in spent.items()
        ),
    ]


def _said(times: Mapping[str, Any]) -> str:
    answers = ", ".join(f"{count} × {status}" for status, count in times["answers"].items())
    return f"{times['count']} in all, longest {times['most'] * 1000:.0f} ms; {answers}".rstrip("; ")


async def _register(stage: Stage, client: httpx.AsyncClient, stations: Sequence[str]) -> None:
    """Through the door, as operations would."""
    locations = [
        {
            "code": code,
            "version": 1,
            "valid_from": "2024-01-01",
            "name": f"便民服务站{code[-4:]}（示例）",
            "kind": "station",
            "division": "630104",
        }
        for code in stations
    ]
    document = {"format": "tongban.directory/1", "locations": locations}
    answer = await client.post(
        "/routing/v1/registry/import", json=document, headers=stage.headers(Role.OPS, None)
    )
    answer.raise_for_status()


async def _bodies(stage: Stage, client: httpx.AsyncClient, offices: Sequence[str]) -> list[str]:
    """The same matter for as many counties as there are offices."""
    headers = stage.headers(Role.CLERK, full_online.WINDOW)
    item = (await client.get("/intake/v1/items/RS-002", headers=headers)).json()
    made = []
    for code in offices:
        body = {**deepcopy(full_online.SUBMISSION), "form": item["form_example"]}
        body["basis"] = {"household_registration": code[:6]}
        made.append(json.dumps(body, ensure_ascii=False))
    return made


def _cpu(stage: Stage) -> dict[str, float]:
    """Of each process of the installation, and of the whole database server."""
    found = {}
    for house, group in stage.served.apis.items():
        found[f"{house}_api"] = sum(_of(process.pid) for _, process in group)
        workers = stage.served.workers[house]
        found[f"{house}_worker"] = sum(_of(process.pid) for process in workers)
    found["postgresql"] = _database(stage.served.folder / "pg")
    return found


def _of(pid: int | None) -> float:
    return cpu_seconds(pid) if pid is not None else 0.0


def _database(folder: Path) -> float:
    """The postmaster with all that it has started."""
    lines = next(folder.rglob("postmaster.pid")).read_text().splitlines()
    postmaster, total = int(lines[0]), 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = int(stat.parent.name), stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if pid == postmaster or int(rest[1]) == postmaster:
            total += _of(pid)
    return total
