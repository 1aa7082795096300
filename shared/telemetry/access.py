"""Who came, when, to which door, and how it ended: the network log that the law wants kept.

A line of JSON for each request, in a file per process and local day: a file is only ever added to,
and what is too old goes away with its whole file (网络安全法 21: six months at least). A line is
written at once, so a process that is killed has told everything. Nothing personal of applicants:
the template of the route, never the path, no query, no header, no body.
"""

import os
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

from pydantic_core import to_json

from shared.clock import local_date

_NAME: Final = re.compile(r"access-[a-z]+-(\d{4}-\d{2}-\d{2})-[\w.]+\.jsonl")


class AccessLog:
    """`folder` may be shared by any number of processes; each writes files of its own."""

    def __init__(self, folder: Path, house: str) -> None:
        self._folder = folder
        self._house = house
        self._day: date | None = None
        self._file = -1

    def note(self, at: datetime, **visit: str | int | float | None) -> None:
        line = to_json({"at": _written(at), "house": self._house, **visit})
        os.write(self._of(local_date(at)), line + b"\n")

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file, self._day = -1, None

    def _of(self, day: date) -> int:
        if day != self._day:
            self.close()
            self._folder.mkdir(parents=True, exist_ok=True)
            process = re.sub(r"\W", "_", os.uname().nodename) + f".{os.getpid()}"
            path = self._folder / f"access-{self._house}-{day.isoformat()}-{process}.jsonl"
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            self._day = day
        return self._file


def outdated(folder: Path, house: str, before: date, *, limit: int = 100) -> Sequence[Path]:
    """The files of days before that one, the oldest first."""
    if not folder.is_dir():
        return []
    found = []
    for path in folder.glob(f"access-{house}-*.jsonl"):
        named = _NAME.fullmatch(path.name)
        if named and date.fromisoformat(named[1]) < before:
            found.append((named[1], path))
    return [path for _, path in sorted(found)[:limit]]


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
