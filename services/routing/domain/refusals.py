"""What a refusal or a denial owes the applicant: a ground, reasons, the right office, remedies."""

from collections.abc import Mapping
from typing import Any

from services.routing.domain.words import Named
from shared.errors import Fault, InvalidError

# 行政许可法 32, 38. The terms of 行政复议法 20 and 行政诉讼法 46 (from memory): an item whose own
# law names others says so with `remedies`.
REMEDIES = (
    "如不服本决定，可以自收到本决定书之日起六十日内依法申请行政复议，"
    "也可以自收到本决定书之日起六个月内依法向人民法院提起行政诉讼。"
)


class Ground(Named):
    NOT_REQUIRED = "not_required", "依法不需要取得行政许可"
    NOT_COMPETENT = "not_competent", "依法不属于本机关职权范围"
    NOT_ELIGIBLE = "not_eligible", "不符合申请条件"
    FALSE_MATERIALS = "false_materials", "隐瞒有关情况或者提供虚假材料"
    OTHER = "other", "其他"


def check(*, ground: str, competent_authority: str | None, reason: str) -> None:
    """All that is wrong with a refusal, at once."""
    faults = []
    elsewhere = ground == Ground.NOT_COMPETENT
    named = bool(competent_authority and competent_authority.strip())
    if elsewhere and not named:
        faults.append(
            Fault(
                "/competent_authority",
                "authority-missing",
                "不属于本机关职权范围的，应当告知申请人向哪个机关申请（行政许可法第32条第1款第2项）",
                "name the competent authority",
            )
        )
    if named and not elsewhere:
        faults.append(
            Fault(
                "/competent_authority",
                "authority-not-applicable",
                "只有不属于本机关职权范围的，才告知其他机关",
                "only a matter of another authority names it",
            )
        )
    if not reason.strip():
        faults.append(_reasons("/reason", "不予受理应当说明理由"))
    if faults:
        raise InvalidError(faults)


def check_decision(*, result: str, opinion: str, certificate: bool) -> None:
    """行政许可法 38: a denial gives reasons; only what was granted has a certificate."""
    faults = []
    if not opinion.strip():
        zh = "不予许可应当说明理由（行政许可法第38条）" if result == "denied" else "请写明办理意见"
        faults.append(_reasons("/opinion", zh))
    if certificate and result != "granted":
        faults.append(
            Fault(
                "/certificate",
                "certificate-without-grant",
                "只有准予的决定才有结果证照",
                "only a granted matter has a certificate",
            )
        )
    if faults:
        raise InvalidError(faults)


def remedies_of(document: Mapping[str, Any]) -> str:
    return str(document.get("remedies") or REMEDIES)


def _reasons(pointer: str, zh: str) -> Fault:
    return Fault(pointer, "reasons-missing", zh, "give reasons")
