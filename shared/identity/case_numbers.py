"""办件编号: division (6), year (2), serial (8), check (1, ISO 7064 MOD 11,10); read in groups."""

from dataclasses import dataclass

from shared.identity import checks
from shared.identity.flaws import Flaw, refuse, wrong_characters, wrong_check, wrong_length
from shared.identity.typed import DIGITS, normalise, not_in

LENGTH = 17
LAST_SERIAL = 99_999_999
_CENTURY = 2000
_GROUPS = (6, 2, 4, 4, 1)
_ZH, _EN = "办件编号", "the case number"


@dataclass(frozen=True, slots=True)
class CaseNumber:
    division: str
    year: int
    serial: int


def compose(division: str, year: int, serial: int) -> str:
    if len(division) != 6 or not_in(division, DIGITS):
        raise ValueError("a case number begins with a division of six digits")
    if not _CENTURY <= year < _CENTURY + 100:
        raise ValueError("a case number has a year of this century")
    if not 0 < serial <= LAST_SERIAL:
        raise ValueError("the serials of the year are used up")
    body = f"{division}{year % 100:02}{serial:08}"
    return body + checks.by_mod_11_10(body)


def check(number: str) -> list[Flaw]:
    plain = normalise(number)
    if len(plain) != LENGTH:
        return [wrong_length(_ZH, _EN, str(LENGTH), len(plain))]
    wrong = not_in(plain, DIGITS)
    if wrong:
        return [wrong_characters(_ZH, _EN, wrong, "数字")]
    if checks.by_mod_11_10(plain[:-1]) != plain[-1]:
        return [wrong_check(_ZH, _EN, LENGTH)]
    return []


def is_valid(number: str) -> bool:
    return not check(number)


def parse(number: str) -> CaseNumber:
    plain = normalise(number)
    refuse(check(plain))
    return CaseNumber(plain[:6], _CENTURY + int(plain[6:8]), int(plain[8:16]))


def grouped(number: str) -> str:
    """As it is printed and read out: 630000 26 0000 0012 6."""
    plain, groups, start = normalise(number), [], 0
    for size in _GROUPS:
        groups.append(plain[start : start + size])
        start += size
    return " ".join(groups)
