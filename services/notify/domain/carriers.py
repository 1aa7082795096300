"""Which carrier takes it: by what is in the bag, where it goes and who pays; data, not code."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.errors import ConflictError


class Content(StrEnum):
    ORIGINALS = "originals"  # papers that cannot be replaced
    CERTIFICATE = "certificate"
    COPIES = "copies"


class Payer(StrEnum):
    APPLICANT = "applicant"
    GOVERNMENT = "government"


@dataclass(frozen=True, slots=True)
class CarrierRule:
    """An empty condition means any; `destination` is the code of a division or of one above it."""

    carrier: str
    contents: frozenset[Content] = frozenset()
    destination: str = ""
    payer: Payer | None = None
    rank: int = 0
    valid_from: date = date.min
    valid_to: date | None = None

    def applies(self, content: Content, destination: str, payer: Payer, on: date) -> bool:
        return (
            self.valid_from <= on
            and (self.valid_to is None or on <= self.valid_to)
            and (not self.contents or content in self.contents)
            and destination.startswith(_significant(self.destination))
            and self.payer in {None, payer}
        )

    @property
    def weight(self) -> tuple[int, int, bool, bool]:
        """Rank first, then place before content before payer."""
        place = len(_significant(self.destination))
        return self.rank, place, bool(self.contents), self.payer is not None


@dataclass(frozen=True, slots=True)
class Choice:
    carrier: str
    rule: CarrierRule


class CarrierUndecidedError(ConflictError):
    code = "carrier-undecided"

    def __init__(self, candidates: Iterable[str]) -> None:
        names = sorted(candidates)
        super().__init__(
            "没有唯一适用的寄递机构，请人工选择",
            "no rule, or two equally good ones, name a carrier: a person must choose",
            candidates=names,
        )


def choose(
    rules: Iterable[CarrierRule], *, content: Content, destination: str, payer: Payer, on: date
) -> Choice:
    """The most particular rule wins; no rule, or a tie between carriers, is never guessed at."""
    fitting = [rule for rule in rules if rule.applies(content, destination, payer, on)]
    if not fitting:
        raise CarrierUndecidedError([])
    best = max(rule.weight for rule in fitting)
    finalists = [rule for rule in fitting if rule.weight == best]
    carriers = {rule.carrier for rule in finalists}
    if len(carriers) > 1:
        raise CarrierUndecidedError(carriers)
    return Choice(finalists[0].carrier, finalists[0])


def _significant(code: str) -> str:
    """The digits of a division code that tell its level: 630000 → 63, 632500 → 6325."""
    if len(code) != 6 or not code.isdigit():
        return code
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code
