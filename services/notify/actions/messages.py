"""Writing a message to a person: the words of the day, from the template that holds, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain import templates
from services.notify.domain.messages import OVERTAKEN_BY, URGENCY, Event, Placeholder, Urgency
from services.notify.domain.practice import Practice, spoken_day
from services.notify.models import CaseRow, LocationRow, MessageRow, SubscriptionRow
from services.notify.queries import places, seals
from services.notify.queries.seals import Content, Person
from shared.chance import new_id
from shared.clock import local_date
from shared.db.base import table_of
from shared.errors import DomainError
from shared.identity import phones
from shared.identity.phones import PhoneKind
from shared.means import cached, means

Words = Mapping[Placeholder, str]
Places = Mapping[str, LocationRow]


class Sending(StrEnum):
    """What becomes of a message."""

    WAITING = "waiting"
    SENT = "sent"
    KEPT = "kept"  # no gateway is set up: written down, not sent
    UNREACHABLE = "unreachable"  # no mobile number: somebody tells them another way
    UNWRITTEN = "unwritten"  # the template lacks a word: for operations to see
    OVERTAKEN = "overtaken"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class _Draft:
    event: Event
    source: str
    template: str = ""
    text: str = ""
    parts: int = 0
    provider_code: str = ""
    words: Mapping[str, str] | None = None
    error: str | None = None


async def tell(
    session: AsyncSession,
    case: CaseRow,
    event: Event,
    *,
    source: str,
    at: datetime,
    words: Words | None = None,
) -> None:
    """Once for each `source`. What cannot be written or sent is on record, and stops nothing: a
    result is not kept back for the sake of a text message."""
    person = seals.open_person(means(session).keys, case.case_number, case.person)
    known = await places.places(session, _places_of(case))
    told = Telling(case, person, event, source, dict(words or {}))
    await _overtake(session, case.case_number, event, at=at)
    await session.execute(_WRITE, [_message(session, told, known, at=at)])


@dataclass(frozen=True, slots=True)
class Telling:
    """To whom, of what; `words` beside those that every letter has."""

    case: CaseRow
    person: Person
    event: Event
    source: str
    words: Words


async def tell_first(
    session: AsyncSession, every: Sequence[Telling], known: Places, *, at: datetime
) -> None:
    """The first word to each of several: there is nothing yet that it could overtake."""
    if every:
        rows = [_message(session, each, known, at=at) for each in every]
        await session.execute(_WRITE, rows)


_WRITE = insert(table_of(MessageRow)).on_conflict_do_nothing(
    index_elements=["case_number", "event", "source"]
)


def _message(
    session: AsyncSession, told: Telling, known: Places, *, at: datetime
) -> dict[str, object]:
    case, practice = told.case, cached(session, Practice)
    every = _words(practice, case, told.person, known, at=at) | dict(told.words)
    draft = _draft(
        practice, case.item_code, told.event, every, source=told.source, on=local_date(at)
    )
    written = _written(session, draft, mobile_of(told.person.phone), at=at)
    return {"case_number": case.case_number, **written}


async def text_owner(
    session: AsyncSession, row: SubscriptionRow, state: str, *, source: str, at: datetime
) -> None:
    """To whoever looks after a system that is told by webhook: it does not do well, or again."""
    keys, on = means(session).keys, local_date(at)
    words = {
        Placeholder.SYSTEM: row.name,
        Placeholder.STATE: state,
        Placeholder.DATE: spoken_day(on),
    }
    phone = seals.open_contact(keys, row.id, row.contact) if row.contact else None
    practice = cached(session, Practice)
    draft = _draft(practice, "", Event.ENDPOINT, words, source=source, on=on)
    await session.execute(
        insert(MessageRow).values(_written(session, draft, mobile_of(phone), at=at))
    )


def _places_of(case: CaseRow) -> list[str]:
    return [case.receiving_location, case.handling_location or case.receiving_location]


def _words(
    practice: Practice, case: CaseRow, person: Person, known: Places, *, at: datetime
) -> dict[Placeholder, str]:
    codes = _places_of(case)
    window, office = (known.get(code) for code in codes)
    phone = (office and office.phone) or (window and window.phone) or practice.hotline
    progress = f"{practice.public_url}/intake/v1/progress/{person.tracking_code or ''}"
    return {
        Placeholder.CASE_NUMBER: case.case_number,
        Placeholder.ITEM: case.item_name,
        Placeholder.WINDOW: window.name if window else case.receiving_location,
        Placeholder.OFFICE: office.name if office else codes[1],
        Placeholder.OFFICE_PHONE: phone,
        Placeholder.DATE: spoken_day(local_date(at)),
        Placeholder.LINK: progress,
    }


def _draft(
    practice: Practice, item: str, event: Event, words: Words, *, source: str, on: date
) -> _Draft:
    try:
        template = practice.templates.choose(event, item=item, on=on)
        rendered = templates.render(template, words, signature=practice.signature)
    except DomainError as error:
        return _Draft(event, source, error=error.code)
    return _Draft(
        event,
        source,
        template=rendered.template,
        text=rendered.text,
        parts=rendered.parts,
        provider_code=rendered.provider_code,
        words=rendered.words,
    )


def _written(
    session: AsyncSession, draft: _Draft, mobile: str | None, *, at: datetime
) -> dict[str, object]:
    practice = cached(session, Practice)
    keys = means(session).keys
    message_id = new_id()
    status = _status(practice, draft, mobile)
    due = _first_attempt(practice, draft.event, at=at) if status is Sending.WAITING else None
    content = Content(
        phone=mobile,
        text=draft.text,
        provider_code=draft.provider_code,
        words=dict(draft.words or {}),
    )
    return {
        "id": message_id,
        "event": draft.event.value,
        "source": draft.source,
        "template": draft.template,
        "parts": draft.parts,
        "content": seals.seal_content(keys, message_id, content),
        "phone_blind": keys.blind("phone", mobile) if mobile else None,
        "status": status.value,
        "next_attempt_at": due,
        "last_error": draft.error,
        "created_at": at,
        "settled_at": None if due else at,
    }


def _status(practice: Practice, draft: _Draft, mobile: str | None) -> Sending:
    if draft.error:
        return Sending.UNWRITTEN
    if mobile is None:
        return Sending.UNREACHABLE
    return Sending.WAITING if practice.texting else Sending.KEPT


def _first_attempt(practice: Practice, event: Event, *, at: datetime) -> datetime:
    return at if URGENCY[event] is Urgency.NOW else practice.quiet.until(at)


def mobile_of(phone: str | None) -> str | None:
    """Only mobile numbers of the mainland get text messages."""
    if not phone or phones.check(phone):
        return None
    parsed = phones.parse(phone)
    return parsed.number if parsed.kind is PhoneKind.MOBILE else None


async def _overtake(session: AsyncSession, case_number: str, event: Event, *, at: datetime) -> None:
    """What still waits to be sent and is old news now."""
    old = [each.value for each, newer in OVERTAKEN_BY.items() if event in newer]
    if not old:
        return
    waiting = (
        select(MessageRow.id)
        .where(
            MessageRow.case_number == case_number,
            MessageRow.event.in_(old),
            MessageRow.status == Sending.WAITING.value,
            MessageRow.first_sent_at.is_(None),
        )
        .with_for_update(skip_locked=True)
    )
    await session.execute(
        update(MessageRow)
        .where(MessageRow.id.in_(waiting))
        .values(status=Sending.OVERTAKEN.value, next_attempt_at=None, settled_at=at)
        .execution_options(synchronize_session=False)
    )
