"""Numbers of bodies, items, certificates, cases and telephones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10, mod_37_36

from shared import chance
from shared.errors import InvalidError
from shared.identity import (
    case_numbers,
    certificates,
    checks,
    items,
    phones,
    tracking_codes,
    typed,
    uscc,
)
from shared.identity.flaws import Flaw
from shared.identity.phones import PhoneKind

REAL_CODES = [
    "91440300708461136T",
    "91110108551385082Q",
    "91350100M000100Y43",
    "91110000600037341L",
    "11100000000013338W",
    "11430000006122244L",
]
BASIC = "000107002000"


def codes(flaws: list[Flaw]) -> list[str]:
    return [flaw.code for flaw in flaws]


@pytest.mark.parametrize("code", REAL_CODES)
def test_real_credit_codes_hold(code: str) -> None:
    assert uscc.check(code.lower()) == []
    assert uscc.parse(code).region == code[2:8]


def test_a_department_may_be_a_letter() -> None:
    body = "N2511800MF0123456"
    assert uscc.check(body + checks.by_mod_31(body)) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("", ["missing"]),
        (REAL_CODES[0][:-1], ["length"]),
        (REAL_CODES[0][:-1] + "0", ["check-character"]),
        ("9144O300708461136T", ["characters"]),
        ("91A40300708461136T", ["characters", "check-character"]),
    ],
)
def test_a_wrong_credit_code_is_told_in_full(code: str, found: list[str]) -> None:
    assert codes(uscc.check(code)) == found


@pytest.mark.parametrize(
    "identifier",
    [
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.002.S",
        "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F",
        "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
        # Issued under a division instead of a credit code.
        "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
    ],
)
def test_certificate_identifiers_seen_in_public_hold(identifier: str) -> None:
    assert certificates.check(identifier) == []
    read = certificates.parse(identifier.lower().replace(".", "．"))
    assert read.text == identifier
    assert (
        certificates.compose(read.type_code, read.issuer, read.serial, read.version) == identifier
    )


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        ("", ["missing"]),
        ("1" * 129, ["length"]),
        ("1.2.3", ["structure"]),
        ("1.2.156.3005.2.a.b.c", ["structure"]),
        ("1.2.156.3005.2.A.B.C.D.E", ["length", "length", "length"]),
        (
            "1.2.156.3005.2.11100000000013338W0!1.11430000006122244L..002.S",
            ["characters", "length"],
        ),
        (
            "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000404.002.S",
            ["check-character"],
        ),
    ],
)
def test_a_wrong_certificate_identifier_is_told_in_full(identifier: str, found: list[str]) -> None:
    assert codes(certificates.check(identifier)) == found


@pytest.mark.parametrize("part", ["", "01"])
def test_an_implementation_code_in_use_tells_who_where_and_what(part: str) -> None:
    code = items.parse(f"{REAL_CODES[5]}2{BASIC}{part}")
    assert code.implementer == REAL_CODES[5]
    assert code.level is items.Level.PROVINCE
    assert code.basic_code == BASIC
    assert code.part == (part or None)


@pytest.mark.parametrize(
    ("code", "profile", "found"),
    [
        ("A" * 24, items.Profile.STANDARD, []),
        ("A" * 25, items.Profile.STANDARD, ["length"]),
        ("A" * 50, items.Profile.ANY, []),
        ("A" * 51, items.Profile.ANY, ["length"]),
        ("A甲", items.Profile.ANY, ["characters"]),
        ("", items.Profile.ANY, ["missing"]),
        ("A" * 32, items.Profile.IN_USE, ["length"]),
        (f"{REAL_CODES[5]}9{BASIC[:-1]}?", items.Profile.IN_USE, ["characters", "characters"]),
        (f"{REAL_CODES[5][:-1]}A2{BASIC}", items.Profile.IN_USE, ["check-character"]),
    ],
)
def test_item_codes_are_checked_by_profile(
    code: str, profile: items.Profile, found: list[str]
) -> None:
    assert codes(items.check(code, profile)) == found


def test_basic_codes_are_checked_by_profile() -> None:
    assert items.check_basic(BASIC) == []
    assert codes(items.check_basic(BASIC[:-1])) == ["length"]
    assert codes(items.check_basic(BASIC, items.Profile.STANDARD)) == ["length"]


@pytest.mark.parametrize(
    ("text", "kind", "number", "extension"),
    [
        ("13800138000", PhoneKind.MOBILE, "13800138000", None),
        ("+86 138-0013-8000", PhoneKind.MOBILE, "13800138000", None),
        ("0086 13800138000", PhoneKind.MOBILE, "13800138000", None),
        ("8613800138000", PhoneKind.MOBILE, "13800138000", None),
        ("１３８ ００１３ ８０００", PhoneKind.MOBILE, "13800138000", None),
        ("0971-6123456", PhoneKind.LANDLINE, "09716123456", None),
        ("（0971）6123456转801", PhoneKind.LANDLINE, "09716123456", "801"),
        ("0971-6123456-801", PhoneKind.LANDLINE, "09716123456", "801"),
        ("0971—6123456", PhoneKind.LANDLINE, "09716123456", None),
        ("+86 971 6123456", PhoneKind.LANDLINE, "09716123456", None),
        ("010 6512 3456", PhoneKind.LANDLINE, "01065123456", None),
        ("+86 (0)10 6512 3456", PhoneKind.LANDLINE, "01065123456", None),
        ("400-800-1234", PhoneKind.SERVICE, "4008001234", None),
        ("+852 9123 4567", PhoneKind.HONG_KONG, "+85291234567", None),
        ("00852 9123 4567", PhoneKind.HONG_KONG, "+85291234567", None),
        ("＋853 6612 3456", PhoneKind.MACAO, "+85366123456", None),
        ("+886 0912 345 678", PhoneKind.TAIWAN, "+886912345678", None),
        ("+1 (212) 555-0123", PhoneKind.FOREIGN, "+12125550123", None),
        ("+49 30 123456 ext. 12", PhoneKind.FOREIGN, "+4930123456", "12"),
    ],
)
def test_telephone_numbers_are_read_as_people_write_them(
    text: str, kind: PhoneKind, number: str, extension: str | None
) -> None:
    assert phones.check(text) == []
    phone = phones.parse(text)
    assert (phone.kind, phone.number, phone.extension) == (kind, number, extension)
    assert phone.number not in repr(phone)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "missing"),
        ("1380013800", "length"),
        ("138001380000", "length"),
        ("6123456", "telephone"),
        ("12345678901", "telephone"),
        ("+852123", "foreign"),
        ("+0123456789", "foreign"),
        ("138oo138000", "characters"),
        ("٠١٢٣٤٥٦٧٨٩٠", "characters"),
    ],
)
def test_a_wrong_telephone_number_is_told(text: str, found: str) -> None:
    assert codes(phones.check(text)) == [found]
    with pytest.raises(InvalidError):
        phones.parse(text)


@given(st.text("0123456789+-()转#xX １２。 ", max_size=30))
def test_whatever_is_typed_as_a_telephone_number_is_read_or_told(text: str) -> None:
    if not phones.check(text):
        phone = phones.parse(text)
        assert phones.parse(phone.number).number == phone.number


def test_a_case_number_is_division_year_serial_and_check() -> None:
    number = case_numbers.compose("630000", 2026, 123)
    assert number == "63000026000001234"
    assert case_numbers.parse("630000 26 0000 0123 4") == case_numbers.CaseNumber(
        "630000", 2026, 123
    )
    assert case_numbers.grouped(number) == "630000 26 0000 0123 4"
    assert case_numbers.is_valid(case_numbers.grouped(number))


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("", ["missing"]),
        ("6300002600000123", ["length"]),
        ("6300002600000123A", ["characters"]),
        ("63000026000001235", ["check-character"]),
    ],
)
def test_a_wrong_case_number_is_told(number: str, found: list[str]) -> None:
    assert codes(case_numbers.check(number)) == found
    assert not case_numbers.is_valid(number)


@pytest.mark.parametrize(
    ("division", "year", "serial"),
    [
        ("63000", 2026, 1),
        ("63000A", 2026, 1),
        ("630000", 1999, 1),
        ("630000", 2100, 1),
        ("630000", 2026, 0),
        ("630000", 2026, 100_000_000),
    ],
)
def test_a_case_number_is_not_made_of_anything_else(division: str, year: int, serial: int) -> None:
    with pytest.raises(ValueError, match=r"case number|serials"):
        case_numbers.compose(division, year, serial)


@given(
    serial=st.integers(1, case_numbers.LAST_SERIAL),
    year=st.integers(2000, 2099),
    place=st.integers(0, 16),
    step=st.integers(1, 9),
)
def test_one_wrong_digit_of_a_case_number_is_always_noticed(
    serial: int, year: int, place: int, step: int
) -> None:
    number = case_numbers.compose("630102", year, serial)
    assert len(number) == case_numbers.LENGTH
    assert mod_11_10.is_valid(number)
    assert case_numbers.parse(number) == case_numbers.CaseNumber("630102", year, serial)
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert not case_numbers.is_valid(wrong)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=40))
def test_the_hybrid_system_is_the_one_of_iso_7064(body: str) -> None:
    assert mod_37_36.is_valid(body + checks.by_mod_37_36(body))


def test_a_tracking_code_is_forgiving() -> None:
    code = chance.new_tracking_code()
    assert tracking_codes.is_valid(code)
    assert tracking_codes.parse(tracking_codes.grouped(code)) == code
    assert tracking_codes.parse(f" {tracking_codes.grouped(code).lower()}\n") == code
    assert tracking_codes.parse("oIlO0-iL1Oo-23456-7890a") == "01100111002345678" + "90A"
    assert tracking_codes.grouped("01100111002345678" + "90a") == "01100-11100-23456-7890A"


@pytest.mark.parametrize(
    ("code", "found"),
    [("", ["missing"]), ("0" * 19, ["length"]), ("U" + "0" * 19, ["characters"])],
)
def test_a_wrong_tracking_code_is_told(code: str, found: list[str]) -> None:
    assert codes(tracking_codes.check(code)) == found
    assert not tracking_codes.is_valid(code)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ａｂＣ１２３", "ABC123"),
        (" 1 2\t3\n", "123"),
        ("1-2‐3–4—5−6－7ー8", "12345678"),
        ("1\u200b2\ufeff3\u00a04\u30005", "12345"),
        ("1。2．3·4", "1.2.3.4"),
        ("×хΧ", "XXX"),
        ("甲乙", "甲乙"),
    ],
)
def test_typed_text_is_normalised(text: str, plain: str) -> None:
    assert typed.normalise(text) == plain


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = typed.normalise(text)
    assert typed.normalise(once) == once
