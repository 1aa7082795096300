"""Waybill numbers: what they look like, and which of their mistakes can be seen."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from shared.errors import Fault, InvalidError

_S10 = re.compile(r"([A-Z]{2})([0-9]{8})([0-9])([A-Z]{2})")
_PLAIN = re.compile(r"[0-9A-Z]{6,35}")
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_SPACES = re.compile(r"[\s\-]+")


class WaybillInvalidError(InvalidError):
    code = "waybill-invalid"

    def __init__(self, code: str, message_zh: str, message_en: str) -> None:
        super().__init__([Fault("/waybill", code, message_zh, message_en)])


class Scheme(StrEnum):
    S10 = "s10"  # UPU: two letters, eight digits, check digit, country
    PLAIN = "plain"  # letters and digits; the carrier's own pattern may narrow it


@dataclass(frozen=True, slots=True)
class ItemNumber:
    """A UPU S10 number. Reused after a year: it names a dispatch only with carrier and time."""

    service: str
    serial: str
    country: str

    @property
    def check(self) -> int:
        return check_digit(self.serial)

    def __str__(self) -> str:
        return f"{self.service}{self.serial}{self.check}{self.country}"

    @classmethod
    def parse(cls, text: str) -> Self:
        matched = _S10.fullmatch(tidy(text))
        if matched is None:
            raise WaybillInvalidError(
                "waybill-malformed",
                "运单号应为两位字母、九位数字、两位字母",
                "an S10 number is two letters, nine digits, two letters",
            )
        service, serial, check, country = matched.groups()
        if check_digit(serial) != int(check):
            raise WaybillInvalidError(
                "waybill-check-digit", "运单号校验位不符，请核对", "the check digit does not fit"
            )
        return cls(service, serial, country)


def check_digit(serial: str) -> int:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, serial, strict=True))
    check = 11 - total % 11
    return {10: 0, 11: 5}.get(check, check)


def tidy(text: str) -> str:
    """As scanned or typed: capitals, no blanks or hyphens."""
    return _SPACES.sub("", text).upper()


def parse(text: str, scheme: Scheme, *, pattern: str | None = None) -> str:
    """The number as it is stored; raises where the carrier's scheme shows that it is wrong."""
    number = tidy(text)
    if scheme is Scheme.S10:
        return str(ItemNumber.parse(number))
    if not _PLAIN.fullmatch(number) or (pattern and not re.fullmatch(pattern, number)):
        raise WaybillInvalidError(
            "waybill-malformed", "运单号格式不符", "this is no waybill number of the carrier"
        )
    return number
