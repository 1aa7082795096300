"""A document's facts as the template gets them: plain strings, cleaned, bounded, never markup."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

from shared.clock import SHANGHAI
from shared.documents.errors import TooLongError
from shared.documents.parts import Document

LONGEST_LIST = 2_000
LONGEST_TEXT = 120_000
"""Characters in one document; with LONGEST_LIST, which holds for line breaks too, it bounds the
time that typesetting takes to some seconds."""

_MARKED = re.compile(r".[\u0300-\u036f]+", re.DOTALL)
_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029\v\f]")


def facts(document: Document) -> dict[str, Any]:
    found = {f.name: _plain(getattr(document, f.name)) for f in fields(document)}
    sizes = [(len(text), text.count("\n")) for text in texts(found)]
    if sum(s[0] for s in sizes) > LONGEST_TEXT or sum(s[1] for s in sizes) > LONGEST_LIST:
        raise TooLongError("文书内容过长，请分成几份打印", "too much text for one document")
    return found


def texts(value: object) -> Iterator[str]:
    """Every string in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def clean(text: str) -> str:
    """What can be seen of it: controls, text directions and glyph variants leave no ink."""
    text = _MARKED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
    text = _ENDS.sub("\n", text.replace("\t", " ")).strip()
    return "".join(c for c in text if c == "\n" or not _unseen(c))


def chinese_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def chinese_time(at: datetime) -> str:
    """On the legal clock; minutes are enough for an office."""
    local = at.astimezone(SHANGHAI)
    return f"{chinese_date(local.date())}{local.hour}时{local.minute:02}分"


def _plain(value: object) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, datetime):
        return chinese_time(value)
    if isinstance(value, date):
        return chinese_date(value)
    if isinstance(value, tuple | list):
        return _plain_list(value)
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


def _plain_list(values: tuple[object, ...] | list[object]) -> list[Any]:
    if len(values) > LONGEST_LIST:
        raise TooLongError(
            f"一份文书最多列 {LONGEST_LIST} 行，请分成几份打印",
            f"a document lists at most {LONGEST_LIST} lines",
        )
    return [_plain(value) for value in values]


def _unseen(character: str) -> bool:
    if "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return True
    return unicodedata.category(character) in {"Cc", "Cf"}
