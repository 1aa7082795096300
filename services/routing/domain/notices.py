"""One notice lists everything, only what the item names, and repeats only what is still unmet."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shared.errors import ConflictError, Fault, InvalidError, told_back


@dataclass(frozen=True, slots=True)
class Gap:
    """`point`: the material, field or review point of the pinned item version that is not met."""

    point: str
    text: str


class ApprovalNeededError(ConflictError):
    code = "repeat-notice-needs-approval"

    def __init__(self) -> None:
        super().__init__(
            "再次告知须经科长批准（应当一次告知，行政许可法第32条）",
            "a further notice needs a supervisor's approval",
        )


def check(
    gaps: Sequence[Gap],
    *,
    points: Collection[str],
    unmet: Collection[str] | None = None,
    approved: bool = False,
) -> None:
    """`unmet`: what earlier notices named and no supplement has met; empty handed: the first one.

    行政许可法 31, 32(4), 32(5): nothing may be added on the way.
    """
    faults = [fault for i, gap in enumerate(gaps) for fault in _faults(i, gap, points, unmet)]
    if not gaps:
        faults.append(
            Fault("/faults", "notice-empty", "告知书没有列出任何缺项", "nothing is listed")
        )
    if faults:
        raise InvalidError(faults)
    if unmet is not None and not approved:
        raise ApprovalNeededError


def still_unmet(noticed: Sequence[Gap], supplied: Collection[str]) -> tuple[Gap, ...]:
    """What a supplement has left open; empty: acceptance is due (行政许可法 32(5))."""
    return tuple(gap for gap in noticed if gap.point not in supplied)


def _faults(
    index: int, gap: Gap, points: Collection[str], unmet: Collection[str] | None
) -> list[Fault]:
    at = f"/faults/{index}"
    found = []
    point = told_back(gap.point, "所填内容")
    if gap.point not in points:
        zh = f"“{point}”不在本事项公布的材料、字段和审查要点之内"
        en = "the item version names no such material, field or review point"
        found.append(Fault(f"{at}/material_code", "notice-not-published", zh, en))
    elif unmet is not None and gap.point not in unmet:
        zh = f"“{point}”此前没有告知，或者已经补正，不能在再次告知中提出"
        en = "a further notice may only repeat what is still unmet"
        found.append(Fault(f"{at}/material_code", "notice-adds", zh, en))
    if not gap.text.strip():
        found.append(
            Fault(f"{at}/text", "notice-text-missing", "请写明缺什么", "say what is missing")
        )
    return found
