"""核验 at the counter that was said after the case was taken: who, when, how."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import applications, asking, seals
from services.intake.actions.filing import SHOWN
from services.intake.domain import cases, messages, verifications
from services.intake.domain.cases import Act, Status, What
from services.intake.domain.submissions import CheckIn
from services.intake.models import CaseRow, VerificationRow
from services.intake.queries import cases as reads
from services.intake.queries.catalogue import Catalogue
from shared.audit import trail
from shared.errors import InvalidError
from shared.http import etags
from shared.means import means, origin
from shared.messaging import outbox
from shared.security.grants import Scope


async def note_verifications(
    session: AsyncSession,
    number: str,
    checks: Sequence[CheckIn],
    *,
    scope: Scope,
    if_match: str | None,
    catalogue: Catalogue,
    at: datetime,
) -> list[VerificationRow]:
    """Papers that came with a supplement lie on the counter as well."""
    case = await reads.lock_case(session, number, scope)
    etags.require(if_match, case.version)
    cases.must_allow(Status(case.status), Act.VERIFY)
    filed = seals.open_application(means(session).keys, number, case.application_sealed)
    there = verifications.counter(filed.submission)
    item = await catalogue.version(session, case.item_code, case.item_version)
    faults = list(verifications.find(checks, there, item))
    if not checks:
        faults.append(messages.fault("/verifications", "verification-empty"))
    if faults:
        raise InvalidError(faults)
    homeless = Status(case.status) in cases.HOMELESS
    rows = [
        VerificationRow(
            verification_id=each.verification_id,
            case_number=number,
            subject=each.subject,
            how=each.how,
            became=each.became and (SHOWN if homeless else each.became),
            verified_at=at,
            verified_by=origin(session).actor,
            location=case.receiving_location,
        )
        for each in applications.checked(filed.submission, item, checks)
    ]
    await _keep(session, case, rows, checks, at=at)
    return rows


async def _keep(
    session: AsyncSession,
    case: CaseRow,
    rows: Sequence[VerificationRow],
    checks: Sequence[CheckIn],
    *,
    at: datetime,
) -> None:
    keys, number = means(session).keys, case.case_number
    filed = seals.open_application(keys, number, case.application_sealed)
    now = {check.of: check for check in (*filed.submission.verifications, *checks)}
    submission = filed.submission.model_copy(update={"verifications": tuple(now.values())})
    case.application_sealed = seals.seal_application(
        keys, number, submission, received_by=filed.received_by
    )
    session.add_all(rows)
    await asking.note(session, case, What.VERIFIED, at=at)
    await trail.record(
        session,
        action="counter-verified",
        at=at,
        case_number=number,
        resource=f"case:{number}",
        facts={row.subject: row.how for row in rows},
    )
    if case.status != Status.RECEIVED_INCOMPLETE:
        fields = ["/verifications"]
        told = applications.amended(number, submission, cause="verification", fields=fields, at=at)
        await outbox.record_many(session, [told])
