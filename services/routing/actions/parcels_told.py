"""A bag that goes to a partner's place: what is done to it here is told there, its papers named as
both sides can name them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import crossing
from services.routing.domain import crossings
from services.routing.models import DiscrepancyRow, ParcelLinkRow, ParcelRow
from services.routing.queries import crossings as queries
from services.routing.queries import custody, registry
from shared.means import origin


async def mirror_parcel(
    session: AsyncSession, row: ParcelRow, said: bytes, *, at: datetime
) -> None:
    """Once it leaves for a partner's place, both ends follow it under the number on the bag."""
    tail, body = crossing.called(said)
    if tail == "handover":
        await _send_parcel(session, row, body, at=at)
    elif tail in crossings.MIRRORED_DEEDS:
        mine = origin(session).partner
        for link in await queries.parcel_links(session, row.id):
            if link.partner == mine:
                continue
            await crossing.tell(
                session,
                link.partner,
                f"parcel.{tail}",
                await _papers_of(session, link.partner, body),
                parcel_number=link.joint_number,
                location=origin(session).location,
                at=at,
            )


async def _send_parcel(
    session: AsyncSession, row: ParcelRow, body: dict[str, Any], *, at: datetime
) -> None:
    known, by = await registry.known(session), origin(session)
    partner = crossing.partner_at(known, row.to_location)
    if partner is None or by.partner == partner:
        return
    named = await queries.papers_named(session, partner, parcel_id=row.id)
    if not named:
        return
    session.add(ParcelLinkRow(parcel_id=row.id, partner=partner, joint_number=row.number))
    content = {
        "from": row.from_location,
        "to": row.to_location,
        "originals": list(named.values()),
        "seal_number": row.seal_number,
        "handover": body,
    }
    await crossing.tell(
        session,
        partner,
        crossings.PARCEL_SENT,
        content,
        parcel_number=row.number,
        location=row.from_location,
        at=at,
    )


async def mirror_settlement(
    session: AsyncSession, row: DiscrepancyRow, said: bytes, *, at: datetime
) -> None:
    """How this end sees a discrepancy; the other one has its own row of it."""
    _, body = crossing.called(said)
    mine = origin(session).partner
    for link in await queries.parcel_links(session, row.parcel_id):
        if link.partner == mine:
            continue
        await crossing.tell(
            session,
            link.partner,
            "parcel.settlement",
            {
                "settlement": body["settlement"],
                "about": await queries.discrepancy_named(session, link.partner, row),
            },
            parcel_number=link.joint_number,
            location=origin(session).location,
            at=at,
        )


_LISTS = ("found", "damaged", "extra")


async def _papers_of(
    session: AsyncSession, partner: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """The body with papers named as both sides can; what is beyond the manifest and known to one
    side alone stays the text that stands on it."""
    typed = [text for name in _LISTS for text in body.get(name, ())]
    papers = await custody.resolve(session, typed)
    named = await queries.papers_named(
        session, partner, ids=[paper.id for paper in papers.values()]
    )
    both = {text: named[paper.id] for text, paper in papers.items() if paper.id in named}
    labels = {text: paper.label for text, paper in papers.items()}
    known = {
        name: [both[text] for text in body[name] if text in both]
        for name in ("found", "damaged")
        if name in body
    }
    if "extra" in body:
        known["extra"] = [both.get(text, labels.get(text, text)) for text in body["extra"]]
    return {**body, **known}
