"""Everything that intake keeps sealed, for the day on which the keys are rotated."""

from typing import Any, Final

from sqlalchemy import Row
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
from shared.db.base import table_of
from shared.means import means
from shared.retention.blanking import is_blank
from shared.security.blind_indexes import make_ready
from shared.security.resealing import Sealed


async def _find_by_person(session: AsyncSession, row: Row[Any], opened: bytes) -> bool:
    submission = Filed.model_validate_json(opened).submission
    if is_blank(submission.applicant.name):
        return False
    indexes = blinding.of_people(means(session).keys, submission)
    found = await make_ready(session, _CASE, _CASE.c.case_number == row.case_number, **indexes)
    promised = await make_ready(
        session,
        _PROMISE,
        _PROMISE.c.case_number == row.case_number,
        id_number_index=indexes["id_number_index"],
    )
    return found or promised


async def _find_by_code(session: AsyncSession, row: Row[Any], opened: bytes) -> bool:
    index = means(session).keys.blind(blinding.TRACKING, opened.decode())
    return await make_ready(
        session, _CASE, _CASE.c.case_number == row.case_number, tracking_index=index
    )


_CASE, _PROMISE = table_of(CaseRow), table_of(PromiseRow)

SEALED: Final = (
    Sealed(
        CaseRow.application_sealed,
        "intake.case_file.application:{case_number}",
        follow=_find_by_person,
        finds=(
            *(_CASE.c.name_index, _CASE.c.id_number_index, _CASE.c.phone_index),
            *(_CASE.c.representative_index, _PROMISE.c.id_number_index),
        ),
        # A bar that still holds stays found by the key of its time.
        blank_since=CaseRow.erased_at,
    ),
    Sealed(
        CaseRow.tracking_sealed,
        "intake.case_file.tracking:{case_number}",
        follow=_find_by_code,
        finds=(_CASE.c.tracking_index,),
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
        *("case_file.tracking_index", "case_file.tracking_index_next"),
        *("case_file.name_index", "case_file.name_index_next"),
        *("case_file.id_number_index", "case_file.id_number_index_next"),
        *("case_file.phone_index", "case_file.phone_index_next"),
        *("case_file.representative_index", "case_file.representative_index_next"),
        *("case_promise.id_number_index", "case_promise.id_number_index_next"),
        *("case_content.sha256", "case_signed_paper.sha256"),
    }
)
