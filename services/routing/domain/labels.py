"""What is printed on papers and bags, and read back by a scanner or typed by hand."""

import re
from dataclasses import dataclass
from uuid import UUID

from services.routing.domain.words import Named
from shared.identity import case_numbers, checks


class Labelled(Named):
    ORIGINAL = "original", "原件"
    PARCEL = "parcel", "封装袋"
    ID = "id", "系统编号"
    WAYBILL = "waybill", "运单"


@dataclass(frozen=True, slots=True)
class Label:
    """`text` as it is stored: upper case, without blanks."""

    kind: Labelled
    text: str


_ORIGINAL = re.compile(r"(\d{17})-(\d{2,3})")
_PARCEL = re.compile(r"P(\d{6})(\d{8,12})(\d)")


def of_original(case_number: str, place: int) -> str:
    """The case's number and which of its papers, counted in the order they were handed in."""
    return f"{case_number}-{place:02}"


def of_parcel(division: str, serial: int) -> str:
    body = f"{division}{serial:08}"
    return f"P{body}{checks.by_mod_11_10(body)}"


def read(typed: str) -> Label:
    """Whatever is no label of ours is taken for a carrier's waybill."""
    text = "".join(typed.split()).upper()
    if found := _ORIGINAL.fullmatch(text):
        if case_numbers.is_valid(found[1]):
            return Label(Labelled.ORIGINAL, text)
    elif found := _PARCEL.fullmatch(text):
        if checks.by_mod_11_10(found[1] + found[2]) == found[3]:
            return Label(Labelled.PARCEL, text)
    elif (id_ := _uuid(text)) is not None:
        return Label(Labelled.ID, str(id_))
    return Label(Labelled.WAYBILL, text)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
