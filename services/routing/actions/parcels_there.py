"""A bag that a partner sends, or does something to: both ends follow it, each in its own rows, and
name its papers by case and place."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions.given import (
    NOT_THEIRS,
    Given,
    Worker,
    caller_of,
    later,
    rejected,
    verdict_of,
)
from services.routing.actions.partner_webhooks import Verdict
from services.routing.domain.crossings import Outcome
from services.routing.models import ParcelLinkRow
from services.routing.queries import crossings as linked
from services.routing.queries import partners as queries
from services.routing.queries import registry
from shared.http.inner import Visit

# Which discrepancy a settlement is about.
ABOUT = "about"


async def follow(worker: Worker, given: Given) -> Verdict:
    """A bag that left there leaves here too: opened, filled, sealed, handed over as it was."""
    body, number = given.told.body, given.told.parcel_number
    async with worker.sessions() as session:
        papers = await linked.papers_meant(session, given.partner, body.get("originals") or ())
        known = await registry.known(session)
    place = queries.place_of(known, given.partner, str(body.get("from")))
    if place is None or number is None:
        return rejected([NOT_THEIRS])
    if papers is None:
        return later(given, "unknown-paper")
    opening = {"from": place.code, "to": body.get("to"), "originals": papers}
    caller = caller_of(given, place.code, place.division)
    opened = await worker.door(
        Visit(caller, "POST", "/routing/v1/parcels", given.key("opening"), opening)
    )
    if not opened.done:
        return verdict_of(opened, None)
    parcel = f"/routing/v1/parcels/{opened.body['id']}"
    async with worker.sessions.begin() as session:
        if await linked.parcel_by_number(session, given.partner, number) is None:
            session.add(
                ParcelLinkRow(
                    parcel_id=UUID(opened.body["id"]), partner=given.partner, joint_number=number
                )
            )
    sealing = {"seal_number": body.get("seal_number")}
    for tail, said in (("sealing", sealing), ("handover", body.get("handover") or {})):
        answer = await worker.door(Visit(caller, "POST", f"{parcel}/{tail}", given.key(tail), said))
        if not answer.done:
            return verdict_of(answer, None)
    return Verdict(Outcome.APPLIED)


_PAPERS = ("found", "damaged")


async def in_our_ids(session: AsyncSession, given: Given) -> dict[str, Any]:
    """Papers that both sides name by case and place are ours by their ids; what is beyond the
    manifest and not known here stays what was written on it."""
    body = {name: value for name, value in given.told.body.items() if name != ABOUT}
    for name in _PAPERS:
        named = [each for each in body.get(name) or () if isinstance(each, dict)]
        if named:
            body[name] = await linked.papers_meant(session, given.partner, named) or body[name]
    if extra := body.get("extra"):
        body["extra"] = [await _beyond(session, given.partner, each) for each in extra]
    return body


async def _beyond(session: AsyncSession, partner: str, named: Any) -> Any:
    if not isinstance(named, dict):
        return named
    meant = await linked.papers_meant(session, partner, [named])
    return meant[0] if meant else f"{named.get('case')}-{named.get('place')}"


async def discrepancy(session: AsyncSession, given: Given, parcel_id: UUID) -> UUID | None:
    """Ours, where the partner says which one by its paper."""
    about = given.told.body.get(ABOUT)
    if given.told.discrepancy_id is not None or not isinstance(about, dict):
        return given.told.discrepancy_id
    return await linked.discrepancy_meant(session, given.partner, parcel_id, about)
