"""Which papers may stand beside a name, what each is called, and how its number is checked.

The three-digit types of GA/T 2000.156 (before: GA/T 517) are those on which independent public code
lists agree; the standard's own text was not read. Where no list has the paper, there is no code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from shared.identity import other_papers, resident, uscc
from shared.identity.flaws import Flaw
from shared.identity.other_papers import canonical
from shared.identity.typed import normalise


class PaperType(StrEnum):
    RESIDENT_ID = "resident_id"
    TEMPORARY_RESIDENT_ID = "temporary_resident_id"
    HOUSEHOLD_REGISTER = "household_register"
    BIRTH_CERTIFICATE = "birth_certificate"
    OFFICER_CARD = "officer_card"
    PASSPORT = "passport"
    HK_MACAO_PERMIT = "hk_macao_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    HK_MACAO_TAIWAN_RESIDENCE_PERMIT = "hk_macao_taiwan_residence_permit"
    FOREIGN_PERMANENT_RESIDENT_ID = "foreign_permanent_resident_id"
    USCC = "uscc"
    OTHER = "other"


Check = Callable[[str, date | None], list[Flaw]]


@dataclass(frozen=True, slots=True)
class Paper:
    name_zh: str
    name_en: str
    national_code: str | None
    check: Check
    canonical: Callable[[str], str] = normalise


def _dated(check: Callable[..., list[Flaw]]) -> Check:
    """The number holds a birth date, which may lie in the future."""
    return lambda number, on: check(number, on=on)


def _plain(check: Callable[[str], list[Flaw]]) -> Check:
    return lambda number, _on: check(number)


# A child's household register and the temporary card carry the 公民身份号码.
PAPERS: Mapping[PaperType, Paper] = MappingProxyType(
    {
        PaperType.RESIDENT_ID: Paper(
            "居民身份证", "resident identity card", "111", _dated(resident.check)
        ),
        PaperType.TEMPORARY_RESIDENT_ID: Paper(
            "临时居民身份证", "temporary resident identity card", "112", _dated(resident.check)
        ),
        PaperType.HOUSEHOLD_REGISTER: Paper(
            "户口簿", "household register", "113", _dated(resident.check)
        ),
        PaperType.OFFICER_CARD: Paper(
            "军官证", "officer's card", "114", _plain(other_papers.check_other)
        ),
        PaperType.BIRTH_CERTIFICATE: Paper(
            "出生医学证明", "birth certificate", "117", _plain(other_papers.check_other)
        ),
        PaperType.PASSPORT: Paper(
            "普通护照", "passport", "414", _plain(other_papers.check_passport)
        ),
        PaperType.TAIWAN_PERMIT: Paper(
            "台湾居民来往大陆通行证",
            "mainland travel permit for Taiwan residents",
            "511",
            _plain(other_papers.check_taiwan_permit),
            canonical,
        ),
        PaperType.HK_MACAO_PERMIT: Paper(
            "港澳居民来往内地通行证",
            "mainland travel permit for Hong Kong and Macao residents",
            "516",
            _plain(other_papers.check_hk_macao_permit),
            canonical,
        ),
        PaperType.FOREIGN_PERMANENT_RESIDENT_ID: Paper(
            "外国人永久居留身份证",
            "foreign permanent resident identity card",
            "553",
            _dated(other_papers.check_foreign_resident),
        ),
        PaperType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT: Paper(
            "港澳台居民居住证",
            "residence permit for Hong Kong, Macao and Taiwan residents",
            None,
            _dated(other_papers.check_residence_permit),
        ),
        PaperType.USCC: Paper(
            "统一社会信用代码", "unified social credit code", None, _plain(uscc.check)
        ),
        PaperType.OTHER: Paper("其他证件", "other paper", "990", _plain(other_papers.check_other)),
    }
)


def check(paper_type: str, number: str, *, on: date | None = None) -> list[Flaw]:
    """Everything that is wrong with a number shown as that paper; an unknown paper is a flaw."""
    try:
        paper = PAPERS[PaperType(paper_type)]
    except ValueError:
        return [Flaw("paper-type", "证件类型不在可选范围内", "unknown type of paper")]
    return paper.check(number, on)
