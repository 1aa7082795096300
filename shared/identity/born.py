"""The part that resident-like numbers share: 17 digits with a birth date, and a MOD 11-2 check."""

from datetime import date
from enum import StrEnum

from shared.identity import checks
from shared.identity.flaws import Flaw, wrong_characters, wrong_check, wrong_length
from shared.identity.typed import DIGITS, not_in

LENGTH = 18
CHECK_CHARACTERS = DIGITS + "X"
_EARLIEST_YEAR = 1850


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"


def birth_date(number: str) -> date:
    """Positions 7 to 14; ValueError where they are no date."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex_of(number: str) -> Sex:
    """Position 17: odd for men, even for women (GB 11643)."""
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def check_form(number: str, name_zh: str, name_en: str, on: date | None) -> list[Flaw]:
    """Length, characters, birth date and check character, each looked at for itself."""
    if len(number) != LENGTH:
        return [wrong_length(name_zh, name_en, str(LENGTH), len(number))]
    flaws = []
    wrong = not_in(number[:-1], DIGITS)
    if wrong:
        flaws.append(wrong_characters(name_zh, name_en, wrong, "数字"))
    if number[-1] not in CHECK_CHARACTERS:
        flaws.append(wrong_characters(name_zh, name_en, [LENGTH], "数字或X"))
    if not not_in(number[6:14], DIGITS):
        flaws.extend(_check_birth(number, name_zh, name_en, on))
    if (
        not wrong
        and number[-1] in CHECK_CHARACTERS
        and checks.by_mod_11_2(number[:-1]) != number[-1]
    ):
        flaws.append(wrong_check(name_zh, name_en, LENGTH))
    return flaws


def _check_birth(number: str, name_zh: str, name_en: str, on: date | None) -> list[Flaw]:
    try:
        born = birth_date(number)
    except ValueError:
        born = None
    if born is None or born.year < _EARLIEST_YEAR:
        return [
            Flaw(
                "birth-date",
                f"{name_zh}第7至14位不是有效的出生日期，请核对",
                f"positions 7 to 14 of {name_en} are not a birth date",
            )
        ]
    if on is not None and born > on:
        return [
            Flaw(
                "birth-date-in-future",
                f"{name_zh}第7至14位的出生日期晚于今天，请核对",
                f"the birth date in {name_en} lies in the future",
            )
        ]
    return []
