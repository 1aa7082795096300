"""The papers that the window itself prints: receipt, lists, what the applicant signs."""

from datetime import datetime

from services.intake.actions.dossier import Dossier, entered
from services.intake.domain import checklists, papers, receipts, verifications
from services.intake.domain.cases import HOMELESS, Status
from services.intake.domain.checklists import Entry
from services.intake.domain.deferrals import Kind
from services.intake.domain.items import Exemption
from services.intake.domain.items import Material as Wanted
from services.intake.domain.papers import Paper
from services.intake.domain.receipts import Line, Note
from services.intake.domain.words import Custody, How, MaterialForm
from services.intake.models import PromiseRow
from shared.clock import local_date
from shared.documents.letters import Commitment, DeferralPromise, Receipt
from shared.documents.lists import Checklist, Needed, Received, ReceivedMaterials
from shared.documents.parts import Material
from shared.documents.plain import chinese_date
from shared.identity import tracking_codes

_STAYS = "收存的原件随办件流转，办结后按规定留存或者退还。"
_INCOMPLETE = "本次仅作登记：材料尚未齐全，请按一次性告知书补齐；补齐之后正式收件。"


def receipt(found: Dossier, *, public_url: str) -> Receipt:
    case, brought = found.case, found.brought()
    lines = receipts.lines(found.submission.model_copy(update={"materials": brought}), found.item)
    if Status(case.status) in HOMELESS:
        lines = receipts.given_back(lines)
    incomplete = case.status == Status.RECEIVED_INCOMPLETE
    remarks = [_INCOMPLETE] if incomplete else []
    remarks += _verified(found)
    if any(line.note is Note.HANDED_IN for line in lines):
        remarks.append(_STAYS)
    handling = found.handling
    code = tracking_codes.grouped(found.tracking_code)
    return Receipt(
        case_number=case.case_number,
        tracking_code=code,
        progress_url=f"{public_url.rstrip('/')}/intake/progress/{code}",
        matter=found.matter,
        mode=found.submission.mode.zh,
        applicant=found.applicant(whole=False),
        representative=found.representative(whole=False),
        window=found.window,
        handled_at=handling.name if handling else "正在确定，可凭查询码查询",
        received_at=case.received_at,
        received_by=found.received_by,
        materials=tuple(_line(line) for line in lines),
        missing=_missing(found) if incomplete else (),
        limit=papers.limit(found.item),
        delivery=papers.delivery(case.delivery_method, found.item),
        remarks=tuple(remarks),
    )


def _verified(found: Dossier) -> list[str]:
    """核验: what was looked at, and how; who and when stand on the receipt already."""
    by_way: dict[str, list[str]] = {}
    for row in found.verifications:
        by_way.setdefault(How(row.how).zh, []).append(verifications.named(row.subject, found.item))
    said = "；".join(f"{'、'.join(names)}（{way}）" for way, names in by_way.items())
    return [f"窗口核验：{said}。"] if said else []


def materials_list(found: Dossier, *, at: datetime) -> ReceivedMaterials:
    mode = found.submission.mode
    return ReceivedMaterials(
        case_number=found.case.case_number,
        matter=found.matter,
        applicant=found.applicant(whole=False),
        window=found.window,
        materials=tuple(
            Received(
                found.name_of(row.code),
                MaterialForm(row.form).zh,
                row.count,
                local_date(row.given_at),
                receipts.note(entered(row), found.item, mode).zh,
            )
            for row in found.materials
        ),
        promised=tuple(
            Material(found.name_of(row.material_code), note=_awaited(row))
            for row in found.promises
            if row.kept_at is None
        ),
        printed_at=at,
    )


def checklist(found: Dossier, *, at: datetime) -> Checklist:
    """For this applicant in this mode, by the version that the case is pinned to."""
    submission, item = found.submission, found.item
    acting = submission.representative
    return Checklist(
        matter=found.matter,
        version=str(item.version),
        mode=submission.mode.zh,
        situation=f"{submission.applicant.kind.zh}，"
        + (f"由{acting.capacity.zh}办理" if acting else "本人办理"),
        authority=found.authority.name,
        window=found.window,
        materials=tuple(_needed(entry) for entry in _entries(found) if entry.needed),
        limit=papers.limit(item),
        fee=papers.fee(item.fee),
        delivery="、".join(method.zh for method in item.result.delivery),
        printed_on=local_date(at),
    )


def deferral(found: Dossier) -> DeferralPromise:
    promised = [row for row in found.promises if row.kind == Kind.DEFERRAL]
    days = [row.due_on for row in promised if row.due_on is not None]
    return DeferralPromise(
        number=papers.number_of(found.case.case_number, Paper.DEFERRAL),
        case_number=found.case.case_number,
        matter=found.matter,
        applicant=found.applicant(whole=True),
        representative=found.representative(whole=True),
        authority=found.authority,
        window=found.window,
        deferred=_promised(found, Kind.DEFERRAL, Note.DEFERRED),
        due_on=min(days, default=None),
        consequence=papers.unkept(found.item),
        barred=papers.broken(found.item),
    )


def commitment(found: Dossier) -> Commitment:
    item = found.item
    return Commitment(
        number=papers.number_of(found.case.case_number, Paper.COMMITMENT),
        case_number=found.case.case_number,
        matter=found.matter,
        applicant=found.applicant(whole=True),
        representative=found.representative(whole=True),
        authority=found.authority,
        conditions=("符合本事项办事指南公布的条件", *item.credit_conditions),
        replaced=_promised(found, Kind.COMMITMENT, Note.COMMITTED),
        later_check=papers.later_check(item),
        liability=papers.liability(item),
        promise=f"（五）{item.commitment.text}" if item.commitment.text else "",
    )


def _line(line: Line) -> Material:
    form = line.form.zh if line.form else ""
    return Material(line.name, form, line.count or None, line.note.zh)


def _awaited(row: PromiseRow) -> str:
    if row.kind == Kind.COMMITMENT:
        return Note.COMMITTED.zh
    return f"容缺，{chinese_date(row.due_on)}以前补交" if row.due_on else Note.DEFERRED.zh


def _promised(found: Dossier, kind: Kind, note: Note) -> tuple[Material, ...]:
    return tuple(
        Material(found.name_of(row.material_code), note=note.zh)
        for row in found.promises
        if row.kind == kind
    )


def _entries(found: Dossier) -> list[Entry]:
    situation = checklists.situation(found.submission, found.received_on)
    return checklists.checklist(found.item, situation)


def _missing(found: Dossier) -> tuple[Material, ...]:
    """What is needed and neither brought nor promised."""
    here = {row.code for row in found.materials} | {row.material_code for row in found.promises}
    return tuple(
        Material(entry.material.name, _forms(entry.material), None, _why(entry))
        for entry in _entries(found)
        if entry.needed and entry.material.code not in here
    )


def _needed(entry: Entry) -> Needed:
    material = entry.material
    return Needed(
        material.name,
        "\n".join(form.zh for form in material.forms),
        _count(material),
        material.issuer,
        material.filling_note,
        _why(entry),
        "、".join(_spared(exemption) for exemption in material.exempt_via),
        material.deferrable is not None,
    )


def _why(entry: Entry) -> str:
    return f"{entry.why.zh}的须交" if entry.why.zh else ""


def _spared(exemption: Exemption) -> str:
    by = "电子证照" if exemption.kind == "e_certificate" else "数据共享"
    return f"{exemption.name}（{by}）"


def _forms(material: Wanted) -> str:
    return "、".join(form.zh for form in material.forms)


def _count(material: Wanted) -> str:
    said = []
    if material.originals:
        kept = "" if material.custody is Custody.NONE else f"（{material.custody.zh}）"
        said.append(f"原件{material.originals}份{kept}")
    if material.copies:
        said.append(f"复印件{material.copies}份")
    return "\n".join(said) or "1份"
