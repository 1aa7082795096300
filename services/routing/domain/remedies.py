"""What a refusal, denial or revocation says of the way to object (行政许可法 32, 38).

That there is a right is the law's word; how long it lasts is the item's, with its source: nothing
here is known by heart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.routing.domain.words import Named


class Unit(Named):
    DAY = "natural_day", "日"
    MONTH = "month", "个月"


@dataclass(frozen=True, slots=True)
class Remedy:
    """Within how long after receiving the decision, by which provision."""

    value: int
    unit: Unit
    basis: str

    @property
    def zh(self) -> str:
        return f"自收到本决定书之日起{self.value}{self.unit.zh}内"


def of_item(document: Mapping[str, Any]) -> tuple[Remedy | None, Remedy | None]:
    """行政复议 and 行政诉讼, as far as the item names their terms."""
    named = document.get("remedies") or {}
    return _remedy(named.get("review")), _remedy(named.get("suit"))


def sentence(document: Mapping[str, Any]) -> str:
    review, suit = (each.zh if each else "" for each in of_item(document))
    return f"如不服本决定，可以{review}依法申请行政复议，也可以{suit}依法向人民法院提起行政诉讼。"


def _remedy(raw: Mapping[str, Any] | None) -> Remedy | None:
    if raw is None:
        return None
    return Remedy(int(raw["value"]), Unit(raw["unit"]), str(raw.get("basis") or ""))
