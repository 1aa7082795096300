"""Where each sealed column of intake is bound to its row: sealed bytes open nowhere else."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic_core import from_json, to_json

from services.intake.domain.papers import Said
from services.intake.domain.submissions import SubmissionIn
from shared.security.keys import Keyring


class Filed(BaseModel):
    """What is sealed in `case_file.application_sealed`."""

    model_config = ConfigDict(frozen=True)

    submission: SubmissionIn
    received_by: str | None = None


def _application(number: str) -> str:
    return f"intake.case_file.application:{number}"


def seal_application(
    keys: Keyring, number: str, submission: SubmissionIn, *, received_by: str | None
) -> bytes:
    filed = Filed(submission=submission, received_by=received_by)
    content = filed.model_dump_json(exclude_none=True).encode()
    return keys.seal("fields", content, context=_application(number))


def open_application(keys: Keyring, number: str, sealed: bytes) -> Filed:
    opened = keys.open("fields", sealed, context=_application(number))
    return Filed.model_validate_json(opened)


def seal_tracking(keys: Keyring, number: str, code: str) -> bytes:
    return keys.seal("fields", code.encode(), context=f"intake.case_file.tracking:{number}")


def open_tracking(keys: Keyring, number: str, sealed: bytes) -> str:
    context = f"intake.case_file.tracking:{number}"
    return keys.open("fields", sealed, context=context).decode()


def seal_certificate(keys: Keyring, material_id: UUID, identifier: str | None) -> bytes | None:
    if identifier is None:
        return None
    context = f"intake.case_material.e_certificate:{material_id}"
    return keys.seal("fields", identifier.encode(), context=context)


def seal_faults(keys: Keyring, notice_id: UUID, faults: JsonValue) -> bytes:
    return keys.seal("fields", to_json(faults), context=f"intake.case_notice.faults:{notice_id}")


def open_faults(keys: Keyring, notice_id: UUID, sealed: bytes) -> list[dict[str, Any]]:
    context = f"intake.case_notice.faults:{notice_id}"
    opened: list[dict[str, Any]] = from_json(keys.open("fields", sealed, context=context))
    return opened


def seal_letter(keys: Keyring, letter_id: UUID, said: BaseModel) -> bytes:
    context = f"intake.case_letter.said:{letter_id}"
    return keys.seal("fields", said.model_dump_json().encode(), context=context)


def open_letter(keys: Keyring, letter_id: UUID, sealed: bytes) -> Said:
    context = f"intake.case_letter.said:{letter_id}"
    return Said.model_validate_json(keys.open("fields", sealed, context=context))


def seal_correction(keys: Keyring, correction_id: UUID, said: JsonValue) -> bytes:
    context = f"intake.case_correction.said:{correction_id}"
    return keys.seal("fields", to_json(said), context=context)


def open_correction(keys: Keyring, correction_id: UUID, sealed: bytes) -> dict[str, Any]:
    context = f"intake.case_correction.said:{correction_id}"
    opened: dict[str, Any] = from_json(keys.open("fields", sealed, context=context))
    return opened


def seal_payer(keys: Keyring, payment_id: UUID, payer: str | None) -> bytes | None:
    if payer is None:
        return None
    context = f"intake.case_payment.payer:{payment_id}"
    return keys.seal("fields", payer.encode(), context=context)


def open_payer(keys: Keyring, payment_id: UUID, sealed: bytes | None) -> str | None:
    if sealed is None:
        return None
    context = f"intake.case_payment.payer:{payment_id}"
    return keys.open("fields", sealed, context=context).decode()


def seal_request(keys: Keyring, request_id: UUID, content: JsonValue) -> bytes:
    context = f"intake.case_request.content:{request_id}"
    return keys.seal("fields", to_json(content), context=context)


def open_request(keys: Keyring, request_id: UUID, sealed: bytes) -> JsonValue:
    context = f"intake.case_request.content:{request_id}"
    opened: JsonValue = from_json(keys.open("fields", sealed, context=context))
    return opened


def seal_hold(keys: Keyring, hold_id: UUID, said: JsonValue) -> bytes:
    return keys.seal("fields", to_json(said), context=f"intake.case_hold.said:{hold_id}")


def open_hold(keys: Keyring, hold_id: UUID, sealed: bytes) -> dict[str, Any]:
    context = f"intake.case_hold.said:{hold_id}"
    opened: dict[str, Any] = from_json(keys.open("fields", sealed, context=context))
    return opened
