"""Which location must take a matter, and why: the most specific rule in force, or reasons."""

from dataclasses import dataclass
from datetime import date

from services.routing.domain import grounds, territories
from services.routing.domain.grounds import Grounds
from services.routing.domain.questions import ItemBasis, Question, Search, basis_of
from services.routing.domain.registry import Location, Matter, Registry, Rule
from services.routing.domain.territories import Reason, Way, Why, reason
from services.routing.domain.words import Basis, LocationKind, Power


@dataclass(frozen=True, slots=True)
class Competent:
    """`powers`: what the receiving place may do here in the handling place's name."""

    location: Location
    powers: frozenset[Power]
    why: Grounds


@dataclass(frozen=True, slots=True)
class Unroutable:
    reasons: tuple[Reason, ...]


def decide(question: Question, registry: Registry) -> Competent | Unroutable:
    receiving = registry.location(question.receiving, on=question.on)
    basis = basis_of(question)
    if receiving is None or isinstance(basis, Reason):
        return Unroutable(_first_faults(question, receiving, basis))
    way = _way(question, registry, basis)
    if isinstance(way, Reason):
        return Unroutable((way,))
    item = question.item
    matter = Matter(item.code, item.department, item.level, question.mode, basis)
    return _search(Search(question, registry, receiving, matter, way))


def powers_of(
    item: ItemBasis, receiving: Location, handling: Location, registry: Registry, *, on: date
) -> frozenset[Power]:
    """Delegated by agreement to organs only (行政许可法 24); acceptance if the item allows it."""
    if receiving.kind is LocationKind.AGENT:
        return frozenset()
    delegated = frozenset(
        power
        for agreement in registry.agreements(item.code, on=on)
        if receiving.kind in agreement.delegates_to
        and registry.between(agreement, receiving, handling)
        for power in agreement.powers
    )
    return delegated if item.accepts_at_window else delegated - {Power.ACCEPT}


def _first_faults(
    question: Question, receiving: Location | None, basis: str | Reason
) -> tuple[Reason, ...]:
    faults = [basis] if isinstance(basis, Reason) else []
    if receiving is None:
        code = question.receiving
        faults.insert(0, reason(Why.RECEIVING_UNKNOWN, code, code))
    return tuple(faults)


def _way(question: Question, registry: Registry, basis: str) -> Way | Reason:
    asked = question.basis.get(basis, "")
    if basis == Basis.FIXED and not asked:
        return territories.nationwide(on=question.on, local=registry.local)
    return territories.way_up(
        asked,
        question.item.level,
        on=question.on,
        local=registry.local,
        successors=question.successors,
    )


def _search(search: Search) -> Competent | Unroutable:
    missed: list[Reason] = []
    for stop in search.way.path:
        rules = _best(search, stop.code)
        if not rules:
            continue
        found = [(rule, _targets(search, rule)) for rule in rules]
        places = {place.code: (rule, place) for rule, targets in found for place in targets}
        if len(places) == 1:
            return _judge(search, *next(iter(places.values())))
        if places:
            return Unroutable((grounds.ambiguous(places, stop),))
        missed += [grounds.empty(search, rule) for rule in rules]
        if any(rule.location is not None for rule in rules):
            return Unroutable(tuple(missed))
    return Unroutable((*missed, grounds.nothing(search)))


def _best(search: Search, division: str) -> tuple[Rule, ...]:
    """The rules in force here that say most; more than one may be equally good."""
    here = search.registry.rules_at(division, on=search.question.on)
    fitting = [rule for rule in here if rule.applies(search.matter) and _received(search, rule)]
    top = max((rule.rank for rule in fitting), default=None)
    return tuple(sorted((r for r in fitting if r.rank == top), key=lambda rule: rule.id))


def _received(search: Search, rule: Rule) -> bool:
    """A rule made by an agreement holds only for what another party of it took in."""
    registry, receiving = search.registry, search.receiving
    if rule.received_in is not None and not registry.lies_in(receiving, rule.received_in):
        return False
    if rule.agreement is None:
        return True
    agreement = registry.agreement(rule.agreement, on=search.question.on)
    if agreement is None or not agreement.covers(search.matter.item_code):
        return False
    targets = _targets(search, rule)
    return not targets or any(registry.between(agreement, receiving, each) for each in targets)


def _targets(search: Search, rule: Rule) -> tuple[Location, ...]:
    on = search.question.on
    if rule.location is not None:
        location = search.registry.location(rule.location, on=on)
        return (location,) if location else ()
    deciding = search.way.deciding
    if rule.kind is None or (search.too_coarse and rule.division != deciding):
        return ()
    department = search.matter.department
    return search.registry.locations_in(deciding, rule.kind, department, on=on)


def _judge(search: Search, rule: Rule, place: Location) -> Competent | Unroutable:
    if place.kind is LocationKind.AGENT:
        named = f"规则{rule.id}→{place.name}"
        return Unroutable((reason(Why.LOCATION_CANNOT_DECIDE, named, place.code, (place.code,)),))
    question = search.question
    powers = powers_of(question.item, search.receiving, place, search.registry, on=question.on)
    return Competent(place, powers, grounds.grounds(search, rule, place))
