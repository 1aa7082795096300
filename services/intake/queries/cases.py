"""Reads of cases: one, a window's to-do, a search."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Text,
    any_,
    bindparam,
    exists,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from services.intake.models import (
    CaseRow,
    ContentRow,
    CorrectionRow,
    HandoffRow,
    LetterRow,
    MaterialRow,
    NoticeRow,
    OriginalRow,
    PaymentRow,
    RequestRow,
    SignedPaperRow,
    StepRow,
    VerificationRow,
)
from shared.errors import CaseErasedError, NotFoundError
from shared.security.grants import Match, Scope

Position = tuple[datetime, str]


def within(scope: Scope) -> ColumnElement[bool]:
    """What of the cases the caller may see: as the window, as a handling place, or from above."""

    def handles(own: Match) -> ColumnElement[bool]:
        return exists().where(
            HandoffRow.case_number == CaseRow.case_number, own(HandoffRow.location)
        )

    return scope.condition(
        receiving=CaseRow.receiving_location,
        handling=handles,
        division=CaseRow.receiving_division,
    )


async def find_case(session: AsyncSession, number: str, scope: Scope) -> CaseRow:
    """NotFoundError for a foreign one too: nobody learns what they may not see."""
    found = await session.scalar(
        select(CaseRow).where(CaseRow.case_number == number, within(scope))
    )
    if found is None:
        raise NotFoundError
    return found


async def lock_case(session: AsyncSession, number: str, scope: Scope) -> CaseRow:
    found = await session.scalar(
        select(CaseRow)
        .where(CaseRow.case_number == number, within(scope))
        .with_for_update(of=CaseRow)
    )
    if found is None:
        raise NotFoundError
    if found.erased_at is not None:
        raise CaseErasedError
    return found


async def lock_known(session: AsyncSession, number: str) -> CaseRow | None:
    """For the houses' own messages, which are not anybody's in particular."""
    return await session.scalar(
        select(CaseRow).where(CaseRow.case_number == number).with_for_update()
    )


_PICTURE = load_only(
    CaseRow.version,
    CaseRow.status,
    CaseRow.next_actor,
    CaseRow.accepted_at,
    CaseRow.due_on,
    CaseRow.due_provisional,
    CaseRow.light,
    CaseRow.asked_until,
    CaseRow.decided_at,
    CaseRow.result,
    CaseRow.outcome,
    CaseRow.delivery_status,
    CaseRow.delivery_way,
    CaseRow.delivered_at,
    CaseRow.changed_at,
    raiseload=True,
)


async def lock_pictures(session: AsyncSession, numbers: Sequence[str]) -> Mapping[str, CaseRow]:
    """Of each case how it stands, and nothing of what the applicant said."""
    rows = await session.scalars(_LOCKED, {"numbers": list(numbers)})
    return {row.case_number: row for row in rows}


# Asked for every message that comes.
_LOCKED = (
    select(CaseRow)
    .where(CaseRow.case_number == any_(bindparam("numbers", type_=ARRAY(Text))))
    .order_by(CaseRow.case_number)
    .with_for_update()
    .options(_PICTURE)
)


async def unfinished(session: AsyncSession, on: date, *, limit: int) -> Sequence[str]:
    """Registered visits whose time to be completed is over, the oldest first."""
    query = (
        select(CaseRow.case_number)
        .where(CaseRow.status == "received_incomplete", CaseRow.asked_until < on)
        .order_by(CaseRow.asked_until)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def cases_of_person(
    session: AsyncSession, indexes: Sequence[bytes], *, after: str | None, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """As the applicant, and as the one who acts for somebody; each by its own index, the newest
    number first."""
    columns = (
        *(CaseRow.case_number, CaseRow.item_code, CaseRow.item_version, CaseRow.received_at),
        *(CaseRow.ground, CaseRow.retention, CaseRow.ended_at, CaseRow.id_number_index),
    )
    parts = [
        select(CaseRow.case_number).where(part.in_(indexes))
        for part in (CaseRow.id_number_index, CaseRow.representative_index)
    ]
    query = select(*columns).where(CaseRow.case_number.in_(union_all(*parts)))
    if after is not None:
        query = query.where(CaseRow.case_number < after)
    query = query.order_by(CaseRow.case_number.desc()).limit(limit + 1)
    return (await session.execute(query)).all()


async def case_by_tracking(session: AsyncSession, indexes: Sequence[bytes]) -> CaseRow | None:
    return await session.scalar(select(CaseRow).where(CaseRow.tracking_index.in_(indexes)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed down to; nothing set is everything the caller may see."""

    next_actor: str | None = None
    statuses: Sequence[str] = ()
    item_code: str | None = None
    mode: str | None = None
    lights: Sequence[str] = ()
    received_from: datetime | None = None
    received_before: datetime | None = None
    indexes: Mapping[str, Sequence[bytes]] | None = None
    case_number: str | None = None

    def apart(self) -> list["Wanted"]:
        """One for each light or status: of one alone an index knows the order, of several none.
        People are found by their own index first."""
        if self.indexes or self.case_number:
            return [self]
        if len(self.lights) > 1:
            return [replace(self, lights=(light,)) for light in dict.fromkeys(self.lights)]
        if len(self.statuses) > 1:
            return [replace(self, statuses=(status,)) for status in dict.fromkeys(self.statuses)]
        return [self]

    def conditions(self) -> list[ColumnElement[bool]]:
        case = CaseRow
        plain = (
            (case.next_actor, self.next_actor),
            (case.item_code, self.item_code),
            (case.mode, self.mode),
            (case.case_number, self.case_number),
        )
        found = [column == value for column, value in plain if value is not None]
        found += [
            column.in_(values)
            for column, values in ((case.status, self.statuses), (case.light, self.lights))
            if values
        ]
        if self.received_from is not None:
            found.append(case.received_at >= self.received_from)
        if self.received_before is not None:
            found.append(case.received_at < self.received_before)
        columns = {
            "name": case.name_index,
            "id_number": case.id_number_index,
            "phone": case.phone_index,
        }
        found += [columns[kind].in_(values) for kind, values in (self.indexes or {}).items()]
        return found


_LISTED = (
    CaseRow.case_number,
    CaseRow.item_code,
    CaseRow.item_version,
    CaseRow.mode,
    CaseRow.status,
    CaseRow.next_actor,
    CaseRow.priority,
    CaseRow.received_at,
    CaseRow.receiving_location,
    CaseRow.due_on,
    CaseRow.due_provisional,
    CaseRow.light,
    CaseRow.asked_until,
    CaseRow.application_sealed,
)


def listing(
    scope: Scope, wanted: Wanted, *, after: Position | None, limit: int
) -> Select[*tuple[Any, ...]]:
    """Newest first, by the key (received_at, case_number); one more than `limit`."""
    parts = [_in_order(scope, each, after=after, limit=limit) for each in wanted.apart()]
    if len(parts) == 1:
        return parts[0]
    found = union_all(*(select(part.subquery()) for part in parts)).subquery()
    last = found.c.received_at.desc(), found.c.case_number.desc()
    return select(found).order_by(*last).limit(limit + 1)


def _in_order(
    scope: Scope, wanted: Wanted, *, after: Position | None, limit: int
) -> Select[*tuple[Any, ...]]:
    case = CaseRow
    query: Select[*tuple[Any, ...]] = select(*_LISTED).where(within(scope), *wanted.conditions())
    if after is not None:
        query = query.where(tuple_(case.received_at, case.case_number) < after)
    return query.order_by(case.received_at.desc(), case.case_number.desc()).limit(limit + 1)


async def list_cases(
    session: AsyncSession, scope: Scope, wanted: Wanted, *, after: Position | None, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    return (await session.execute(listing(scope, wanted, after=after, limit=limit))).all()


async def handoffs_of(session: AsyncSession, number: str) -> Sequence[HandoffRow]:
    query = select(HandoffRow).where(HandoffRow.case_number == number)
    return (await session.scalars(query.order_by(HandoffRow.stage, HandoffRow.handoff_id))).all()


async def materials_of(session: AsyncSession, number: str) -> Sequence[MaterialRow]:
    query = select(MaterialRow).where(MaterialRow.case_number == number)
    return (await session.scalars(query.order_by(MaterialRow.material_id))).all()


async def originals_of(session: AsyncSession, number: str) -> Sequence[OriginalRow]:
    query = select(OriginalRow).where(OriginalRow.case_number == number)
    return (await session.scalars(query.order_by(OriginalRow.original_id))).all()


async def originals_here(session: AsyncSession, number: str) -> bool:
    """Whether the window still has any in its hands."""
    case, original = CaseRow, OriginalRow
    at_window = or_(
        original.holder.is_(None), original.holder == "location:" + case.receiving_location
    )
    query = (
        select(literal(1))
        .select_from(original)
        .join(case, case.case_number == original.case_number)
        .where(original.case_number == number, at_window)
        .limit(1)
    )
    return await session.scalar(query) is not None


async def contents_of(session: AsyncSession, number: str) -> Sequence[ContentRow]:
    query = select(ContentRow).where(
        ContentRow.case_number == number, ContentRow.replaced_at.is_(None)
    )
    return (await session.scalars(query.order_by(ContentRow.material_code))).all()


async def content_of(session: AsyncSession, number: str, material_code: str) -> ContentRow | None:
    return await session.scalar(
        select(ContentRow).where(
            ContentRow.case_number == number,
            ContentRow.material_code == material_code,
            ContentRow.replaced_at.is_(None),
        )
    )


async def known_contents(session: AsyncSession, names: Collection[str]) -> Collection[str]:
    """Which of these objects of the store a row speaks of."""
    found: list[str] = []
    for row in (ContentRow, SignedPaperRow):
        found += await session.scalars(select(row.store_key).where(row.store_key.in_(names)))
    return found


async def notices_of(session: AsyncSession, number: str) -> Sequence[NoticeRow]:
    query = select(NoticeRow).where(NoticeRow.case_number == number)
    return (await session.scalars(query.order_by(NoticeRow.issued_at))).all()


async def letters_of(session: AsyncSession, number: str) -> Sequence[LetterRow]:
    query = select(LetterRow).where(LetterRow.case_number == number)
    return (await session.scalars(query.order_by(LetterRow.issued_at, LetterRow.letter_id))).all()


async def due_of(session: AsyncSession, handoff_id: UUID) -> date | None:
    return await session.scalar(
        select(HandoffRow.due_on).where(HandoffRow.handoff_id == handoff_id)
    )


async def requests_of(session: AsyncSession, number: str) -> Sequence[RequestRow]:
    query = select(RequestRow).where(RequestRow.case_number == number)
    return (await session.scalars(query.order_by(RequestRow.request_id))).all()


async def corrections_of(session: AsyncSession, number: str) -> Sequence[CorrectionRow]:
    query = select(CorrectionRow).where(CorrectionRow.case_number == number)
    return (await session.scalars(query.order_by(CorrectionRow.correction_id))).all()


async def verifications_of(session: AsyncSession, number: str) -> Sequence[VerificationRow]:
    query = select(VerificationRow).where(VerificationRow.case_number == number)
    return (await session.scalars(query.order_by(VerificationRow.verification_id))).all()


async def payments_of(session: AsyncSession, number: str) -> Sequence[PaymentRow]:
    query = select(PaymentRow).where(PaymentRow.case_number == number)
    return (await session.scalars(query.order_by(PaymentRow.payment_id))).all()


async def signed_of(session: AsyncSession, number: str) -> Sequence[SignedPaperRow]:
    query = select(SignedPaperRow).where(
        SignedPaperRow.case_number == number, SignedPaperRow.replaced_at.is_(None)
    )
    return (await session.scalars(query.order_by(SignedPaperRow.paper_id))).all()


async def steps_of(session: AsyncSession, number: str) -> Sequence[StepRow]:
    query = select(StepRow).where(StepRow.case_number == number)
    return (await session.scalars(query.order_by(StepRow.at, StepRow.step_id))).all()


async def materials_held(
    session: AsyncSession, numbers: Sequence[str], id_number_indexes: Sequence[bytes]
) -> Sequence[Row[str, str, int, str]]:
    """The materials of these cases, as far as they are of this same applicant."""
    case, material = CaseRow, MaterialRow
    rows = await session.execute(
        select(case.case_number, case.item_code, case.item_version, material.code)
        .join(material, material.case_number == case.case_number)
        .where(
            case.case_number.in_(numbers),
            case.id_number_index.in_(id_number_indexes),
            material.form != "earlier_case",
        )
    )
    return rows.all()
