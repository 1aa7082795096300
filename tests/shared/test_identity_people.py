"""Numbers of people: everything wrong at once, said so that a clerk can read it out."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from shared.errors import InvalidError
from shared.identity import born, checks, papers, resident
from shared.identity.flaws import Flaw
from shared.identity.papers import PAPERS, PaperType

VALID = "11010519491231002X"
TODAY = date(2026, 11, 20)


def codes(flaws: list[Flaw]) -> list[str]:
    return [flaw.code for flaw in flaws]


def make_number(region: str = "630100", birth: str = "19900307", order: str = "123") -> str:
    body = region + birth + order
    return body + checks.by_mod_11_2(body)


@pytest.mark.parametrize("number", [VALID, "34052419800101001X", "632200195006308886"])
def test_a_sound_number_has_no_flaws(number: str) -> None:
    assert resident.check(number, on=TODAY) == []


def test_a_number_tells_region_birth_and_sex() -> None:
    person = resident.parse(VALID)
    assert (person.region, person.born_on, person.sex) == (
        "110105",
        date(1949, 12, 31),
        born.Sex.FEMALE,
    )
    assert resident.parse(make_number(order="123")).sex is born.Sex.MALE
    assert VALID not in repr(person)


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002X",
        "110105-19491231-002×",
        "\u200b11010519491231002Х ",
        "110105　1949—1231–002X",
    ],
)
def test_what_clerks_type_is_normalised_rather_than_refused(typed: str) -> None:
    assert resident.parse(typed).number == VALID


def test_a_district_that_is_gone_stays_valid_in_numbers() -> None:
    """崇文区 was merged in 2010; 万州区 stands in numbers of people born before it was made."""
    for number in (make_number("110103", "20150101"), make_number("500101", "19600101")):
        assert not ric.is_valid(number)
        assert resident.check(number) == []


def test_everything_is_said_at_once() -> None:
    flaws = resident.check("990105A9491331002Y")
    assert codes(flaws) == ["characters", "characters", "other-paper"]
    assert codes(resident.check("990105194913310021")) == [
        "birth-date",
        "check-character",
        "other-paper",
    ]
    assert codes(resident.check("00" + make_number()[2:])) == ["check-character", "region"]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("", "请填写身份证号码"),
        (VALID[:-1], "身份证号码应为18位，现为17位，请核对"),
        (VALID[:-1] + "1", "身份证号码第18位校验码不对，请核对号码"),
        ("O" + VALID[1:], "身份证号码第1位应为数字，请核对"),
        ("110105491231002", "15位的旧身份证号码已停止使用，请按现行证件填写18位号码"),
        (
            make_number(birth="20261121"),
            "身份证号码第7至14位的出生日期晚于今天，请核对",
        ),
        (make_number(birth="20250229"), "身份证号码第7至14位不是有效的出生日期，请核对"),
        (
            "810000199408230021",
            "这是港澳台居民居住证号码，请把证件类型改为港澳台居民居住证",
        ),
    ],
)
def test_a_flaw_is_a_sentence_for_the_counter(number: str, sentence: str) -> None:
    assert [flaw.message_zh for flaw in resident.check(number, on=TODAY)] == [sentence]


@given(
    day=st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    region=st.sampled_from(sorted(resident.PROVINCES)),
    district=st.integers(0, 9999),
    order=st.integers(0, 999),
    place=st.integers(0, 16),
    step=st.integers(1, 9),
)
def test_one_mistyped_digit_is_always_noticed(
    day: date, region: str, district: int, order: int, place: int, step: int
) -> None:
    number = make_number(f"{region}{district:04}", f"{day:%Y%m%d}", f"{order:03}")
    assert resident.check(number) == []
    assert resident.parse(number).born_on == day
    wrong = str((int(number[place]) + step) % 10)
    assert "check-character" in codes(resident.check(number[:place] + wrong + number[place + 1 :]))


@given(st.text(max_size=40), st.sampled_from(sorted(PaperType)))
def test_whatever_is_typed_gets_sentences_that_never_repeat_it(text: str, paper: PaperType) -> None:
    for flaw in papers.check(paper, text, on=TODAY):
        assert flaw.message_zh
        assert flaw.message_en
        if len(text.strip()) > 6:
            assert text.strip() not in flaw.message_zh + flaw.message_en


@given(st.text("0123456789X", min_size=18, max_size=18))
def test_a_wrong_number_is_never_repeated_in_what_is_said(number: str) -> None:
    for flaw in resident.check(number):
        assert number not in flaw.message_zh + flaw.message_en
        assert number[6:14] not in flaw.message_zh + flaw.message_en


def test_reading_a_wrong_number_raises_with_every_fault() -> None:
    with pytest.raises(InvalidError) as caught:
        resident.parse("990105194913310021")
    assert [fault.code for fault in caught.value.faults] == [
        "birth-date",
        "check-character",
        "other-paper",
    ]
    assert caught.value.faults[0].pointer == ""


@pytest.mark.parametrize(
    ("paper", "number"),
    [
        (PaperType.RESIDENT_ID, VALID),
        (PaperType.TEMPORARY_RESIDENT_ID, VALID),
        (PaperType.HOUSEHOLD_REGISTER, VALID),
        (PaperType.BIRTH_CERTIFICATE, "P630123456"),
        (PaperType.OFFICER_CARD, "军字第1234567号"),
        (PaperType.PASSPORT, "E12345678"),
        (PaperType.PASSPORT, "EA1234567"),
        (PaperType.PASSPORT, "x 1234567"),
        (PaperType.HK_MACAO_PERMIT, "H12345678"),
        (PaperType.HK_MACAO_PERMIT, "m1234567801"),
        (PaperType.HK_MACAO_PERMIT, "HA1234567"),
        (PaperType.TAIWAN_PERMIT, "12345678"),
        (PaperType.TAIWAN_PERMIT, "1234567801(B)"),
        (PaperType.TAIWAN_PERMIT, "1234567801（B）"),
        (PaperType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT, "810000199408230021"),
        (PaperType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT, "830000199201300022"),
        # The two samples of the immigration administration's own notice of 2023.
        (PaperType.FOREIGN_PERMANENT_RESIDENT_ID, "932682198501010017"),
        (PaperType.FOREIGN_PERMANENT_RESIDENT_ID, "911124198108030024"),
        (PaperType.FOREIGN_PERMANENT_RESIDENT_ID, "USA110085010101"),
        (PaperType.USCC, "91110000600037341L"),
        (PaperType.OTHER, "甲1"),
    ],
)
def test_every_paper_takes_its_numbers(paper: PaperType, number: str) -> None:
    assert papers.check(paper, number, on=TODAY) == []


@pytest.mark.parametrize(
    ("paper", "number", "found"),
    [
        (PaperType.PASSPORT, "", ["missing"]),
        (PaperType.PASSPORT, "E123", ["length"]),
        (PaperType.PASSPORT, "E1234567%", ["characters"]),
        (PaperType.PASSPORT, "ABCDEFGH", ["form"]),
        (PaperType.HK_MACAO_PERMIT, "C12345678", ["form"]),
        (PaperType.TAIWAN_PERMIT, "1234567", ["form"]),
        (PaperType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT, VALID, ["region"]),
        (PaperType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT, "8100001994", ["length"]),
        (PaperType.FOREIGN_PERMANENT_RESIDENT_ID, "932682198501010018", ["check-character"]),
        (PaperType.FOREIGN_PERMANENT_RESIDENT_ID, VALID, ["characters"]),
        (PaperType.FOREIGN_PERMANENT_RESIDENT_ID, "US110085010101", ["length"]),
        (PaperType.RESIDENT_ID, "932682198501010017", ["other-paper"]),
        (PaperType.OTHER, "", ["missing"]),
        (PaperType.OTHER, "1" * 51, ["length"]),
        ("library_card", "1", ["paper-type"]),
    ],
)
def test_every_paper_refuses_what_is_not_its_number(
    paper: str, number: str, found: list[str]
) -> None:
    assert codes(papers.check(paper, number, on=TODAY)) == found


def test_every_paper_is_named_and_no_national_code_is_used_twice() -> None:
    assert set(PAPERS) == set(PaperType)
    national = [paper.national_code for paper in PAPERS.values() if paper.national_code]
    assert len(national) == len(set(national))


@pytest.mark.parametrize(
    ("paper", "one", "other"),
    [
        (PaperType.HK_MACAO_PERMIT, "H12345678", "h1234567802"),
        (PaperType.TAIWAN_PERMIT, "12345678", "1234567801（B）"),
        (PaperType.RESIDENT_ID, "11010519491231002x", "110105 1949 1231 002X"),
    ],
)
def test_a_person_is_found_again_whatever_the_issue_of_the_paper(
    paper: PaperType, one: str, other: str
) -> None:
    assert PAPERS[paper].canonical(one) == PAPERS[paper].canonical(other)
