"""The audit trail: one row for each deed, in the transaction of the deed, never changed.

No personal data of those whom a case is about goes in: only actors, codes and ids, so nothing has
to be erased from it and the chain over it stays whole. The services' role may insert and read.

Each row carries a proof made with the audit key, which the database does not hold: a row that was
put in by another hand, or altered before it was sealed, has none.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Column, DateTime, Index, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from shared.audit.canonical import canonical_json
from shared.chance import new_id
from shared.db import gathering
from shared.db.base import PLATFORM
from shared.means import Origin, means, origin
from shared.security.keys import Keyring

DONE = "done"

AUDIT = Table(
    "audit",
    PLATFORM,
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("actor_location", Text),
    Column("action", Text, nullable=False),
    Column("case_number", Text),
    Column("resource", Text),
    Column("outcome", Text, nullable=False),
    Column("address", Text),
    Column("request_id", Text),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("proof", LargeBinary, nullable=False),
    # Every deed pays for an index: one for a case's trail, and a tiny one for a span of time.
    Index(
        "ix_audit_case_number_id",
        "case_number",
        "id",
        postgresql_where=text("case_number IS NOT NULL"),
    ),
    Index("ix_audit_at", "at", postgresql_using="brin"),
)


def _bind(name: str) -> str:
    return "CAST(:audit_facts AS jsonb)" if name == "facts" else f":audit_{name}"


def _kind(name: str) -> str:
    kinds = {"id": "uuid", "at": "timestamptz", "proof": "bytea"}
    return kinds.get(name, "text")


# For a hot path that does several things in one statement: put this CTE among its own, and merge
# `auditing(…)` into its parameters; or the other, for several rows at once.
_COLUMNS = tuple(column.name for column in AUDIT.columns)
AUDITING = f"""
audited AS (
    INSERT INTO audit ({", ".join(_COLUMNS)})
    VALUES ({", ".join(_bind(name) for name in _COLUMNS)})
)
"""
AUDITING_ALL = f"""
audited AS (
    INSERT INTO audit ({", ".join(_COLUMNS)})
    SELECT {", ".join("CAST(facts AS jsonb)" if name == "facts" else name for name in _COLUMNS)}
    FROM unnest(
        {", ".join(f"CAST(:audits_{name} AS {_kind(name)}[])" for name in _COLUMNS)}
    ) AS given ({", ".join(_COLUMNS)})
)
"""


def auditing(row: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of AUDITING; `row` is what `entry` has made."""
    bound = {f"audit_{name}": value for name, value in row.items()}
    return bound | {"audit_facts": to_json(row["facts"]).decode()}


def auditing_all(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The parameters of AUDITING_ALL."""
    bound = {f"audits_{name}": [row[name] for row in rows] for name in _COLUMNS}
    return bound | {"audits_facts": [to_json(row["facts"]).decode() for row in rows]}


_RECORDED = gathering.Clause("audit", AUDITING_ALL, auditing_all)


def entry(
    who: Origin,
    *,
    keys: Keyring,
    action: str,
    at: datetime,
    case_number: str | None = None,
    resource: str | None = None,
    outcome: str = DONE,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The row as a mapping, for those who insert many at once or within a larger statement."""
    facts = dict(facts or {})
    if any(isinstance(value, float) for value in facts.values()):
        # PostgreSQL may write a fraction another way than we do, and the proof would not hold.
        raise TypeError("facts are texts, whole numbers, yes or no")
    row = {
        "id": new_id(),
        "at": at,
        "actor": who.actor,
        "actor_role": who.role,
        "actor_location": who.location,
        "action": action,
        "case_number": case_number,
        "resource": resource,
        "outcome": outcome,
        "address": who.address,
        "request_id": who.request_id,
        "facts": facts,
    }
    return {**row, "proof": keys.attest(attested_bytes(row))}


def attested_bytes(row: Mapping[str, Any]) -> bytes:
    """What the proof is about: every column but the proof."""
    return canonical_json(value for name, value in row.items() if name != "proof")


async def record(
    session: AsyncSession,
    *,
    action: str,
    at: datetime,
    case_number: str | None = None,
    resource: str | None = None,
    outcome: str = DONE,
    facts: Mapping[str, Any] | None = None,
) -> UUID:
    """`facts` are codes, ids, counts: nothing about a person. Who and whence the session knows."""
    row = entry(
        origin(session),
        keys=means(session).keys,
        action=action,
        at=at,
        case_number=case_number,
        resource=resource,
        outcome=outcome,
        facts=facts,
    )
    await gathering.write(session, _RECORDED, [row])
    made: UUID = row["id"]
    return made
