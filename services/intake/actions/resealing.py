"""Everything that intake keeps sealed, for the day on which the keys are rotated."""

from typing import Any, Final

from sqlalchemy import Row, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import blinding
from services.intake.actions.seals import Filed
from services.intake.models import (
    CaseRow,
    ContentRow,
    CorrectionRow,
    HandedInRow,
    HoldRow,
    LetterRow,
    MaterialRow,
    NoticeRow,
    PaymentRow,
    PromiseRow,
    RequestRow,
    SignedPaperRow,
)
from shared.means import means
from shared.retention.blanking import is_blank
from shared.security.resealing import Sealed


async def _find_by_person(session: AsyncSession, row: Row[Any], opened: bytes) -> None:
    keys = means(session).keys
    submission = Filed.model_validate_json(opened).submission
    if is_blank(submission.applicant.name):
        return
    applicant, acting = submission.applicant, submission.representative
    phone = applicant.phone or (acting.phone if acting else None)
    number = blinding.number_index(keys, applicant.id_number)
    await session.execute(
        update(CaseRow)
        .where(CaseRow.case_number == row.case_number)
        .values(
            name_index=blinding.name_index(keys, applicant.name),
            id_number_index=number,
            phone_index=blinding.phone_index(keys, phone),
            representative_index=blinding.number_index(keys, acting.id_number if acting else None),
        )
    )
    await session.execute(
        update(PromiseRow)
        .where(PromiseRow.case_number == row.case_number, PromiseRow.id_number_index.is_not(None))
        .values(id_number_index=number)
    )


async def _find_by_code(session: AsyncSession, row: Row[Any], opened: bytes) -> None:
    index = means(session).keys.blind(blinding.TRACKING, opened.decode())
    await session.execute(
        update(CaseRow).where(CaseRow.case_number == row.case_number).values(tracking_index=index)
    )


SEALED: Final = (
    Sealed(
        CaseRow.application_sealed,
        "intake.case_file.application:{case_number}",
        follow=_find_by_person,
        since=CaseRow.received_at,
    ),
    Sealed(
        CaseRow.tracking_sealed,
        "intake.case_file.tracking:{case_number}",
        follow=_find_by_code,
        since=CaseRow.received_at,
    ),
    Sealed(MaterialRow.e_certificate_sealed, "intake.case_material.e_certificate:{material_id}"),
    Sealed(ContentRow.key_sealed, "{store_key}", "files"),
    Sealed(NoticeRow.faults_sealed, "intake.case_notice.faults:{notice_id}"),
    Sealed(LetterRow.said_sealed, "intake.case_letter.said:{letter_id}"),
    Sealed(HandedInRow.instructions, "intake.handed_in.instructions:{partner}:{webhook_id}"),
    Sealed(RequestRow.content_sealed, "intake.case_request.content:{request_id}"),
    Sealed(CorrectionRow.said_sealed, "intake.case_correction.said:{correction_id}"),
    Sealed(PaymentRow.payer_sealed, "intake.case_payment.payer:{payment_id}"),
    Sealed(SignedPaperRow.key_sealed, "{store_key}", "files"),
    Sealed(HoldRow.said_sealed, "intake.case_hold.said:{hold_id}"),
)

# Digests and indexes, which open nothing and are made anew with what they are of.
PLAIN: Final = frozenset(
    {
        "case_file.tracking_index",
        "case_file.name_index",
        "case_file.id_number_index",
        "case_file.phone_index",
        "case_file.representative_index",
        "case_content.sha256",
        "case_signed_paper.sha256",
        "case_promise.id_number_index",
    }
)
