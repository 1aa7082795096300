"""Two installations as two provinces: a case of each mode returns, whoever is killed."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import provinces
from deploy.provinces import Pair, Province

KILLED_AT = {
    # Of whom, at the first line of the story that begins so.
    "receiving side": (0, "【对方办理地】一次性告知"),
    "handling side": (1, "【窗口】告知书到了"),
}


@pytest.mark.processes
@pytest.mark.timeout(600)
@pytest.mark.parametrize("side", KILLED_AT)
async def test_with_either_side_killed_in_the_middle_every_case_still_returns(
    side: str, place: Path
) -> None:
    killed, line = KILLED_AT[side]
    async with provinces.two_provinces(place) as pair:
        reached = asyncio.Event()

        def say(said: str) -> None:
            if said.startswith(line):
                reached.set()

        telling = asyncio.create_task(provinces.tell(pair, say))
        await asyncio.wait_for(reached.wait(), 120)
        await _kill(pair[killed])
        await provinces.resume(pair)
        assert await telling == len(provinces.STORIES)
        assert await provinces.agree(pair) == []
        _conserve(pair)


async def _kill(province: Province) -> None:
    """As a power cut would; then started again."""
    province.instance.kill()
    await province.instance.start()


def _conserve(pair: Pair) -> None:
    """Each side's own command says the same."""
    for province in pair:
        done = subprocess.run(
            [sys.executable, "-m", "deploy.ops", "conserve"],
            env={**os.environ, "DATA_DIR": str(province.instance.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_province_calls_the_other_ones_places_a_partners() -> None:
    for division, other in (("630000", "620000"), ("620000", "630000")):
        directory = provinces.directory_of(division)
        systems = {
            place["division"][:2]: place["system"]
            for place in directory["locations"]
            if place["division"][:2] in ("62", "63")
        }
        assert systems[other[:2]] == f"partner:P-{other}"
        assert systems[division[:2]] != f"partner:P-{division}"
        assert json.dumps(directory).count(f"partner:P-{division}") == 0
