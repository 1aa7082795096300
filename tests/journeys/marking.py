"""Values that can be told from all others: put where people write, and looked for everywhere."""

import asyncio
import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import asyncpg

from shared.identity.checks import by_mod_11_2

_SIGN = "骉"
_DIGITS = "甲乙丙丁戊己庚辛壬癸"
_MARK = re.compile(f"{_SIGN}[{_DIGITS}]{{4}}")
_NUMBER = re.compile(r"(?=(137\d{8}|\d{17}[\dX]))")
_WRITTEN_BY_PEOPLE = re.compile(r"[\u4e00-\u9fff]")
_PHONE = re.compile(r"^1\d{10}$")
_IDENTITY = re.compile(r"^\d{17}[\dX]$")
# Fields that tell of people, or in which somebody may.
_TELLING = frozenset(
    (
        *("acted_by", "address", "contact_phone", "finding", "link", "name", "note", "number"),
        *("opinion", "payer", "phone", "reason", "recipient", "subject", "text", "words"),
    )
)
_ISO_DATE = re.compile(r"^\d{4}-\d\d-\d\d")

New = Callable[[str, str], str]
Schema = Mapping[str, Any]


@dataclass(slots=True)
class Marks:
    """Which mark stands for which field; and numbers of people that no other test uses."""

    meant: dict[str, str] = field(default_factory=dict)

    def all_in(self, body: Any, place: str) -> Any:
        """Every text of the body replaced, whether it may be or not."""
        return _replaced(body, place, lambda _, where: self.new(where))

    def people_in(self, body: Any, place: str) -> Any:
        """What people write, and their numbers, so that the body is still a good one."""
        return _replaced(body, place, self._written)

    def new(self, where: str) -> str:
        return self._known(_SIGN + _spelt(1000 + len(self.meant)), where)

    def phone(self, where: str) -> str:
        return self._known(f"137{1000 + len(self.meant):08d}", where)

    def fields_of(self, body: Any) -> set[str]:
        return self.found_in(json.dumps(body, ensure_ascii=False))

    def _written(self, value: str, where: str) -> str:
        count = 1000 + len(self.meant)
        if _PHONE.match(value):
            return self.phone(where)
        if _IDENTITY.match(value):
            head = f"{value[:13]}{count:04d}"
            return self._known(head + by_mod_11_2(head), where)
        told = where.endswith("certificate/number") or _WRITTEN_BY_PEOPLE.search(value)
        return value + self.new(where) if told else value

    def _known(self, mark: str, where: str) -> str:
        self.meant[mark] = where
        return mark

    def found_in(self, text: str) -> set[str]:
        """The fields whose marks stand in it: as they are, or however machines rewrite a text."""
        found: set[str] = set()
        for form in _forms(text):
            found.update(_MARK.findall(form), _NUMBER.findall(form))
        return {self.meant[mark] for mark in found & self.meant.keys()}


def _spelt(number: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in f"{number:04d}")


def _forms(text: str) -> Iterator[str]:
    """With JSON's or an address's escapes taken off; and what hexadecimal and base64 would say."""
    yield from _unescaped(text)
    if "%" in text:
        yield unquote_to_bytes(text).decode("utf-8", "ignore")
    for run in re.findall(r"[0-9a-f]{22,}", text):
        yield from _unescaped(bytes.fromhex(run[: len(run) & ~1]).decode("utf-8", "ignore"))
    for run in re.findall(r"[A-Za-z0-9+/]{16,}", text):
        yield from _unescaped(base64.b64decode(run[: len(run) & ~3]).decode("utf-8", "ignore"))


def _unescaped(text: str) -> Iterator[str]:
    yield text
    if "\\u" in text:
        once = text.replace("\\\\u", "\\u")
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda each: chr(int(each[1], 16)), once)


def _replaced(part: Any, place: str, new: New) -> Any:
    if isinstance(part, Mapping):
        return {name: _replaced(each, f"{place}/{name}", new) for name, each in part.items()}
    if isinstance(part, list):
        return [_replaced(each, f"{place}[]", new) for each in part]
    return new(part, place) if isinstance(part, str) and not _ISO_DATE.match(part) else part


def telling(schema: Schema, schemas: Schema, place: str) -> Iterator[str]:
    """Where of a body something may be told of people."""
    schema = _resolved(schema, schemas)
    if schema.get("type") == "array":
        yield from telling(schema.get("items", {}), schemas, f"{place}[]")
    for name, part in schema.get("properties", {}).items():
        inner, at = _resolved(part, schemas), f"{place}/{name}"
        if _is_free(name, inner):
            yield at
        else:
            yield from telling(inner, schemas, at)


def filled(body: Any, schema: Schema, schemas: Schema, marks: Marks, place: str) -> Any:
    """With what may be written and the example leaves out; of objects that it has."""
    schema = _resolved(schema, schemas)
    if isinstance(body, list):
        of = schema.get("items", {})
        return [filled(each, of, schemas, marks, f"{place}[]") for each in body]
    if not isinstance(body, Mapping):
        return body
    known = schema.get("properties", {})
    kept = {
        name: filled(each, known.get(name, {}), schemas, marks, f"{place}/{name}")
        for name, each in body.items()
    }
    added = {
        name: (marks.phone if "phone" in name else marks.new)(f"{place}/{name}")
        for name, part in known.items()
        if kept.get(name) is None and _is_free(name, _resolved(part, schemas))
    }
    return kept | added


def _is_free(name: str, schema: Schema) -> bool:
    bound = {"enum", "const", "pattern", "format"} & schema.keys()
    return name in _TELLING and schema.get("type") == "string" and not bound


def _resolved(schema: Schema, schemas: Schema) -> Schema:
    """What a reference means; of several, the first that is something."""
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            return _resolved(each, schemas)
    return schema


async def look_through_tables(
    socket_folder: str, database: str, marks: Marks
) -> dict[str, set[str]]:
    """Every column of every table of every schema: which fields' marks lie there open."""
    connection = await asyncpg.connect(host=socket_folder, user="postgres", database=database)
    found: dict[str, set[str]] = {}
    try:
        columns = await connection.fetch(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        assert len(columns) > 300
        for schema, table, column in columns:
            rows = await connection.fetch(
                f'SELECT DISTINCT "{column}"::text FROM "{schema}"."{table}"'
                f' WHERE "{column}" IS NOT NULL'
            )
            fields: set[str] = set().union(*(marks.found_in(row[0]) for row in rows))
            if fields:
                found[f"{schema}.{table}.{column}"] = fields
    finally:
        await connection.close()
    return found


def look_through_files(folder: Path, marks: Marks) -> dict[str, set[str]]:
    """Whatever lies beside the database: stored files, logs (the database's too), leavings."""
    found = {}
    for path in folder.rglob("*"):
        of_database = "pg" in path.relative_to(folder).parts
        if path.is_file() and (path.name.endswith("log") or not of_database):
            fields = marks.found_in(path.read_bytes().decode("utf-8", "ignore"))
            if fields:
                found[path.name] = fields
    return found


async def settled(socket_folder: str, database: str) -> None:
    """Until every message has been told, heard and applied."""
    connection = await asyncpg.connect(host=socket_folder, user="postgres", database=database)
    waiting = " UNION ALL ".join(
        f"SELECT 1 FROM {house}.outbox WHERE published_at IS NULL"
        f" UNION ALL SELECT 1 FROM {house}.inbox WHERE applied_at IS NULL AND parked_at IS NULL"
        for house in ("intake", "routing", "notify")
    )
    try:
        for _ in range(300):
            if not await connection.fetchval(f"SELECT count(*) FROM ({waiting}) AS waiting"):
                return
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
    raise AssertionError("messages still wait")
