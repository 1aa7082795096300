"""Telephone numbers: mainland mobile and landline, Hong Kong, Macao, Taiwan, and abroad with +."""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

from shared.identity.flaws import Flaw, refusal


class PhoneKind(StrEnum):
    MOBILE = "mobile"
    LANDLINE = "landline"
    SERVICE = "service"
    HONG_KONG = "hong_kong"
    MACAO = "macao"
    TAIWAN = "taiwan"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Phone:
    """`number` as it is dialled here: mainland numbers without 86, all others with +."""

    kind: PhoneKind
    number: str = field(repr=False)
    extension: str | None = None


# In this order; the first that fits is it. Two-digit area codes are 010 and 02x.
_PATTERNS: tuple[tuple[PhoneKind, re.Pattern[str]], ...] = (
    (PhoneKind.MOBILE, re.compile(r"1[3-9][0-9]{9}")),
    (PhoneKind.LANDLINE, re.compile(r"0(?:10|2[0-9])[2-9][0-9]{7}|0[3-9][0-9]{2}[2-9][0-9]{6,7}")),
    (PhoneKind.SERVICE, re.compile(r"[48]00[0-9]{7}")),
    (PhoneKind.HONG_KONG, re.compile(r"\+852[2-9][0-9]{7}")),
    (PhoneKind.MACAO, re.compile(r"\+853[268][0-9]{7}")),
    (PhoneKind.TAIWAN, re.compile(r"\+886[2-9][0-9]{7,8}")),
    (PhoneKind.FOREIGN, re.compile(r"\+(?!86|85[23]|886)[1-9][0-9]{6,14}")),
)
_EXTENSION = re.compile(r"(?:转|分机|EXT\.?|X|#)[:：]?([0-9]{1,6})$")
_THIRD_GROUP = re.compile(r"^(0[0-9]{2,3}-[0-9]{7,8})-([0-9]{1,6})$")
_DASHES = re.compile(r"[\u00ad\u2010-\u2015\u2212\u30fc\uff70]")
_FILLING = re.compile(r"[\s()\-.\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_ABROAD_BY_00 = re.compile(r"^00(?=[1-9])")
_MAINLAND = re.compile(r"^\+860?(?=1[3-9][0-9]{9}$)|^86(?=1[3-9][0-9]{9}$)")
_MAINLAND_LANDLINE = re.compile(r"^\+860?(?=[1-9])")
_TRUNK_ZERO = re.compile(r"^(\+886)0(?=[2-9])")


def _split(text: str) -> tuple[str, str | None]:
    """The number as it is dialled, and the extension."""
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", text)).upper().strip()
    plain = "".join(plain.split())
    extension = None
    if found := _EXTENSION.search(plain):
        plain, extension = plain[: found.start()], found[1]
    elif found := _THIRD_GROUP.match(plain):
        plain, extension = found[1], found[2]
    plain = _ABROAD_BY_00.sub("+", _FILLING.sub("", plain))
    plain = _MAINLAND.sub("", plain)
    plain = _MAINLAND_LANDLINE.sub("0", plain)
    return _TRUNK_ZERO.sub(r"\1", plain), extension


def _read(text: str) -> Phone | None:
    number, extension = _split(text)
    for kind, pattern in _PATTERNS:
        if pattern.fullmatch(number):
            return Phone(kind, number, extension)
    return None


def check(text: str) -> list[Flaw]:
    if _read(text) is not None:
        return []
    number, _ = _split(text)
    return [_flaw(number)]


def _flaw(number: str) -> Flaw:
    if not number:
        return Flaw("missing", "请填写联系电话", "the telephone number is missing")
    if not re.fullmatch(r"\+?[0-9]+", number):
        return Flaw(
            "characters",
            "联系电话只能有数字（境外号码以+开头），请核对",
            "a telephone number has digits only, with + in front when abroad",
        )
    if number.startswith("1") and number[1:2] in set("3456789"):
        return Flaw(
            "length",
            f"手机号码应为11位，现为{len(number)}位，请核对",
            f"a mobile number has 11 digits, not {len(number)}",
        )
    if number.startswith("+"):
        return Flaw(
            "foreign",
            "境外电话应为+、国家或地区代码和号码，请核对位数",
            "a number abroad is +, country code and number; its length is wrong",
        )
    return Flaw(
        "telephone",
        "联系电话不是手机号码或带区号的固定电话，境外号码请以+和国家或地区代码开头",
        "neither a mobile number nor a landline with its area code; numbers abroad begin with +",
    )


def parse(text: str) -> Phone:
    phone = _read(text)
    if phone is None:
        raise refusal(check(text))
    return phone
