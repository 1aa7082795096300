"""What people call a field of a request: its title, or the first words of its description."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_LONGEST = 20
# Where the name of the thing ends and the explanation begins.
_CLAUSE = re.compile(r"[，。；：、（(]")
_LATIN = re.compile(r"[A-Za-z]{3}")


def spoken(model: object, loc: Sequence[int | str]) -> str:
    """As a clerk would read it out: 送达方式, 材料第2项的份数; a name of the program's own stands
    in brackets."""
    said = ""
    for field, place in _walk(model, loc):
        said += "的" if said and not isinstance(place, int) else ""
        said += _step(field, place)
    return said


def _walk(model: object, loc: Sequence[int | str]) -> Iterator[tuple[FieldInfo | None, int | str]]:
    held: object = model
    for place in loc:
        if isinstance(place, int):
            yield None, place
            continue
        part = _model_in(held)
        field = _named(part, place) if part else None
        yield field, place
        held = field.annotation if field else None


def _named(model: type[BaseModel], name: str) -> FieldInfo | None:
    """By the name under which it travels."""
    fields = model.model_fields
    return fields.get(name) or next((f for f in fields.values() if f.alias == name), None)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """`X`, `X | None`, `list[X]`: the first model that it holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found: Any = (_model_in(each) for each in get_args(annotation))
    return next((each for each in found if each is not None), None)


def _step(field: FieldInfo | None, place: int | str) -> str:
    if isinstance(place, int):
        return f"第{place + 1}项"
    return (field and (field.title or _first_words(field.description or ""))) or f"「{place}」"


def _first_words(description: str) -> str:
    words = _CLAUSE.split(description, maxsplit=1)[0].strip()
    return "" if len(words) > _LONGEST or _LATIN.search(words) else words
