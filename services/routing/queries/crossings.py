"""What of ours is also with a partner: cases, bags, papers, and what was told of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import (
    AttachmentRow,
    CaseLinkRow,
    CaseRow,
    DiscrepancyRow,
    OriginalRow,
    ParcelItemRow,
    ParcelLinkRow,
    PartnerAccessRow,
    PartnerMessageRow,
)
from services.routing.queries import parcels
from shared.errors import NotFoundError
from shared.files.headers import read_digest
from shared.http import pages
from shared.http.fetching import Access
from shared.means import means
from shared.security.grants import Scope
from shared.security.keys import Keyring

_ACCESS_FOR = "routing.partner_access.secret:{}"
_CONTENT_FOR = "routing.partner_message.content:{}"


def seal_access(keys: Keyring, partner: str, secret: str) -> bytes:
    return keys.seal("fields", secret.encode(), context=_ACCESS_FOR.format(partner))


def seal_content(keys: Keyring, id_: UUID, content: bytes) -> bytes:
    return keys.seal("fields", content, context=_CONTENT_FOR.format(id_))


def open_content(keys: Keyring, row: PartnerMessageRow) -> bytes:
    return keys.open("fields", row.content, context=_CONTENT_FOR.format(row.id))


async def access(session: AsyncSession, partner: str) -> Access | None:
    row = await session.get(PartnerAccessRow, partner)
    if row is None:
        return None
    keys = means(session).keys
    secret = keys.open("fields", row.secret, context=_ACCESS_FOR.format(partner))
    return Access(base_url=row.base_url, client_id=row.client_id, client_secret=secret.decode())


async def links(session: AsyncSession, case_number: str) -> Sequence[CaseLinkRow]:
    query = select(CaseLinkRow).where(CaseLinkRow.case_number == case_number)
    return (await session.scalars(query.order_by(CaseLinkRow.partner))).all()


async def our_number(session: AsyncSession, partner: str, named: str) -> str:
    """Ours, theirs or the joint one; what is none of them stays as it is."""
    found = await session.scalar(
        select(CaseLinkRow.case_number).where(
            CaseLinkRow.partner == partner,
            or_(CaseLinkRow.joint_number == named, CaseLinkRow.their_number == named),
        )
    )
    return found or named


async def parcel_by_number(session: AsyncSession, partner: str, number: str) -> UUID | None:
    return await session.scalar(
        select(ParcelLinkRow.parcel_id).where(
            ParcelLinkRow.partner == partner, ParcelLinkRow.joint_number == number
        )
    )


async def parcel_links(session: AsyncSession, parcel_id: UUID) -> Sequence[ParcelLinkRow]:
    query = select(ParcelLinkRow).where(ParcelLinkRow.parcel_id == parcel_id)
    return (await session.scalars(query)).all()


async def papers_named(
    session: AsyncSession, partner: str, *, parcel_id: UUID | None = None, ids: Iterable[UUID] = ()
) -> dict[UUID, dict[str, Any]]:
    """Papers as both sides can name them: the case's joint number and the paper's place in it."""
    query = (
        select(OriginalRow.id, OriginalRow.place, CaseLinkRow.joint_number)
        .join(
            CaseLinkRow,
            and_(
                CaseLinkRow.case_number == OriginalRow.case_number, CaseLinkRow.partner == partner
            ),
        )
        .order_by(OriginalRow.label)
    )
    if parcel_id is not None:
        query = query.join(ParcelItemRow, ParcelItemRow.original_id == OriginalRow.id).where(
            ParcelItemRow.parcel_id == parcel_id
        )
    else:
        query = query.where(OriginalRow.id.in_(list(ids)))
    rows = await session.execute(query)
    return {row.id: {"case": row.joint_number, "place": row.place} for row in rows}


async def papers_meant(
    session: AsyncSession, partner: str, named: Sequence[Mapping[str, Any]]
) -> list[str] | None:
    """Our ids of papers that the partner names; None while one of them is not known here."""
    joint = {str(each.get("case")) for each in named}
    rows = await session.execute(
        select(CaseLinkRow.joint_number, OriginalRow.place, OriginalRow.id)
        .join(OriginalRow, OriginalRow.case_number == CaseLinkRow.case_number)
        .where(CaseLinkRow.partner == partner, CaseLinkRow.joint_number.in_(joint))
    )
    known = {(row.joint_number, row.place): str(row.id) for row in rows}
    found = [known.get((str(each.get("case")), each.get("place"))) for each in named]
    return None if None in found else [each for each in found if each is not None]


async def discrepancy_named(
    session: AsyncSession, partner: str, row: DiscrepancyRow
) -> dict[str, Any]:
    """As both sides can name it: by its paper, or by what stands on one that is not shared."""
    named: dict[UUID, dict[str, Any]] = {}
    if row.original_id is not None:
        named = await papers_named(session, partner, ids=[row.original_id])
    if row.original_id in named:
        return {"kind": row.kind, "paper": named[row.original_id]}
    return {"kind": row.kind, "described": await _described(session, row)}


async def _described(session: AsyncSession, row: DiscrepancyRow) -> str | None:
    if row.original_id is not None:
        return await session.scalar(
            select(OriginalRow.label).where(OriginalRow.id == row.original_id)
        )
    return parcels.description(means(session).keys, row)


async def discrepancy_meant(
    session: AsyncSession, partner: str, parcel_id: UUID, about: Mapping[str, Any]
) -> UUID | None:
    """Ours that a partner names so; the one that is not settled, where there are several."""
    paper = about.get("paper")
    meant = await papers_meant(session, partner, [paper]) if isinstance(paper, dict) else None
    rows = [
        row
        for row in await parcels.discrepancies(session, parcel_id)
        if row.kind == about.get("kind")
        and (
            str(row.original_id) in meant
            if meant
            else await _described(session, row) == about.get("described")
        )
    ]
    rows.sort(key=lambda row: row.settlement is not None)
    return rows[0].id if rows else None


async def message(session: AsyncSession, id_: UUID, scope: Scope) -> PartnerMessageRow:
    row = await session.scalar(
        select(PartnerMessageRow).where(
            PartnerMessageRow.id == id_, scope.condition(partner=PartnerMessageRow.partner)
        )
    )
    if row is None:
        raise NotFoundError
    return row


async def files_untold(
    session: AsyncSession, link: CaseLinkRow, digests: Sequence[str]
) -> Sequence[AttachmentRow]:
    """Of these files of a case, those that its partner has not been told of."""
    if not digests:
        return ()
    told = exists().where(
        PartnerMessageRow.file_id == AttachmentRow.id, PartnerMessageRow.partner == link.partner
    )
    query = select(AttachmentRow).where(
        AttachmentRow.case_number == link.case_number,
        AttachmentRow.sha256.in_([read_digest(each) for each in digests]),
        ~told,
    )
    return (await session.scalars(query.order_by(AttachmentRow.id))).all()


async def told_as(
    session: AsyncSession, partner: str, webhook_id: UUID
) -> PartnerMessageRow | None:
    return await session.scalar(
        select(PartnerMessageRow)
        .where(PartnerMessageRow.webhook_id == webhook_id, PartnerMessageRow.partner == partner)
        .with_for_update()
    )


async def messages(
    session: AsyncSession, partner: str, *, outcome: str | None, after: str | None, limit: int
) -> tuple[Sequence[PartnerMessageRow], str | None]:
    query = select(PartnerMessageRow).where(PartnerMessageRow.partner == partner)
    if outcome == "waiting":
        query = query.where(PartnerMessageRow.outcome.is_(None))
    elif outcome is not None:
        query = query.where(PartnerMessageRow.outcome == outcome)
    position = pages.position(after, UUID)
    if position is not None:
        query = query.where(PartnerMessageRow.id > position[0])
    rows = (await session.scalars(query.order_by(PartnerMessageRow.id).limit(limit + 1))).all()
    found, more = pages.cut(rows, limit)
    return found, pages.cursor(str(found[-1].id)) if more else None


def application_of(session: AsyncSession, case: CaseRow) -> dict[str, Any]:
    context = f"routing.routed_case.application:{case.case_number}"
    found: dict[str, Any] = from_json(
        means(session).keys.open("fields", case.application, context=context)
    )
    return found


def submission_of(session: AsyncSession, case: CaseRow) -> dict[str, Any]:
    """The application as a window hands one in: what was supplemented is part of it."""
    whole = application_of(session, case)
    for each in whole.pop("supplements", ()):
        whole["materials"] = [*whole.get("materials", ()), *(each.get("materials") or ())]
        whole["form"] = {**(whole.get("form") or {}), **(each.get("form") or {})}
    return whole


async def handed_in_by(session: AsyncSession, case_number: str) -> CaseLinkRow | None:
    return await session.scalar(
        select(CaseLinkRow).where(CaseLinkRow.case_number == case_number, CaseLinkRow.way == "in")
    )


async def set_access(
    session: AsyncSession, partner: str, access: Access, *, by: str, at: datetime
) -> PartnerAccessRow:
    row = await session.get(PartnerAccessRow, partner, with_for_update=True)
    if row is None:
        row = PartnerAccessRow(partner=partner)
        session.add(row)
    row.base_url, row.client_id = access.base_url, access.client_id
    row.secret = seal_access(means(session).keys, partner, access.client_secret)
    row.set_at, row.set_by = at, by
    await session.flush()
    return row
