"""After a key was rotated: takes everything sealed with an old one to the new, while work goes on.

Each house lists its sealed columns; what every house has alike (kept answers, outbox, inbox with
what is parked) is listed here. A turn takes a few rows that nobody holds, by primary key, and ends
its transaction: no request waits for longer than that, and none waits behind a lock of ours while
we wait for it. What a search finds by (a blind index) is made anew with the row that it is of, in a
second column (blind_indexes.py): rows are found by the first until a whole round has found nothing
left to do, and then by the second. New rows have theirs under the new key at once, and the switch
takes its time, so whatever is found or counted by it asks under all keys (Keyring.blinds).

A process may seal with the old key for as long as it takes to look at the ring again, and commit
later still. So the first round begins GRACE after the rotation (and the ring's `spread`, where its
file comes to the processes later than within seconds), and it is over only when a whole one found
nothing. Seals and indexes name their keys: whoever is ended at any point and begins again goes on
where it stood.
And a message may be on its way to a house that is done: `reseal_houses` goes round them all until
none finds anything; where a broker lies between, again once its queues are empty.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import Formatter
from typing import Any, Final, Protocol

import structlog
from pydantic_core import from_json, to_json
from sqlalchemy import (
    ColumnElement,
    Row,
    Table,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.http.idempotency import IDEMPOTENCY
from shared.means import means
from shared.messaging.inbox import INBOX
from shared.messaging.outbox import OUTBOX
from shared.messaging.parked import WORDS_CONTEXT
from shared.security.blind_indexes import NEXT, Switch, unready, unswitched
from shared.security.keys import KNOWN_TO_ALL, Keyring
from shared.security.ring import PREFIX_SIZE, Purpose

GRACE: Final = timedelta(seconds=20)
AT_ONCE: Final = 100
# Of the key's prefix, base64 shows this much without what follows it.
_SHOWN: Final = 6

log = structlog.get_logger(__name__)

# Makes ready what follows from a row's content: blind indexes here and in other tables.
Follow = Callable[[AsyncSession, Row[Any], bytes], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed column. `context` is what it was sealed for, with the row's columns in braces.

    `holds_keys`: a file's key lies sealed within, so that the outer seal does not tell whether all
    of it is fresh. `follow` makes ready what is found by (`finds`: here, or in a table that refers
    to this one by its key) from the content, as long as it tells: not after `blank_since`."""

    column: Any
    context: str
    purpose: Purpose = "fields"
    holds_keys: bool = False
    follow: Follow | None = None
    finds: Sequence[Any] = ()
    blank_since: Any = None

    @property
    def name(self) -> str:
        return f"{self.column.table.name}.{self.column.name}"


# What every house has alike: kept answers, and what was said of a message that was put aside.
_ALIKE: Final = (
    Sealed(IDEMPOTENCY.c.reply, "idempotency:{caller}:{operation}:{key}"),
    Sealed(INBOX.c.words, WORDS_CONTEXT),
)


async def reseal_all(
    sessions: Sessions,
    columns: Sequence[Sealed],
    *,
    clock: Clock,
    rotated_at: datetime,
    grace: timedelta = GRACE,
) -> int:
    """Returns when nothing of this house is sealed with an old key; says how much was."""
    if grace < KNOWN_TO_ALL:
        raise ValueError(f"processes learn of new keys only within {KNOWN_TO_ALL}")
    async with sessions() as session:
        grace += means(session).keys.spread
    await asyncio.sleep(max((rotated_at + grace - clock()).total_seconds(), 0))
    total = 0
    while True:
        changed = await _round(sessions, columns)
        left = {} if changed else await _waiting(sessions, columns)
        if not changed and not left:
            # All rows are ready, and were found by what they had before until now.
            changed = await _switch(sessions, columns)
            left = await count_stale(sessions, columns)
            if not left:
                return total + changed
        total += changed
        if left:
            log.info("reseal_waits", left=left)
            # For a row that somebody holds.
            await asyncio.sleep(0.5)


@dataclass(frozen=True, slots=True)
class House:
    name: str
    sessions: Sessions
    columns: Sequence[Sealed]


async def reseal_houses(
    houses: Sequence[House], *, clock: Clock, rotated_at: datetime, grace: timedelta = GRACE
) -> Mapping[str, int]:
    """All of them at once, and again until a round over all has found nothing."""
    totals = dict.fromkeys((house.name for house in houses), 0)
    while True:
        counts = await asyncio.gather(
            *(
                reseal_all(
                    each.sessions, each.columns, clock=clock, rotated_at=rotated_at, grace=grace
                )
                for each in houses
            )
        )
        for house, count in zip(houses, counts, strict=True):
            totals[house.name] += count
        if not any(counts):
            return totals
        # As long as a relay may hold what it read before.
        await asyncio.sleep(2)


async def count_stale(sessions: Sessions, columns: Sequence[Sealed]) -> Mapping[str, int]:
    """How much is still sealed or found by with an old key, or ready and not yet switched, by table
    and column; nothing of what is not."""
    found = dict(await _waiting(sessions, columns))
    async with sessions() as session:
        for table, blind in _found_by(columns).items():
            ready = select(func.count()).select_from(table).where(unswitched(blind))
            if counted := await session.scalar(ready):
                found[f"{table.name}.*{NEXT}"] = counted
    return found


async def _waiting(sessions: Sessions, columns: Sequence[Sealed]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    async with sessions() as session:
        keys = means(session).keys
        for sealed in (*_ALIKE, *columns):
            stale = select(func.count()).where(_is_stale(sealed, keys))
            found[sealed.name] = int(await session.scalar(stale) or 0)
        for table in (OUTBOX, INBOX):
            stale = select(func.count()).select_from(table).where(_BOXED)
            counted = await session.scalar(stale, {"fresh": _fresh(keys)})
            found[f"{table.name}.data"] = int(counted or 0)
    return {name: count for name, count in found.items() if count}


def _found_by(columns: Sequence[Sealed]) -> Mapping[Table, Sequence[Any]]:
    found: dict[Table, list[Any]] = {}
    for sealed in columns:
        for column in sealed.finds:
            found.setdefault(column.table, []).append(column)
    return found


async def _round(sessions: Sessions, columns: Sequence[Sealed]) -> int:
    changed = 0
    for sealed in (*_ALIKE, *columns):
        changed += await _walk(sessions, _Column(sealed))
    for table in (OUTBOX, INBOX):
        changed += await _walk(sessions, _Box(table))
    return changed


async def _switch(sessions: Sessions, columns: Sequence[Sealed]) -> int:
    changed = 0
    for table, blind in _found_by(columns).items():
        changed += await _walk(sessions, Switch(table, blind))
    return changed


class _Walked(Protocol):
    key: tuple[Any, ...]

    async def take(
        self, session: AsyncSession, after: tuple[Any, ...] | None, limit: int
    ) -> Sequence[Any]: ...

    async def change(self, session: AsyncSession, rows: Sequence[Any]) -> int: ...


async def _walk(sessions: Sessions, what: _Walked) -> int:
    after: tuple[Any, ...] | None = None
    changed = 0
    while True:
        async with sessions.begin() as session:
            rows = await what.take(session, after, AT_ONCE)
            changed += await what.change(session, rows) if rows else 0
        if len(rows) < AT_ONCE:
            return changed
        after = tuple(getattr(rows[-1], column.name) for column in what.key)


class _Column:
    def __init__(self, sealed: Sealed) -> None:
        self._sealed = sealed
        table = sealed.column.table
        self.key = tuple(table.primary_key.columns)
        named = {name for _, name, _, _ in Formatter().parse(sealed.context) if name}
        self._read = [*self.key, *(c for c in table.c if c.name in named and c not in self.key)]
        self._write = (
            update(table)
            .where(*(column == bindparam(f"key_{column.name}") for column in self.key))
            .values({sealed.column.name: bindparam("sealed_anew")})
        )

    async def take(
        self, session: AsyncSession, after: tuple[Any, ...] | None, limit: int
    ) -> Sequence[Any]:
        sealed = self._sealed
        wanted = _is_stale(sealed, means(session).keys)
        if sealed.holds_keys:
            wanted = sealed.column.is_not(None)
        query = select(*self._read, sealed.column.label("sealed_bytes")).where(wanted)
        if after is not None:
            query = query.where(tuple_(*self.key) > after)
        query = query.order_by(*self.key).limit(limit).with_for_update(skip_locked=True)
        return (await session.execute(query)).all()

    async def change(self, session: AsyncSession, rows: Sequence[Any]) -> int:
        return sum([await self._reseal(session, row) for row in rows])

    async def _reseal(self, session: AsyncSession, row: Row[Any]) -> bool:
        keys, sealed = means(session).keys, self._sealed
        context = sealed.context.format_map(row._mapping)  # noqa: SLF001  (Row's documented way)
        opened = keys.open(sealed.purpose, row.sealed_bytes, context=context)
        stale = keys.stale(sealed.purpose, row.sealed_bytes)
        if sealed.holds_keys:
            content, inner = _with_fresh_keys(from_json(opened), keys)
            opened, stale = (to_json(content), True) if inner else (opened, stale)
        if stale:
            anew = keys.seal(sealed.purpose, opened, context=context)
            at = {f"key_{column.name}": getattr(row, column.name) for column in self.key}
            await session.execute(self._write, {**at, "sealed_anew": anew})
        return (sealed.follow is not None and await sealed.follow(session, row, opened)) or stale


class _Box:
    """Messages on their way in or out; what is parked lies among them."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self.key = tuple(table.primary_key.columns)
        self._id = self.key[0]
        self._write = (
            update(table)
            .where(*(column == bindparam(f"key_{column.name}") for column in self.key))
            .values(data=bindparam("sealed_anew"))
        )

    async def take(
        self, session: AsyncSession, after: tuple[Any, ...] | None, limit: int
    ) -> Sequence[Any]:
        query = select(*self.key, self._table.c.data).where(or_(_BOXED, _BOXED_KEYS))
        if after is not None:
            query = query.where(tuple_(*self.key) > after)
        query = query.order_by(*self.key).limit(limit).with_for_update(skip_locked=True)
        fresh = {"fresh": _fresh(means(session).keys)}
        return (await session.execute(query, fresh)).all()

    async def change(self, session: AsyncSession, rows: Sequence[Any]) -> int:
        return sum([await self._reseal(session, row) for row in rows])

    async def _reseal(self, session: AsyncSession, row: Row[Any]) -> bool:
        message_id, keys = getattr(row, self._id.name), means(session).keys
        anew = {
            name: _field(value, f"{message_id}:{name}", keys) for name, value in row.data.items()
        }
        if anew == row.data:
            return False
        at = {f"key_{column.name}": getattr(row, column.name) for column in self.key}
        await session.execute(self._write, {**at, "sealed_anew": anew})
        return True


# A field of a message travels as {"sealed": "…"}; the key that sealed it shows at its beginning.
_BOXED: Final = text("""EXISTS (
    SELECT FROM jsonb_each(data) AS field
    WHERE jsonb_typeof(field.value) = 'object' AND field.value ? 'sealed'
        AND left(field.value->>'sealed', 6) <> :fresh)""")
# A file's key lies within, and whether it is fresh shows only when the field is opened.
_BOXED_KEYS: Final = text("data->'file' ? 'sealed'")


def _fresh(keys: Keyring) -> str:
    return base64.b64encode(keys.prefix("events")).decode()[:_SHOWN]


def _is_stale(sealed: Sealed, keys: Keyring) -> ColumnElement[bool]:
    """By its seal, or by what is found by and can be made ready."""
    prefix = func.substring(sealed.column, 1, PREFIX_SIZE)
    stale = prefix != keys.prefix(sealed.purpose)
    if not sealed.finds:
        return stale
    waits = or_(*(_waits(sealed, column, keys.blind_prefix()) for column in sealed.finds))
    if sealed.blank_since is not None:
        waits = and_(waits, sealed.blank_since.is_(None))
    return or_(stale, waits)


def _waits(sealed: Sealed, column: Any, prefix: bytes) -> ColumnElement[bool]:
    own, table = sealed.column.table, column.table
    waits = unready(column, prefix)
    if table.name == own.name:
        return waits
    same = (table.c[key.name] == key for key in own.primary_key.columns)
    return select(1).where(*same, waits).correlate(own).exists()


def _field(value: Any, context: str, keys: Keyring) -> Any:
    if not (isinstance(value, dict) and isinstance(value.get("sealed"), str)):
        return value
    sealed = base64.b64decode(value["sealed"])
    content, inner = _with_fresh_keys(from_json(keys.open("events", sealed, context=context)), keys)
    if not inner and not keys.stale("events", sealed):
        return value
    anew = keys.seal("events", to_json(content), context=context)
    return {**value, "sealed": base64.b64encode(anew).decode()}


def _with_fresh_keys(content: Any, keys: Keyring) -> tuple[Any, bool]:
    """A file as one house tells another of it: its name in the store, and its key, sealed."""
    if not (isinstance(content, dict) and {"name", "sealed_key"} <= content.keys()):
        return content, False
    sealed = base64.b64decode(content["sealed_key"])
    if not keys.stale("files", sealed):
        return content, False
    name = content["name"]
    anew = keys.seal("files", keys.open("files", sealed, context=name), context=name)
    return {**content, "sealed_key": base64.b64encode(anew).decode()}, True
