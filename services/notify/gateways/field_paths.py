"""Reading and writing JSON by dotted paths, so that a new partner's fields are configuration."""

from collections.abc import Mapping
from typing import Any


def pick(document: object, path: str) -> Any:
    """The value at `a.b.0.c`, or None where the way ends early; an empty path is the whole."""
    for part in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def text(document: object, path: str) -> str:
    """A plain value as text: far sides answer 0, "0" and null for the same thing."""
    value = pick(document, path) if path else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int | float) else ""


def rows(document: object, path: str) -> list[Any]:
    """The list at the path; a single object counts as a list of one."""
    value = pick(document, path)
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, Mapping) else []


def build(fields: Mapping[str, str], values: Mapping[str, str]) -> dict[str, Any]:
    """A nested document from `their.path` → our name; `=text` stands for itself.

    A name without a value is left out.
    """
    document: dict[str, Any] = {}
    for path, name in fields.items():
        value = name[1:] if name.startswith("=") else values.get(name, "")
        if value:
            _put(document, path.split("."), value)
    return document


def _put(document: dict[str, Any], parts: list[str], value: str) -> None:
    for part in parts[:-1]:
        document = document.setdefault(part, {})
    document[parts[-1]] = value
