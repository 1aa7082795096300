"""What the two places of a case have said to each other, and who answers there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import (
    ActRow,
    AppointmentRow,
    HandoffRow,
    MessageRow,
    ReminderRow,
)
from services.routing.queries import cases, registry
from shared.audit import trail
from shared.errors import NotFoundError
from shared.http import pages
from shared.means import means
from shared.security.grants import Scope
from shared.security.masks import mask_text


@dataclass(frozen=True, slots=True)
class Said:
    """A row with its words, shown or masked."""

    row: Any
    words: dict[str, Any]


async def messages(
    session: AsyncSession,
    case_number: str,
    *,
    scope: Scope,
    purpose: str | None,
    after: str | None,
    limit: int,
    at: datetime,
) -> tuple[Sequence[Said], str | None]:
    await _seen(session, case_number, scope, purpose, at=at)
    query = select(MessageRow).where(MessageRow.case_number == case_number)
    position = pages.position(after, UUID)
    if position is not None:
        query = query.where(MessageRow.id > position[0])
    rows = (await session.scalars(query.order_by(MessageRow.id).limit(limit + 1))).all()
    found, more = pages.cut(rows, limit)
    said = [_said(session, row, "message", hidden=purpose is None) for row in found]
    return said, pages.cursor(str(found[-1].id)) if more else None


async def appointments(
    session: AsyncSession, case_number: str, *, scope: Scope, purpose: str | None, at: datetime
) -> Sequence[Said]:
    await _seen(session, case_number, scope, purpose, at=at)
    query = select(AppointmentRow).where(AppointmentRow.case_number == case_number)
    rows = await session.scalars(query.order_by(AppointmentRow.starts_at, AppointmentRow.id))
    return [_said(session, row, "appointment", hidden=purpose is None) for row in rows]


async def appointment(session: AsyncSession, appointment_id: UUID, scope: Scope) -> AppointmentRow:
    row = await session.get(AppointmentRow, appointment_id, with_for_update=True)
    if row is None:
        raise NotFoundError
    await cases.visible_case(session, row.case_number, scope)
    return row


async def appointment_meant(
    session: AsyncSession, case_number: str, starts_at: object
) -> UUID | None:
    """Of this case and beginning then; before all one that has no outcome yet."""
    try:
        begins = datetime.fromisoformat(str(starts_at))
    except ValueError:
        return None
    if begins.tzinfo is None:
        return None
    return await session.scalar(
        select(AppointmentRow.id)
        .where(AppointmentRow.case_number == case_number, AppointmentRow.starts_at == begins)
        .order_by(AppointmentRow.settled_at.is_not(None), AppointmentRow.id)
        .limit(1)
    )


async def reminders(
    session: AsyncSession, *, scope: Scope, raised: bool | None, after: str | None, limit: int
) -> tuple[Sequence[ReminderRow], str | None]:
    seen = scope.condition(
        receiving=ReminderRow.from_location,
        handling=ReminderRow.to_location,
        division=lambda match: or_(
            match(ReminderRow.from_division), match(ReminderRow.to_division)
        ),
    )
    query = select(ReminderRow).where(seen)
    if raised is not None:
        gone_up = ReminderRow.raised_at.is_not(None)
        query = query.where(gone_up if raised else ~gone_up)
    position = pages.position(after, UUID)
    if position is not None:
        query = query.where(ReminderRow.id > position[0])
    rows = (await session.scalars(query.order_by(ReminderRow.id).limit(limit + 1))).all()
    found, more = pages.cut(rows, limit)
    return found, pages.cursor(str(found[-1].id)) if more else None


async def reminders_of(session: AsyncSession, handoff_id: UUID) -> Sequence[ReminderRow]:
    query = select(ReminderRow).where(ReminderRow.handoff_id == handoff_id)
    return (await session.scalars(query.order_by(ReminderRow.number))).all()


async def unanswered(session: AsyncSession, *, before: date, limit: int = 100) -> Sequence[UUID]:
    rows = await session.scalars(
        select(ReminderRow.id)
        .where(
            ReminderRow.answer_by < before,
            ReminderRow.answered_at.is_(None),
            ReminderRow.raised_at.is_(None),
        )
        .order_by(ReminderRow.answer_by, ReminderRow.id)
        .limit(limit)
    )
    return rows.all()


async def has_answered(session: AsyncSession, row: ReminderRow) -> bool:
    """An act of the office, a message from it, or the end of its work."""
    acted = exists().where(
        ActRow.handoff_id == row.handoff_id,
        ActRow.at > row.sent_at,
        ActRow.side.not_in(("receiving", "system")),
    )
    wrote = exists().where(
        MessageRow.case_number == row.case_number,
        MessageRow.from_location == row.to_location,
        MessageRow.at > row.sent_at,
    )
    over = exists().where(HandoffRow.id == row.handoff_id, HandoffRow.closed_at.is_not(None))
    return bool(await session.scalar(select(or_(acted, wrote, over))))


async def to_remind(session: AsyncSession, case_number: str) -> HandoffRow | None:
    """The open work of the case, the lead's before a branch's."""
    return await session.scalar(
        select(HandoffRow)
        .where(
            HandoffRow.case_number == case_number,
            HandoffRow.closed_at.is_(None),
            HandoffRow.opened_at.is_not(None),
        )
        .order_by(HandoffRow.lead.desc(), HandoffRow.stage.desc(), HandoffRow.id)
        .limit(1)
        .with_for_update()
    )


@dataclass(frozen=True, slots=True)
class Contacts:
    part: str
    place: dict[str, Any]


async def contacts(session: AsyncSession, case_number: str, *, scope: Scope) -> Sequence[Contacts]:
    """Who answers at the window and at every place that works on the case."""
    case = await cases.visible_case(session, case_number, scope)
    rows = await session.scalars(
        select(HandoffRow.location)
        .where(HandoffRow.case_number == case_number)
        .order_by(HandoffRow.stage, HandoffRow.lead.desc(), HandoffRow.id)
    )
    documents = (await registry.known(session)).documents
    named = [("receiving", case.receiving_location)]
    named += [("handling", code) for code in dict.fromkeys(rows)]
    return [
        Contacts(part, documents["location", code])
        for part, code in named
        if ("location", code) in documents
    ]


async def places(session: AsyncSession, case_number: str) -> Sequence[HandoffRow]:
    query = select(HandoffRow).where(HandoffRow.case_number == case_number)
    return (await session.scalars(query.order_by(HandoffRow.lead.desc(), HandoffRow.id))).all()


async def _seen(
    session: AsyncSession, case_number: str, scope: Scope, purpose: str | None, *, at: datetime
) -> None:
    await cases.visible_case(session, case_number, scope)
    if purpose is not None:
        await trail.record(
            session,
            action="contact-unmasked",
            case_number=case_number,
            resource=f"case:{case_number}",
            facts={"purpose": purpose},
            at=at,
        )


def _said(session: AsyncSession, row: Any, table: str, *, hidden: bool) -> Said:
    keys = means(session).keys
    words = from_json(keys.open("fields", row.words, context=f"routing.{table}.words:{row.id}"))
    outcome = getattr(row, "outcome", None)
    if outcome is not None:
        context = f"routing.{table}.outcome:{row.id}"
        words |= from_json(keys.open("fields", outcome, context=context))
    if hidden:
        words = {name: mask_text(value) for name, value in words.items() if value}
    return Said(row, words)
