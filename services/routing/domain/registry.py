"""Who handles what where, as dated and versioned data: locations, competence rules, agreements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar

from services.routing.domain.words import LocationKind, Mode, Power
from shared.divisions.divisions import NO_LOCAL, Level, LocalDivisions, is_below


class Dated(Protocol):
    @property
    def version(self) -> int: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Location:
    """`departments` empty: every department has its counter there."""

    code: str
    name: str
    division: str
    kind: LocationKind
    valid_from: date
    valid_to: date | None = None
    version: int = 1
    departments: frozenset[str] = frozenset()
    partner: str | None = None
    offline: bool = False

    def serves(self, department: str | None) -> bool:
        return department is None or not self.departments or department in self.departments


@dataclass(frozen=True, slots=True)
class Matter:
    """What a rule is asked about."""

    item_code: str
    department: str | None
    level: Level
    mode: Mode
    basis: str


@dataclass(frozen=True, slots=True)
class Rule:
    """In `division` (empty: the nation) the matter goes to `location`; what is empty fits all.

    With `kind` it goes to whichever location of that kind sits in the division that decides: so
    one national rule speaks for every county. `level` keeps it to matters which that level
    decides. With `agreement` it holds for what the other parties (or `received_in`) took in.
    """

    id: str
    division: str
    valid_from: date
    location: str | None = None
    kind: LocationKind | None = None
    item_code: str | None = None
    department: str | None = None
    mode: Mode | None = None
    basis: str | None = None
    level: Level | None = None
    agreement: str | None = None
    received_in: str | None = None
    valid_to: date | None = None
    version: int = 1

    def applies(self, matter: Matter) -> bool:
        asked = (
            (self.item_code, matter.item_code),
            (self.department, matter.department),
            (self.mode, matter.mode),
            (self.basis, matter.basis),
            (self.level, matter.level),
        )
        return all(own is None or own == wanted for own, wanted in asked)

    @property
    def rank(self) -> tuple[bool, bool, bool, bool, bool, bool]:
        """At one division an agreement goes first, then what names more, the item before all."""
        return (
            self.agreement is not None,
            self.received_in is not None,
            self.item_code is not None,
            self.department is not None,
            self.basis is not None,
            self.mode is not None,
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """Between places (divisions or single locations); it delegates powers to kinds of organ."""

    id: str
    parties: frozenset[str]
    valid_from: date
    items: frozenset[str] = frozenset()
    powers: frozenset[Power] = frozenset()
    delegates_to: frozenset[LocationKind] = frozenset({LocationKind.CENTRE})
    valid_to: date | None = None
    version: int = 1

    def covers(self, item_code: str) -> bool:
        return not self.items or item_code in self.items


AnyDated = TypeVar("AnyDated", bound=Dated)


@dataclass(frozen=True)
class Registry:
    """A reading copy; several versions of one thing may lie in it, the date picks one."""

    local: LocalDivisions = field(default_factory=lambda: NO_LOCAL, repr=False)
    _locations: Mapping[str, tuple[Location, ...]] = field(default_factory=dict, repr=False)
    _in: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _rules: Mapping[str, Mapping[str, tuple[Rule, ...]]] = field(default_factory=dict, repr=False)
    _agreements: Mapping[str, tuple[Agreement, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        *,
        locations: Iterable[Location] = (),
        rules: Iterable[Rule] = (),
        agreements: Iterable[Agreement] = (),
        local: LocalDivisions = NO_LOCAL,
    ) -> "Registry":
        by_code: dict[str, list[Location]] = defaultdict(list)
        inside: dict[str, set[str]] = defaultdict(set)
        for location in locations:
            by_code[location.code].append(location)
            inside[location.division].add(location.code)
        ruled: dict[str, dict[str, list[Rule]]] = defaultdict(lambda: defaultdict(list))
        for rule in _newest_last(rules):
            ruled[rule.division][rule.id].append(rule)
        agreed: dict[str, list[Agreement]] = defaultdict(list)
        for agreement in _newest_last(agreements):
            agreed[agreement.id].append(agreement)
        return cls(
            local=local,
            _locations={code: tuple(_newest_last(each)) for code, each in by_code.items()},
            _in={division: tuple(sorted(codes)) for division, codes in inside.items()},
            _rules={
                division: {id_: tuple(each) for id_, each in group.items()}
                for division, group in ruled.items()
            },
            _agreements={id_: tuple(each) for id_, each in agreed.items()},
        )

    def location(self, code: str, *, on: date) -> Location | None:
        return valid(self._locations.get(code, ()), on=on)

    def last_known(self, code: str) -> Location | None:
        """Also one that is closed or not yet open, to say so by name."""
        return next(reversed(self._locations.get(code, ())), None)

    def locations_in(
        self, division: str, kind: LocationKind, department: str | None, *, on: date
    ) -> tuple[Location, ...]:
        found = (self.location(code, on=on) for code in self._in.get(division, ()))
        return tuple(
            each
            for each in found
            if each and each.division == division and each.kind is kind and each.serves(department)
        )

    def rules_at(self, division: str, *, on: date) -> tuple[Rule, ...]:
        groups = self._rules.get(division, {}).values()
        return tuple(rule for group in groups if (rule := valid(group, on=on)))

    def agreement(self, id_: str, *, on: date) -> Agreement | None:
        return valid(self._agreements.get(id_, ()), on=on)

    def agreements(self, item_code: str, *, on: date) -> tuple[Agreement, ...]:
        groups = self._agreements.values()
        current = (agreement for group in groups if (agreement := valid(group, on=on)))
        return tuple(each for each in current if each.covers(item_code))

    def lies_in(self, location: Location, place: str) -> bool:
        """Whether a location is that place, or lies in that division."""
        return place == location.code or is_below(location.division, place, local=self.local)

    def between(self, agreement: Agreement, receiving: Location, handling: Location) -> bool:
        """The two lie with different parties; inside one party nothing has been agreed."""
        here = {party for party in agreement.parties if self.lies_in(receiving, party)}
        there = {party for party in agreement.parties if self.lies_in(handling, party)}
        return bool(here) and bool(there) and not here & there


def valid(versions: Iterable[AnyDated], *, on: date) -> AnyDated | None:
    """The newest version that has begun by that day, if it has not ended; both days are included.

    It stands for all before it: when it ends, what went before does not come back to life.
    """
    begun = [each for each in versions if each.valid_from <= on]
    newest = max(begun, key=lambda each: each.version, default=None)
    if newest is None or newest.valid_to is None or on <= newest.valid_to:
        return newest
    return None


def _newest_last(versions: Iterable[AnyDated]) -> list[AnyDated]:
    return sorted(versions, key=lambda each: each.version)
