"""A clerical error is put right at the window before acceptance; what stood there is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import applications, asking, blinding, circumstances, seals
from services.intake.actions.circumstances import Counter
from services.intake.actions.supplements import Desk
from services.intake.domain import cases, corrections, deficiencies, readings
from services.intake.domain.cases import Act, Status, What
from services.intake.domain.corrections import Correction
from services.intake.domain.submissions import SubmissionIn
from services.intake.models import CaseRow, CorrectionRow, PromiseRow
from services.intake.queries import cases as reads
from services.intake.queries.places import find_place
from shared.audit import trail
from shared.chance import new_id
from shared.clock import local_date
from shared.errors import Fault, InvalidError
from shared.http import etags
from shared.means import means, origin
from shared.messaging import outbox
from shared.security.grants import Scope


@dataclass(frozen=True, slots=True)
class Corrected:
    correction_id: UUID
    case_number: str
    fields: Sequence[str]
    corrected_at: datetime
    version: int


async def correct_case(
    session: AsyncSession,
    number: str,
    raw: object,
    *,
    desk: Desk,
    scope: Scope,
    if_match: str | None,
) -> Corrected:
    case = await reads.lock_case(session, number, scope)
    etags.require(if_match, case.version)
    cases.must_allow(Status(case.status), Act.CORRECT)
    filed = seals.open_application(means(session).keys, number, case.application_sealed)
    correction = corrections.read(raw, applications.written(filed.submission))
    submission = await _judged(session, case, correction, desk)
    case.application_sealed = seals.seal_application(
        means(session).keys, number, submission, received_by=filed.received_by
    )
    await _index(session, case, submission)
    await asking.note(session, case, What.CORRECTED, at=desk.at)
    return await _announce(session, case, submission, correction, at=desk.at)


async def _judged(
    session: AsyncSession, case: CaseRow, correction: Correction, desk: Desk
) -> SubmissionIn:
    """By the version the case is pinned to; what the correction does not touch is not judged."""
    whole = {key: value for key, value in correction.whole.items() if key != "keep_incomplete"}
    reading = readings.read(whole)
    item = await desk.catalogue.version(session, case.item_code, case.item_version)
    place = await find_place(session, case.receiving_location, local_date(desk.at))
    counter = Counter(case.receiving_location, place, item, reading, desk.at)
    known = await circumstances.known(session, counter, desk.catalogue)
    found: list[Fault] = [
        fault
        for fault in deficiencies.find(reading, item, known)
        if corrections.touches(correction.changes, fault)
    ]
    if faults := list(dict.fromkeys([*correction.faults, *found])):
        raise InvalidError(faults)
    return reading.whole()


async def _index(session: AsyncSession, case: CaseRow, submission: SubmissionIn) -> None:
    """Searched for by what is right now; a promise is the right person's too."""
    for name, index in blinding.of_people(means(session).keys, submission).items():
        setattr(case, name, index)
    await session.execute(
        update(PromiseRow)
        .where(PromiseRow.case_number == case.case_number)
        .values(id_number_index=case.id_number_index)
    )


async def _announce(
    session: AsyncSession,
    case: CaseRow,
    submission: SubmissionIn,
    correction: Correction,
    *,
    at: datetime,
) -> Corrected:
    number, correction_id = case.case_number, new_id()
    fields = [change.pointer for change in correction.changes]
    said: dict[str, JsonValue] = {
        "reason": correction.reason,
        "before": {change.pointer: change.before for change in correction.changes},
        "after": {change.pointer: change.after for change in correction.changes},
    }
    await session.execute(
        insert(CorrectionRow).values(
            correction_id=correction_id,
            case_number=number,
            corrected_at=at,
            corrected_by=origin(session).actor,
            fields=fields,
            said_sealed=seals.seal_correction(means(session).keys, correction_id, said),
        )
    )
    await trail.record(
        session,
        action="case-corrected",
        at=at,
        case_number=number,
        resource=f"correction:{correction_id}",
        facts={"fields": fields},
    )
    # What was only registered is nobody else's yet; completing it tells how it is by then.
    if case.status != Status.RECEIVED_INCOMPLETE:
        told = applications.amended(number, submission, cause="correction", fields=fields, at=at)
        await outbox.record_many(session, [told])
    return Corrected(correction_id, number, fields, at, case.version)
