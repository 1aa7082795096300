"""Walks the chain from its beginning, in bounded memory, and names the first break."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.audit.chain import (
    AUDIT_LINK,
    AUDIT_SEAL,
    GENESIS,
    LARGEST_SEAL,
    LATE,
    ROW_COLUMNS,
    Break,
    BreakKind,
    Link,
    Seal,
    find_break,
    hash_row,
    id_time,
)
from shared.audit.heads import Head
from shared.audit.trail import AUDIT, attested_bytes
from shared.security.algorithms import DIGESTS
from shared.security.keys import Keyring

SEALS_AT_ONCE: Final = 200
ROWS_AT_ONCE: Final = 500
_LINK_COLUMNS: Final = len(AUDIT_LINK.c)
_LONG_AGO: Final = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`waiting` rows are not sealed yet, and recent enough for that to be in order."""

    seals: int
    rows: int
    waiting: int
    head: bytes
    first_break: Break | None

    @property
    def whole(self) -> bool:
        return self.first_break is None


@dataclass(slots=True)
class _Walk:
    """What the chain so far leads to expect of the next seal."""

    exported: Mapping[int, bytes]
    keys: Keyring | None
    seals: int = 0
    rows: int = 0
    waiting: int = 0
    head: bytes = GENESIS
    newest: datetime = _LONG_AGO

    def take(self, seal: Seal, links: Sequence[Link]) -> Break | None:
        broken = find_break(
            seal, links, number=self.seals + 1, previous=self.head, newest=self.newest
        )
        if broken is not None:
            return broken
        if self.exported.get(seal.number, seal.head) != seal.head:
            return Break(BreakKind.HEAD_DIFFERS, seal.number)
        self.seals += 1
        self.rows += len(links)
        self.head = seal.head
        # An id from the future must not make all that follow look old.
        drawn = max((id_time(link.audit_id) for link in links), default=self.newest)
        self.newest = max(self.newest, min(drawn, seal.sealed_at))
        return None


async def verify(
    engine: AsyncEngine, *, keys: Keyring | None = None, heads: Sequence[Head] = ()
) -> Verdict:
    """With `keys`, a row that no service wrote is found; against `heads` exported before, a chain
    that was cut or made anew."""
    walk = _Walk({head.number: head.head for head in heads}, keys)
    async with engine.connect() as plain:
        connection = await plain.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        async with connection.begin():
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            broken = (
                await _walk_seals(connection, walk)
                or _find_missing_end(walk)
                or await _find_stray_link(connection)
                or await _find_stray_row(connection, walk)
            )
    return Verdict(walk.seals, walk.rows, walk.waiting, walk.head, broken)


async def _walk_seals(connection: AsyncConnection, walk: _Walk) -> Break | None:
    last = None
    while True:
        asked = select(AUDIT_SEAL).order_by(AUDIT_SEAL.c.number).limit(SEALS_AT_ONCE)
        if last is not None:
            asked = asked.where(AUDIT_SEAL.c.number > last)
        seals = [Seal(**row) for row in (await connection.execute(asked)).mappings()]
        if not seals:
            return None
        async with aclosing(_with_links(connection, seals, walk.keys)) as pairs:
            async for seal, links in pairs:
                broken = walk.take(seal, links)
                if broken is not None:
                    return broken
        last = seals[-1].number


async def _with_links(
    connection: AsyncConnection, seals: Sequence[Seal], keys: Keyring | None
) -> AsyncGenerator[tuple[Seal, list[Link]]]:
    """Each seal with its links, as one stream: no seal's rows are held with another's."""
    asked = (
        select(*AUDIT_LINK.c, *ROW_COLUMNS)
        .outerjoin(AUDIT, AUDIT.c.id == AUDIT_LINK.c.audit_id)
        .where(AUDIT_LINK.c.seal_number.between(seals[0].number, seals[-1].number))
        .order_by(AUDIT_LINK.c.seal_number, AUDIT_LINK.c.position)
    )
    options = asked.execution_options(yield_per=ROWS_AT_ONCE)
    async with connection.stream(options) as stream:
        row = await stream.fetchone()
        for seal in seals:
            links: list[Link] = []
            while row is not None and row.seal_number <= seal.number:
                # One too many is enough to see that there are too many.
                if row.seal_number == seal.number and len(links) <= LARGEST_SEAL:
                    links.append(_link(row, seal.digest, keys))
                row = await stream.fetchone()
            yield seal, links


def _link(row: Row[Any], digest: str, keys: Keyring | None) -> Link:
    if row.id is None or digest not in DIGESTS:
        return Link(row.audit_id, row.position, row.row_hash, None)
    columns = row[_LINK_COLUMNS:]
    actual = hash_row(digest, columns)
    return Link(row.audit_id, row.position, row.row_hash, actual, _ours(columns, keys))


def _ours(columns: Sequence[Any], keys: Keyring | None) -> bool:
    if keys is None:
        return True
    row = dict(zip(AUDIT.c.keys(), columns, strict=True))
    row["facts"] = json.loads(row["facts"])
    return isinstance(row["facts"], dict) and keys.attested(row["proof"], attested_bytes(row))


def _find_missing_end(walk: _Walk) -> Break | None:
    if max(walk.exported, default=0) > walk.seals:
        return Break(BreakKind.SEAL_REMOVED, walk.seals + 1)
    return None


async def _find_stray_link(connection: AsyncConnection) -> Break | None:
    found = await connection.execute(
        select(AUDIT_LINK.c.seal_number, AUDIT_LINK.c.audit_id, AUDIT_LINK.c.position)
        .outerjoin(AUDIT_SEAL, AUDIT_SEAL.c.number == AUDIT_LINK.c.seal_number)
        .where(AUDIT_SEAL.c.number.is_(None))
        .limit(1)
    )
    row = found.first()
    return Break(BreakKind.LINK_INSERTED, *row) if row else None


async def _find_stray_row(connection: AsyncConnection, walk: _Walk) -> Break | None:
    """Rows without a link wait for the next seal, if they are ours and of these hours."""
    asked = (
        select(*ROW_COLUMNS)
        .outerjoin(AUDIT_LINK, AUDIT_LINK.c.audit_id == AUDIT.c.id)
        .where(AUDIT_LINK.c.audit_id.is_(None))
        .order_by(AUDIT.c.id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    async with connection.stream(asked) as rows:
        async for row in rows:
            if id_time(row.id) < walk.newest - LATE or not _ours(row, walk.keys):
                return Break(BreakKind.ROW_INSERTED, audit_id=row.id)
            walk.waiting += 1
    return None
