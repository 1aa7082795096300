"""A case's trail as a document that proves itself: every row with its place in the chain, and of
each seal concerned what its head was made of. Whoever holds an exported head can tell, without us
and without the database, that the rows stood like this when that head was made.

Of other cases' rows only ids and hashes are in it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.audit.chain import (
    AUDIT_LINK,
    AUDIT_SEAL,
    ROW_COLUMNS,
    Seal,
    compute_head,
    hash_row,
)
from shared.audit.trail import AUDIT

FORMAT = "tongban-audit-evidence/1"


async def export(engine: AsyncEngine, case_number: str) -> dict[str, Any]:
    """Rows that are not sealed yet are in it, without a place."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="REPEATABLE READ")
        found = await connection.execute(
            select(*ROW_COLUMNS, AUDIT_LINK.c.seal_number, AUDIT_LINK.c.position)
            .outerjoin(AUDIT_LINK, AUDIT_LINK.c.audit_id == AUDIT.c.id)
            .where(AUDIT.c.case_number == case_number)
            .order_by(AUDIT.c.id)
        )
        rows = found.all()
        numbers = sorted({row.seal_number for row in rows if row.seal_number is not None})
        seals = [await _seal(connection, number) for number in numbers]
    return {
        "format": FORMAT,
        "case_number": case_number,
        "rows": [_row(row) for row in rows],
        "seals": seals,
    }


def check(document: Mapping[str, Any]) -> list[str]:
    """What does not hold; nothing when it is as it was exported."""
    seals = {seal["number"]: seal for seal in document["seals"]}
    broken = [f"seal {number}" for number, seal in seals.items() if not _head_holds(seal)]
    for row in document["rows"]:
        if row["seal"] is None:
            continue
        seal = seals.get(row["seal"])
        values = [_read(name, row["columns"][name]) for name in AUDIT.c.keys()]  # noqa: SIM118
        if seal is None or not _stands(row, seal, values):
            broken.append(f"row {row['columns']['id']}")
    return broken


def _stands(row: Mapping[str, Any], seal: Mapping[str, Any], values: Sequence[Any]) -> bool:
    at = row["position"]
    hashed = [row["columns"]["id"], hash_row(seal["digest"], values).hex()]
    return at < len(seal["rows"]) and bool(seal["rows"][at] == hashed)


def _row(row: Any) -> dict[str, Any]:
    columns = {
        name: value.hex() if isinstance(value, bytes) else to_jsonable_python(value)
        for name, value in zip(AUDIT.c.keys(), row, strict=False)
    }
    return {"columns": columns, "seal": row.seal_number, "position": row.position}


async def _seal(connection: AsyncConnection, number: int) -> dict[str, Any]:
    seal = (await connection.execute(select(AUDIT_SEAL).where(AUDIT_SEAL.c.number == number))).one()
    links = (
        await connection.execute(
            select(AUDIT_LINK.c.audit_id, AUDIT_LINK.c.row_hash)
            .where(AUDIT_LINK.c.seal_number == number)
            .order_by(AUDIT_LINK.c.position)
        )
    ).all()
    return {
        "number": seal.number,
        "sealed_at": seal.sealed_at.isoformat(),
        "digest": seal.digest,
        "size": seal.size,
        "previous": seal.previous.hex(),
        "head": seal.head.hex(),
        "rows": [[str(link.audit_id), link.row_hash.hex()] for link in links],
    }


def _head_holds(seal: Mapping[str, Any]) -> bool:
    stated = Seal(
        number=seal["number"],
        sealed_at=datetime.fromisoformat(seal["sealed_at"]),
        digest=seal["digest"],
        size=seal["size"],
        previous=bytes.fromhex(seal["previous"]),
        head=bytes.fromhex(seal["head"]),
    )
    rows = [(UUID(audit_id), bytes.fromhex(row_hash)) for audit_id, row_hash in seal["rows"]]
    return compute_head(stated, rows) == stated.head


def _read(name: str, value: Any) -> Any:
    """A column as PostgreSQL gave it, from what JSON made of it."""
    if value is None:
        return None
    if name == "id":
        return UUID(value)
    if name == "at":
        return datetime.fromisoformat(value)
    return bytes.fromhex(value) if name == "proof" else value
