"""How rows become a chain, and what each kind of tampering looks like in it; pure.

A row's hash covers every column. A seal's head covers its number, its time, the head before it,
and the ids and hashes of its rows in order; so a head stands for all that came before it.

Found, and named: any changed column of any of the three tables; a row, link or seal taken out,
put in or exchanged. A row that our services did not write has no valid proof (see trail.py), so it
is found whether it was sealed since or not.

Not found by the tables alone: someone who may rewrite all three can compute a new chain over fewer
rows, or cut off its end; and a row taken out in the seconds before it was sealed. Heads exported to
where that person cannot write (a printed list, another authority) close the first: what they cover
cannot be rewritten or cut unnoticed. The second is why the sealer runs every few seconds, and why
the services' role may not delete. Whoever holds the audit key as well can add rows; they are sealed
then, and not before: the seal tells when a row was first seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    cast,
)

from shared.audit.canonical import EPOCH, encode
from shared.audit.trail import AUDIT
from shared.db.base import PLATFORM
from shared.security.algorithms import DIGESTS

# The longest that a deed may take from drawing its id to its commit, clocks' differences included.
LATE: Final = timedelta(hours=1)
LARGEST_SEAL: Final = 10_000
GENESIS: Final = b""
_END_OF_TIME: Final = datetime(9999, 1, 1, tzinfo=UTC) - EPOCH

AUDIT_SEAL = Table(
    "audit_seal",
    PLATFORM,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
    Column("digest", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("head", LargeBinary, nullable=False),
)

# Without foreign keys: what is missing must be found missing, not be impossible to remove.
AUDIT_LINK = Table(
    "audit_link",
    PLATFORM,
    Column("audit_id", Uuid, primary_key=True),
    Column("seal_number", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("row_hash", LargeBinary, nullable=False),
    UniqueConstraint("seal_number", "position"),
)

# PostgreSQL's own text of a jsonb value: two values that differ at all differ in it.
ROW_COLUMNS: Final[tuple[Any, ...]] = tuple(
    cast(column, Text).label("facts") if column.name == "facts" else column for column in AUDIT.c
)


@dataclass(frozen=True, slots=True)
class Seal:
    number: int
    sealed_at: datetime
    digest: str
    size: int
    previous: bytes
    head: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A row's place in the chain; `actual` is the hash of the row as it is now, if it still is;
    `ours` whether the row's proof holds."""

    audit_id: UUID
    position: int
    row_hash: bytes
    actual: bytes | None
    ours: bool = True


class BreakKind(StrEnum):
    ROW_CHANGED = "row-changed"
    ROW_REMOVED = "row-removed"
    ROW_INSERTED = "row-inserted"
    LINK_CHANGED = "link-changed"
    LINK_REMOVED = "link-removed"
    LINK_INSERTED = "link-inserted"
    LINK_SWAPPED = "link-swapped"
    SEAL_CHANGED = "seal-changed"
    SEAL_REMOVED = "seal-removed"
    CHAIN_BROKEN = "chain-broken"
    HEAD_DIFFERS = "head-differs"


@dataclass(frozen=True, slots=True)
class Break:
    """Where the trail was tampered with: which seal, which row, which place within the seal."""

    kind: BreakKind
    seal: int | None = None
    audit_id: UUID | None = None
    position: int | None = None


def hash_row(digest: str, row: Sequence[Any]) -> bytes:
    """`row` holds ROW_COLUMNS in their order."""
    return _hash(digest, "tongban-audit-1", *row)


def compute_head(seal: Seal, rows: Sequence[tuple[UUID, bytes]]) -> bytes:
    header = (seal.number, seal.sealed_at, seal.digest, seal.size, seal.previous)
    hashes = (audit_id.bytes + row_hash for audit_id, row_hash in rows)
    return _hash(seal.digest, "tongban-seal-1", *header, *hashes)


def id_time(audit_id: UUID) -> datetime:
    """When a UUIDv7 was drawn. What is none may say anything, but nothing beyond all dates."""
    return EPOCH + min(timedelta(milliseconds=int.from_bytes(audit_id.bytes[:6])), _END_OF_TIME)


def lowest_id(at: datetime) -> UUID:
    """Below every UUIDv7 drawn from `at` on."""
    milliseconds = max((at - EPOCH) // timedelta(milliseconds=1), 0)
    return UUID(bytes=milliseconds.to_bytes(6) + bytes(10))


def find_break(
    seal: Seal, links: Sequence[Link], *, number: int, previous: bytes, newest: datetime
) -> Break | None:
    """`number`, `previous` and `newest` are what the chain so far leads to expect: this seal's
    number, the head before it, and the time of the newest id sealed before it."""
    if seal.number != number:
        return Break(BreakKind.SEAL_REMOVED, seal=number)
    if seal.digest not in DIGESTS:
        return Break(BreakKind.SEAL_CHANGED, seal=number)
    stored = [(link.audit_id, link.row_hash) for link in links]
    if compute_head(seal, stored) != seal.head:
        return _diagnose(seal, links, previous)
    if seal.previous != previous:
        return Break(BreakKind.CHAIN_BROKEN, seal=number)
    return _compare_rows(seal, links, newest)


def _compare_rows(seal: Seal, links: Sequence[Link], newest: datetime) -> Break | None:
    """The links are genuine: where a row differs, it is the row."""
    for link in links:
        if link.actual is None:
            kind = BreakKind.ROW_REMOVED
        elif link.actual != link.row_hash:
            kind = BreakKind.ROW_CHANGED
        elif not link.ours or id_time(link.audit_id) < newest - LATE:
            kind = BreakKind.ROW_INSERTED
        else:
            continue
        return Break(kind, seal.number, link.audit_id, link.position)
    return None


def _diagnose(seal: Seal, links: Sequence[Link], previous: bytes) -> Break:
    """Seal and links do not fit together: say which of them was touched."""
    if _fits_once_mended(seal, links, previous):
        return Break(BreakKind.SEAL_CHANGED, seal.number)
    for find in (_find_misplaced, _find_altered):
        broken = find(seal, links)
        if broken is not None:
            return broken
    return Break(BreakKind.SEAL_CHANGED, seal.number)


def _fits_once_mended(seal: Seal, links: Sequence[Link], previous: bytes) -> bool:
    """Whether the head is right after all, had the seal's other columns been left alone."""
    rows = [(link.audit_id, link.row_hash) for link in links]
    mended = replace(seal, size=len(links), previous=previous)
    return any(compute_head(replace(mended, digest=each), rows) == seal.head for each in DIGESTS)


def _find_misplaced(seal: Seal, links: Sequence[Link]) -> Break | None:
    """Rows are sealed in the order of their ids, at positions without a gap."""
    for index, link in enumerate(links):
        if index >= seal.size:
            return Break(BreakKind.LINK_INSERTED, seal.number, link.audit_id, link.position)
        if link.position != index:
            return Break(BreakKind.LINK_REMOVED, seal.number, position=index)
        if index and link.audit_id < links[index - 1].audit_id:
            return Break(BreakKind.LINK_SWAPPED, seal.number, link.audit_id, index)
    if len(links) < seal.size:
        return Break(BreakKind.LINK_REMOVED, seal.number, position=len(links))
    return None


def _find_altered(seal: Seal, links: Sequence[Link]) -> Break | None:
    for link in links:
        if link.actual != link.row_hash:
            return Break(BreakKind.LINK_CHANGED, seal.number, link.audit_id, link.position)
    return None


def _hash(digest: str, *values: Any) -> bytes:
    hashing = DIGESTS[digest]()
    hashing.update(encode(values))
    return hashing.digest()
