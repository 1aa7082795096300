"""The duties table is one: what the steps ask, what the API tells, what the page prints."""

import subprocess
import sys
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest

from deploy.database import EmbeddedDatabase
from services.routing import duties_table
from services.routing.domain import duties
from services.routing.domain.duties import Allowed
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.words import Mode, Side
from tests.routing.bench import Bench, open_bench

PAGE = Path(__file__).parents[2] / "docs" / "duties.md"


@pytest.fixture
async def bench(database: str, postgres: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(database, postgres, tmp_path) as opened:
        yield opened


def test_the_page_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "services.routing", "duties"]
    printed = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
    assert printed.stdout == PAGE.read_text("utf-8")


def test_every_line_is_printed_with_the_reason_of_its_refusal() -> None:
    lines = [line.split("\t") for line in duties_table.every_line()]
    assert len(lines) == len(Mode) * len(Status) * len(Step) * len(Side)
    assert all(len(line) == 5 and line[4] for line in lines)
    assert ["full_online", "received", "accept", "handling", "可以"] in lines


async def test_the_api_tells_the_same_table(bench: Bench) -> None:
    anybody = bench.person("auditor", None)
    told = {}
    for mode, status in product(Mode, Status):
        answer = await anybody.get("/duties", params={"mode": mode, "status": status})
        for row in answer["duties"]:
            key = (row["mode"], row["status"], row["step"], row["side"])
            told[key] = (row["allowed"], row["reason"])
    asked = {
        (row.mode.value, row.status.value, row.step.value, row.side.value): (
            isinstance(row.answer, Allowed),
            None if isinstance(row.answer, Allowed) else row.answer.reason_zh,
        )
        for row in duties.table()
    }
    assert told == asked
