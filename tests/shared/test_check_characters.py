"""Check characters: the examples that standards publish, and no slip of one character unnoticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identity import certificates, checks, resident, uscc

DIGITS = "0123456789"
# GB 32100 leaves out what is easily mistaken.
CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize(
    ("by", "body", "check"),
    [
        # ISO 7064's own examples.
        (checks.by_mod_11_2, "0794", "0"),
        (checks.by_mod_11_10, "79462", "3"),
        (checks.by_mod_37_36, "A12425GABC1234002", "M"),
        # GB 11643, a number of each ending; GB 32100.
        (checks.by_mod_11_2, "11010519491231002", "X"),
        (checks.by_mod_11_2, "44052418800101001", "4"),
        (checks.by_mod_31, "91350100M000100Y4", "3"),
    ],
)
def test_published_examples_hold(by: object, body: str, check: str) -> None:
    assert callable(by)
    assert by(body) == check


def _changed(text: str, place: int, to: str) -> str:
    return text[:place] + to + text[place + 1 :]


@given(
    body=st.text(DIGITS, min_size=17, max_size=17),
    place=st.integers(0, 16),
    to=st.sampled_from(DIGITS),
)
def test_one_wrong_digit_of_an_identity_number_is_always_noticed(
    body: str, place: int, to: str
) -> None:
    if body[place] != to:
        assert checks.by_mod_11_2(_changed(body, place, to)) != checks.by_mod_11_2(body)


@given(body=st.text(DIGITS, min_size=17, max_size=17), place=st.integers(0, 15))
def test_two_neighbours_that_changed_places_are_always_noticed(body: str, place: int) -> None:
    swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
    if swapped != body:
        assert checks.by_mod_11_2(swapped) != checks.by_mod_11_2(body)


@given(
    body=st.text(CREDIT, min_size=17, max_size=17),
    place=st.integers(0, 16),
    to=st.sampled_from(CREDIT),
)
def test_one_wrong_character_of_a_credit_code_is_always_noticed(
    body: str, place: int, to: str
) -> None:
    if body[place] != to:
        assert checks.by_mod_31(_changed(body, place, to)) != checks.by_mod_31(body)


@given(
    serial=st.text(DIGITS + LETTERS, min_size=1, max_size=20),
    place=st.integers(0, 19),
    to=st.sampled_from(DIGITS + LETTERS),
)
def test_one_wrong_character_of_a_certificate_identifier_is_always_noticed(
    serial: str, place: int, to: str
) -> None:
    place %= len(serial)
    sound = certificates.compose("91630104MA7ABCDE2J001", "620102", serial, "001")
    assert certificates.check(sound) == []
    if serial[place] != to:
        parts = sound.split(".")
        parts[-3] = _changed(serial, place, to)
        slipped = ".".join(parts)
        assert [flaw.code for flaw in certificates.check(slipped)] == ["check-character"]


@given(text=st.text(max_size=30))
def test_whatever_is_typed_is_judged_and_never_breaks(text: str) -> None:
    for check in (resident.check, uscc.check, certificates.check):
        assert isinstance(check(text), list)
