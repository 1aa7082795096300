"""What one cell of the catalogue's table means: typed by the item's own fields, and safe to open.

A programme for spreadsheets runs what begins like a formula, so such a text leaves with an
apostrophe before it, which is taken off again on the way in.
"""

import json
import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter

from services.intake.domain.items import Clause
from services.intake.domain.words import Mode

Path = tuple[str, ...]

_RISKY = re.compile(r"\s*['=+\-@＝＋－＠]|[\t\r\n]")
_DAY = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_TRUTH = TypeAdapter[Any](bool)
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_TRUTHS = MappingProxyType(
    {"true": True, "是": True, "1": True, "false": False, "否": False, "0": False}
)


class Holds(StrEnum):
    TEXT = "text"
    WORD = "word"
    TRUTH = "truth"
    NUMBER = "number"
    DAY = "day"
    LINES = "lines"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """`path` leads from the part to the field; `adapter` writes what is kept as JSON."""

    name: str
    path: Path
    holds: Holds
    nullable: bool
    required: bool
    adapter: TypeAdapter[Any]


def columns(model: type[Clause], prefix: str, *, besides: frozenset[str]) -> Iterator[Column]:
    """One for every field that holds a single thing, down through the parts within."""
    yield from _columns(model, prefix, (), besides)


def _columns(
    model: type[Clause], prefix: str, path: Path, besides: frozenset[str]
) -> Iterator[Column]:
    for name, field in model.model_fields.items():
        if not path and name in besides:
            continue
        plain, nullable = _unwrapped(field.annotation)
        inner, at = f"{prefix}{name}", (*path, name)
        if isinstance(plain, type) and issubclass(plain, Clause) and plain.__name__ in _WITHIN:
            yield from _columns(plain, f"{inner}.", at, besides)
        elif _by_mode(plain):
            for mode in Mode:
                yield Column(f"{inner}.{mode}", (*at, mode.value), Holds.TRUTH, True, False, _TRUTH)
        else:
            holds = _holds(plain)
            adapter: TypeAdapter[Any] = TypeAdapter(cast("type[Any]", field.annotation))
            yield Column(inner, at, holds, nullable, field.is_required(), adapter)


# Parts with a few fields each; what is nested deeper is kept as JSON.
_WITHIN = frozenset(
    {"Term", "Limits", "Hops", "DeferralTerms", "CommitmentTerms", "Result", "Fee", "Deferrable"}
)


def _unwrapped(annotation: Any) -> tuple[Any, bool]:
    """Without `Annotated` and `| None`."""
    nullable = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType) and type(None) in get_args(annotation):
            rest = [each for each in get_args(annotation) if each is not type(None)]
            if len(rest) > 1:
                return annotation, True
            annotation, nullable = rest[0], True
        else:
            return annotation, nullable


def _by_mode(annotation: Any) -> bool:
    if get_origin(annotation) is not dict:
        return False
    key, value = get_args(annotation)
    return key is Mode and _unwrapped(value)[0] is bool


def _holds(annotation: Any) -> Holds:
    origin = get_origin(annotation)
    if origin is tuple:
        element = _unwrapped(get_args(annotation)[0])[0]
        plain = get_origin(element) is Literal or _is_text(element)
        return Holds.LINES if plain else Holds.JSON
    if origin is Literal:
        return Holds.WORD
    if origin is not None:
        return Holds.JSON
    simple = {bool: Holds.TRUTH, int: Holds.NUMBER, date: Holds.DAY, str: Holds.TEXT}
    if annotation in simple:
        return simple[annotation]
    is_part = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return Holds.JSON if is_part else Holds.WORD


def _is_text(element: Any) -> bool:
    return isinstance(element, type) and issubclass(element, str)


# Out.


def written(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.holds is Holds.JSON:
        plain = column.adapter.dump_python(value, mode="json", exclude_defaults=True)
        empty = plain in ([], {}) and not column.nullable
        return "" if empty else json.dumps(plain, ensure_ascii=False)
    if column.holds is Holds.LINES:
        return guarded(_as_lines([str(each) for each in value]))
    if column.holds is Holds.TRUTH:
        return "true" if value else "false"
    return guarded(_as_text(column, str(value)))


def _as_text(column: Column, value: str) -> str:
    """Where nothing may stand, an empty text is not nothing."""
    marked = column.nullable and (not value or value.startswith('"'))
    return json.dumps(value, ensure_ascii=False) if marked else value


def _as_lines(values: list[str]) -> str:
    plain = all(each and not set(each) & set("\r\n") for each in values)
    if plain and not (values and values[0].startswith("[")):
        return "\n".join(values)
    return json.dumps(values, ensure_ascii=False)


def guarded(cell: str) -> str:
    return f"'{cell}" if _RISKY.match(cell) else cell


# In: what cannot be read stays text, and the item's own rules say what is wrong with it.


def read(column: Column, cell: str) -> Any:
    plain = cell[1:] if cell.startswith("'") and _RISKY.match(cell[1:]) else cell
    return _READERS[column.holds](column, plain)


def _text(column: Column, cell: str) -> Any:
    return _json(column, cell) if column.nullable and cell.startswith('"') else cell


def _word(_: Column, cell: str) -> Any:
    return cell.strip()


def _truth(_: Column, cell: str) -> Any:
    return _TRUTHS.get(cell.strip().lower(), cell)


def _number(_: Column, cell: str) -> Any:
    return int(cell) if _NUMBER.fullmatch(cell.strip()) else cell


def _day(_: Column, cell: str) -> Any:
    """Programmes for spreadsheets write 2026/1/31."""
    found = _DAY.fullmatch(cell.strip())
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found else cell


def _lines(column: Column, cell: str) -> Any:
    return _json(column, cell) if cell.startswith("[") else cell.replace("\r\n", "\n").split("\n")


def _json(_: Column, cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


_READERS: Mapping[Holds, Callable[[Column, str], Any]] = MappingProxyType(
    {
        Holds.TEXT: _text,
        Holds.WORD: _word,
        Holds.TRUTH: _truth,
        Holds.NUMBER: _number,
        Holds.DAY: _day,
        Holds.LINES: _lines,
        Holds.JSON: _json,
    }
)
