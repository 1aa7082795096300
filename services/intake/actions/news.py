"""What the other houses say of a case becomes the window's picture of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import seals
from services.intake.domain import cases, lifetimes
from services.intake.domain.cases import Actor, News, Picture, Status
from services.intake.domain.papers import Letter, Said
from services.intake.models import (
    CaseRow,
    HandoffRow,
    LetterRow,
    NoticeRow,
    RequestRow,
    StepRow,
)
from services.intake.queries import cases as reads
from shared.db import gathering
from shared.db.base import table_of
from shared.db.rows import inserting, updating
from shared.means import means
from shared.messaging.handling import NotYetError


@dataclass(frozen=True, slots=True)
class Told:
    """Which message says it, and of which place and piece of work."""

    message_id: UUID
    case_number: str
    handoff_id: UUID | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A handoff as routing describes it."""

    handoff_id: UUID
    location: str
    step: str
    step_name: str
    stage: int
    role: str | None
    lead: bool
    status: str
    due_on: date | None


async def tell(session: AsyncSession, told: Told, *news: News, now: datetime) -> None:
    """Move the picture; what happened is noted as a step of the case."""
    await tell_all(session, {told: news}, now=now)


async def tell_all(
    session: AsyncSession, every: Mapping[Told, Sequence[News]], *, now: datetime
) -> None:
    """Of several cases."""
    known = await reads.lock_pictures(session, sorted({told.case_number for told in every}))
    unknown = [told for told in every if told.case_number not in known]
    if unknown:
        of = [told.message_id for told in unknown]
        raise NotYetError(f"case {unknown[0].case_number}", of=of)
    for told, news in every.items():
        _move(known[told.case_number], news, now=now)
    steps = [_step(told, each, n) for told, news in every.items() for n, each in enumerate(news)]
    await gathering.write(session, _NOTE_STEPS, steps)


def _move(case: CaseRow, news: Sequence[News], *, now: datetime) -> None:
    before = picture = picture_of(case)
    for each in news:
        picture = cases.after(picture, each)
    if picture != before:
        show(case, picture, at=now)
    # Also a step alone is something that readers see.
    case.version += 1
    case.changed_at = now


def picture_of(case: CaseRow) -> Picture:
    return Picture(
        status=Status(case.status),
        next_actor=Actor(case.next_actor),
        accepted_at=case.accepted_at,
        due_on=case.due_on,
        due_provisional=case.due_provisional,
        light=case.light,
        asked_until=case.asked_until,
        decided_at=case.decided_at,
        result=case.result,
        outcome=case.outcome,
        delivery_status=case.delivery_status,
        delivery_way=case.delivery_way,
        delivered_at=case.delivered_at,
    )


def show(case: CaseRow, picture: Picture, *, at: datetime) -> None:
    """With the case's end its term begins; with the handing over it begins anew."""
    before = picture_of(case)
    if picture.status is not before.status:
        case.retention = lifetimes.kind_after(before, picture)
        case.ended_at = at if case.retention else None
    for name, value in asdict(picture).items():
        setattr(case, name, value.value if isinstance(value, Status | Actor) else value)


_NOTE_STEPS = inserting(
    table_of(StepRow),
    ("step_id", "case_number", "at", "what", "handoff_id", "location", "until"),
    conflict="ON CONFLICT DO NOTHING",
)


def _step(told: Told, news: News, place: int) -> dict[str, object]:
    return {
        # One message may tell two things; the second gets an id of its own that follows from it.
        "step_id": UUID(int=told.message_id.int ^ place),
        "case_number": told.case_number,
        "at": news.at,
        "what": news.what.value,
        "handoff_id": told.handoff_id,
        "location": told.location,
        "until": news.until,
    }


_KEEP_WORK = inserting(
    table_of(HandoffRow),
    ("case_number", *(each.name for each in fields(Work))),
    key=("handoff_id",),
    conflict="""
    ON CONFLICT (handoff_id) DO UPDATE
    SET location = excluded.location, status = excluded.status, due_on = excluded.due_on
    """,
)
_CHANGE_WORK = updating(
    table_of(HandoffRow), ("status", "due_on"), key=("handoff_id",), unless_null=("due_on",)
)


async def keep_work(session: AsyncSession, number: str, work: Sequence[Work]) -> None:
    rows = [{"case_number": number, **asdict(each)} for each in work]
    await gathering.write(session, _KEEP_WORK, rows)


async def change_work(
    session: AsyncSession, handoff_id: UUID, *, status: str, due_on: date | None = None
) -> None:
    """Without a day the one that was told before stays."""
    changed = {"handoff_id": handoff_id, "status": status, "due_on": due_on}
    await gathering.write(session, _CHANGE_WORK, [changed])


async def move_work(session: AsyncSession, old: UUID, new: UUID, location: str) -> None:
    """转办: the same work at another place, as a new handoff."""
    handoff = HandoffRow
    columns = ("case_number", "step", "step_name", "stage", "role", "lead")
    moved = select(
        literal(new),
        literal(location),
        literal("received"),
        *(getattr(handoff, name) for name in columns),
    ).where(handoff.handoff_id == old)
    stored = insert(handoff).from_select(["handoff_id", "location", "status", *columns], moved)
    await session.execute(stored.on_conflict_do_nothing())


async def relocate_work(session: AsyncSession, handoffs: Sequence[UUID], location: str) -> None:
    if handoffs:
        await session.execute(
            update(HandoffRow).where(HandoffRow.handoff_id.in_(handoffs)).values(location=location)
        )


async def keep_notice(
    session: AsyncSession,
    told: Told,
    notice_id: UUID,
    *,
    faults: JsonValue,
    issued_at: datetime,
    until: date | None,
    number: int | None = None,
) -> None:
    notice = insert(NoticeRow).values(
        notice_id=notice_id,
        case_number=told.case_number,
        handoff_id=told.handoff_id,
        number=number,
        location=told.location or "",
        issued_at=issued_at,
        supplement_due_on=until,
        faults_sealed=seals.seal_faults(means(session).keys, notice_id, faults),
    )
    await session.execute(notice.on_conflict_do_nothing())


async def keep_letter(
    session: AsyncSession, told: Told, kind: Letter, said: Said, *, at: datetime
) -> None:
    letter = insert(LetterRow).values(
        letter_id=told.message_id,
        case_number=told.case_number,
        kind=kind.value,
        handoff_id=told.handoff_id,
        location=told.location or "",
        issued_at=at,
        said_sealed=seals.seal_letter(means(session).keys, told.message_id, said),
    )
    await session.execute(letter.on_conflict_do_nothing())


async def settle_request(
    session: AsyncSession,
    request_id: UUID,
    *,
    at: datetime,
    status: str,
    code: str | None = None,
    reason: str | None = None,
) -> RequestRow | None:
    """None for a request that was not made here, or was settled before."""
    settled = (
        update(RequestRow)
        .where(RequestRow.request_id == request_id, RequestRow.status == "pending")
        .values(status=status, settled_at=at, refusal_code=code, refusal=reason)
        .returning(RequestRow)
    )
    return (await session.execute(settled)).scalar_one_or_none()


async def answer_notices(session: AsyncSession, number: str, *, at: datetime) -> None:
    await session.execute(
        update(NoticeRow)
        .where(NoticeRow.case_number == number, NoticeRow.answered_at.is_(None))
        .values(answered_at=at)
    )
