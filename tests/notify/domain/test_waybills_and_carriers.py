"""Numbers that carry their own check, the choice of a carrier, and addresses that look odd."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import addresses, carriers, waybills
from services.notify.domain.addresses import Gazetteer
from services.notify.domain.carriers import CarrierRule, Content, Payer
from services.notify.domain.waybills import ItemNumber, Scheme, WaybillInvalidError
from shared.divisions.divisions import Division, Level

DAY = date(2026, 9, 7)


def test_the_check_digit_is_that_of_the_standards_example() -> None:
    assert waybills.check_digit("47312482") == 9


@pytest.mark.parametrize(("serial", "check"), [("00000000", 5), ("00000005", 9), ("00000004", 5)])
def test_ten_becomes_zero_and_eleven_five(serial: str, check: int) -> None:
    total = sum(w * int(d) for w, d in zip((8, 6, 4, 2, 3, 5, 9, 7), serial, strict=True))
    assert waybills.check_digit(serial) == {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
    assert waybills.check_digit(serial) == check


def test_a_number_is_read_as_typed() -> None:
    assert str(ItemNumber.parse(" ea 473 124 829 cn")) == "EA473124829CN"


@given(
    service=st.from_regex(r"[A-Z]{2}", fullmatch=True),
    serial=st.from_regex(r"[0-9]{8}", fullmatch=True),
)
def test_what_is_written_is_read_again(service: str, serial: str) -> None:
    number = ItemNumber(service, serial, "CN")
    assert ItemNumber.parse(str(number)) == number


@given(
    serial=st.from_regex(r"[0-9]{8}", fullmatch=True),
    position=st.integers(2, 10),
    digit=st.sampled_from("0123456789"),
)
def test_a_wrong_digit_is_seen(serial: str, position: int, digit: str) -> None:
    right = str(ItemNumber("EA", serial, "CN"))
    wrong = right[:position] + digit + right[position + 1 :]
    if wrong == right:
        return
    try:
        waybills.parse(wrong, Scheme.S10)
    except WaybillInvalidError:
        return
    # 10→0 and 11→5 share their digits with two other remainders: only there it may slip through.
    assert right[10] in "05"


@pytest.mark.parametrize("text", ["", "EA47312482", "E4473124829CN", "EA473124829C1", "①" * 13])
def test_what_is_not_shaped_like_one_is_refused(text: str) -> None:
    with pytest.raises(WaybillInvalidError) as refused:
        waybills.parse(text, Scheme.S10)
    assert refused.value.faults[0].code == "waybill-malformed"


def test_a_carriers_own_pattern_narrows_plain_numbers() -> None:
    assert waybills.parse("98 1234-5678901", Scheme.PLAIN) == "9812345678901"
    with pytest.raises(WaybillInvalidError):
        waybills.parse("9812345678901", Scheme.PLAIN, pattern=r"SF\d{12}")
    with pytest.raises(WaybillInvalidError):
        waybills.parse("98123; DROP", Scheme.PLAIN)


EVERYWHERE = CarrierRule("ems")
TO_GANSU = CarrierRule("local-post", destination="620000")
ORIGINALS = CarrierRule("ems-secure", contents=frozenset({Content.ORIGINALS}))
PAID = CarrierRule("cheap", payer=Payer.APPLICANT)


def chosen(
    *rules: CarrierRule, destination: str = "620102", payer: Payer = Payer.GOVERNMENT
) -> str:
    return carriers.choose(
        rules, content=Content.ORIGINALS, destination=destination, payer=payer, on=DAY
    ).carrier


def test_the_most_particular_rule_chooses() -> None:
    assert chosen(EVERYWHERE) == "ems"
    assert chosen(EVERYWHERE, TO_GANSU) == "local-post"
    assert chosen(EVERYWHERE, TO_GANSU, destination="630102") == "ems"
    assert chosen(EVERYWHERE, ORIGINALS) == "ems-secure"
    assert chosen(ORIGINALS, TO_GANSU) == "local-post"
    assert chosen(EVERYWHERE, PAID, payer=Payer.APPLICANT) == "cheap"
    assert chosen(TO_GANSU, replace(EVERYWHERE, carrier="ops", rank=1)) == "ops"


def test_a_rule_holds_only_in_its_time() -> None:
    past = replace(TO_GANSU, valid_to=date(2026, 9, 6))
    future = replace(TO_GANSU, valid_from=date(2026, 9, 8))
    assert chosen(EVERYWHERE, past, future) == "ems"


def test_no_rule_or_a_tie_is_never_guessed_at() -> None:
    with pytest.raises(carriers.CarrierUndecidedError):
        chosen()
    with pytest.raises(carriers.CarrierUndecidedError) as tied:
        chosen(EVERYWHERE, replace(EVERYWHERE, carrier="other"))
    assert tied.value.facts["candidates"] == ["ems", "other"]
    assert chosen(EVERYWHERE, EVERYWHERE) == "ems"


def division(code: str, name: str) -> Division:
    return Division(code=code, name=name, level=Level.COUNTY, parent="")


GAZETTEER = Gazetteer.of(
    division(code, name)
    for code, name in {
        "110000": "北京市",
        "110101": "东城区",
        "620000": "甘肃省",
        "620100": "兰州市",
        "620102": "城关区",
        "540000": "西藏自治区",
        "540100": "拉萨市",
        "540102": "城关区",
        "630000": "青海省",
        "630100": "西宁市",
        "630102": "城东区",
        "632200": "海北藏族自治州",
        "632221": "门源回族自治县",
        "632500": "海南藏族自治州",
        "632521": "共和县",
        "460000": "海南省",
    }.items()
)


def hints(address: str, postcode: str = "") -> list[str]:
    return [hint.code for hint in addresses.read(address, postcode, GAZETTEER).hints]


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("青海省西宁市城东区昆仑东路7号", ("630000", "630100", "630102")),
        ("中国 青海 西宁 城东区 昆仑东路7号", ("630000", "630100", "630102")),
        ("青海省海北州门源县浩门镇3号", ("630000", "632200", "632221")),
        ("青海省共和县恰卜恰镇5号", ("630000", "632521")),
        ("北京市东城区东长安街1号", ("110000", "110101")),
        ("兰州市城关区南昌路9号", ("620100", "620102")),
        ("青海省海南州共和县2号", ("630000", "632500", "632521")),
        ("海南省1号", ("460000",)),
    ],
)
def test_an_address_is_read_from_the_widest_place_down(
    address: str, codes: tuple[str, ...]
) -> None:
    assert addresses.read(address, "", GAZETTEER).divisions == codes


def test_a_complete_address_gets_no_hint() -> None:
    assert hints("青海省西宁市城东区昆仑东路7号", "810007") == []


@pytest.mark.parametrize(
    ("address", "postcode", "expected"),
    [
        ("昆仑东路7号", "", ["division-unread"]),
        ("城关区南昌路9号", "", ["division-unread"]),
        ("青海省西宁市昆仑东路7号", "", ["county-missing"]),
        ("青海省西宁市城关区南昌路9号", "", ["division-elsewhere"]),
        ("青海省西宁市城东区", "", ["detail-missing"]),
        ("青海省西宁市城东区1号", "81000", ["postcode-malformed"]),
        ("青海省西宁市城东区1号", "730000", ["postcode-elsewhere"]),
        ("青海省西宁市城东区1号", "990000", ["postcode-elsewhere"]),
        ("", "", ["division-unread", "detail-missing"]),
    ],
)
def test_what_looks_odd_is_hinted_at(address: str, postcode: str, expected: list[str]) -> None:
    assert hints(address, postcode) == expected


@given(st.text(max_size=60), st.text(max_size=8))
def test_no_address_makes_the_reading_fail(address: str, postcode: str) -> None:
    addresses.read(address, postcode, GAZETTEER)


def test_every_province_has_its_postcodes() -> None:
    assert len(set(addresses.POSTCODE_PROVINCES.values())) == 31
