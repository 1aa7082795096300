"""What waits for a supervisor."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain.approvals import Kind, State
from services.routing.models import ApprovalRow
from shared.errors import NotFoundError
from shared.http import pages
from shared.security.grants import Scope


def _visible(scope: Scope) -> ColumnElement[bool]:
    return scope.condition(handling=ApprovalRow.location, division=ApprovalRow.division)


async def read(session: AsyncSession, approval_id: UUID, scope: Scope) -> ApprovalRow:
    row = await session.scalar(
        select(ApprovalRow).where(ApprovalRow.id == approval_id, _visible(scope))
    )
    if row is None:
        raise NotFoundError
    return row


async def asked(session: AsyncSession, handoff_id: UUID, kind: Kind) -> ApprovalRow | None:
    return await session.scalar(
        select(ApprovalRow).where(
            ApprovalRow.handoff_id == handoff_id,
            ApprovalRow.kind == kind.value,
            ApprovalRow.state == State.ASKED.value,
        )
    )


async def unused(session: AsyncSession, handoff_id: UUID, kind: Kind) -> ApprovalRow | None:
    return await session.scalar(
        select(ApprovalRow)
        .where(
            ApprovalRow.handoff_id == handoff_id,
            ApprovalRow.kind == kind.value,
            ApprovalRow.state == State.APPROVED.value,
            ApprovalRow.used_at.is_(None),
        )
        .order_by(ApprovalRow.id)
        .limit(1)
    )


async def page(
    session: AsyncSession, *, scope: Scope, state: State, after: str | None, limit: int
) -> tuple[Sequence[ApprovalRow], str | None]:
    query = select(ApprovalRow).where(_visible(scope), ApprovalRow.state == state.value)
    position = pages.position(after, UUID)
    if position is not None:
        query = query.where(ApprovalRow.id > position[0])
    rows = (await session.scalars(query.order_by(ApprovalRow.id).limit(limit + 1))).all()
    found, more = pages.cut(rows, limit)
    return found, pages.cursor(str(found[-1].id)) if more else None
