"""What a refusal or a denial owes the applicant: a ground, reasons, the right office, remedies."""

from datetime import date

from services.routing.domain.terms import DeficiencyPolicy
from services.routing.domain.words import Named
from shared.errors import Fault, InvalidError


class Ground(Named):
    """行政许可法 32; the last but one only where the item's own rules say so."""

    NOT_REQUIRED = "not_required", "依法不需要取得行政许可"
    NOT_COMPETENT = "not_competent", "依法不属于本机关职权范围"
    NOT_ELIGIBLE = "not_eligible", "不符合申请条件"
    FALSE_MATERIALS = "false_materials", "隐瞒有关情况或者提供虚假材料"
    NOT_SUPPLEMENTED = "not_supplemented", "逾期未补正，本事项规定不予受理"
    OTHER = "other", "其他"


def check(*, ground: str, competent_authority: str | None, reason: str) -> None:
    """All that is wrong with a refusal, at once."""
    faults = []
    if ground not in set(Ground):
        faults.append(_not_a_ground())
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


def check_silence(
    ground: str, policy: DeficiencyPolicy, *, due_on: date | None, today: date
) -> None:
    """For want of a supplement only where the item says so, and not before its term is over."""
    if ground != Ground.NOT_SUPPLEMENTED:
        return
    zh = ""
    if policy is not DeficiencyPolicy.REFUSE_UNLESS_SUPPLEMENTED:
        zh = f"本事项规定“{policy.zh}”，不以逾期未补正为由不予受理"
    elif due_on is None:
        zh = "没有等待补正的告知"
    elif today <= due_on:
        zh = f"补正期限至{due_on}，尚未届满"
    if zh:
        raise InvalidError([Fault("/ground", "ground-not-open", zh, "this ground is not open")])


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


def _not_a_ground() -> Fault:
    zh = "、".join(f"{each.zh}（{each.value}）" for each in Ground)
    en = f"must be one of: {', '.join(Ground)}"
    return Fault("/ground", "not-an-option", f"不予受理的理由只能是：{zh}", en)


def reasons_of_transfer(reason: str) -> list[Fault]:
    return [] if reason.strip() else [_reasons("/reason", "转办应当写明理由")]


def _reasons(pointer: str, zh: str) -> Fault:
    return Fault(pointer, "reasons-missing", zh, "give reasons")
