"""免证办: what need not be brought, because a certificate or an earlier case holds it already."""

from services.intake.domain.checklists import Entry
from services.intake.domain.messages import Words
from services.intake.domain.submissions import ConsentIn, MaterialIn
from services.intake.domain.words import MaterialForm, Named


class Ground(Named):
    """By what the paper is spared, and how the applicant agreed."""

    PRESENTED = "presented", "申请人出示电子证照"
    CONSENTED = "consented", "经申请人同意调用电子证照"
    EARLIER_CASE = "earlier_case", "经申请人同意使用此前办件的材料"


def ground(entry: MaterialIn, consent: ConsentIn | None) -> Ground | None:
    """What the record of consent has to say of an entry without faults; nothing of paper."""
    if entry.form is MaterialForm.EARLIER_CASE:
        return Ground.EARLIER_CASE
    if entry.form is not MaterialForm.E_CERTIFICATE:
        return None
    agreed = consent is not None and consent.e_certificates
    return Ground.CONSENTED if agreed else Ground.PRESENTED


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
