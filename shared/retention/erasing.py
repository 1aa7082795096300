"""Takes the person out of cases: every sealed column, every message on its way or put aside.

A sealed column is overwritten with what is left of its content (blanking.py), sealed with the key
of the day, so that every reader, a rotation of keys and a restored house find what they always
find. Files go with their keys. The audit trail says that and by which rule, never what: nothing of
it is touched, and its chain stays whole.
"""

import base64
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from typing import Any, Final

from pydantic_core import from_json, to_json
from sqlalchemy import (
    ColumnElement,
    bindparam,
    delete,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from shared.means import means
from shared.messaging.inbox import INBOX
from shared.messaging.outbox import OUTBOX
from shared.retention.blanking import ERASED, blanked
from shared.security.keys import Keyring
from shared.security.resealing import Sealed


class Left(StrEnum):
    """What is left of a column."""

    BLANK = "blank"  # JSON without the person
    WORD = "word"  # one word: erased
    NOTHING = "nothing"  # the column is empty
    NO_ROW = "no_row"  # the whole row goes, and with it the key of a file


# Which rows are of these cases, by an index.
Of = Callable[[Collection[str]], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Erasable:
    """How one of a house's sealed columns is erased. `kind` is its line in the table of terms, `zh`
    what people call it; `case` tells of which case a row is, where the table has no such column."""

    column: Any
    of: Of
    left: Left = Left.BLANK
    kind: str = "case"
    zh: str = ""
    case: Any = None

    @property
    def case_number(self) -> Any:
        return self.column.table.c.case_number if self.case is None else self.case


def of_case(column: Any) -> Of:
    return lambda numbers: column.in_(numbers)


async def erase_cases(
    session: AsyncSession,
    erasables: Sequence[Erasable],
    sealed: Sequence[Sealed],
    numbers: Collection[str],
) -> Mapping[str, int]:
    """How many of each table; what was erased before is not counted again as something new."""
    done: Counter[str] = Counter()
    by_name = {each.name: each for each in sealed}
    for each in erasables:
        table = each.column.table
        known = by_name[f"{table.name}.{each.column.name}"]
        done[table.name] += await _erase(session, each, known, numbers)
    for box in (OUTBOX, INBOX):
        done[box.name] += await _empty_box(session, box, numbers)
    # What somebody wrote about one of them that was put aside.
    said = update(INBOX).where(_of_box(INBOX, numbers), INBOX.c.words.is_not(None))
    await session.execute(said.values(words=null()))
    return {name: count for name, count in sorted(done.items()) if count}


async def _erase(
    session: AsyncSession, each: Erasable, sealed: Sealed, numbers: Collection[str]
) -> int:
    where = each.of(numbers)
    table = each.column.table
    if each.left is Left.NO_ROW:
        gone = await session.execute(delete(table).where(where))
        return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE has one
    if each.left is Left.NOTHING:
        emptied = update(table).where(where, each.column.is_not(None))
        done = await session.execute(emptied.values({each.column.name: null()}))
        return int(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one
    return await blank_rows(session, sealed, where, word=each.left is Left.WORD)


async def blank_rows(
    session: AsyncSession, sealed: Sealed, where: ColumnElement[bool], *, word: bool = False
) -> int:
    """Overwrites one sealed column of these rows; how many had something to overwrite."""
    table = sealed.column.table
    key = tuple(table.primary_key.columns)
    named = {name for _, name, _, _ in Formatter().parse(sealed.context) if name}
    read = [*key, *(c for c in table.c if c.name in named and c not in key)]
    query = select(*read, sealed.column.label("sealed_bytes")).where(
        where, sealed.column.is_not(None)
    )
    rows = (await session.execute(query.order_by(*key).with_for_update())).all()
    keys = means(session).keys
    changed = [
        {f"key_{column.name}": getattr(row, column.name) for column in key} | {"sealed_anew": anew}
        for row in rows
        if (anew := _anew(sealed, row, keys, word=word)) is not None
    ]
    if changed:
        write = (
            update(table)
            .where(*(column == bindparam(f"key_{column.name}") for column in key))
            .values({sealed.column.name: bindparam("sealed_anew")})
        )
        # On the connection: the rows are none that this session has loaded.
        await (await session.connection()).execute(write, changed)
    return len(changed)


def _anew(sealed: Sealed, row: Any, keys: Keyring, *, word: bool) -> bytes | None:
    """None where it is blank already."""
    context = sealed.context.format_map(row._mapping)  # noqa: SLF001  (Row's documented way)
    opened = keys.open(sealed.purpose, row.sealed_bytes, context=context)
    left = ERASED.encode() if word else to_json(blanked(from_json(opened)))
    same = opened == left if word else from_json(opened) == from_json(left)
    return None if same else keys.seal(sealed.purpose, left, context=context)


_SEALED_FIELD: Final = text("""EXISTS (
    SELECT FROM jsonb_each(data) AS field
    WHERE jsonb_typeof(field.value) = 'object' AND field.value ? 'sealed')""")


async def _empty_box(session: AsyncSession, box: Any, numbers: Collection[str]) -> int:
    """Messages of these cases, whether waiting, done or put aside. They stay where they stand in
    their sequence: a house that is restored is told the same story without the person."""
    key = tuple(box.primary_key.columns)
    query = select(*key, box.c.data).where(_of_box(box, numbers), _SEALED_FIELD)
    rows = (await session.execute(query.order_by(*key).with_for_update())).all()
    keys = means(session).keys
    changed = []
    for row in rows:
        message_id = row[0]
        data = {
            name: _blank_field(value, f"{message_id}:{name}", keys)
            for name, value in row.data.items()
        }
        if data != row.data:
            at = {f"key_{column.name}": getattr(row, column.name) for column in key}
            changed.append({**at, "data_anew": data})
    if changed:
        write = (
            update(box)
            .where(*(column == bindparam(f"key_{column.name}") for column in key))
            .values(data=bindparam("data_anew", type_=box.c.data.type))
        )
        await (await session.connection()).execute(write, changed)
    return len(changed)


def _of_box(box: Any, numbers: Collection[str]) -> ColumnElement[bool]:
    """By the index of turns, which leaves out what is in conflict: that is put aside."""
    mine: ColumnElement[bool] = box.c.subject.in_(numbers)
    if box is not INBOX:
        return mine
    in_turn = mine & ~INBOX.c.conflict & INBOX.c.producer.in_(("intake", "routing", "notify"))
    return or_(in_turn, mine & INBOX.c.parked_at.is_not(None))


def _blank_field(value: Any, context: str, keys: Keyring) -> Any:
    if not (isinstance(value, dict) and isinstance(value.get("sealed"), str)):
        return value
    content = from_json(keys.open("events", base64.b64decode(value["sealed"]), context=context))
    left = blanked(content)
    if left == content:
        return value
    anew = keys.seal("events", to_json(left), context=context)
    return {**value, "sealed": base64.b64encode(anew).decode()}
