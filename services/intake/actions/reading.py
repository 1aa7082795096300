"""Looking at a case: masked, unless somebody says what for; then it is on the trail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import blinding, news, seals
from services.intake.domain import cases, progress, verifications
from services.intake.domain.cases import Act, Status, What
from services.intake.domain.items import ItemVersion
from services.intake.domain.progress import Happening, Request, Step
from services.intake.domain.submissions import SubmissionIn
from services.intake.models import (
    CaseRow,
    ContentRow,
    CorrectionRow,
    HandoffRow,
    HoldRow,
    MaterialRow,
    NoticeRow,
    OriginalRow,
    PaymentRow,
    PromiseRow,
    RequestRow,
    StepRow,
    VerificationRow,
)
from services.intake.queries import cases as reads
from services.intake.queries import holds, places, promises
from services.intake.queries.cases import Position, Wanted
from services.intake.queries.catalogue import Catalogue
from shared.audit import trail
from shared.errors import Fault, InvalidError, NotFoundError
from shared.identity import tracking_codes
from shared.means import means
from shared.security.grants import Scope
from shared.security.personal import masked


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody looks at a case: masked, or open and for a purpose."""

    unmask: bool = False
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    row: NoticeRow
    faults: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Correction:
    """`said` holds reason, before and after; nothing of it unless the look is open."""

    row: CorrectionRow
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CaseView:
    """Everything the window shows of one case."""

    case: CaseRow
    item: ItemVersion
    application: Mapping[str, Any]
    handoffs: Sequence[HandoffRow]
    materials: Sequence[MaterialRow]
    originals: Sequence[OriginalRow]
    contents: Mapping[str, ContentRow]
    promises: Sequence[PromiseRow]
    notices: Sequence[Notice]
    requests: Sequence[RequestRow]
    steps: Sequence[StepRow]
    place_names: Mapping[str, str]
    verifications: Sequence[VerificationRow]
    unverified: Sequence[str]
    payments: Sequence[PaymentRow]
    corrections: Sequence[Correction]
    holds: Sequence[HoldRow]

    @property
    def allowed(self) -> list[Act]:
        if self.case.erased_at is not None:
            return []
        return [act for act in Act if act in cases.MAY[Status(self.case.status)]]


async def read_case(
    session: AsyncSession,
    number: str,
    *,
    scope: Scope,
    look: Look,
    catalogue: Catalogue,
    at: datetime,
) -> CaseView:
    if look.unmask and not (look.purpose or "").strip():
        raise InvalidError([_PURPOSE_MISSING])
    # One picture of the case and of all that hangs on it, whatever is being applied meanwhile.
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    case = await reads.find_case(session, number, scope)
    if look.unmask:
        await trail.record(
            session,
            action="personal-data-read",
            at=at,
            case_number=number,
            resource=f"case:{number}",
            facts={"purpose": (look.purpose or "").strip()},
        )
    return await _view(session, case, look, catalogue)


_PURPOSE_MISSING = Fault(
    "/query/purpose",
    "purpose-missing",
    "查看完整个人信息须说明用途",
    "say for what purpose the personal data is needed",
)


_NOTHING_SOUGHT = Fault(
    "",
    "nothing-sought",
    "请至少填写办件编号、姓名、证件号码、电话中的一项",
    "give at least one of case number, name, id number, phone",
)


async def _view(session: AsyncSession, case: CaseRow, look: Look, catalogue: Catalogue) -> CaseView:
    number = case.case_number
    filed = seals.open_application(means(session).keys, number, case.application_sealed)
    handoffs = await reads.handoffs_of(session, number)
    codes = [case.receiving_location, *(row.location for row in handoffs)]
    checks = await reads.verifications_of(session, number)
    there = verifications.counter(filed.submission)
    return CaseView(
        case=case,
        item=await catalogue.version(session, case.item_code, case.item_version),
        application=_shown(filed.submission, look),
        handoffs=handoffs,
        materials=await reads.materials_of(session, number),
        originals=await reads.originals_of(session, number),
        contents={row.material_code: row for row in await reads.contents_of(session, number)},
        promises=await promises.of_case(session, number),
        notices=[_notice(session, row) for row in await reads.notices_of(session, number)],
        requests=await reads.requests_of(session, number),
        steps=await reads.steps_of(session, number),
        place_names=await places.names_of(session, codes),
        verifications=checks,
        unverified=verifications.outstanding(
            there, filed.submission.mode, (row.subject for row in checks)
        ),
        payments=await reads.payments_of(session, number),
        corrections=[
            _correction(session, row, look) for row in await reads.corrections_of(session, number)
        ],
        holds=await holds.of_case(session, number),
    )


def _correction(session: AsyncSession, row: CorrectionRow, look: Look) -> Correction:
    if not look.unmask:
        return Correction(row, {})
    keys = means(session).keys
    return Correction(row, seals.open_correction(keys, row.correction_id, row.said_sealed))


def _shown(submission: SubmissionIn, look: Look) -> Mapping[str, Any]:
    return submission.model_dump(mode="json") if look.unmask else masked(submission)


def _notice(session: AsyncSession, row: NoticeRow) -> Notice:
    opened = seals.open_faults(means(session).keys, row.notice_id, row.faults_sealed)
    return Notice(row, opened)


@dataclass(frozen=True, slots=True)
class Line:
    """A case in a list; `applicant` is masked."""

    row: Row[*tuple[Any, ...]]
    item_name: str
    applicant: str


async def list_cases(
    session: AsyncSession,
    scope: Scope,
    wanted: Wanted,
    *,
    catalogue: Catalogue,
    after: Position | None,
    limit: int,
) -> list[Line]:
    """One more than `limit`, if there is more."""
    rows = await reads.list_cases(session, scope, wanted, after=after, limit=limit)
    return [await _line(session, row, catalogue) for row in rows]


async def _line(session: AsyncSession, row: Row[*tuple[Any, ...]], catalogue: Catalogue) -> Line:
    filed = seals.open_application(means(session).keys, row.case_number, row.application_sealed)
    item = await catalogue.version(session, row.item_code, row.item_version)
    return Line(row, item.name, masked(filed.submission.applicant)["name"])


@dataclass(frozen=True, slots=True)
class Sought:
    """What a window searches by; together they all must hold."""

    case_number: str | None = None
    name: str | None = None
    id_number: str | None = None
    phone: str | None = None


async def search_cases(
    session: AsyncSession,
    scope: Scope,
    sought: Sought,
    narrowed: Wanted,
    *,
    catalogue: Catalogue,
    after: Position | None,
    limit: int,
    at: datetime,
) -> list[Line]:
    """By equality only: what is sealed is found by its blind index. `narrowed` leaves out more."""
    if sought == Sought():
        raise InvalidError([_NOTHING_SOUGHT])
    keys, indexes = means(session).keys, {}
    for kind, value, plain in (
        (blinding.NAME, sought.name, blinding.plain_name),
        (blinding.ID_NUMBER, sought.id_number, blinding.plain_number),
        (blinding.PHONE, sought.phone, blinding.plain_phone),
    ):
        if value:
            indexes[kind] = keys.blinds(kind, plain(value))
    wanted = replace(narrowed, case_number=sought.case_number, indexes=indexes)
    found = await list_cases(session, scope, wanted, catalogue=catalogue, after=after, limit=limit)
    await trail.record(
        session,
        action="cases-searched",
        at=at,
        case_number=sought.case_number,
        resource="cases",
        facts={"by": ",".join(sorted(indexes)) or "case_number", "found": len(found)},
    )
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """What anybody with the code may see."""

    case: CaseRow
    item: ItemVersion
    steps: Sequence[Step]
    request: Request | None


async def read_progress(session: AsyncSession, code: str, catalogue: Catalogue) -> Progress:
    if not tracking_codes.is_valid(code):
        raise NotFoundError
    plain = tracking_codes.normalise(code)
    case = await reads.case_by_tracking(
        session, means(session).keys.blinds(blinding.TRACKING, plain)
    )
    if case is None:
        raise NotFoundError
    rows = await reads.steps_of(session, case.case_number)
    names = await places.names_of(session, [row.location for row in rows if row.location])
    happened = [
        Happening(What(row.what), row.at, names.get(row.location or ""), row.until) for row in rows
    ]
    kept = await promises.of_case(session, case.case_number)
    deferred = [_last_day(row) for row in kept if row.kind == "deferral" and row.kept_at is None]
    return Progress(
        case=case,
        item=await catalogue.version(session, case.item_code, case.item_version),
        steps=progress.steps(happened),
        request=progress.request(
            news.picture_of(case),
            deferred_until=min((day for day in deferred if day is not None), default=None),
        ),
    )


def _last_day(row: PromiseRow) -> date | None:
    """What was broken has the day of its second term, or none any more."""
    return row.due_on if row.broken_at is None else row.expires_on
