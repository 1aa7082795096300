"""Puts a case on file: the case, its papers, its first step, the audit row and the announcement go
to the database in one statement, since every window waits for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.domain import verifications
from services.intake.domain.cases import What
from services.intake.domain.receipts import Note
from shared.audit import trail
from shared.audit.trail import AUDITING
from shared.chance import new_id
from shared.http.idempotency import KEEPING
from shared.messaging import outbox
from shared.messaging.outbox import RECORDING, Announcement

_CASE = (
    "case_number",
    "tracking_index",
    "tracking_sealed",
    "item_code",
    "item_version",
    "mode",
    "channel",
    "receiving_location",
    "receiving_division",
    "received_by",
    "received_at",
    "priority",
    "chosen_basis",
    "delivery_method",
    "applicant_kind",
    "name_index",
    "id_number_index",
    "phone_index",
    "representative_index",
    "application_sealed",
    "status",
    "next_actor",
    "asked_until",
    "changed_at",
)

_MATERIALS = """
    SELECT material_id, :case_number, code, form, count, certificate, earlier, spared,
        CAST(:supplement_id AS uuid), :received_at
    FROM unnest(
        CAST(:material_ids AS uuid[]), CAST(:material_codes AS text[]),
        CAST(:material_forms AS text[]), CAST(:material_counts AS integer[]),
        CAST(:material_certificates AS bytea[]), CAST(:material_earlier AS text[]),
        CAST(:material_spared AS text[])
    ) AS given (material_id, code, form, count, certificate, earlier, spared)
"""

# CTEs that write run whether or not they are read.
_FILING = f"""
filed AS (
    INSERT INTO case_file ({", ".join(_CASE)}, basis, ground)
    VALUES ({", ".join(f":{name}" for name in _CASE)}, CAST(:basis AS jsonb),
        CAST(:ground AS jsonb))
),
materials AS (
    INSERT INTO case_material (material_id, case_number, code, form, count, e_certificate_sealed,
        earlier_case, spared, supplement_id, given_at)
    {_MATERIALS}
),
originals AS (
    INSERT INTO case_original (original_id, case_number, material_code, supplement_id)
    SELECT original_id, :case_number, material_code, CAST(:supplement_id AS uuid)
    FROM unnest(CAST(:original_ids AS uuid[]), CAST(:original_codes AS text[]))
        AS given (original_id, material_code)
),
promises AS (
    INSERT INTO case_promise
        (case_number, kind, material_code, id_number_index, promised_at, due_on, expires_on)
    SELECT :case_number, kind, material_code, :id_number_index, :received_at, due_on, expires_on
    FROM unnest(
        CAST(:promise_kinds AS text[]), CAST(:promise_codes AS text[]),
        CAST(:promise_days AS date[]), CAST(:promise_ends AS date[])
    ) AS given (kind, material_code, due_on, expires_on)
),
verifications AS (
    INSERT INTO case_verification (verification_id, case_number, subject, how, became, verified_at,
        verified_by, location)
    SELECT verification_id, :case_number, subject, how, became, :received_at, :received_by,
        :receiving_location
    FROM unnest(
        CAST(:check_ids AS uuid[]), CAST(:check_subjects AS text[]), CAST(:check_hows AS text[]),
        CAST(:check_becames AS text[])
    ) AS given (verification_id, subject, how, became)
),
step AS (
    INSERT INTO case_step (step_id, case_number, at, what, location)
    VALUES (:step_id, :case_number, :received_at, :what, :receiving_location)
),
{AUDITING},
notices AS (
    INSERT INTO case_notice (notice_id, case_number, location, issued_at, supplement_due_on,
        faults_sealed)
    SELECT notice_id, :case_number, :receiving_location, :received_at, :asked_until, faults
    FROM unnest(CAST(:notice_ids AS uuid[]), CAST(:notice_faults AS bytea[]))
        AS given (notice_id, faults)
),
{RECORDING}
"""

_FILE = text(f"WITH {_FILING} SELECT 1")
_FILE_ONCE = text(f"WITH {KEEPING}, {_FILING} SELECT 1")


@dataclass(frozen=True, slots=True)
class Paper:
    material_id: UUID
    code: str
    form: str
    count: int
    e_certificate_sealed: bytes | None
    earlier_case: str | None
    spared: str | None


@dataclass(frozen=True, slots=True)
class Original:
    original_id: UUID
    material_code: str


@dataclass(frozen=True, slots=True)
class Promised:
    """`expires_on`: the last day before something follows by itself."""

    kind: str
    material_code: str
    due_on: date | None
    expires_on: date | None


SHOWN = verifications.BECAME[Note.SHOWN]


@dataclass(frozen=True, slots=True)
class Checked:
    """An identity or an original, verified; `became` of the paper: shown, or handed in."""

    verification_id: UUID
    subject: str
    how: str
    became: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """The window's own, about what is missing from the start."""

    notice_id: UUID
    faults_sealed: bytes


@dataclass(frozen=True, slots=True)
class Papers:
    """What lies on the counter: the papers as entered, and each original as a thing of its own."""

    papers: Sequence[Paper] = ()
    originals: Sequence[Original] = ()
    promises: Sequence[Promised] = field(default=())
    checks: Sequence[Checked] = ()

    def only_registered(self) -> "Papers":
        """Of a visit at which papers were missing: its promises begin when it is completed, and
        until then nobody handles it, so no original stays here."""
        promises = [replace(each, expires_on=None) for each in self.promises]
        checks = [replace(each, became=each.became and SHOWN) for each in self.checks]
        return replace(self, promises=promises, originals=(), checks=checks)


async def file_case(
    session: AsyncSession,
    columns: dict[str, Any],
    papers: Papers,
    *,
    what: What,
    announcements: Sequence[Announcement],
    audit: dict[str, Any],
    notices: Sequence[Notice] = (),
    once: Mapping[str, Any] | None = None,
) -> None:
    """`columns` are those of the case; `audit` is the trail's entry about it; `once` keeps the
    caller's key with what was answered."""
    await session.execute(
        _FILE if once is None else _FILE_ONCE,
        {
            **(once or {}),
            **columns,
            "basis": to_json(columns["basis"]).decode(),
            "ground": to_json(columns["ground"]).decode(),
            **_of_papers(papers),
            "step_id": new_id(),
            "what": what.value,
            **trail.auditing(audit),
            "notice_ids": [each.notice_id for each in notices],
            "notice_faults": [each.faults_sealed for each in notices],
            **outbox.recording(session, announcements),
        },
    )


def _of_papers(papers: Papers) -> dict[str, Any]:
    return {
        "supplement_id": None,
        "material_ids": [each.material_id for each in papers.papers],
        "material_codes": [each.code for each in papers.papers],
        "material_forms": [each.form for each in papers.papers],
        "material_counts": [each.count for each in papers.papers],
        "material_certificates": [each.e_certificate_sealed for each in papers.papers],
        "material_earlier": [each.earlier_case for each in papers.papers],
        "material_spared": [each.spared for each in papers.papers],
        "original_ids": [each.original_id for each in papers.originals],
        "original_codes": [each.material_code for each in papers.originals],
        "promise_kinds": [each.kind for each in papers.promises],
        "promise_codes": [each.material_code for each in papers.promises],
        "promise_days": [each.due_on for each in papers.promises],
        "promise_ends": [each.expires_on for each in papers.promises],
        "check_ids": [each.verification_id for each in papers.checks],
        "check_subjects": [each.subject for each in papers.checks],
        "check_hows": [each.how for each in papers.checks],
        "check_becames": [each.became for each in papers.checks],
    }
