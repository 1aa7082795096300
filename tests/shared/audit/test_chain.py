"""Every kind of tampering with the trail is found, and named."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.database import EmbeddedDatabase
from shared.audit.chain import AUDIT_LINK, AUDIT_SEAL, Break, BreakKind, id_time, lowest_id
from shared.audit.heads import Head, HeadError, export_heads, last_head
from shared.audit.sealer import Sealer, count_unsealed, seal_once
from shared.audit.trail import AUDIT, entry, record
from shared.audit.verify import Verdict, verify
from shared.chance import new_id
from shared.clock import utc_now
from shared.db.base import PLATFORM
from shared.db.engine import open_engine
from shared.db.transactions import open_sessions
from shared.means import Means, Origin
from shared.security.keys import Keyring

AT = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)
WHO = Origin(actor="u1", role="clerk", location="QH-01", address="10.0.0.7", request_id="r1")

DATABASE = "audit_chain"

Execute = Callable[..., Awaitable[Any]]


async def create_tables(postgres: EmbeddedDatabase) -> None:
    await postgres.create(DATABASE)
    engine = open_engine(postgres.url("postgres", DATABASE), schema="house", name="setup")
    async with engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS house"))
        await connection.run_sync(
            lambda plain: PLATFORM.create_all(plain, [AUDIT, AUDIT_LINK, AUDIT_SEAL])
        )
    await engine.dispose()


@pytest.fixture(scope="module")
def trail_url(postgres: EmbeddedDatabase) -> str:
    asyncio.run(create_tables(postgres))
    return postgres.url("postgres", DATABASE)


@pytest.fixture
async def engine(trail_url: str) -> AsyncIterator[AsyncEngine]:
    """One database for all of these, emptied for each: there are many of them."""
    opened = open_engine(trail_url, schema="house", name="audit")
    async with opened.begin() as connection:
        await connection.execute(text("TRUNCATE audit, audit_link, audit_seal"))
    yield opened
    await opened.dispose()


@pytest.fixture
def execute(engine: AsyncEngine) -> Execute:
    async def run(statement: str, **values: Any) -> Any:
        async with engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return result.all() if result.returns_rows else result.rowcount

    return run


def deed(keys: Keyring, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "action": "case.read",
        "at": AT,
        "case_number": "63000026000000123",
        "resource": "cases/63000026000000123",
        "facts": {"purpose": "review", "fields": ["name", "phone"], "count": 2, "late": None},
    }
    return entry(WHO, keys=keys, **{**given, **changes})


async def write(engine: AsyncEngine, keys: Keyring, number: int) -> list[UUID]:
    rows = [deed(keys, facts={"number": each}) for each in range(number)]
    async with engine.begin() as connection:
        await connection.execute(insert(AUDIT), rows)
    return [row["id"] for row in rows]


async def write_sealed(engine: AsyncEngine, keys: Keyring, *sizes: int) -> list[UUID]:
    """Rows in as many seals as there are sizes."""
    ids: list[UUID] = []
    for size in sizes:
        ids += await write(engine, keys, size)
        assert await seal_once(engine, at=utc_now())
    return ids


# --- a trail left alone


async def test_a_deed_is_recorded_with_who_and_whence(
    engine: AsyncEngine, keyring: Keyring
) -> None:
    sessions = open_sessions(engine, Means("house", "urn:x", "630000", keyring))
    async with sessions() as session:
        session.info["origin"] = WHO
        made = await record(session, action="case.read", at=AT, facts={"n": 1})
        await session.commit()
    async with engine.connect() as connection:
        (row,) = (await connection.execute(select(AUDIT))).all()
    assert (row.id, row.actor, row.actor_role, row.actor_location) == (made, "u1", "clerk", "QH-01")
    assert (row.address, row.request_id, row.outcome, row.facts) == (
        "10.0.0.7",
        "r1",
        "done",
        {"n": 1},
    )
    assert (await verify(engine, keys=keyring)).waiting == 1


async def test_a_deed_undone_leaves_no_row(engine: AsyncEngine, keyring: Keyring) -> None:
    sessions = open_sessions(engine, Means("house", "urn:x", "630000", keyring))
    async with sessions() as session:
        await record(session, action="case.read", at=AT)
        await session.rollback()
    assert (await verify(engine, keys=keyring)).waiting == 0


def test_a_fraction_among_the_facts_is_refused(keyring: Keyring) -> None:
    with pytest.raises(TypeError, match="whole numbers"):
        deed(keyring, facts={"share": 0.5})


@pytest.mark.parametrize("digest", ["sha256", "sm3"])
async def test_a_trail_left_alone_is_whole(
    engine: AsyncEngine, keyring: Keyring, digest: str
) -> None:
    facts = {"文": '中"\\\n/é😀', "zz": [1, None, {"b": 10**20, "a": True}], "a": -0, "aa": ""}
    async with engine.begin() as connection:
        await connection.execute(
            insert(AUDIT), [deed(keyring, facts=facts, case_number=None), deed(keyring)]
        )
    assert await seal_once(engine, at=AT, digest=digest)
    await write(engine, keyring, 3)
    assert await seal_once(engine, at=AT)
    await write(engine, keyring, 1)
    verdict = await verify(engine, keys=keyring)
    assert verdict.whole
    assert (verdict.seals, verdict.rows, verdict.waiting) == (2, 5, 1)


async def test_an_empty_trail_is_whole(engine: AsyncEngine) -> None:
    assert await seal_once(engine, at=AT) is None
    assert await verify(engine) == Verdict(0, 0, 0, b"", None)
    assert await last_head(engine) is None


async def test_a_long_trail_is_verified_seal_by_seal(engine: AsyncEngine, keyring: Keyring) -> None:
    await write(engine, keyring, 700)
    while await seal_once(engine, at=AT, limit=3):
        pass
    verdict = await verify(engine, keys=keyring)
    assert (verdict.whole, verdict.seals, verdict.rows) == (True, 234, 700)


async def test_a_row_that_commits_late_is_sealed_all_the_same(
    engine: AsyncEngine, keyring: Keyring
) -> None:
    async with engine.connect() as slow:
        async with slow.begin():
            await slow.execute(insert(AUDIT), [deed(keyring)])
            await write_sealed(engine, keyring, 2)
        assert await seal_once(engine, at=utc_now())
    verdict = await verify(engine, keys=keyring)
    assert (verdict.whole, verdict.seals, verdict.rows, verdict.waiting) == (True, 2, 3, 0)


async def test_a_row_that_commits_very_late_is_found_by_the_sweep(
    engine: AsyncEngine, keyring: Keyring
) -> None:
    await write_sealed(engine, keyring, 1)
    row = {**deed(keyring), "id": UUID(int=lowest_id(utc_now() - timedelta(minutes=30)).int + 7)}
    async with engine.begin() as connection:
        await connection.execute(insert(AUDIT), row)
    now = [utc_now()]
    assert await seal_once(engine, at=now[0]) is None
    sealer = Sealer(engine, lambda: now[0])
    sealer._swept_at = now[0]
    assert await sealer.turn() is False
    assert (await verify(engine)).waiting == 1
    now[0] += timedelta(hours=1)
    await sealer.turn()
    verdict = await verify(engine)
    assert (verdict.whole, verdict.waiting) == (True, 0)


async def test_an_id_from_the_future_hides_no_later_row(
    engine: AsyncEngine, keyring: Keyring
) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(AUDIT), {**deed(keyring), "id": UUID(int=2**128 - 1)})
    assert await seal_once(engine, at=utc_now())
    await write(engine, keyring, 1)
    assert await seal_once(engine, at=utc_now())
    assert (await verify(engine)).whole


async def test_two_sealers_at_once_make_one_chain(engine: AsyncEngine, keyring: Keyring) -> None:
    await write(engine, keyring, 40)
    await asyncio.gather(*(seal_once(engine, at=AT, limit=7) for _ in range(8)))
    while await seal_once(engine, at=AT, limit=7):
        pass
    verdict = await verify(engine, keys=keyring)
    assert (verdict.whole, verdict.rows) == (True, 40)


async def test_a_sealer_says_whether_there_is_more(engine: AsyncEngine, keyring: Keyring) -> None:
    sealer = Sealer(engine, utc_now, limit=2)
    assert not await sealer.turn()
    await write(engine, keyring, 3)
    assert await sealer.turn()
    assert not await sealer.turn()
    async with engine.connect() as connection:
        assert await count_unsealed(connection) == 0


@pytest.mark.parametrize("limit", [0, 10_001])
async def test_a_seal_has_a_size(engine: AsyncEngine, limit: int) -> None:
    with pytest.raises(ValueError, match="a seal covers"):
        await seal_once(engine, at=AT, limit=limit)


def test_an_id_tells_when_it_was_drawn() -> None:
    drawn = new_id()
    assert abs(id_time(drawn) - utc_now()) < timedelta(seconds=5)
    assert lowest_id(id_time(drawn)) <= drawn < lowest_id(id_time(drawn) + timedelta(seconds=1))


# --- a trail tampered with


async def broken(engine: AsyncEngine, keys: Keyring, heads: list[Head] | None = None) -> Break:
    verdict = await verify(engine, keys=keys, heads=heads or [])
    assert not verdict.whole
    assert verdict.first_break
    return verdict.first_break


CHANGES = {
    "at": "at + interval '1 microsecond'",
    "actor": "'u2'",
    "actor_role": "'ops'",
    "actor_location": "NULL",
    "action": "action || ' '",
    "case_number": "'63000026000000124'",
    "resource": "''",
    "outcome": "'refused'",
    "address": "NULL",
    "request_id": "'r2'",
    "facts": "jsonb_set(facts, '{number}', '4.0')",
    "proof": "set_byte(proof, 9, get_byte(proof, 9) # 1)",
}


def test_every_column_of_the_trail_is_tampered_with_below() -> None:
    assert {*CHANGES, "id"} == {column.name for column in AUDIT.c}


@pytest.mark.parametrize("column", list(CHANGES))
async def test_a_changed_column_is_found_and_its_row_named(
    engine: AsyncEngine, keyring: Keyring, execute: Execute, column: str
) -> None:
    ids = await write_sealed(engine, keyring, 3, 5, 2)
    await execute(f"UPDATE audit SET {column} = {CHANGES[column]} WHERE id = :id", id=ids[7])
    assert await broken(engine, keyring) == Break(BreakKind.ROW_CHANGED, 2, ids[7], 4)


async def test_of_several_changed_rows_the_first_is_named(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    ids = await write_sealed(engine, keyring, 3, 3)
    await execute("UPDATE audit SET actor = 'x' WHERE id IN (:a, :b)", a=ids[1], b=ids[4])
    assert (await broken(engine, keyring)).audit_id == ids[1]


async def test_a_changed_id_is_a_row_that_is_gone(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    ids = await write_sealed(engine, keyring, 3)
    await execute("UPDATE audit SET id = :new WHERE id = :id", id=ids[1], new=new_id())
    assert await broken(engine, keyring) == Break(BreakKind.ROW_REMOVED, 1, ids[1], 1)


@pytest.mark.parametrize("victim", range(6))
async def test_a_removed_row_is_found_and_named(
    engine: AsyncEngine, keyring: Keyring, execute: Execute, victim: int
) -> None:
    ids = await write_sealed(engine, keyring, 3, 3)
    await execute("DELETE FROM audit WHERE id = :id", id=ids[victim])
    assert await broken(engine, keyring) == Break(
        BreakKind.ROW_REMOVED, victim // 3 + 1, ids[victim], victim % 3
    )


async def test_a_row_removed_with_its_link_is_found(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    ids = await write_sealed(engine, keyring, 3, 3)
    await execute("DELETE FROM audit WHERE id = :id", id=ids[4])
    await execute("DELETE FROM audit_link WHERE audit_id = :id", id=ids[4])
    assert await broken(engine, keyring) == Break(BreakKind.LINK_REMOVED, 2, position=1)


async def test_two_rows_exchanged_are_found(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    ids = await write_sealed(engine, keyring, 4)
    spare = uuid4()
    for old, new in ((ids[1], spare), (ids[2], ids[1]), (spare, ids[2])):
        await execute("UPDATE audit SET id = :new WHERE id = :old", old=old, new=new)
    assert await broken(engine, keyring) == Break(BreakKind.ROW_CHANGED, 1, ids[1], 1)


@pytest.mark.parametrize("sealed", [False, True])
async def test_a_row_that_no_service_wrote_is_found_sealed_or_not(
    engine: AsyncEngine, keyring: Keyring, execute: Execute, sealed: bool
) -> None:
    ids = await write_sealed(engine, keyring, 3)
    forged = UUID(int=ids[1].int + 1)
    columns = ", ".join(column.name for column in AUDIT.c if column.name != "id")
    await execute(
        f"INSERT INTO audit (id, {columns}) SELECT :new, {columns} FROM audit WHERE id = :id",
        new=forged,
        id=ids[1],
    )
    if sealed:
        assert await seal_once(engine, at=utc_now())
    found = await broken(engine, keyring)
    assert (found.kind, found.audit_id) == (BreakKind.ROW_INSERTED, forged)
    assert found.seal == (2 if sealed else None)


async def test_a_row_changed_before_it_was_sealed_is_found(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    (only,) = await write(engine, keyring, 1)
    await execute("UPDATE audit SET actor = 'u2'")
    assert await broken(engine, keyring) == Break(BreakKind.ROW_INSERTED, audit_id=only)


@pytest.mark.parametrize("sealed", [False, True])
async def test_without_the_key_a_row_put_in_long_after_is_found(
    engine: AsyncEngine, keyring: Keyring, sealed: bool
) -> None:
    await write_sealed(engine, keyring, 2)
    old = lowest_id(utc_now() - timedelta(hours=2))
    async with engine.begin() as connection:
        await connection.execute(insert(AUDIT), {**deed(keyring), "id": old})
    if sealed:
        assert await seal_once(engine, at=utc_now(), sweep=True)
    found = (await verify(engine)).first_break
    assert found
    assert (found.kind, found.audit_id) == (BreakKind.ROW_INSERTED, old)


LINK_CHANGES = {
    "row_hash": "set_byte(row_hash, 0, get_byte(row_hash, 0) # 1)",
    "audit_id": "'00000000-0000-7000-8000-000000000000'",
    "position": "position + 100",
    "seal_number": "seal_number + 100",
}


def test_every_column_of_the_links_is_tampered_with_below() -> None:
    assert set(LINK_CHANGES) == {column.name for column in AUDIT_LINK.c}


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("row_hash", BreakKind.LINK_CHANGED),
        ("audit_id", BreakKind.LINK_SWAPPED),
        ("position", BreakKind.LINK_REMOVED),
        ("seal_number", BreakKind.LINK_REMOVED),
    ],
)
async def test_a_changed_link_is_found_and_its_place_named(
    engine: AsyncEngine, keyring: Keyring, execute: Execute, column: str, kind: BreakKind
) -> None:
    ids = await write_sealed(engine, keyring, 2, 3)
    await execute(
        f"UPDATE audit_link SET {column} = {LINK_CHANGES[column]} WHERE audit_id = :id", id=ids[3]
    )
    found = await broken(engine, keyring)
    assert (found.kind, found.seal, found.position) == (kind, 2, 1)


async def test_a_row_changed_together_with_its_link_is_found(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    ids = await write_sealed(engine, keyring, 3)
    await execute("UPDATE audit SET actor = 'x' WHERE id = :id", id=ids[1])
    await execute(
        "UPDATE audit_link SET row_hash = :h WHERE audit_id = :id", id=ids[1], h=b"x" * 32
    )
    assert (await broken(engine, keyring)).audit_id == ids[1]


async def test_links_exchanged_are_found(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    ids = await write_sealed(engine, keyring, 4)
    for old, new in ((1, 99), (2, 1), (99, 2)):
        await execute(
            "UPDATE audit_link SET position = :new WHERE position = :old", old=old, new=new
        )
    assert await broken(engine, keyring) == Break(BreakKind.LINK_SWAPPED, 1, ids[1], 2)


@pytest.mark.parametrize("position", [0, 1, 2])
async def test_a_removed_link_is_found(
    engine: AsyncEngine, keyring: Keyring, execute: Execute, position: int
) -> None:
    ids = await write_sealed(engine, keyring, 3, 1)
    await execute("DELETE FROM audit_link WHERE audit_id = :id", id=ids[position])
    assert await broken(engine, keyring) == Break(BreakKind.LINK_REMOVED, 1, position=position)


@pytest.mark.parametrize("seal", [1, 77])
async def test_an_inserted_link_is_found(
    engine: AsyncEngine, keyring: Keyring, execute: Execute, seal: int
) -> None:
    await write_sealed(engine, keyring, 2, 2)
    (extra,) = await write(engine, keyring, 1)
    await execute(
        "INSERT INTO audit_link VALUES (:id, :seal, 2, :h)", id=extra, seal=seal, h=b"x" * 32
    )
    assert await broken(engine, keyring) == Break(BreakKind.LINK_INSERTED, seal, extra, 2)


SEAL_CHANGES = {
    "sealed_at": "sealed_at - interval '1 second'",
    "digest": "'sm3'",
    "size": "size + 1",
    "previous": "set_byte(previous, 0, get_byte(previous, 0) # 1)",
    "head": "set_byte(head, 0, get_byte(head, 0) # 1)",
    "number": "number + 10",
}


def test_every_column_of_the_seals_is_tampered_with_below() -> None:
    assert set(SEAL_CHANGES) == {column.name for column in AUDIT_SEAL.c}


@pytest.mark.parametrize("column", list(SEAL_CHANGES))
async def test_a_changed_seal_is_found_and_named(
    engine: AsyncEngine, keyring: Keyring, execute: Execute, column: str
) -> None:
    await write_sealed(engine, keyring, 2, 3, 2)
    await execute(f"UPDATE audit_seal SET {column} = {SEAL_CHANGES[column]} WHERE number = 2")
    gone = column == "number"
    kind = BreakKind.SEAL_REMOVED if gone else BreakKind.SEAL_CHANGED
    assert await broken(engine, keyring) == Break(kind, 2)


async def test_an_unknown_digest_is_a_changed_seal(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    await write_sealed(engine, keyring, 2)
    await execute("UPDATE audit_seal SET digest = 'md5'")
    assert await broken(engine, keyring) == Break(BreakKind.SEAL_CHANGED, 1)


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_removed_seal_is_found_and_named(
    engine: AsyncEngine, keyring: Keyring, execute: Execute, number: int
) -> None:
    ids = await write_sealed(engine, keyring, 1, 1, 1)
    await execute("DELETE FROM audit_seal WHERE number = :n", n=number)
    found = await broken(engine, keyring)
    if number < 3:
        assert found == Break(BreakKind.SEAL_REMOVED, number)
    else:
        assert found == Break(BreakKind.LINK_INSERTED, 3, ids[2], 0)


async def rewrite(engine: AsyncEngine, execute: Execute, number: int) -> None:
    """What someone could do who may write all three tables: change rows, and make the seal anew."""
    await execute(
        "DELETE FROM audit WHERE id IN (SELECT audit_id FROM audit_link"
        " WHERE seal_number = :n AND position = 0)",
        n=number,
    )
    await execute("DELETE FROM audit_link WHERE seal_number >= :n", n=number)
    await execute("DELETE FROM audit_seal WHERE number >= :n", n=number)


async def test_a_seal_made_anew_does_not_fit_the_one_after_it(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    await write_sealed(engine, keyring, 2, 2, 2)
    later = await execute("SELECT * FROM audit_seal WHERE number = 3")
    links = await execute("SELECT * FROM audit_link WHERE seal_number = 3")
    await rewrite(engine, execute, 2)
    assert await seal_once(engine, at=utc_now(), limit=1)
    async with engine.begin() as connection:
        await connection.execute(insert(AUDIT_SEAL), [dict(row._mapping) for row in later])
        await connection.execute(insert(AUDIT_LINK), [dict(row._mapping) for row in links])
    assert await broken(engine, keyring) == Break(BreakKind.CHAIN_BROKEN, 3)


async def test_a_chain_made_anew_is_found_by_an_exported_head(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    await write_sealed(engine, keyring, 2, 2)
    heads = [head async for head in export_heads(engine)]
    await rewrite(engine, execute, 2)
    assert await seal_once(engine, at=utc_now(), sweep=True)
    assert (await verify(engine, keys=keyring)).whole
    assert await broken(engine, keyring, heads[:1] + heads[1:]) == Break(BreakKind.HEAD_DIFFERS, 2)


async def test_an_end_that_was_cut_off_is_found_by_an_exported_head(
    engine: AsyncEngine, keyring: Keyring, execute: Execute
) -> None:
    await write_sealed(engine, keyring, 2, 1)
    head = await last_head(engine)
    assert head
    await rewrite(engine, execute, 2)
    assert (await verify(engine, keys=keyring)).whole
    assert await broken(engine, keyring, [head]) == Break(BreakKind.SEAL_REMOVED, 2)


async def test_an_exported_head_that_holds_breaks_nothing(
    engine: AsyncEngine, keyring: Keyring
) -> None:
    await write_sealed(engine, keyring, 2, 1, 1)
    heads = [Head.parse(str(head)) async for head in export_heads(engine, after=1)]
    assert [head.number for head in heads] == [2, 3]
    verdict = await verify(engine, keys=keyring, heads=heads)
    assert verdict.whole
    assert heads[-1] == await last_head(engine)
    assert heads[-1].head == verdict.head


@pytest.mark.parametrize(
    "line", ["", "1", "x 2026-01-01 sha256 00", "0 2026-01-01 sha256 00", "1 2026-01-01 md5 00"]
)
def test_a_line_that_is_no_head_is_refused(line: str) -> None:
    with pytest.raises(HeadError):
        Head.parse(line)
