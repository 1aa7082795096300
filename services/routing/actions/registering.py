"""The registry changes by new versions only, all or nothing, and the other houses are told."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.models import RegistryRow, RegistryStateRow
from shared.audit import trail
from shared.means import origin
from shared.messaging import outbox

CODES = {"location": "code", "partner": "code", "agreement": "id", "rule": "id"}


async def register(
    session: AsyncSession, kind: str, documents: Sequence[dict[str, Any]], *, at: datetime
) -> int:
    """Add what is not there yet; a version that is there stays as it is. How many were new."""
    if not documents:
        return 0
    key = CODES[kind]
    wanted = [(each[key], each["version"]) for each in documents]
    there = await session.execute(
        select(RegistryRow.code, RegistryRow.version).where(
            RegistryRow.kind == kind, tuple_(RegistryRow.code, RegistryRow.version).in_(wanted)
        )
    )
    known = {(row.code, row.version) for row in there}
    new = [each for each, name in zip(documents, wanted, strict=True) if name not in known]
    if not new:
        return 0
    await session.execute(insert(RegistryRow), [_row(session, kind, each, at) for each in new])
    await _bump(session)
    await trail.record(
        session,
        action="registry-changed",
        resource=f"registry:{kind}",
        outcome="registered",
        facts={"entries": [f"{each[key]}@{each['version']}" for each in new]},
        at=at,
    )
    if kind == "location":
        await announce_locations(session, new, at=at)
    return len(new)


async def announce_locations(
    session: AsyncSession, documents: Sequence[dict[str, Any]], *, at: datetime
) -> None:
    """Their full state: said again, any house can be rebuilt from it."""
    await outbox.record_many(
        session,
        [
            outbox.Announcement(
                events.LocationRegistered.model_validate(each), f"location:{each['code']}", at
            )
            for each in documents
        ],
    )


def _row(
    session: AsyncSession, kind: str, document: dict[str, Any], at: datetime
) -> dict[str, Any]:
    until = document.get("valid_to")
    return {
        "kind": kind,
        "code": document[CODES[kind]],
        "version": document["version"],
        "valid_from": date.fromisoformat(document["valid_from"]),
        "valid_to": date.fromisoformat(until) if until else None,
        "document": document,
        "registered_at": at,
        "registered_by": origin(session).actor,
    }


async def _bump(session: AsyncSession) -> None:
    first = insert(RegistryStateRow).values(one=1, revision=1)
    await session.execute(
        first.on_conflict_do_update(
            index_elements=["one"], set_={"revision": RegistryStateRow.revision + 1}
        )
    )
