"""What an office has decided, as the letter it owes the applicant: facts, never its seal."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypedDict

from services.intake.actions.dossier import Dossier, Sent, Told
from services.intake.domain import papers, receipts
from services.intake.domain.deferrals import Kind
from services.intake.domain.papers import Letter, Paper
from services.intake.domain.receipts import Note
from services.intake.domain.words import DeliveryMethod
from shared.clock import local_date
from shared.documents.letters import (
    Acceptance,
    Delivered,
    DeliveryProof,
    Denial,
    Extension,
    Gap,
    Ground,
    Notice,
    NoticeTitle,
    Refusal,
    SpecialProcedure,
)
from shared.documents.parts import Document, Material, Matter, Office, Person, Remedies

_HEAD = "本机关负责人"
_PROVISIONAL = "（当年放假安排尚未公布，期限可能调整）"


class _Head(TypedDict):
    """How every letter begins."""

    number: str
    case_number: str
    matter: Matter
    addressee: Person
    authority: Office
    handled_by: Office | None


def _head(found: Dossier, paper: Paper, sent: Sent, *, by: str | None = None) -> _Head:
    delegated = by is not None and by != sent.location
    number = found.case.case_number
    return _Head(
        number=papers.number_of(number, paper, sent.place),
        case_number=number,
        matter=found.matter,
        addressee=found.applicant(whole=False),
        authority=found.office(sent.location),
        handled_by=found.office(by) if by and delegated else None,
    )


def notice(found: Dossier, told: Told) -> Notice:
    """The window's own 一次性告知书, or what the handling place wants mended."""
    row, number = told.row, found.case.case_number
    own = row.handoff_id is None
    return Notice(
        number=papers.number_of(number, Paper.NOTICE, told.place),
        case_number=number,
        matter=found.matter,
        addressee=found.applicant(whole=False),
        authority=found.office(row.location),
        title=NoticeTitle.AT_WINDOW if own else NoticeTitle.SUPPLEMENT,
        gaps=tuple(
            Gap(found.name_of(code) if (code := fault.get("material_code")) else "", fault["text"])
            for fault in told.faults
        ),
        received_on=found.received_on,
        issued_on=local_date(row.issued_at),
        due_on=row.supplement_due_on,
        bring_to=found.window,
        first_asked=f"{found.received_by}（{found.window.name}）",
        consequence=_consequence(found, told),
        repeated=(row.number or 1) > 1,
    )


def _consequence(found: Dossier, told: Told) -> str:
    if told.row.handoff_id is None:
        return papers.REGISTERED
    return papers.unmended(found.item) if told.row.supplement_due_on else ""


def acceptance(found: Dossier, sent: Sent) -> Acceptance:
    item, case = found.item, found.case
    limit = papers.limit(item)
    # What came in a supplement takes the place of what was there before.
    given = {
        (line.material_code, line.form): line for line in receipts.lines(found.submission, item)
    }
    return Acceptance(
        **_head(found, Paper.ACCEPTANCE, sent, by=sent.said.by_location),
        received_on=found.received_on,
        accepted_on=local_date(sent.issued_at),
        limit=limit + _PROVISIONAL if case.due_provisional else limit,
        due_on=sent.said.due_on,
        special_procedures=tuple(each.name for each in item.special_procedures),
        materials=tuple(
            Material(line.name, line.form.zh, line.count, line.note.zh)
            for line in given.values()
            if line.form is not None
        ),
        deferred=tuple(
            Material(found.name_of(row.material_code), note=Note.DEFERRED.zh)
            for row in found.promises
            if row.kind == Kind.DEFERRAL and row.kept_at is None
        ),
        fee=papers.fee(item.fee),
        delivery=papers.delivery(case.delivery_method, item),
    )


def refusal(found: Dossier, sent: Sent) -> Refusal:
    said = sent.said
    return Refusal(
        **_head(found, Paper.REFUSAL, sent),
        ground=_ground(said.ground),
        competent_authority=said.competent_authority or "",
        reason=papers.sentence(said.reason),
        received_on=found.received_on,
        refused_on=local_date(sent.issued_at),
        remedies=Remedies(words=said.remedies),
    )


def _ground(told: str | None) -> Ground:
    """A ground that this release does not know yet is still a refusal."""
    return Ground(told) if told in set(Ground) else Ground.OTHER


def extension(found: Dossier, sent: Sent) -> Extension:
    said = sent.said
    return Extension(
        **_head(found, Paper.EXTENSION, sent),
        accepted_on=found.accepted_on,
        was_due_on=said.was_due_on,
        due_on=said.due_on,
        working_days=said.working_days or 0,
        reason=papers.sentence(said.reason),
        approved_by=_HEAD,
        issued_on=local_date(sent.issued_at),
    )


def special_procedure(found: Dossier, sent: Sent) -> SpecialProcedure:
    said, day = sent.said, local_date(sent.issued_at)
    names = {each.code: each.name for each in found.item.special_procedures}
    return SpecialProcedure(
        **_head(found, Paper.SPECIAL_PROCEDURE, sent),
        accepted_on=found.accepted_on,
        procedure=names.get(said.procedure or "", said.procedure or ""),
        working_days=said.working_days or 0,
        begins_on=day,
        reason=papers.sentence(said.reason),
        issued_on=day,
    )


def denial(found: Dossier, sent: Sent) -> Denial:
    said = sent.said
    return Denial(
        **_head(found, Paper.DENIAL, sent),
        accepted_on=found.accepted_on,
        decided_on=local_date(sent.issued_at),
        reason=papers.sentence(said.reason),
        remedies=Remedies(words=said.remedies),
    )


def delivery_proof(found: Dossier, sent: Sent) -> DeliveryProof:
    """What was handed over is known; who took it, when and on what proof is filled in by hand
    unless it was delivered already."""
    case = found.case
    return DeliveryProof(
        number=papers.number_of(case.case_number, Paper.DELIVERY_PROOF),
        case_number=case.case_number,
        matter=found.matter,
        recipient=found.applicant(whole=True),
        authority=found.office(sent.location),
        papers=(_delivered(found, sent),),
        method=papers.way_of_delivery(case.delivery_method),
        place=_place(found, sent),
        delivered_at=case.delivered_at if sent.kind is Letter.DECISION else None,
    )


def _delivered(found: Dossier, sent: Sent) -> Delivered:
    if sent.kind is Letter.REFUSAL:
        paper = Paper.REFUSAL
    elif sent.said.result == "denied":
        paper = Paper.DENIAL
    else:
        granted = sent.said.certificate
        return Delivered(granted.name, granted.number) if granted else Delivered("办理结果告知书")
    number = papers.number_of(found.case.case_number, paper, sent.place)
    return Delivered(papers.title_of(paper, found.item), number)


def _place(found: Dossier, sent: Sent) -> str:
    delivery = found.submission.delivery
    if delivery is None or delivery.method is DeliveryMethod.ELECTRONIC:
        return ""
    if delivery.method is DeliveryMethod.POST:
        return delivery.address or ""
    at_window = delivery.method is DeliveryMethod.WINDOW_PICKUP
    return found.window.name if at_window else found.office(sent.location).name


OF_LETTERS: Mapping[Paper, Callable[[Dossier, Sent], Document]] = MappingProxyType(
    {
        Paper.ACCEPTANCE: acceptance,
        Paper.REFUSAL: refusal,
        Paper.EXTENSION: extension,
        Paper.SPECIAL_PROCEDURE: special_procedure,
        Paper.DENIAL: denial,
        Paper.DELIVERY_PROOF: delivery_proof,
    }
)
