"""A catalogue as a file, JSON or CSV: read whole with every fault, or written."""

import json
from collections.abc import Sequence

from services.intake.domain import catalogues, spreadsheets
from services.intake.domain.catalogues import Catalogue
from services.intake.domain.items import ItemVersion
from services.intake.domain.messages import fault
from services.intake.domain.words import Named
from shared.http import bodies

FORMAT = "tongban.catalogue/1"


class FileKind(Named):
    JSON = "json", "JSON"
    CSV = "csv", "CSV 表格"


def kind_of(name: str) -> FileKind:
    """By the end of a file's name."""
    return FileKind.CSV if name.lower().endswith(".csv") else FileKind.JSON


def read(content: bytes, kind: FileKind) -> Catalogue:
    """Never raises, whatever the bytes are."""
    text = _decoded(content)
    if text is None or "\0" in text:
        return Catalogue((), (fault("", "not-readable"),))
    return spreadsheets.read(text) if kind is FileKind.CSV else _read_json(text)


def _read_json(text: str) -> Catalogue:
    if faults := tuple(bodies.characters(text.encode())):
        return Catalogue((), faults)
    try:
        raw, repeated = bodies.read_once(text)
    except json.JSONDecodeError as error:
        return Catalogue((), (fault("", "not-json", line=error.lineno, column=error.colno),))
    except (RecursionError, ValueError):
        # Deeper, or a number longer, than anything that is meant.
        return Catalogue((), (fault("", "not-a-catalogue"),))
    if repeated:
        return Catalogue((), tuple(repeated))
    return catalogues.read(raw)


def _decoded(content: bytes) -> str | None:
    """Programmes for spreadsheets save in the encoding of their country."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def write(items: Sequence[ItemVersion], kind: FileKind) -> bytes:
    if kind is FileKind.CSV:
        return spreadsheets.write(items).encode()
    whole = {"format": FORMAT, "items": [item.model_dump(mode="json") for item in items]}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()
