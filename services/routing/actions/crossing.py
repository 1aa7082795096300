"""One case in two installations: what is done here is told there, and done there by the same step.

Each side keeps its own rows, clock and custody; none waits for the other. Nothing that a partner
did is told back to it as ours.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.domain import crossings
from services.routing.domain.registry import Location
from services.routing.models import (
    CaseLinkRow,
    CaseRow,
    ContentRow,
    HandoffRow,
    PartnerMessageRow,
)
from services.routing.queries import crossings as queries
from services.routing.queries import registry, transfers
from services.routing.queries.registry import Known
from shared.chance import new_id
from shared.http.fetching import digest_of
from shared.means import SYSTEM, means, origin
from shared.messaging import outbox

WEBHOOKS = "webhooks"
OUT, IN = "out", "in"


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that is told of; `digest` as webhooks write it."""

    id: UUID
    digest: str
    size: int
    media_type: str


async def tell(
    session: AsyncSession,
    partner: str,
    kind: str,
    content: Mapping[str, Any],
    *,
    case_number: str | None = None,
    joint_number: str | None = None,
    parcel_number: str | None = None,
    step: str | None = None,
    location: str | None = None,
    file: Sent | None = None,
    at: datetime,
) -> None:
    """The content stays here, sealed, until the partner fetches it; its digest travels."""
    id_ = new_id()
    written = to_json({**content, **(_where(id_, file) if file else {})})
    digest = digest_of(written)
    told = events.PartnerTold(
        partner=partner,
        kind=kind,
        case_number=joint_number,
        parcel_number=parcel_number,
        step=step,
        location=location,
        actor=await _actor(session, location),
        content=events.ToldContent(
            path=f"/routing/v1/partner-messages/{id_}/content", digest=digest
        ),
        at=at,
    )
    subject = case_number or f"parcel:{parcel_number}"
    webhook_id = await outbox.record(session, told, subject=subject, at=at)
    session.add(
        PartnerMessageRow(
            id=id_,
            partner=partner,
            case_number=case_number,
            kind=kind,
            content=queries.seal_content(means(session).keys, id_, written),
            digest=digest,
            file_id=file.id if file else None,
            told_at=at,
            webhook_id=webhook_id,
            faults=[],
        )
    )
    await session.flush()


async def _actor(session: AsyncSession, location: str | None) -> dict[str, str]:
    """Whoever does it; what a window did at intake and we hear of later is told in its name."""
    by = origin(session)
    if by is not SYSTEM or location is None:
        return {"id": by.actor, "name": by.name or by.actor}
    place = (await registry.known(session)).registry.last_known(location)
    return {"id": location, "name": place.name if place else location}


def _where(told_id: UUID, file: Sent) -> dict[str, Any]:
    return {
        "file": {
            "path": f"/routing/v1/partner-messages/{told_id}/file",
            "digest": file.digest,
            "size": file.size,
            "media_type": file.media_type,
        }
    }


def partner_at(known: Known, location: str) -> str | None:
    """The partner whose installation the place works in, where that one takes webhooks."""
    place = known.registry.last_known(location)
    if place is None or place.partner is None:
        return None
    document = known.documents.get(("partner", place.partner), {})
    return place.partner if document.get("way") == WEBHOOKS else None


async def hand_out(
    session: AsyncSession, case: CaseRow, rows: Sequence[HandoffRow], known: Known, *, at: datetime
) -> None:
    """A case that our window took goes to every partner that has a step in it."""
    taken_by = known.registry.last_known(case.receiving_location)
    if taken_by is None or taken_by.partner is not None:
        return
    concerned = {whose for row in rows if (whose := partner_at(known, row.location))}
    if not concerned:
        # Most cases stay at home: they are not to cost one more look.
        return
    linked = {link.partner for link in await queries.links(session, case.case_number)}
    for partner in sorted(concerned - linked):
        joint = crossings.joint_number(case.case_number)
        session.add(
            CaseLinkRow(
                case_number=case.case_number,
                partner=partner,
                joint_number=joint,
                their_number=None,
                way=OUT,
                linked_at=at,
            )
        )
        content = {
            "submission": queries.submission_of(session, case),
            "item": {"code": case.item_code, "version": case.item_version},
            "case_number": case.case_number,
            "joint_number": joint,
            "received_at": case.received_at,
        }
        await tell(
            session,
            partner,
            "case.submitted",
            content,
            case_number=case.case_number,
            joint_number=joint,
            location=case.receiving_location,
            at=at,
        )
        for each in await transfers.contents(session, case.case_number):
            await _tell_content(session, case, each, partner, joint, at=at)


async def mirror_content(
    session: AsyncSession, case: CaseRow, content: ContentRow, *, at: datetime
) -> None:
    """A material's file that our window has: fetched by whoever works on the case elsewhere."""
    for link in await queries.links(session, case.case_number):
        if link.way == OUT:
            await _tell_content(session, case, content, link.partner, link.joint_number, at=at)


async def _tell_content(
    session: AsyncSession,
    case: CaseRow,
    content: ContentRow,
    partner: str,
    joint: str,
    *,
    at: datetime,
) -> None:
    await tell(
        session,
        partner,
        crossings.FILED,
        {"material_code": content.material_code, "stored_at": content.stored_at},
        case_number=case.case_number,
        joint_number=joint,
        location=case.receiving_location,
        file=Sent(content.id, content.digest, content.size, content.media_type),
        at=at,
    )


async def mirror_step(session: AsyncSession, row: HandoffRow, said: bytes, *, at: datetime) -> None:
    """`said`: the address of the call and its body, as the officer sent it."""
    tail, body = called(said)
    if tail in crossings.MIRRORED_STEPS:
        await tell_step(session, row, tail, body, at=at)


async def tell_step(
    session: AsyncSession, row: HandoffRow, tail: str, body: Mapping[str, Any], *, at: datetime
) -> None:
    """What was done here is to be done there, with the same words, and the same files first."""
    for link in await _others(session, row.case_number):
        await _tell_attachments(session, link, crossings.files_named(body), at=at)
        await tell(
            session,
            link.partner,
            f"handoff.{tail}",
            body,
            case_number=row.case_number,
            joint_number=link.joint_number,
            step=row.step,
            location=origin(session).location,
            at=at,
        )


async def mirror_talk(
    session: AsyncSession,
    kind: str,
    case_number: str,
    to: Sequence[str],
    said: bytes,
    *,
    about: Mapping[str, Any] = MappingProxyType({}),
    at: datetime,
) -> None:
    """A message, reminder or appointment for a place that works in a partner's installation."""
    known, (_, body) = await registry.known(session), called(said)
    partners = {whose for place in to if (whose := partner_at(known, place))}
    if not partners:
        return
    for link in await _others(session, case_number):
        if link.partner not in partners:
            continue
        await _tell_attachments(session, link, crossings.files_named(body), at=at)
        await tell(
            session,
            link.partner,
            kind,
            {**body, **about},
            case_number=case_number,
            joint_number=link.joint_number,
            location=origin(session).location,
            at=at,
        )


async def _tell_attachments(
    session: AsyncSession, link: CaseLinkRow, digests: Sequence[str], *, at: datetime
) -> None:
    for row in await queries.files_untold(session, link, digests):
        await tell(
            session,
            link.partner,
            crossings.ATTACHED,
            {},
            case_number=link.case_number,
            joint_number=link.joint_number,
            location=origin(session).location,
            file=Sent(row.id, f"sha-256:{row.sha256.hex()}", row.size, row.media_type),
            at=at,
        )


async def _others(session: AsyncSession, case_number: str) -> list[CaseLinkRow]:
    mine = origin(session).partner
    return [link for link in await queries.links(session, case_number) if link.partner != mine]


def called(said: bytes) -> tuple[str, dict[str, Any]]:
    """The last word of a call's address, and its body."""
    address, _, written = said.partition(b"\n")
    tail = address.partition(b"?")[0].decode().rpartition("/")[2]
    body = json.loads(written) if written.strip() else {}
    return tail, body if isinstance(body, dict) else {}


async def mirror_request(
    session: AsyncSession, case: CaseRow, kind: str, content: Mapping[str, Any], *, at: datetime
) -> None:
    """What our window asks for an applicant, wherever the case is worked on."""
    for link in await queries.links(session, case.case_number):
        if link.way != OUT:
            continue
        await tell(
            session,
            link.partner,
            kind,
            content,
            case_number=case.case_number,
            joint_number=link.joint_number,
            location=case.receiving_location,
            at=at,
        )


async def mirror_delivery(
    session: AsyncSession, case_number: str, *, delivered_at: datetime, at: datetime
) -> None:
    """The applicant has the result: whoever worked on it may close its file."""
    for link in await queries.links(session, case_number):
        if link.way == OUT:
            await tell(
                session,
                link.partner,
                crossings.DELIVERED,
                {"delivered_at": delivered_at},
                case_number=case_number,
                joint_number=link.joint_number,
                at=at,
            )


async def settle_told(
    session: AsyncSession, partner: str, answered: crossings.Answered, *, at: datetime
) -> None:
    """What became of it there. The first answer counts."""
    row = await queries.told_as(session, partner, _uuid(answered.webhook_id))
    if row is None or row.outcome is not None:
        return
    row.outcome, row.faults, row.settled_at = answered.outcome, answered.faults, at
    if row.kind != "case.submitted" or row.case_number is None:
        return
    for link in await queries.links(session, row.case_number):
        if link.partner == partner:
            link.their_number = answered.case_number


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def is_theirs(place: Location | None, partner: str) -> bool:
    return place is not None and place.partner == partner
