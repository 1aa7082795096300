"""The registry changes by new versions only, all or nothing, and the other houses are told."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.domain import registrations
from services.routing.domain.entries import Kind
from services.routing.models import RegistryRow, RegistryStateRow
from services.routing.queries import directory
from shared.audit import trail
from shared.errors import Fault, InvalidError
from shared.means import origin
from shared.messaging import outbox


async def register(
    session: AsyncSession, kind: str, documents: Sequence[dict[str, Any]], *, at: datetime
) -> int:
    """Add what is not there yet; how many were new. Every fault is told at once."""
    there = await directory.there(session, {Kind(kind): documents})
    checked = registrations.check({Kind(kind): documents}, there, bare=True)
    return await _add(session, checked, at=at)


async def import_directory(
    session: AsyncSession,
    document: Mapping[str, Any],
    *,
    dry: bool = False,
    changed_too: bool = True,
    at: datetime,
) -> int:
    """A whole file: all of it or nothing. `dry` only says what would happen. A version that is
    there with other content is a fault, unless whoever loads it does not look for what changed."""
    sections = _sections(document)
    there = await directory.there(session, sections)
    checked = registrations.check(sections, there, changed_too=changed_too)
    return checked.count if dry and not checked.faults else await _add(session, checked, at=at)


def _sections(document: Mapping[str, Any]) -> registrations.Documents:
    sections, faults = {}, []
    for kind in Kind:
        section = document.get(kind.section, [])
        if isinstance(section, list) and all(isinstance(each, dict) for each in section):
            sections[kind] = section
            continue
        zh, en = f"“{kind.section}”应为条目的列表", f"{kind.section} must be a list of objects"
        faults.append(Fault(f"/{kind.section}", "not-a-list", zh, en))
    if faults:
        raise InvalidError(faults)
    return sections


async def _add(session: AsyncSession, checked: registrations.Checked, *, at: datetime) -> int:
    if checked.faults:
        raise InvalidError(checked.faults)
    if not checked.count:
        return 0
    rows = [_row(session, kind, each, at) for kind, group in checked.new.items() for each in group]
    await session.execute(insert(RegistryRow), rows)
    await _bump(session)
    for kind, group in checked.new.items():
        await trail.record(
            session,
            action="registry-changed",
            resource=f"registry:{kind}",
            outcome="registered",
            facts={"entries": [f"{each[kind.key]}@{each['version']}" for each in group]},
            at=at,
        )
    await announce_locations(session, checked.new.get(Kind.LOCATION, ()), at=at)
    return checked.count


async def announce_locations(
    session: AsyncSession, documents: Sequence[dict[str, Any]], *, at: datetime
) -> int:
    """Their full state: said again, any house can be rebuilt from it."""
    await outbox.record_many(
        session,
        [
            outbox.Announcement(
                events.LocationRegistered.model_validate({"system": "own", **each}),
                f"location:{each['code']}",
                at,
            )
            for each in documents
        ],
    )
    return len(documents)


async def republish(session: AsyncSession, *, at: datetime) -> int:
    """Every location as it stands, with its version: whoever lost a copy has it again."""
    documents = await directory.latest(session, Kind.LOCATION)
    count = await announce_locations(session, documents, at=at)
    await trail.record(
        session,
        action="registry-republished",
        resource="registry:location",
        facts={"entries": count},
        at=at,
    )
    return count


def _row(
    session: AsyncSession, kind: Kind, document: dict[str, Any], at: datetime
) -> dict[str, Any]:
    until = document.get("valid_to")
    return {
        "kind": kind.value,
        "code": document[kind.key],
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
