"""Files that came with acts and messages of a case."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import AttachmentRow
from shared.errors import NotFoundError
from shared.files.headers import read_digest, write_digest


async def digests(session: AsyncSession, case_number: str) -> frozenset[str]:
    """As they are written in headers and acts: `sha-256=:…:`."""
    rows = await session.scalars(
        select(AttachmentRow.sha256).where(AttachmentRow.case_number == case_number)
    )
    return frozenset(write_digest(sha256) for sha256 in rows)


async def find(session: AsyncSession, case_number: str, digest: str) -> AttachmentRow:
    row = await session.scalar(
        select(AttachmentRow).where(
            AttachmentRow.case_number == case_number,
            AttachmentRow.sha256 == read_digest(digest),
        )
    )
    if row is None:
        raise NotFoundError
    return row


async def known_names(session: AsyncSession, names: Collection[str]) -> Collection[str]:
    """Of these objects in the store, those that a row knows of."""
    rows = await session.scalars(
        select(AttachmentRow.store_key).where(AttachmentRow.store_key.in_(names))
    )
    return rows.all()
