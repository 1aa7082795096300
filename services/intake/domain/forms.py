"""The application form: every error of the item's JSON Schema, said with the fields' own titles."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import JsonValue
from referencing import Registry

from services.intake.domain.messages import Words, fault, hint
from shared.errors import Fault
from shared.shapes import pointer

_TYPES: Mapping[str, Words] = MappingProxyType(
    {
        "string": Words("文字", "text"),
        "integer": Words("整数", "a whole number"),
        "number": Words("数字", "a number"),
        "boolean": Words("是或否（true/false）", "true or false"),
        "array": Words("列表", "a list"),
        "object": Words("分项内容", "an object"),
        "null": Words("空值", "nothing"),
    }
)

_FORMATS: Mapping[str, Words] = MappingProxyType(
    {
        "date-time": Words("时间", "time"),
        "time": Words("时刻", "time of day"),
        "email": Words("电子邮箱", "e-mail address"),
        "uri": Words("网址", "address"),
    }
)

# keyword -> code, for those whose limit is simply repeated.
_LIMITS: Mapping[str, str] = MappingProxyType(
    {
        "maxLength": "form-length-max",
        "minimum": "form-minimum",
        "maximum": "form-maximum",
        "exclusiveMinimum": "form-above",
        "exclusiveMaximum": "form-below",
        "multipleOf": "form-multiple",
        "minItems": "form-items-min",
        "maxItems": "form-items-max",
    }
)

_FORMATS_CHECKED = FormatChecker(formats=())
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@_FORMATS_CHECKED.checks("date")
def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not _DAY.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


class _Found(NamedTuple):
    """One complaint of the schema: the keyword's own value, and what stood in the form."""

    value: Any
    instance: Any
    schema: Mapping[str, Any]
    at: str
    field: Words


class Form:
    """A schema that has been read once and judges many forms."""

    def __init__(self, schema: Mapping[str, JsonValue]) -> None:
        # An empty registry: a schema that refers elsewhere is a fault, never a download.
        self._schema = schema
        self._validator = Draft202012Validator(
            dict(schema), format_checker=_FORMATS_CHECKED, registry=Registry()
        )

    def find(self, form: Mapping[str, JsonValue]) -> list[Fault]:
        errors = self._validator.iter_errors(dict(form))
        said = [fault for error in errors for fault in _said(error, self._schema)]
        return list(dict.fromkeys(said))


def _said(error: ValidationError, schema: Mapping[str, JsonValue]) -> Iterator[Fault]:
    path = list(error.absolute_path)
    keyword = str(error.validator)
    part = error.schema if isinstance(error.schema, Mapping) else {}
    at, field = pointer(("form", *path)), title(schema, path)
    found = _Found(error.validator_value, error.instance, part, at, field)
    if keyword in _SAYERS:
        yield from _SAYERS[keyword](found)
    elif keyword in _LIMITS:
        yield fault(at, _LIMITS[keyword], field=field, what=found.value)
    else:
        yield fault(at, "form-other", field=field)


def title(schema: Mapping[str, Any], path: Sequence[str | int]) -> Words:
    """「迁移人数」, 「随迁人员第2项姓名」: the field as the form calls it."""
    part: Any = schema
    zh: list[str] = []
    for place in path:
        part = _below(part, place)
        zh.append(f"第{place + 1}项" if isinstance(place, int) else str(part.get("title", place)))
    en = " ".join(str(place) for place in path)
    return Words("".join(zh) or "整体", en or "as a whole")


def _below(part: Mapping[str, Any], place: str | int) -> Mapping[str, Any]:
    if isinstance(place, int):
        found = part.get("items")
    else:
        properties = part.get("properties")
        found = properties.get(place) if isinstance(properties, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _required(found: _Found) -> Iterator[Fault]:
    for name in found.value:
        if name not in found.instance:
            inner = title(found.schema, [name])
            above = found.field if found.at != "/form" else Words("", "")
            field = Words(f"{above.zh}{inner.zh}", f"{above.en} {inner.en}".strip())
            yield fault(found.at + pointer((name,)), "form-missing", field=field)


def _unwanted(found: _Found) -> Iterator[Fault]:
    known = [str(name) for name in found.schema.get("properties", {})]
    patterns = [str(pattern) for pattern in found.schema.get("patternProperties", {})]
    for name in found.instance:
        if name not in known and not any(re.search(pattern, name) for pattern in patterns):
            near = hint(name, known)
            yield fault(found.at + pointer((name,)), "form-unwanted", field=name, hint=near)


def _type(found: _Found) -> Iterator[Fault]:
    names = [found.value] if isinstance(found.value, str) else found.value
    what = [_TYPES.get(name, Words(name, name)) for name in names]
    said = Words("或".join(w.zh for w in what), " or ".join(w.en for w in what))
    yield fault(found.at, "form-type", field=found.field, what=said)


def _options(found: _Found) -> Iterator[Fault]:
    if not all(isinstance(each, Mapping) and "const" in each for each in found.value):
        yield fault(found.at, "form-other", field=found.field)
        return
    labels = [(each["const"], each.get("title", each["const"])) for each in found.value]
    said = Words(
        "、".join(f"{label}（{const}）" for const, label in labels),
        ", ".join(str(const) for const, _ in labels),
    )
    yield fault(found.at, "form-choice", field=found.field, what=said)


def _enum(found: _Found) -> Iterator[Fault]:
    values = [str(value) for value in found.value]
    said = Words("、".join(values), ", ".join(values))
    yield fault(found.at, "form-choice", field=found.field, what=said)


def _const(found: _Found) -> Iterator[Fault]:
    value = found.value
    what = Words("是（true）", "true") if value is True else Words(str(value), str(value))
    yield fault(found.at, "form-constant", field=found.field, what=what)


def _min_length(found: _Found) -> Iterator[Fault]:
    code = "form-blank" if found.value == 1 else "form-length-min"
    yield fault(found.at, code, field=found.field, what=found.value)


def _repeated(found: _Found) -> Iterator[Fault]:
    yield fault(found.at, "form-repeated", field=found.field)


def _pattern(found: _Found) -> Iterator[Fault]:
    # A regular expression says nothing to anybody at a counter; the item's own words may.
    said = found.schema.get("description")
    how = Words(f"，应为：{said}", f": {said}") if said else Words("，请核对", "")
    yield fault(found.at, "form-pattern", field=found.field, hint=how)


def _format(found: _Found) -> Iterator[Fault]:
    name = str(found.value)
    if name == "date":
        yield fault(found.at, "form-date", field=found.field)
    else:
        what = _FORMATS.get(name, Words(name, name))
        yield fault(found.at, "form-format", field=found.field, what=what)


_SAYERS: Mapping[str, Callable[[_Found], Iterator[Fault]]] = MappingProxyType(
    {
        "required": _required,
        "additionalProperties": _unwanted,
        "unevaluatedProperties": _unwanted,
        "type": _type,
        "oneOf": _options,
        "anyOf": _options,
        "enum": _enum,
        "const": _const,
        "minLength": _min_length,
        "uniqueItems": _repeated,
        "pattern": _pattern,
        "format": _format,
    }
)
