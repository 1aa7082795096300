"""事项编码: 基本编码 and 实施编码, by the profile that a place has in use.

What is in use differs from the standard's text (GB/T 39046 says an..10 and an..24), so the store
takes 50 characters and the profile says what is checked.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.identity import uscc
from shared.identity.flaws import Flaw, refuse, wrong_characters, wrong_length
from shared.identity.typed import DIGITS, LETTERS, normalise, not_in

LONGEST = 50
_BODY, _LEVEL, _WHOLE, _SUB = 18, 19, 31, 33


class Profile(StrEnum):
    """In use: 31 characters; 33 for a 业务办理项 (unverified). The standard: up to 24."""

    IN_USE = "in_use"
    STANDARD = "standard"
    ANY = "any"


class Level(StrEnum):
    """行使层级, GB/T 39046 A.2."""

    NATION = "1"
    PROVINCE = "2"
    PREFECTURE = "3"
    COUNTY = "4"
    TOWNSHIP = "5"
    VILLAGE = "6"
    SHARED = "7"


@dataclass(frozen=True, slots=True)
class ImplementationCode:
    """In use: who implements (18), level (1), basic item (12), and for a part of it 2 more."""

    text: str
    implementer: str
    level: Level
    basic_code: str
    part: str | None


def check(code: str, profile: Profile = Profile.IN_USE) -> list[Flaw]:
    """An 实施编码 (or a 业务办理项编码)."""
    zh, en = "实施编码", "the implementation code"
    plain = normalise(code)
    if profile is Profile.IN_USE:
        return _check_in_use(plain, zh, en)
    return _check_open(plain, 24 if profile is Profile.STANDARD else LONGEST, zh, en)


def check_basic(code: str, profile: Profile = Profile.IN_USE) -> list[Flaw]:
    """A 基本编码: 12 characters in use, up to 10 in the standard's text."""
    zh, en = "基本编码", "the basic code"
    plain = normalise(code)
    if profile is Profile.IN_USE and len(plain) != 12:
        return [wrong_length(zh, en, "12", len(plain))]
    return _check_open(plain, 10 if profile is Profile.STANDARD else LONGEST, zh, en)


def _check_open(plain: str, longest: int, zh: str, en: str) -> list[Flaw]:
    if not 0 < len(plain) <= longest:
        return [wrong_length(zh, en, f"1至{longest}", len(plain))]
    wrong = not_in(plain, DIGITS + LETTERS)
    return [wrong_characters(zh, en, wrong, "数字或字母")] if wrong else []


def _check_in_use(plain: str, zh: str, en: str) -> list[Flaw]:
    if len(plain) not in (_WHOLE, _SUB):
        return [wrong_length(zh, en, "31（业务办理项为33）", len(plain))]
    flaws = uscc.check(
        plain[:_BODY],
        name_zh="实施编码前18位（实施主体统一社会信用代码）",
        name_en="the implementer in the implementation code",
    )
    if plain[_BODY] not in set(Level):
        flaws.append(wrong_characters(zh, en, [_LEVEL], "行使层级1至7"))
    wrong = [place + _LEVEL for place in not_in(plain[_LEVEL:], DIGITS + LETTERS)]
    if wrong:
        flaws.append(wrong_characters(zh, en, wrong, "数字或字母"))
    return flaws


def parse(code: str) -> ImplementationCode:
    """Of the profile in use; the others say nothing about their parts."""
    plain = normalise(code)
    refuse(check(plain))
    return ImplementationCode(
        text=plain,
        implementer=plain[:_BODY],
        level=Level(plain[_BODY]),
        basic_code=plain[_LEVEL:_WHOLE],
        part=plain[_WHOLE:] or None,
    )
