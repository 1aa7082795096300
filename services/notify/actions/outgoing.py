"""Messages as operations see them: no number, no link that opens anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import matters
from services.notify.domain import templates
from services.notify.domain.messages import Placeholder
from services.notify.domain.templates import Rendered, Template
from services.notify.models import MessageRow
from services.notify.queries import seals
from services.notify.queries.seals import Content
from shared.errors import NotFoundError
from shared.http import pages
from shared.means import means
from shared.security.grants import Scope
from shared.security.masks import HIDDEN, mask_phone


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for."""

    case_number: str | None = None
    status: str | None = None
    after: str | None = None
    limit: int = 50


async def page(
    session: AsyncSession, wanted: Wanted, *, scope: Scope
) -> tuple[Sequence[MessageRow], str | None]:
    """Newest first."""
    query = select(MessageRow).where(scope.condition())
    if wanted.case_number is not None:
        query = query.where(MessageRow.case_number == wanted.case_number)
    if wanted.status is not None:
        query = query.where(MessageRow.status == wanted.status)
    position = pages.position(wanted.after, UUID)
    if position is not None:
        query = query.where(MessageRow.id < position[0])
    query = query.order_by(MessageRow.id.desc()).limit(wanted.limit + 1)
    rows, more = pages.cut((await session.scalars(query)).all(), wanted.limit)
    return rows, pages.cursor(rows[-1].id) if more else None


async def one(
    session: AsyncSession, message_id: UUID, *, scope: Scope
) -> tuple[MessageRow, Content]:
    row = await session.scalar(
        select(MessageRow).where(MessageRow.id == message_id, scope.condition())
    )
    if row is None:
        raise NotFoundError
    content = seals.open_content(means(session).keys, row.id, row.content)
    link = content.words.get(Placeholder.LINK)
    text = content.text.replace(link, HIDDEN) if link else content.text
    phone = mask_phone(content.phone) if content.phone else None
    return row, content.model_copy(update={"text": text, "phone": phone, "words": {}})


def previews(session: AsyncSession) -> list[tuple[Template, Rendered]]:
    practice = matters.practice(session)
    return [
        (template, templates.preview(template, signature=practice.signature))
        for template in practice.templates.all
    ]
