"""点对点联络: messages between the two places, reminders, appointments with their outcome."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.domain import reminders
from services.routing.domain.reminders import Meeting, Sent
from services.routing.models import (
    AppointmentRow,
    CaseRow,
    HandoffRow,
    MessageRow,
    ReminderRow,
)
from services.routing.queries import attachments, cases, contact, readings, registry
from shared.audit import trail
from shared.chance import new_id
from shared.clock import local_date
from shared.errors import ConflictError, Fault, InvalidError, NotFoundError
from shared.means import means, origin
from shared.messaging import outbox
from shared.messaging.envelope import Event
from shared.security.grants import Scope


class NowhereToWriteError(ConflictError):
    code = "nowhere-to-write"

    def __init__(self) -> None:
        super().__init__("本件还没有办理地", "no place works on this case yet")


async def write_message(
    session: AsyncSession,
    case_number: str,
    *,
    words: str,
    to: str | None,
    files: Sequence[str],
    scope: Scope,
    at: datetime,
) -> MessageRow:
    case = await cases.case_to_act_on(session, case_number, scope)
    own, other = await _ends(session, case, to)
    await _check_files(session, case_number, files)
    id_ = new_id()
    row = MessageRow(
        id=id_,
        case_number=case_number,
        from_location=own,
        to_location=other,
        written_by=origin(session).actor,
        at=at,
        attachments=list(files),
        words=_seal(session, "message.words", id_, {"text": words}),
    )
    session.add(row)
    written = events.MessageWritten(
        case_number=case_number, message_id=id_, from_location=own, to_location=other, at=at
    )
    await _done(session, case_number, "message-written", f"message:{id_}", [written], at=at)
    return row


async def remind(
    session: AsyncSession, case_number: str, *, words: str, scope: Scope, at: datetime
) -> ReminderRow:
    """The office first; asked again while it has not answered, at once its supervisors and ours."""
    case = await cases.case_to_act_on(session, case_number, scope)
    handoff = await contact.to_remind(session, case_number)
    if handoff is None:
        raise reminders.NothingToRemindError
    earlier = await contact.reminders_of(session, handoff.id)
    for each in earlier[-1:]:
        if each.answered_at is None and await contact.has_answered(session, each):
            each.answered_at = at
    row = await _reminder(session, case, handoff, words, number=len(earlier) + 1, at=at)
    session.add(row)
    sent: list[Event] = [
        events.ReminderSent(
            case_number=case_number,
            handoff_id=handoff.id,
            reminder_id=row.id,
            number=row.number,
            from_location=row.from_location,
            to_location=row.to_location,
            answer_by=row.answer_by,
            at=at,
        )
    ]
    before = [Sent(each.answered_at is not None, each.raised_at is not None) for each in earlier]
    if reminders.goes_up(before):
        sent.append(_raise(row, at=at))
    await _done(session, case_number, "reminder-sent", f"reminder:{row.id}", sent, at=at)
    return row


async def _reminder(
    session: AsyncSession,
    case: CaseRow,
    handoff: HandoffRow,
    words: str,
    *,
    number: int,
    at: datetime,
) -> ReminderRow:
    item = await registry.item(session, case.item_code, case.item_version)
    if item is None:
        raise NotFoundError
    known = await registry.known(session)
    terms = readings.terms_of(handoff, item)
    workdays = known.workdays_of(handoff.division)
    id_ = new_id()
    return ReminderRow(
        id=id_,
        case_number=case.case_number,
        handoff_id=handoff.id,
        number=number,
        from_location=case.receiving_location,
        from_division=case.receiving_division,
        to_location=handoff.location,
        to_division=handoff.division,
        sent_by=origin(session).actor,
        sent_at=at,
        words=_seal(session, "reminder.words", id_, {"text": words}),
        answer_by=reminders.answer_by(local_date(at), terms, workdays, item.document.get("limits")),
    )


async def raise_unanswered(session: AsyncSession, reminder_id: UUID, *, at: datetime) -> bool:
    """The term to answer is over; whether it went up."""
    row = await session.get(ReminderRow, reminder_id, with_for_update=True)
    if row is None or row.answered_at is not None or row.raised_at is not None:
        return False
    if await contact.has_answered(session, row):
        row.answered_at = at
        return False
    raised = _raise(row, at=at)
    resource = f"reminder:{row.id}"
    await _done(session, row.case_number, "reminder-raised", resource, [raised], at=at)
    return True


def _raise(row: ReminderRow, *, at: datetime) -> Event:
    row.raised_at = at
    return events.ReminderRaised(
        case_number=row.case_number,
        handoff_id=row.handoff_id,
        reminder_id=row.id,
        locations=[row.from_location, row.to_location],
        at=at,
    )


async def make_appointment(
    session: AsyncSession,
    case_number: str,
    *,
    starts_at: datetime,
    minutes: int,
    words: dict[str, Any],
    to: str | None,
    scope: Scope,
    at: datetime,
) -> AppointmentRow:
    reminders.check_start(starts_at, at=at)
    case = await cases.case_to_act_on(session, case_number, scope)
    own, other = await _ends(session, case, to)
    place = own if own != case.receiving_location else other
    handoff = next(
        row for row in await contact.places(session, case_number) if row.location == place
    )
    id_ = new_id()
    row = AppointmentRow(
        id=id_,
        case_number=case_number,
        handoff_id=handoff.id,
        from_location=own,
        to_location=other,
        starts_at=starts_at,
        minutes=minutes,
        made_by=origin(session).actor,
        made_at=at,
        state=Meeting.PLANNED.value,
        words=_seal(session, "appointment.words", id_, words),
        version=1,
    )
    session.add(row)
    made = events.AppointmentMade(
        case_number=case_number,
        appointment_id=id_,
        from_location=own,
        to_location=other,
        starts_at=starts_at,
        minutes=minutes,
    )
    await _done(session, case_number, "appointment-made", f"appointment:{id_}", [made], at=at)
    return row


async def settle_appointment(
    session: AsyncSession,
    appointment_id: UUID,
    *,
    outcome: Meeting,
    record: str,
    files: Sequence[str],
    scope: Scope,
    at: datetime,
) -> AppointmentRow:
    row = await contact.appointment(session, appointment_id, scope)
    await cases.case_to_act_on(session, row.case_number, scope)
    row.state = reminders.settle(Meeting(row.state), outcome).value
    await _check_files(session, row.case_number, files)
    row.settled_by, row.settled_at = origin(session).actor, at
    content = {"record": record, "attachments": list(files)}
    row.outcome = _seal(session, "appointment.outcome", row.id, content)
    row.version += 1
    settled = events.AppointmentSettled(
        case_number=row.case_number, appointment_id=row.id, outcome=row.state, at=at
    )
    resource = f"appointment:{row.id}"
    await _done(session, row.case_number, "appointment-settled", resource, [settled], at=at)
    return row


async def _ends(session: AsyncSession, case: CaseRow, to: str | None) -> tuple[str, str]:
    """From the caller's place to the other; the window writes to the lead unless it says whom."""
    rows = await contact.places(session, case.case_number)
    if not rows:
        raise NowhereToWriteError
    at_work = list(dict.fromkeys(row.location for row in rows))
    mine = origin(session).location
    own = mine if mine in at_work else case.receiving_location
    others = [place for place in (case.receiving_location, *at_work) if place != own]
    if to is not None and to not in others:
        zh, en = "这个地点与本件无关", "this place has nothing to do with the case"
        raise InvalidError([Fault("/to", "not-of-this-case", zh, en)])
    if not others:
        raise NowhereToWriteError
    return own, to or others[0]


async def _check_files(session: AsyncSession, case_number: str, files: Sequence[str]) -> None:
    there = await attachments.digests(session, case_number) if files else frozenset()
    faults = [
        Fault(
            f"/attachments/{index}",
            "unknown-file",
            "本办件没有这个文件，请先上传",
            "this case has no file with that digest",
        )
        for index, digest in enumerate(files)
        if digest not in there
    ]
    if faults:
        raise InvalidError(faults)


def _seal(session: AsyncSession, place: str, id_: UUID, words: dict[str, Any]) -> bytes:
    content = to_json({**words, "by": origin(session).name})
    return means(session).keys.seal("fields", content, context=f"routing.{place}:{id_}")


async def _done(
    session: AsyncSession,
    case_number: str,
    action: str,
    resource: str,
    announced: Sequence[Event],
    *,
    at: datetime,
) -> None:
    await session.flush()
    await trail.record(session, action=action, case_number=case_number, resource=resource, at=at)
    await outbox.record_many(
        session, [outbox.Announcement(each, case_number, at) for each in announced]
    )
