"""What a division code means on a given day: its name, what it lies in, and what came after it."""

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

NATION = ""

_FOLDER = Path(__file__).parent


class Level(IntEnum):
    """GB/T 39046 A.2, so that an item's deciding level compares directly."""

    NATION = 1
    PROVINCE = 2
    PREFECTURE = 3
    COUNTY = 4
    TOWN = 5
    VILLAGE = 6


@dataclass(frozen=True, slots=True)
class Division:
    code: str
    name: str
    level: Level
    parent: str
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[str, ...] = ()
    derived: str = ""  # how the successors were found: same_name, converted
    listed: bool = True  # False: a village of a listed town whose own list is not carried

    def is_valid(self, on: date) -> bool:
        started = self.valid_from is None or self.valid_from <= on
        return started and (self.valid_to is None or on <= self.valid_to)


LocalDivisions: TypeAlias = Mapping[str, Division]

NO_LOCAL: LocalDivisions = MappingProxyType({})


class _Span(NamedTuple):
    name: str
    valid_from: str
    valid_to: str
    successors: str
    derived: str


def normal(code: str) -> str:
    """Drop the zeros with which some systems pad to 9 or 12 digits."""
    if len(code) == 12 and code.endswith("000"):
        code = code[:9]
    if len(code) == 9 and code.endswith("000"):
        code = code[:6]
    return code


def level(code: str, *, local: LocalDivisions = NO_LOCAL) -> Level | None:
    """The level a code speaks of, whether or not such a division is known."""
    if code == NATION:
        return Level.NATION
    if code in local:
        return local[code].level
    code = normal(code)
    if not (code.isascii() and code.isdigit()):
        return None
    return {6: _level_of_six(code), 9: Level.TOWN, 12: Level.VILLAGE}.get(len(code))


def lookup(code: str, on: date, *, local: LocalDivisions = NO_LOCAL) -> Division | None:
    return next((d for d in versions(code, local=local) if d.is_valid(on)), None)


def versions(code: str, *, local: LocalDivisions = NO_LOCAL) -> tuple[Division, ...]:
    """Everything the code ever was, oldest first; empty when it never was anything."""
    if code in local:
        return (local[code],)
    code = normal(code)
    found = level(code)
    if found is None or found is Level.NATION:
        return ()
    if found is Level.VILLAGE:
        return tuple(_villages_at(code))
    if found is Level.TOWN:
        return tuple(_towns_at(code))
    return tuple(_division(code, span) for span in _spans().get(code, ()))


def valid(on: date) -> Iterator[Division]:
    """Every province, prefecture and county of that day."""
    for code, spans in _spans().items():
        yield from (each for each in (_division(code, span) for span in spans) if each.is_valid(on))


def is_retired(code: str, on: date, *, local: LocalDivisions = NO_LOCAL) -> bool:
    """Known once and over by that day; a town of a retired county counts as retired with it."""
    known = _nearest_known(code, local)
    return bool(known) and all(d.valid_to is not None and d.valid_to < on for d in known)


def successors(code: str, *, local: LocalDivisions = NO_LOCAL) -> tuple[str, ...]:
    """The codes that followed directly; empty where it is not certain."""
    known = versions(code, local=local)
    return known[-1].successors if known else ()


def current_codes(code: str, on: date, *, local: LocalDivisions = NO_LOCAL) -> tuple[str, ...]:
    """Where the code leads on that day: itself, or what succeeded it or its county."""
    if lookup(code, on, local=local) is not None:
        return (normal(code) if code not in local else code,)
    if not is_retired(code, on, local=local):
        return ()
    waiting = [d.code for d in _nearest_known(code, local)[-1:]]
    reached: list[str] = []
    seen: set[str] = set()
    while waiting:
        step = waiting.pop(0)
        if step in seen:
            continue
        seen.add(step)
        if lookup(step, on, local=local) is not None:
            reached.append(step)
        else:
            waiting.extend(successors(step, local=local))
    return tuple(reached)


def ancestors(code: str, *, local: LocalDivisions = NO_LOCAL) -> tuple[str, ...]:
    """The code itself, then what it lies in, up to the nation, which is the empty code."""
    chain: list[str] = []
    while code in local and code not in chain:
        chain.append(code)
        code = local[code].parent
    code = normal(code)
    while code and code not in chain:
        chain.append(code)
        code = _parent(code)
    return (*chain, NATION)


def is_below(code: str, above: str, *, local: LocalDivisions = NO_LOCAL) -> bool:
    """Whether a division lies in another one, or is that one."""
    above = above if above in local else normal(above)
    return above in ancestors(code, local=local)


def full_name(code: str, on: date | None = None, *, local: LocalDivisions = NO_LOCAL) -> str:
    """Like 青海省西宁市城西区; as it was last called when no day is given."""
    names = []
    for part in reversed(ancestors(code, local=local)[:-1]):
        found = lookup(part, on, local=local) if on else None
        known = versions(part, local=local)
        named = found or (known[-1] if known else None)
        names.append(named.name if named else "")
    return "".join(names)


@cache
def snapshot() -> Mapping[str, object]:
    """Where the data comes from, in which version and of which day."""
    with (_FOLDER / "snapshot.toml").open("rb") as file:
        return MappingProxyType(tomllib.load(file))


def _level_of_six(code: str) -> Level:
    if code.endswith("0000"):
        return Level.PROVINCE
    return Level.PREFECTURE if code.endswith("00") else Level.COUNTY


def _parent(code: str) -> str:
    match level(code):
        case Level.VILLAGE:
            return code[:9]
        case Level.TOWN:
            return normal(code[:6])
        case Level.COUNTY:
            return code[:4] + "00"
        case Level.PREFECTURE:
            return code[:2] + "0000"
        case _:
            return NATION


def _nearest_known(code: str, local: LocalDivisions) -> tuple[Division, ...]:
    """The code's own versions, or those of the county that an unlisted town or village lies in."""
    for part in ancestors(code, local=local):
        known = versions(part, local=local)
        if known:
            return known
        if level(part, local=local) in (Level.COUNTY, None):
            break
    return ()


def _division(code: str, span: _Span) -> Division:
    return Division(
        code,
        span.name,
        _level_of_six(code),
        _parent(code),
        _day(span.valid_from),
        _day(span.valid_to),
        tuple(span.successors.split()),
        span.derived,
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _towns_at(code: str) -> Iterator[Division]:
    """Towns are known from one listing only: they last as long as their county's code."""
    name = _towns(code[:2]).get(code)
    for county in versions(code[:6]) if name else ():
        yield Division(code, name or "", Level.TOWN, code[:6], county.valid_from, county.valid_to)


def _villages_at(code: str) -> Iterator[Division]:
    villages = _villages(code[:2])
    name = villages.get(code, "")
    if villages and not name:
        return
    for town in versions(code[:9]):
        yield Division(
            code, name, Level.VILLAGE, town.code, town.valid_from, town.valid_to, listed=bool(name)
        )


@cache
def _spans() -> Mapping[str, tuple[_Span, ...]]:
    found: dict[str, tuple[_Span, ...]] = {}
    for code, *rest in _rows(_FOLDER / "divisions.csv"):
        found[code] = (*found.get(code, ()), _Span(*rest))
    return found


@cache
def _towns(province: str) -> Mapping[str, str]:
    return _names(_FOLDER / "towns" / f"{province}.csv")


@cache
def _villages(province: str) -> Mapping[str, str]:
    return _names(_FOLDER / "villages" / f"{province}.csv")


def _names(path: Path) -> Mapping[str, str]:
    return {row[0]: row[1] for row in _rows(path)} if path.exists() else {}


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows
