"""Papers of people without a 公民身份号码 at hand: passports, permits, residence cards.

Passports and permits have no check character, and their numbering differs by issue: what cannot be
told from a real number is let through, since a clerk has the paper in hand.
"""

import re
from datetime import date

from shared.identity import born
from shared.identity.flaws import Flaw, wrong_characters, wrong_length
from shared.identity.typed import DIGITS, LETTERS, normalise, not_in

_LONGEST, _LONGEST_UNKNOWN = 18, 50
_PASSPORT_SHORTEST = 5

# Since 2013 a letter and 8 digits; before, two more for the issue. A letter in the second place is
# seen on the card for those who are not Chinese citizens (unverified).
_HK_MACAO_PERMIT = re.compile(r"[HM](?:[0-9]{8}|[0-9]{10}|[A-Z][0-9]{7})")
# 8 digits; on the booklets two more for the issue and a letter, which was printed in brackets.
_TAIWAN_PERMIT = re.compile(r"[0-9]{8}(?:[0-9]{2}[A-Z]?)?")
_TAIWAN_BRACKETS = str.maketrans("", "", "()")
# Until 2023: the nationality in letters and 12 digits.
_FOREIGN_RESIDENT_OLD = re.compile(r"[A-Z]{3}[0-9]{12}")
_RESIDENCE_PERMIT_REGIONS = ("810000", "820000", "830000")


def check_passport(number: str) -> list[Flaw]:
    """Chinese or foreign: letters and digits, with at least one digit."""
    zh, en, plain = "护照号码", "the passport number", normalise(number)
    if not _PASSPORT_SHORTEST <= len(plain) <= _LONGEST:
        return [wrong_length(zh, en, f"{_PASSPORT_SHORTEST}至{_LONGEST}", len(plain))]
    wrong = not_in(plain, DIGITS + LETTERS)
    if wrong:
        return [wrong_characters(zh, en, wrong, "数字或字母")]
    if not any(character in DIGITS for character in plain):
        return [Flaw("form", "护照号码应含有数字，请核对", "a passport number has digits in it")]
    return []


def check_hk_macao_permit(number: str) -> list[Flaw]:
    """港澳居民来往内地通行证."""
    if _HK_MACAO_PERMIT.fullmatch(normalise(number)):
        return []
    return [
        Flaw(
            "form",
            "港澳居民来往内地通行证号码应为H或M加8位数字，请核对",
            "a mainland travel permit of Hong Kong and Macao residents is H or M and 8 digits",
        )
    ]


def check_taiwan_permit(number: str) -> list[Flaw]:
    """台湾居民来往大陆通行证."""
    if _TAIWAN_PERMIT.fullmatch(_taiwan(number)):
        return []
    return [
        Flaw(
            "form",
            "台湾居民来往大陆通行证号码应为8位数字，请核对",
            "a mainland travel permit of Taiwan residents is 8 digits",
        )
    ]


def check_foreign_resident(number: str, *, on: date | None = None) -> list[Flaw]:
    """外国人永久居留身份证.

    Since December 2023: 9, where applied for (2), nationality (3, ISO 3166 numeric), birth date,
    order code, MOD 11-2 check, as in a 公民身份号码; before: 3 letters and 12 digits.
    """
    zh, en = "外国人永久居留身份证号码", "the foreign permanent resident number"
    plain = normalise(number)
    if _FOREIGN_RESIDENT_OLD.fullmatch(plain):
        return []
    if len(plain) != born.LENGTH:
        return [wrong_length(zh, en, "18（2023年12月以前的证件为15）", len(plain))]
    flaws = born.check_form(plain, zh, en, on)
    if plain[0] != "9":
        flaws.append(wrong_characters(zh, en, [1], "9"))
    return flaws


def check_residence_permit(number: str, *, on: date | None = None) -> list[Flaw]:
    """港澳台居民居住证: 810000, 820000 or 830000, then as a 公民身份号码."""
    zh, en = "港澳台居民居住证号码", "the residence permit number"
    plain = normalise(number)
    flaws = born.check_form(plain, zh, en, on)
    if len(plain) == born.LENGTH and not plain.startswith(_RESIDENCE_PERMIT_REGIONS):
        flaws.append(
            Flaw(
                "region",
                "港澳台居民居住证号码应以810000（香港）、820000（澳门）或830000（台湾）开头，请核对",
                "a residence permit number begins with 810000, 820000 or 830000",
            )
        )
    return flaws


def check_other(number: str) -> list[Flaw]:
    """A paper whose numbering is not known here: there must be something, and not too much."""
    zh, en, plain = "证件号码", "the paper's number", normalise(number)
    if not 0 < len(plain) <= _LONGEST_UNKNOWN:
        return [wrong_length(zh, en, f"1至{_LONGEST_UNKNOWN}", len(plain))]
    return []


def canonical(number: str) -> str:
    """The part of a permit's number that stays with the person when it is issued again."""
    plain = _taiwan(number)
    if _HK_MACAO_PERMIT.fullmatch(plain):
        return plain[:9]
    if _TAIWAN_PERMIT.fullmatch(plain):
        return plain[:8]
    return plain


def _taiwan(number: str) -> str:
    return normalise(number).translate(_TAIWAN_BRACKETS)
