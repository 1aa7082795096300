"""公民身份号码 (GB 11643): region, birth date, order code, check character."""

from dataclasses import dataclass, field
from datetime import date

from shared.identity import born
from shared.identity.flaws import Flaw, refuse
from shared.identity.typed import normalise

_ZH, _EN = "身份证号码", "the resident identity number"

# Provinces only: a number outlives its district.
PROVINCES = frozenset(
    str(code)
    for region in (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55))
    for code in region
) | {"61", "62", "63", "64", "65", "71"}
RESIDENCE_PERMIT_PREFIXES = frozenset({"81", "82", "83"})


@dataclass(frozen=True, slots=True)
class Resident:
    number: str = field(repr=False)
    region: str
    born_on: date
    sex: born.Sex


def check(number: str, *, on: date | None = None) -> list[Flaw]:
    """Everything that is wrong; `on` is today, against which a birth date may lie in the future."""
    plain = normalise(number)
    if len(plain) == 15:
        return [
            Flaw(
                "old-number",
                "15位的旧身份证号码已停止使用，请按现行证件填写18位号码",
                "15-digit identity numbers are no longer in use; give the 18-digit number",
            )
        ]
    flaws = born.check_form(plain, _ZH, _EN, on)
    if len(plain) == born.LENGTH:
        flaws.extend(_check_region(plain))
    return flaws


def _check_region(number: str) -> list[Flaw]:
    prefix = number[:2]
    if prefix in PROVINCES or not (prefix.isascii() and prefix.isdigit()):
        return []
    if prefix in RESIDENCE_PERMIT_PREFIXES:
        return [
            Flaw(
                "other-paper",
                "这是港澳台居民居住证号码，请把证件类型改为港澳台居民居住证",
                "this is a residence permit number of Hong Kong, Macao or Taiwan residents",
            )
        ]
    if prefix[0] == "9":
        return [
            Flaw(
                "other-paper",
                "这是外国人永久居留身份证号码，请把证件类型改为外国人永久居留身份证",
                "this is the number of a foreign permanent resident identity card",
            )
        ]
    return [
        Flaw(
            "region",
            "身份证号码前2位不是省级行政区划代码，请核对",
            "positions 1 and 2 of the resident identity number are no province",
        )
    ]


def parse(number: str) -> Resident:
    plain = normalise(number)
    refuse(check(plain))
    return Resident(plain, plain[:6], born.birth_date(plain), born.sex_of(plain))
