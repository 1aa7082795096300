"""The key ring from the command line: made, rotated, and taken to another family of algorithms."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.keys import app
from shared.security.algorithms import AES, SM
from shared.security.keys import Keyring
from shared.security.ring import PURPOSES, ROTATED


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    return tmp_path / "ring.json"


def told(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"KEY_ALGORITHM": "", **environment})


def families(file: Path) -> set[str]:
    ring = Keyring.load(file)
    return {ring.algorithm(purpose).name for purpose in PURPOSES}


def test_a_ring_is_made_of_the_family_that_a_setting_names(ring: Path, tmp_path: Path) -> None:
    assert told("create", str(ring)).exit_code == 0
    assert families(ring) == {AES.name}
    for number, (words, environment) in enumerate(
        ((("--algorithm", SM.name), {}), ((), {"KEY_ALGORITHM": SM.name}))
    ):
        other = tmp_path / f"{number}.json"
        assert told("create", str(other), *words, **environment).exit_code == 0
        assert families(other) == {SM.name}
        keys = Keyring.load(other)
        sealed = keys.seal("fields", "李示例".encode(), context="c")
        assert sealed[0] == SM.code
        assert keys.open("fields", sealed, context="c").decode() == "李示例"


def test_a_ring_that_is_there_stays_and_an_unknown_family_makes_none(ring: Path) -> None:
    refused = told("create", str(ring), "--algorithm", "rot13")
    assert (refused.exit_code, ring.exists()) == (1, False)
    told("create", str(ring))
    before = ring.read_bytes()
    assert told("create", str(ring)).exit_code == 1
    assert told("rotate", str(ring), "--algorithm", "rot13").exit_code == 2
    assert ring.read_bytes() == before


def test_a_rotation_stays_with_the_family_and_leaves_alone_what_only_proves(ring: Path) -> None:
    told("create", str(ring), "--algorithm", SM.name)
    before = {purpose: Keyring.load(ring).kids(purpose) for purpose in PURPOSES}
    assert told("rotate", str(ring)).exit_code == 0
    after = Keyring.load(ring)
    assert families(ring) == {SM.name}
    for purpose in PURPOSES:
        kept = after.kids(purpose)[1:] if purpose in ROTATED else after.kids(purpose)
        assert kept == before[purpose]


def test_a_rotation_to_another_family_takes_everything_there(ring: Path) -> None:
    told("create", str(ring))
    sealed = Keyring.load(ring).seal("fields", b"x", context="c")
    done = told("rotate", str(ring), "--algorithm", SM.name)
    assert (done.exit_code, done.stdout.count(SM.name)) == (0, len(PURPOSES))
    after = Keyring.load(ring)
    assert families(ring) == {SM.name}
    assert after.open("fields", sealed, context="c") == b"x"
    # Once there, what only proves is left alone again.
    told("rotate", str(ring), "--algorithm", SM.name)
    assert len(Keyring.load(ring).kids("audit")) == 2


def test_only_an_old_key_that_sealed_is_dropped(ring: Path) -> None:
    told("create", str(ring))
    old = Keyring.load(ring).primary("fields")
    assert told("forget", str(ring), old).exit_code == 1
    told("rotate", str(ring), "fields", "index")
    for kid, code in ((Keyring.load(ring).kids("index")[1], 1), (old, 0)):
        assert told("forget", str(ring), kid).exit_code == code
    assert old not in Keyring.load(ring).kids("fields")
