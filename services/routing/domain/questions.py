"""What is asked when a place is looked for, and on which basis the applicant or the law puts it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.routing.domain.registry import Location, Matter, Registry
from services.routing.domain.territories import Reason, Way, Why, reason
from services.routing.domain.words import Basis, Mode, basis_zh
from shared.divisions.divisions import Level


@dataclass(frozen=True, slots=True)
class ItemBasis:
    """What an item version says about where it belongs; several `kinds`: the law offers several."""

    code: str
    version: int
    name: str
    level: Level
    kinds: tuple[str, ...]
    department: str | None = None
    accepts_at_window: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """`successors` names, for a division that was split, the one that was chosen."""

    item: ItemBasis
    mode: Mode
    receiving: str
    basis: Mapping[str, str]
    on: date
    chosen: str | None = None
    successors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Search:
    """A question on its way to an answer: the basis is settled, and so is the way up."""

    question: Question
    registry: Registry
    receiving: Location
    matter: Matter
    way: Way

    @property
    def too_coarse(self) -> bool:
        """The case names a place above the level that decides, so which below is not known."""
        level = self.way.path[0].level
        return level is None or level < self.matter.level


def item_basis(item: Mapping[str, Any]) -> ItemBasis:
    """From an item version as the catalogue carries it."""
    return ItemBasis(
        code=str(item["code"]),
        version=int(item["version"]),
        name=str(item["name"]),
        level=Level(int(item["level"])),
        kinds=tuple(item.get("choice") or (item["basis"],)),
        department=item.get("department"),
        accepts_at_window=item.get("acceptance_authority") == "receiving",
    )


def basis_of(question: Question) -> str | Reason:
    """Where the law offers two places the applicant chooses; naming only one is a choice."""
    kinds = question.item.kinds
    listed = "、".join(basis_zh(kind) for kind in kinds)
    if question.chosen is not None:
        if question.chosen not in kinds:
            return reason(
                Why.BASIS_UNKNOWN, f"{question.chosen}（可选：{listed}）", question.chosen
            )
        return _given(question, question.chosen)
    given = [kind for kind in kinds if _is_given(question, kind)]
    if len(given) > 1:
        return reason(Why.CHOICE_NEEDED, listed, ", ".join(given), tuple(given))
    return given[0] if given else reason(Why.BASIS_MISSING, listed, ", ".join(kinds), kinds)


def _is_given(question: Question, kind: str) -> bool:
    return kind == Basis.FIXED or bool(question.basis.get(kind))


def _given(question: Question, kind: str) -> str | Reason:
    if _is_given(question, kind):
        return kind
    return reason(Why.BASIS_MISSING, basis_zh(kind), kind, (kind,))
