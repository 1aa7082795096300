"""Values that can be told from all others, put where people write, and looked for everywhere."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import asyncpg

from shared.identity.checks import by_mod_11_2

SIGN = "骉"
_DIGITS = "甲乙丙丁戊己庚辛壬癸"
_MARK = re.compile(f"{SIGN}[{_DIGITS}]{{4}}")
_WRITTEN_BY_PEOPLE = re.compile(r"[\u4e00-\u9fff]")
_PHONE = re.compile(r"^1\d{10}$")
_IDENTITY = re.compile(r"^\d{17}[\dX]$")
_ISO_DATE = re.compile(r"^\d{4}-\d\d-\d\d")


@dataclass(slots=True)
class Marks:
    """Which mark stands for which field; and numbers of people that no other test uses."""

    meant: dict[str, str] = field(default_factory=dict)

    def all_in(self, body: Any, place: str) -> Any:
        """Every text of the body replaced, whether it may be or not."""
        return _replaced(body, place, lambda _, where: self._text("", where))

    def people_in(self, body: Any, place: str) -> Any:
        """What people write, and their numbers, so that the body is still a good one."""
        return _replaced(body, place, self._written)

    def _written(self, value: str, where: str) -> str:
        if _PHONE.match(value):
            return self._known(f"137{self._count():08d}", where)
        if _IDENTITY.match(value):
            head = f"{value[:14]}{self._count() % 1000:03d}"
            return self._known(head + by_mod_11_2(head), where)
        return self._text(value, where) if _WRITTEN_BY_PEOPLE.search(value) else value

    def _text(self, before: str, where: str) -> str:
        return before + self._known(SIGN + _spelt(self._count()), where)

    def _known(self, mark: str, where: str) -> str:
        self.meant[mark] = where
        return mark

    def _count(self) -> int:
        return 1000 + len(self.meant)

    def found_in(self, text: str) -> set[str]:
        """The fields whose marks stand in it, as they are, escaped as JSON does, or in bytes."""
        unescaped = text.replace("\\\\u", "\\u")
        if "\\u" in unescaped:
            unescaped = re.sub(
                r"\\u([0-9a-f]{4})", lambda each: chr(int(each.group(1), 16)), unescaped
            )
        whole = unescaped + _from_hex(text)
        marks = set(_MARK.findall(whole)) & self.meant.keys()
        numbers = {mark for mark in self.meant if mark.isascii() and mark in whole}
        return {self.meant[mark] for mark in marks | numbers}


def _spelt(number: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in f"{number:04d}")


def _from_hex(text: str) -> str:
    """What bytes would say if they were text: columns of bytes are shown in hexadecimal."""
    found = re.findall(r"\\x([0-9a-f]{8,})", text)
    return "".join(
        bytes.fromhex(each[: len(each) & ~1]).decode("utf-8", "ignore") for each in found
    )


def _replaced(part: Any, place: str, new: Any) -> Any:
    if isinstance(part, Mapping):
        return {name: _replaced(each, f"{place}/{name}", new) for name, each in part.items()}
    if isinstance(part, list):
        return [_replaced(each, f"{place}[]", new) for each in part]
    return new(part, place) if isinstance(part, str) and not _ISO_DATE.match(part) else part


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


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """A collector of traces: its address, and everything that it was sent."""
    heard: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
