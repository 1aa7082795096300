"""Why a place was found, or none: kept with the case and read by whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.routing.domain import territories
from services.routing.domain.questions import Search
from services.routing.domain.registry import Location, Rule
from services.routing.domain.territories import Reason, Stop, Why, reason
from services.routing.domain.words import LEVELS, basis_zh
from shared.divisions.divisions import NATION, Level


@dataclass(frozen=True, slots=True)
class Source:
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Grounds:
    """Everything the answer rests on, kept with the case."""

    item: Source
    basis: str
    asked: str
    path: tuple[Stop, ...]
    level: Level
    location: Source
    rule: Source
    agreement: Source | None
    sentence: str


def grounds(search: Search, rule: Rule, place: Location) -> Grounds:
    item, on = search.question.item, search.question.on
    agreement = search.registry.agreement(rule.agreement, on=on) if rule.agreement else None
    by = Source(agreement.id, agreement.version) if agreement else None
    return Grounds(
        item=Source(item.code, item.version),
        basis=search.matter.basis,
        asked=search.way.asked,
        path=search.way.path,
        level=item.level,
        location=Source(place.code, place.version),
        rule=Source(rule.id, rule.version),
        agreement=by,
        sentence=_sentence(search, rule, place, by),
    )


def _sentence(search: Search, rule: Rule, place: Location, agreement: Source | None) -> str:
    item, way, on = search.question.item, search.way, search.question.on
    local = search.registry.local
    where = basis_zh(search.matter.basis)
    if len(item.kinds) > 1:
        where = f"申请人选择的{where}"
    if way.asked != NATION:
        where += f"{way.asked}{territories.name_of(way.asked, on=on, local=local)}"
    if territories.changed(way):
        where += (
            f"（已撤销，承继者{way.current}{territories.name_of(way.current, on=on, local=local)}）"
        )
    up = "" if way.deciding in (way.current, NATION) else f"，上至{way.path[0].name}"
    source = f"规则{rule.id}第{rule.version}版"
    if agreement:
        source = f"协议{agreement.id}第{agreement.version}版及{source}"
    return (
        f"“{item.name}”（{item.code}第{item.version}版）由{LEVELS[item.level]}办理，"
        f"依{where}{up}，按{source}，由{place.name}办理。"
    )


def ambiguous(places: Mapping[str, tuple[Rule, Location]], stop: Stop) -> Reason:
    pairs = [places[code] for code in sorted(places)]
    zh = "；".join(
        f"{place.name}（{place.code}，规则{rule.id}第{rule.version}版）" for rule, place in pairs
    )
    return reason(
        Why.AMBIGUOUS, f"{stop.name}：{zh}", ", ".join(sorted(places)), tuple(sorted(places))
    )


def empty(search: Search, rule: Rule) -> Reason:
    named = f"规则{rule.id}第{rule.version}版"
    if rule.location is not None:
        known = search.registry.last_known(rule.location)
        place = f"{known.name}（{known.code}）" if known else rule.location
        return reason(Why.LOCATION_CLOSED, f"{named}→{place}", rule.location, (rule.location,))
    where = search.way.path[0]
    if search.too_coarse:
        level = LEVELS[search.matter.level]
        return reason(Why.TOO_COARSE, f"{where.name}（{level}办理）", where.code, (where.code,))
    kind = rule.kind.zh if rule.kind else ""
    return reason(Why.NO_LOCATION_OF_KIND, f"{named}，{where.name}，{kind}", where.code)


def nothing(search: Search) -> Reason:
    """Says what was looked for and where, so that ops can see which rule is missing."""
    matter = search.matter
    looked = "、".join(f"{stop.code}{stop.name}" for stop in search.way.path)
    zh = (
        f"事项{matter.item_code}，部门{matter.department or '不限'}，{matter.mode.zh}，"
        f"{basis_zh(matter.basis)}，{LEVELS[matter.level]}；查过：{looked}"
    )
    codes = tuple(stop.code for stop in search.way.path)
    where = ", ".join(code or "nation" for code in codes)
    en = f"no rule in force for {matter.item_code} in {where}"
    return reason(Why.NOTHING_FOUND, zh, en, codes)
