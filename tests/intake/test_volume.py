"""At any volume the window's questions are answered from an index, and nothing is counted.

The planner is left as it is; the statements are those that the real calls send.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.database import EmbeddedDatabase
from tests.bench import volume
from tests.bench.volume import Hall, Seen

STORED = 5_000


@pytest.fixture
async def hall(postgres: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Hall]:
    async with volume.open_hall(postgres, tmp_path / "hall", f"volume_{tmp_path.name}") as opened:
        yield opened
    await postgres.administer(f'DROP DATABASE "{opened.name}" WITH (FORCE)')


@pytest.mark.timeout(300)
async def test_no_question_of_the_window_reads_a_table_of_cases_whole(hall: Hall) -> None:
    numbers = await volume.fill(hall, STORED)
    seen = {call.name: await volume.look(hall, call) for call in volume.calls(hall, numbers)}
    for each in seen.values():
        assert each.read_whole == [], each.name
        assert each.plans, each.name
        assert not any("Aggregate" in plan for plan in each.plans), each.name
    assert _index(seen["窗口待办"]) == "ix_case_file_to_do"
    assert _index(seen["辖区待办（上级）"]) == "ix_case_file_to_do_all"
    # Where a good half of all is one window's, either of the two will do.
    assert _index(seen["按灯色"]).startswith("ix_case_file_light")
    assert _index(seen["辖区灯色（上级）"]) == "ix_case_file_light_all"
    assert _index(seen["按姓名查找"]) == "ix_case_file_name_index"
    assert _index(seen["按证件号码查找"]) == "ix_case_file_id_number_index"
    assert _index(seen["按编号查找"]) == "pk_case_file"
    assert _index(seen["一个办件"]) == "pk_case_file"


def _index(seen: Seen) -> str:
    (plan,) = seen.plans
    return next(
        word
        for line in plan.splitlines()
        for word in line.split()
        if word.startswith(("ix_case_file", "pk_case_file"))
    )
