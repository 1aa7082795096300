"""The materials handed in, held against what this applicant must bring."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from services.intake.domain.checklists import Situation, reason
from services.intake.domain.items import PAPER, ItemVersion, Material
from services.intake.domain.messages import Words, fault, hint, listed
from services.intake.domain.people import word
from services.intake.domain.submissions import PartialMaterial, PartialSubmission
from services.intake.domain.words import Custody, MaterialForm, Mode
from shared.errors import Fault
from shared.identity import certificates
from shared.identity.typed import normalise

Earlier = Collection[tuple[str, str]]
"""(case number, name of the material) of what this same applicant has handed in before."""


@dataclass(frozen=True, slots=True)
class _Line:
    at: str
    entry: PartialMaterial
    material: Material

    @property
    def facts(self) -> dict[str, object]:
        return {"material": self.material.name, "material_code": self.material.code}


def find(
    submission: PartialSubmission, item: ItemVersion, case: Situation, earlier: Earlier
) -> Iterator[Fault]:
    lines: list[_Line] = []
    for place, entry in enumerate(submission.materials):
        if entry is None or entry.code is None:
            continue
        material = item.material(entry.code)
        if material is None:
            near = hint(entry.code, [each.code for each in item.materials])
            at = f"/materials/{place}/code"
            yield fault(at, "material-unknown", code=entry.code, hint=near)
        else:
            lines.append(_Line(f"/materials/{place}", entry, material))
    for line in lines:
        yield from _line(line, submission, earlier)
    yield from _repeated(lines)
    for material in item.materials:
        yield from _enough(material, [line for line in lines if line.material is material])
    yield from _missing(submission, item, case)


def _line(line: _Line, submission: PartialSubmission, earlier: Earlier) -> Iterator[Fault]:
    if line.entry.form is not None:
        yield from _form(line, line.entry.form, submission.mode)
    yield from _e_certificate(line, submission)
    yield from _earlier(line, submission, earlier)


def _form(line: _Line, form: MaterialForm, mode: Mode | None) -> Iterator[Fault]:
    if form is MaterialForm.EARLIER_CASE or _taken(line.material, form, mode):
        return
    allowed = [each for each in line.material.forms if _taken(line.material, each, mode)]
    yield fault(
        f"{line.at}/form",
        "material-form",
        form=word(form),
        allowed=listed(word(each) for each in allowed),
        **line.facts,
    )


def _taken(material: Material, form: MaterialForm, mode: Mode | None) -> bool:
    """Online no paper travels: what would be handed in comes electronically where it can."""
    if form not in material.forms:
        return False
    if mode is not Mode.FULL_ONLINE or form not in PAPER:
        return True
    return material.custody is not Custody.HANDED_IN or set(material.forms) <= PAPER


def _e_certificate(line: _Line, submission: PartialSubmission) -> Iterator[Fault]:
    at, number = f"{line.at}/e_certificate_id", line.entry.e_certificate_id
    if line.entry.form is not MaterialForm.E_CERTIFICATE:
        if number and line.entry.form is not None:
            yield fault(at, "e-certificate-unwanted", **line.facts)
        return
    if submission.consent and submission.consent.e_certificates is False:
        yield fault("/consent/e_certificates", "consent-refused", **line.facts)
    if not number or not number.strip():
        yield fault(at, "e-certificate-missing", **line.facts)
        return
    flaws = certificates.check(number)
    for flaw in flaws:
        said = fault(
            at, "e-certificate", what=Words(flaw.message_zh, flaw.message_en), **line.facts
        )
        yield Fault(at, flaw.code, said.message_zh, said.message_en)
    if not flaws:
        yield from _type_of_certificate(at, line, certificates.parse(number).type_code)


def _type_of_certificate(at: str, line: _Line, type_code: str) -> Iterator[Fault]:
    """Another kind of certificate proves something else. Where the item names one without its
    code, nothing can be compared."""
    named = [each for each in line.material.exempt_via if each.kind == "e_certificate"]
    codes = {normalise(each.type_code or "") for each in named}
    if named and "" not in codes and type_code not in codes:
        allowed = Words("、".join(each.name for each in named), ", ".join(sorted(codes)))
        yield fault(at, "e-certificate-type", allowed=allowed, **line.facts)


def _earlier(line: _Line, submission: PartialSubmission, earlier: Earlier) -> Iterator[Fault]:
    at, number = f"{line.at}/earlier_case", line.entry.earlier_case
    if line.entry.form is not MaterialForm.EARLIER_CASE:
        if number and line.entry.form is not None:
            yield fault(at, "earlier-case-unwanted", **line.facts)
        return
    if not number:
        yield fault(at, "earlier-case-missing", **line.facts)
    elif (number, line.material.name) not in earlier:
        yield fault(at, "earlier-case-unknown", **line.facts)
    if not submission.consent or not submission.consent.earlier_materials:
        what = Words("同意使用此前办件的材料", "consent/earlier_materials")
        yield fault("/consent/earlier_materials", "consent-missing", what=what)


def _repeated(lines: list[_Line]) -> Iterator[Fault]:
    seen: Counter[tuple[str, MaterialForm]] = Counter()
    for line in lines:
        form = line.entry.form
        # Several certificates may prove one thing together (身份证、户口簿).
        if form is None or form is MaterialForm.E_CERTIFICATE:
            continue
        seen[line.material.code, form] += 1
        if seen[line.material.code, form] == 2:
            yield fault(line.at, "material-repeated", form=word(form), **line.facts)


def _enough(material: Material, lines: list[_Line]) -> Iterator[Fault]:
    """One way of proving is enough; a copy alone is not, where the original must be seen."""
    forms = {line.entry.form for line in lines}
    if None in forms or forms - PAPER or forms - set(material.forms):
        return
    if forms == {MaterialForm.COPY} and material.original_must_be_seen:
        yield fault(f"{lines[0].at}/form", "material-original-needed", **lines[0].facts)
        return
    for line in lines:
        form, given = line.entry.form, line.entry.count
        if form is not None and given is not None and given < material.needed(form):
            yield fault(
                f"{line.at}/count",
                "material-count",
                form=word(form),
                needed=material.needed(form),
                given=given,
                **line.facts,
            )


def _missing(submission: PartialSubmission, item: ItemVersion, case: Situation) -> Iterator[Fault]:
    given = {entry.code for entry in submission.materials if entry is not None}
    promised = given | promised_codes(submission)
    for material in item.materials:
        if material.code in promised:
            continue
        why = reason(material, case)
        if why is None:
            continue
        yield fault(
            "/materials",
            "main-material-missing" if material.main else "material-missing",
            material=material.name,
            material_code=material.code,
            why=Words(f"（{why.zh}的须交）" if why.zh else "", f" ({why.en})" if why.en else ""),
        )


def promised_codes(submission: PartialSubmission) -> set[str]:
    """Whatever a promise names; whether it may is said at the promise, not twice."""
    promises = [submission.deferral, submission.commitment]
    return {code for promise in promises if promise for code in promise.materials if code}
