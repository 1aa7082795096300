"""统一社会信用代码 (GB 32100): department, kind, region, organisation code, check character."""

from dataclasses import dataclass

from shared.identity import checks
from shared.identity.flaws import Flaw, refuse, wrong_characters, wrong_check, wrong_length
from shared.identity.typed import DIGITS, normalise, not_in

LENGTH = 18
# I, O, S, V and Z are left out, since they are taken for 1, 0, 5, U and 2.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

_ZH, _EN = "统一社会信用代码", "the unified social credit code"


@dataclass(frozen=True, slots=True)
class Organisation:
    number: str
    department: str
    kind: str
    region: str
    organisation_code: str


def check(number: str, *, name_zh: str = _ZH, name_en: str = _EN) -> list[Flaw]:
    """Everything that is wrong; the region is not looked up: regions retire, codes stay."""
    plain = normalise(number)
    if len(plain) != LENGTH:
        return [wrong_length(name_zh, name_en, str(LENGTH), len(plain))]
    flaws = []
    wrong = not_in(plain, ALPHABET)
    if wrong:
        allowed = "数字或大写字母（不用I、O、S、V、Z，常与1、0、5、U、2相混）"
        flaws.append(wrong_characters(name_zh, name_en, wrong, allowed))
    letters = [place + 2 for place in not_in(plain[2:8], DIGITS) if place + 2 not in wrong]
    if letters:
        flaws.append(wrong_characters(name_zh, name_en, letters, "数字（第3至8位是行政区划代码）"))
    if not wrong and checks.by_mod_31(plain[:-1]) != plain[-1]:
        flaws.append(wrong_check(name_zh, name_en, LENGTH))
    return flaws


def parse(number: str) -> Organisation:
    plain = normalise(number)
    refuse(check(plain))
    return Organisation(plain, plain[0], plain[1], plain[2:8], plain[8:17])
