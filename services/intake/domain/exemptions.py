"""免证办: what need not be brought, because a certificate or an earlier case holds it already."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.intake.domain.checklists import Entry
from services.intake.domain.items import ItemVersion
from services.intake.domain.messages import Words
from services.intake.domain.submissions import SubmissionIn
from services.intake.domain.words import MaterialForm, Named


class Ground(Named):
    """By what the paper is spared, and how the applicant agreed."""

    PRESENTED = "presented", "申请人出示电子证照"
    CONSENTED = "consented", "经申请人同意调用电子证照"
    EARLIER_CASE = "earlier_case", "经申请人同意使用此前办件的材料"


@dataclass(frozen=True, slots=True)
class Exemption:
    """One paper that was spared; `reference` is sealed wherever it is kept."""

    material_code: str
    ground: Ground
    reference: str


def granted(submission: SubmissionIn, item: ItemVersion) -> Iterator[Exemption]:
    """What the record of consent has to say of a submission without faults."""
    agreed = bool(submission.consent and submission.consent.e_certificates)
    for entry in submission.materials:
        if item.material(entry.code) is None:
            continue
        if entry.form is MaterialForm.E_CERTIFICATE and entry.e_certificate_id:
            ground = Ground.CONSENTED if agreed else Ground.PRESENTED
            yield Exemption(entry.code, ground, entry.e_certificate_id)
        elif entry.form is MaterialForm.EARLIER_CASE and entry.earlier_case:
            yield Exemption(entry.code, Ground.EARLIER_CASE, entry.earlier_case)


def offered(entry: Entry) -> Words | None:
    """How this paper could be spared, said at the checklist; nothing where it cannot."""
    certificates = [e.name for e in entry.material.exempt_via if e.kind == "e_certificate"]
    shared = [e.name for e in entry.material.exempt_via if e.kind == "data_sharing"]
    zh, en = [], []
    if certificates:
        zh.append(f"可用电子证照代替：{'、'.join(certificates)}")
        en.append("an e-certificate will do")
    if shared:
        zh.append(f"可由共享数据核验：{'、'.join(shared)}")
        en.append("offices can look it up")
    return Words("；".join(zh), "; ".join(en)) if zh else None
