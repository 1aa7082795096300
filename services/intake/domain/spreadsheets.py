"""The catalogue as a table (CSV): a row for each item, and one for each of its parts below it.

`part` says what a row is. Its item's `code` and `version` stand on every row, so that rows may be
sorted and filtered; they find each other by them.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from services.intake.domain import catalogues, cells
from services.intake.domain.catalogues import Catalogue
from services.intake.domain.cells import Column
from services.intake.domain.items import (
    Clause,
    ItemVersion,
    Material,
    Question,
    SpecialProcedure,
    Step,
)
from services.intake.domain.messages import Words, fault, hint
from services.intake.domain.people import word
from services.intake.domain.words import Named
from shared.errors import Fault, told_back
from shared.shapes import pointer

# Longer than any form that a cell could hold.
_LONGEST_CELL = 1_000_000


class Part(Named):
    ITEM = "item", "事项"
    STEP = "step", "步骤"
    MATERIAL = "material", "材料"
    SPECIAL_PROCEDURE = "special_procedure", "特别程序"
    QUESTION = "faq", "问答"


_MODELS: Mapping[Part, type[Clause]] = {
    Part.ITEM: ItemVersion,
    Part.STEP: Step,
    Part.MATERIAL: Material,
    Part.SPECIAL_PROCEDURE: SpecialProcedure,
    Part.QUESTION: Question,
}
_LISTS: Mapping[Part, str] = {
    Part.STEP: "steps",
    Part.MATERIAL: "materials",
    Part.SPECIAL_PROCEDURE: "special_procedures",
    Part.QUESTION: "faq",
}
_MODE = "step.mode"


@cache
def layout(part: Part) -> Mapping[str, Column]:
    """The columns that a row of this part fills, by name."""
    own = frozenset(_LISTS.values()) if part is Part.ITEM else frozenset[str]()
    prefix = "" if part is Part.ITEM else f"{part}."
    return {each.name: each for each in cells.columns(_MODELS[part], prefix, besides=own)}


@cache
def header() -> tuple[str, ...]:
    names = [name for part in Part for name in layout(part)]
    place = names.index("step.step")
    return ("part", *names[:place], _MODE, *names[place:])


# Out.


def write(items: Iterable[ItemVersion]) -> str:
    """With a mark at the beginning, by which programmes for spreadsheets know the encoding."""
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, header(), restval="", lineterminator="\r\n")
    table.writeheader()
    for item in items:
        table.writerows(_rows(item))
    return f"\ufeff{out.getvalue()}"


def _rows(item: ItemVersion) -> Iterator[dict[str, str]]:
    yield _row(Part.ITEM, item, item, {})
    for mode, plan in item.steps.items():
        for step in plan:
            yield _row(Part.STEP, item, step, {_MODE: mode.value})
    for part in (Part.MATERIAL, Part.SPECIAL_PROCEDURE, Part.QUESTION):
        for each in getattr(item, _LISTS[part]):
            yield _row(part, item, each, {})


def _row(part: Part, item: ItemVersion, clause: Clause, more: dict[str, str]) -> dict[str, str]:
    named = {"part": part.value, "code": item.code, "version": str(item.version)}
    filled = {
        name: cells.written(column, _value(clause, column.path))
        for name, column in layout(part).items()
    }
    return {**named, **filled, **more}


def _value(clause: Any, path: Sequence[str]) -> Any:
    value: Any = clause
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return value


# In.


@dataclass(slots=True)
class _Table:
    """`places` leads from a place in the catalogue back to row and column."""

    items: list[dict[str, Any]] = field(default_factory=list)
    known: dict[tuple[str, str], int] = field(default_factory=dict)
    places: dict[str, tuple[int, str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read(text: str) -> Catalogue:
    """Every fault with its row, as a spreadsheet counts them, and its column."""
    csv.field_size_limit(_LONGEST_CELL)
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    table = _Table()
    try:
        names = next(rows, [])
        table.faults += _headings(names)
        for number, values in enumerate(rows, 2):
            if any(value.strip() for value in values):
                _take(table, number, dict(zip(names, values, strict=False)))
    except csv.Error:
        table.faults.append(fault("/rows", "not-a-table"))
    if table.faults and not table.items:
        return Catalogue((), tuple(table.faults))
    found = catalogues.read({"items": table.items})
    faults = [*table.faults, *(_placed(each, table) for each in found.faults)]
    return Catalogue(
        () if faults else found.items,
        tuple(dict.fromkeys(faults)),
        placed=lambda each: _placed(each, table),
    )


def _headings(names: Sequence[str]) -> Iterator[Fault]:
    for needed in ("part", "code", "version"):
        if needed not in names:
            yield fault(f"/rows/1/{needed}", "heading-missing", name=needed)
    for number, name in enumerate(names, 1):
        if name and name not in header():
            # A table without headings begins with what should stand below them.
            said = told_back(name, str(number))
            at = pointer(("rows", 1, said))
            yield fault(at, "heading-unknown", name=said, hint=hint(name, header()))
    for name in {name for name in names if name in header() and names.count(name) > 1}:
        yield fault(pointer(("rows", 1, name)), "heading-repeated", name=name)


def _take(table: _Table, number: int, row: Mapping[str, str]) -> None:
    said = row.get("part", "").strip()
    part = next((each for each in Part if said in (each.value, each.zh)), None)
    key = (row.get("code", "").strip(), row.get("version", "").strip())
    if part is None:
        parts = Words("、".join(f"{each}（{each.zh}）" for each in Part), ", ".join(Part))
        table.faults.append(fault(f"/rows/{number}/part", "part-unknown", row=number, parts=parts))
    elif part is Part.ITEM:
        table.known[key] = len(table.items)
        table.items.append(_filled(table, part, number, row, ("items", len(table.items))))
    elif key not in table.known:
        table.faults.append(
            fault(f"/rows/{number}/code", "part-astray", row=number, what=word(part))
        )
    else:
        _add(table, part, number, row, table.known[key])
    _strays(table, part, number, row)


def _add(table: _Table, part: Part, number: int, row: Mapping[str, str], place: int) -> None:
    item, name = table.items[place], _LISTS[part]
    at: tuple[str | int, ...] = ("items", place, name)
    if part is Part.STEP:
        mode = row.get(_MODE, "").strip()
        siblings = item.setdefault(name, {}).setdefault(mode, [])
        at = (*at, mode)
        table.places.setdefault(pointer(at), (number, _MODE))
    else:
        siblings = item.setdefault(name, [])
    siblings.append(_filled(table, part, number, row, (*at, len(siblings))))


def _filled(
    table: _Table, part: Part, number: int, row: Mapping[str, str], at: tuple[str | int, ...]
) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    table.places[pointer(at)] = (number, "part")
    for name, column in layout(part).items():
        table.places[pointer((*at, *column.path))] = (number, name)
        if cell := row.get(name, ""):
            _put(filled, column.path, cells.read(column, cell))
    for column in layout(part).values():
        # A term that is not known has a unit all the same.
        if column.required and column.nullable:
            _leave_open(filled, column.path)
    return filled


def _put(filled: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        filled = filled.setdefault(name, {})
    filled[path[-1]] = value


def _leave_open(filled: dict[str, Any], path: Sequence[str]) -> None:
    for name in path[:-1]:
        filled = filled.get(name, {})
    if filled:
        filled.setdefault(path[-1], None)


def _strays(table: _Table, part: Part | None, number: int, row: Mapping[str, str]) -> None:
    """What stands in a column of another part would be lost in silence."""
    if part is None:
        return
    own = {"part", "code", "version", *layout(part), *((_MODE,) if part is Part.STEP else ())}
    for name, cell in row.items():
        if name in header() and name not in own and cell.strip():
            at = pointer(("rows", number, name))
            table.faults.append(fault(at, "cell-astray", row=number, name=name, what=word(part)))


def _placed(found: Fault, table: _Table) -> Fault:
    at = found.pointer
    while at and at not in table.places:
        at = at.rpartition("/")[0]
    if not at:
        return found
    number, column = table.places[at]
    return Fault(
        pointer(("rows", number, column)),
        found.code,
        f"第{number}行「{column}」列：{found.message_zh}",
        f"row {number}, column {column}: {found.message_en}",
    )
