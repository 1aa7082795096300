"""What the key ring promises of everything it seals."""

import json
import shutil
import stat
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import utc_now
from shared.security.algorithms import ALGORITHMS, BY_CODE
from shared.security.keys import (
    KNOWN_TO_ALL,
    PURPOSES,
    Keyring,
    KeyringError,
    Purpose,
    SealBrokenError,
    UnknownKeyError,
    kid_of,
)
from shared.security.secret_files import SecretFileError

RINGS = {name: Keyring.new(algorithm=name) for name in ALGORITHMS}
SEALING: tuple[Purpose, ...] = ("fields", "events", "files", "links")

families = pytest.mark.parametrize("family", list(ALGORITHMS))


@families
@given(data=st.binary(max_size=3000), context=st.text(max_size=60))
def test_what_was_sealed_opens_in_its_place(family: str, data: bytes, context: str) -> None:
    ring = RINGS[family]
    assert ring.open("fields", ring.seal("fields", data, context=context), context=context) == data


@families
@given(data=st.binary(min_size=1, max_size=200), position=st.integers(0), bit=st.integers(0, 7))
def test_no_bit_of_it_can_be_changed(family: str, data: bytes, position: int, bit: int) -> None:
    ring = RINGS[family]
    sealed = bytearray(ring.seal("fields", data, context="cases:1:form"))
    sealed[position % len(sealed)] ^= 1 << bit
    with pytest.raises((SealBrokenError, UnknownKeyError)):
        ring.open("fields", bytes(sealed), context="cases:1:form")


@families
@given(data=st.binary(max_size=100), length=st.integers(0, 132))
def test_nothing_can_be_cut_off(family: str, data: bytes, length: int) -> None:
    ring = RINGS[family]
    sealed = ring.seal("fields", data, context="c")
    with pytest.raises((SealBrokenError, UnknownKeyError)):
        ring.open("fields", sealed[: min(length, len(sealed) - 1)], context="c")


@families
def test_it_opens_neither_in_another_row_nor_for_another_purpose(family: str) -> None:
    ring = RINGS[family]
    sealed = ring.seal("fields", b"x", context="cases:1:name")
    with pytest.raises(SealBrokenError):
        ring.open("fields", sealed, context="cases:2:name")
    with pytest.raises(UnknownKeyError):
        ring.open("events", sealed, context="cases:1:name")


@families
def test_the_same_sealed_twice_looks_different(family: str) -> None:
    ring = RINGS[family]
    assert ring.seal("fields", b"x", context="c") != ring.seal("fields", b"x", context="c")


@families
def test_sealing_adds_thirty_three_bytes_that_name_algorithm_and_key(family: str) -> None:
    ring = RINGS[family]
    sealed = ring.seal("events", b"", context="c")
    assert len(sealed) == 33
    assert BY_CODE[sealed[0]].name == family
    assert kid_of(sealed) == ring.primary("events")
    assert sealed.startswith(ring.prefix("events"))


def test_every_purpose_has_a_key_of_its_own() -> None:
    ring = Keyring.new()
    kids = {ring.primary(purpose) for purpose in get_args(Purpose)}
    assert len(kids) == len(get_args(Purpose)) == 6


@pytest.mark.parametrize("purpose", ["index", "audit"])
def test_a_key_for_digests_seals_nothing(purpose: Purpose) -> None:
    with pytest.raises(KeyringError, match=purpose):
        Keyring.new().seal(purpose, b"x", context="c")


def test_after_a_rotation_old_seals_open_and_are_known_as_stale() -> None:
    ring = Keyring.new()
    before = ring.seal("fields", b"x", context="c")
    kid = ring.rotate("fields")
    after = ring.seal("fields", b"x", context="c")
    assert kid_of(after) == kid == ring.primary("fields")
    assert ring.open("fields", before, context="c") == b"x"
    assert (ring.stale("fields", before), ring.stale("fields", after)) == (True, False)
    assert ring.kids("fields") == (kid, kid_of(before))


def test_both_families_open_while_one_replaces_the_other() -> None:
    ring = Keyring.new()
    aes = ring.seal("files", b"x", context="c")
    ring.rotate("files", algorithm="sm4gcm-hmacsm3")
    sm4 = ring.seal("files", b"x", context="c")
    assert (aes[0], sm4[0]) == (1, 2)
    assert ring.open("files", aes, context="c") == ring.open("files", sm4, context="c") == b"x"
    ring.rotate("files")
    assert ring.seal("files", b"x", context="c")[0] == 2


def test_only_an_old_key_can_be_forgotten() -> None:
    ring = Keyring.new()
    sealed = ring.seal("fields", b"x", context="c")
    with pytest.raises(KeyringError, match="in use"):
        ring.forget(kid_of(sealed))
    ring.rotate("fields")
    ring.forget(kid_of(sealed))
    with pytest.raises(UnknownKeyError):
        ring.open("fields", sealed, context="c")


def test_a_narrowed_ring_carries_no_other_keys() -> None:
    ring = Keyring.new()
    sealed = ring.seal("files", b"x", context="c")
    narrow = ring.for_purposes("events", "index")
    with pytest.raises(UnknownKeyError):
        narrow.open("files", sealed, context="c")
    with pytest.raises(KeyringError):
        narrow.seal("files", b"x", context="c")
    assert narrow.open("events", ring.seal("events", b"y", context="c"), context="c") == b"y"
    assert narrow.blind("id", "1") == ring.blind("id", "1")


@families
@given(kind=st.text(max_size=8), value=st.text(max_size=30), other=st.text(max_size=30))
def test_equal_values_of_one_kind_have_equal_blinds(
    family: str, kind: str, value: str, other: str
) -> None:
    ring = RINGS[family]
    assert len(ring.blind(kind, value)) == 21
    assert ring.blind(kind, value).startswith(ring.blind_prefix())
    assert (ring.blind(kind, value) == ring.blind(kind, other)) == (value == other)


def test_a_blind_depends_on_kind_and_key() -> None:
    ring = Keyring.new()
    assert ring.blind("phone", "1") != ring.blind("id_number", "1")
    assert ring.blind("phone", "1") != Keyring.new().blind("phone", "1")


def test_blinds_of_a_rotated_index_are_found_under_either_key() -> None:
    ring = Keyring.new()
    old_kid, old = ring.primary("index"), ring.blind("phone", "1")
    new_kid = ring.rotate("index")
    assert ring.blind("phone", "1") == ring.blind_with(new_kid, "phone", "1") != old
    assert ring.blind_with(old_kid, "phone", "1") == old
    assert ring.blinds("phone", "1") == (ring.blind("phone", "1"), old)
    with pytest.raises(UnknownKeyError):
        ring.blind_with(ring.primary("fields"), "phone", "1")


@families
def test_a_digest_is_recognised_after_a_rotation_too(family: str) -> None:
    ring = Keyring.new(algorithm=family)
    digest = ring.digest(b"body")
    ring.rotate("index")
    assert ring.matches(digest, b"body")
    assert not ring.matches(digest, b"another body")
    assert not ring.matches(b"", b"body")
    assert not ring.matches(Keyring.new().digest(b"body"), b"body")


@families
def test_what_was_attested_is_known_as_ours_after_a_rotation_too(family: str) -> None:
    ring = Keyring.new(algorithm=family)
    proof = ring.attest(b"row")
    ring.rotate("audit")
    assert ring.attested(proof, b"row")
    assert not ring.attested(proof, b"another row")
    assert not ring.attested(ring.digest(b"row"), b"row")
    assert not Keyring.new().attested(proof, b"row")


def test_a_ring_of_an_earlier_version_gets_the_keys_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    Keyring.create(path)
    ring = json.loads(path.read_text())
    ring["keys"] = [key for key in ring["keys"] if key["purpose"] != "audit"]
    path.write_text(json.dumps(ring))
    assert Keyring.load_or_create(path).attest(b"x")
    assert Keyring.load(path).attest(b"x")


def test_an_unknown_algorithm_is_named() -> None:
    with pytest.raises(KeyringError, match="rot13"):
        Keyring.new(algorithm="rot13")


def test_the_file_is_its_owners_alone_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ring.json"
    sealed = Keyring.create(path).seal("fields", b"x", context="c")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keyring.load(path).open("fields", sealed, context="c") == b"x"
    assert [each.name for each in path.parent.iterdir()] == ["ring.json"]


def test_a_ring_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    kid = Keyring.create(path).primary("fields")
    with pytest.raises(KeyringError, match="never overwritten"):
        Keyring.create(path)
    assert Keyring.load_or_create(path).primary("fields") == kid


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ring.json"
    Keyring.create(path)
    path.chmod(mode)
    with pytest.raises(SecretFileError, match="open to others"):
        Keyring.load(path)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"keys": [{}]}', '{"keys": [{"kid": "00", "purpose": "x"}]}', "\x00"],
)
def test_what_is_not_a_key_ring_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ring.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyringError):
        Keyring.load(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="no key file"):
        Keyring.load(tmp_path / "ring.json")


def test_a_ring_shows_no_key(tmp_path: Path) -> None:
    ring = Keyring.create(tmp_path / "ring.json")
    assert all(repr(key.material)[2:-1] not in repr(key) for key in ring._ring.keys)


def test_a_rotation_reaches_a_ring_that_another_process_holds(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    ours, theirs = Keyring.create(path), Keyring.load(path)
    ours.rotate("events")
    sealed = ours.seal("events", b"x", context="c")
    assert theirs.open("events", sealed, context="c") == b"x"
    assert theirs.primary("events") == kid_of(sealed)


def test_a_ring_notices_a_rotation_without_meeting_the_new_key(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    ours, theirs = Keyring.create(path), Keyring.load(path)
    kid = ours.rotate("fields")
    theirs._due = 0.0  # as if two seconds had gone by
    assert kid_of(theirs.seal("fields", b"x", context="c")) == kid


def test_rotations_from_two_rings_lose_neither_key(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    Keyring.create(path)
    narrow, whole = Keyring.load(path).for_purposes("fields"), Keyring.load(path)
    first = narrow.rotate("fields")
    second = whole.rotate("events")
    kept = Keyring.load(path)
    assert (kept.primary("fields"), kept.primary("events")) == (first, second)
    assert kept.primary("links")


def test_work_goes_on_with_the_keys_at_hand_while_the_file_is_away(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    ring = Keyring.create(path)
    path.unlink()
    with pytest.raises(UnknownKeyError):
        ring.open("fields", Keyring.new().seal("fields", b"x", context="c"), context="c")
    assert ring.open("fields", ring.seal("fields", b"x", context="c"), context="c") == b"x"


def test_what_names_no_key_is_made_with_a_new_one_only_once_all_processes_know_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ring.json"
    ours, theirs = Keyring.create(path), Keyring.load(path)
    before = ours.blind("phone", "1")
    for purpose in ("index", "links"):
        ours.rotate(purpose)
    # They have not looked at the file again, and find it all the same.
    assert ours.blind("phone", "1") in theirs.blinds("phone", "1")
    assert theirs.signed_link(ours.sign_link(b"link"), b"link")
    assert before in ours.blinds("phone", "1")
    assert ours.blinds("phone", "1")[0] != before


def test_a_key_that_all_processes_know_is_the_one_that_makes_blinds_and_links(
    tmp_path: Path,
) -> None:
    ring = Keyring.create(tmp_path / "ring.json")
    blind, link = ring.blind("phone", "1"), ring.sign_link(b"link")
    earlier = utc_now() - 2 * KNOWN_TO_ALL
    for purpose in ("index", "links"):
        ring.rotate(purpose, clock=lambda: earlier)
    assert ring.blind("phone", "1") == ring.blinds("phone", "1")[0] != blind
    assert ring.sign_link(b"link") != link
    assert ring.signed_link(link, b"link")


def test_where_the_ring_comes_late_nobody_uses_a_new_key_before_all_have_it(tmp_path: Path) -> None:
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    Keyring.create(here)
    shutil.copy(here, there)
    late = timedelta(minutes=3)
    ours, theirs = (Keyring.load(path, spread=late) for path in (here, there))
    present = {purpose: ours.primary(purpose) for purpose in PURPOSES}
    for purpose in PURPOSES:
        ours.rotate(purpose)
    # What we go on to write opens, and is found, where the new ring has not come to.
    assert {purpose: ours.primary(purpose) for purpose in PURPOSES} == present
    for purpose in SEALING:
        assert theirs.open(purpose, ours.seal(purpose, b"x", context="c"), context="c") == b"x"
    assert ours.blind("phone", "1") in theirs.blinds("phone", "1")
    assert theirs.matches(ours.digest(b"x"), b"x")
    assert theirs.attested(ours.attest(b"x"), b"x")
    assert theirs.signed_link(ours.sign_link(b"x"), b"x")


def test_a_new_key_is_used_once_the_ring_has_come_everywhere_without_its_file_being_touched(
    tmp_path: Path,
) -> None:
    path, late = tmp_path / "ring.json", timedelta(minutes=3)
    ring = Keyring.create(path)
    nearly = utc_now() - late - KNOWN_TO_ALL + timedelta(milliseconds=200)
    kid = ring.rotate("fields", clock=lambda: nearly)
    told = Keyring.load(path, spread=late)
    before = told.primary("fields")
    assert before != kid
    while told.primary("fields") == before:
        told._due = 0.0  # as if two seconds had gone by
    assert kid_of(told.seal("fields", b"x", context="c")) == kid
