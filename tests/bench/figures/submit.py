"""A full submission at the window, against the same rows written by hand."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic_core import to_json

from services.intake.api.examples import REMOTE_COLLECTION
from shared.security.callers import Role
from tests.bench import wire
from tests.bench.floors.schema import copy_tables
from tests.bench.load import Job
from tests.bench.report import Figure, Rounds, bounded
from tests.bench.stage import Spent, Stage

WINDOW = "630104-C1"
CONNECTIONS = 16
# What one caller may ask in a second is bounded.
CLERKS = tuple(f"clerk-{number}" for number in range(CONNECTIONS))
TABLES = (
    "idempotency",
    "case_file",
    "case_material",
    "case_original",
    "case_step",
    "audit",
    "subject_sequence",
    "outbox",
)


def submission() -> dict[str, Any]:
    """Four materials, three of them originals that stay at the window; nothing is deferred."""
    made: dict[str, Any] = deepcopy(dict(REMOTE_COLLECTION))
    del made["deferral"]
    made["materials"] = [
        {"code": "M1", "form": "original", "count": 1},
        {"code": "M2", "form": "original", "count": 1},
        {"code": "M3", "form": "original", "count": 1},
        {"code": "M4", "form": "electronic", "count": 1},
    ]
    return made


def posted(path: str, headers: Mapping[str, str], body: Any) -> bytes:
    key = {"Idempotency-Key": wire.KEY.decode()}
    return wire.request("POST", path, {**headers, **key}, to_json(body))


async def measure(stage: Stage, *, rounds: int = 5, seconds: float = 4.0) -> list[Figure]:
    connection = await stage.connect()
    await copy_tables(connection, "intake", TABLES, filled=("item_version",))
    await connection.close()
    port, floor_pid = await stage.floor("submit")
    api_pid = stage.pid("intake")
    body = submission()
    ours = Job(
        stage.port("intake"),
        tuple(
            posted("/intake/v1/cases", stage.headers(Role.CLERK, WINDOW, subject=who), body)
            for who in CLERKS
        ),
        CONNECTIONS,
        seconds,
        expect=201,
    )
    floor = Job(port, (posted("/cases", {}, body),), CONNECTIONS, seconds, expect=201)
    found, mine, hand = Rounds(), Spent(api_pid), Spent(floor_pid)
    async with stage.without_workers():
        for _ in range(rounds):
            with mine:
                taken = await stage.loader.run(ours)
            with hand:
                written = await stage.loader.run(floor)
            mine.count += taken.count
            hand.count += written.count
            found.add(taken.rate, written.rate)
        figure = found.figure(
            "submit",
            "cases/s",
            least=0.6,
            said=f"CPU of the process per case: {mine.each:.2f} ms, by hand {hand.each:.2f} ms",
        )
        half = Job(ours.port, ours.requests, CONNECTIONS, 10.0, rate=figure.value / 2, expect=201)
        waited = await stage.loader.run(half)
    return [
        figure,
        bounded(
            "submit_p99",
            waited.p99 * 1000,
            "ms",
            most=150,
            said=f"at {half.rate:.0f}/s, half of the above; p50 {waited.p50 * 1000:.1f} ms",
        ),
    ]
