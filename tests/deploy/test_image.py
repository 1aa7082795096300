"""The image: what it copies is enough to run every command of it, and nobody in it is root."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
COPIED = re.findall(r"^COPY (?!--from)(\S+) (\S+)$", DOCKERFILE, re.MULTILINE)


def test_it_is_nobody_in_particular() -> None:
    user = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert user == ["10001:10001"]


def test_it_installs_what_the_lock_says_and_nothing_else() -> None:
    installs = re.findall(r"pip install (.*)$", DOCKERFILE, re.MULTILINE)
    assert installs == [
        "--require-hashes --no-deps --only-binary :all: -r /tmp/requirements.lock \\"
    ]
    assert "tests/requirements.lock" not in DOCKERFILE


def test_what_is_copied_is_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    for source, _ in COPIED:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder /app as the Dockerfile fills it."""
    app = tmp_path_factory.mktemp("app")
    for source, target in COPIED:
        if target.startswith("/"):
            continue
        shutil.copytree(
            ROOT / source, app / target, ignore=shutil.ignore_patterns("__pycache__", ".env")
        )
    return app


_IMPORTS = """
import json, sys
import deploy.keys, deploy.ready, migrations.houses, migrations.runner, deploy.database
import services.intake.app, services.notify.app, services.routing.app, shared.commands
print(json.dumps({name: getattr(module, "__file__", None) for name, module in sys.modules.items()}))
"""


@pytest.mark.timeout(240)
def test_its_processes_need_nothing_that_was_left_out(image: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(image)}
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTS],
        cwd=image,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    ours = {
        name: file
        for name, file in loaded.items()
        if name.partition(".")[0] in ("services", "shared", "migrations", "deploy") and file
    }
    assert all(file.startswith(str(image)) for file in ours.values())
    assert not {"pytest", "hypothesis", "mypy", "tests"} & set(loaded)


def test_a_health_check_fails_where_nothing_answers(image: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.ready", "http://127.0.0.1:9/"], cwd=image, check=False
    )
    assert done.returncode == 1


def test_a_key_ring_is_made_once_and_never_again(image: Path, tmp_path: Path) -> None:
    ring = tmp_path / "keyring.json"
    command = [sys.executable, "-m", "deploy.keys", "create", str(ring)]
    assert subprocess.run(command, cwd=image, capture_output=True, check=False).returncode == 0
    kept = ring.read_bytes()
    assert ring.stat().st_mode & 0o077 == 0
    assert subprocess.run(command, cwd=image, capture_output=True, check=False).returncode == 1
    assert ring.read_bytes() == kept
