"""The first case, word for word as both READMEs tell it, against a fresh installation."""

import asyncio
import os
import re
import stat
import sys
from pathlib import Path

import pytest

from deploy.instance import Instance

ROOT = Path(__file__).parents[2]

# `make token` itself would look after the environment; what it calls is this.
_MAKE = """#!/bin/sh
for each in "$@"; do
  case "$each" in ROLE=*) role="${{each#ROLE=}}" ;; LOCATION=*) place="${{each#LOCATION=}}" ;; esac
done
exec {python} -m deploy.token --role "$role" --location "$place"
"""


@pytest.mark.processes
@pytest.mark.timeout(240)
async def test_the_first_case_works_as_written(place: Path, tmp_path: Path) -> None:
    instance = Instance(place / "data")
    try:
        await instance.start()
        for readme in ("README.md", "README.zh-CN.md"):
            said = await _follow(readme, instance, tmp_path)
            assert '"complete":false' in said
            assert '"state": "running"' in said
            assert '"result":"granted"' in said
            assert '"status":"delivered"' in said
    finally:
        await instance.stop()


async def _follow(readme: str, instance: Instance, folder: Path) -> str:
    found = re.search(r"```sh\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)
    assert found
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    make = tools / "make"
    make.write_text(_MAKE.format(python=sys.executable))
    make.chmod(make.stat().st_mode | stat.S_IXUSR)
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-e",
        "-c",
        found[1],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PORT": str(instance.port),
            "DATA_DIR": str(instance.folder),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 90)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode == 0, err.decode()
    return out.decode()


def test_both_say_the_same_in_two_languages() -> None:
    """Commands and body are alike; only what is told between them is translated."""
    english, chinese = (
        re.search(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
        for name in ("README.md", "README.zh-CN.md")
    )
    assert english
    assert chinese

    def commands(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith("#")]

    assert commands(english[1]) == commands(chinese[1])


def test_what_the_readme_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"`make ([a-z-]+)", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert (ROOT / link).exists(), link
