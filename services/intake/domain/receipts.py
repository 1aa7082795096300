"""What a receipt lists, and which originals change hands over the counter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.intake.domain.items import ItemVersion
from services.intake.domain.messages import Words
from services.intake.domain.submissions import MaterialIn, PartialMaterial, SubmissionIn
from services.intake.domain.words import Custody, MaterialForm, Mode, Named

NOT_ACCEPTANCE = Words(
    "本凭证仅证明收到下列材料，不代表受理；是否受理由有权受理的机关另行出具书面凭证。",
    "This receipt only confirms that the papers below were received; it is not acceptance.",
)


class Note(Named):
    """What became of a paper."""

    HANDED_IN = "handed_in", "收存，随办件流转"
    SHOWN = "shown", "核验后当场退还"
    RECEIVED = "received", "收到"
    SPARED = "spared", "免交"
    DEFERRED = "deferred", "容缺，限期补交"
    COMMITTED = "committed", "以承诺代替"


@dataclass(frozen=True, slots=True)
class Line:
    material_code: str
    name: str
    form: MaterialForm | None
    count: int
    note: Note


def given_back(found: Sequence[Line]) -> list[Line]:
    """As long as nobody is known to handle the case no original stays."""
    return [
        replace(line, note=Note.SHOWN) if line.note is Note.HANDED_IN else line for line in found
    ]


def lines(submission: SubmissionIn, item: ItemVersion) -> list[Line]:
    """In the order of the item's own list, as the clerk reads it out."""
    found = [*_given(submission, item), *_promised(submission, item)]
    order = {material.code: place for place, material in enumerate(item.materials)}
    return sorted(found, key=lambda line: order[line.material_code])


def _given(submission: SubmissionIn, item: ItemVersion) -> Iterator[Line]:
    for entry in submission.materials:
        material = item.material(entry.code)
        if material is not None:
            became = note(entry, item, submission.mode)
            yield Line(entry.code, material.name, entry.form, entry.count, became)


def note(entry: MaterialIn, item: ItemVersion, mode: Mode) -> Note:
    if entry.form in {MaterialForm.E_CERTIFICATE, MaterialForm.EARLIER_CASE}:
        return Note.SPARED
    if entry.form is not MaterialForm.ORIGINAL:
        return Note.RECEIVED
    return Note.HANDED_IN if stays(entry, item, mode) else Note.SHOWN


def stays(entry: PartialMaterial, item: ItemVersion, mode: Mode) -> bool:
    """An original that leaves the applicant's hands over this counter."""
    material = item.material(entry.code or "")
    if material is None or entry.form is not MaterialForm.ORIGINAL or mode is Mode.FULL_ONLINE:
        return False
    return material.custody is Custody.HANDED_IN


def _promised(submission: SubmissionIn, item: ItemVersion) -> Iterator[Line]:
    promises: Sequence[tuple[Note, tuple[str, ...]]] = (
        (Note.DEFERRED, submission.deferral.materials if submission.deferral else ()),
        (Note.COMMITTED, submission.commitment.materials if submission.commitment else ()),
    )
    for note, codes in promises:
        for code in codes:
            material = item.material(code)
            if material is not None:
                yield Line(code, material.name, None, 0, note)


def originals(entries: Sequence[MaterialIn], item: ItemVersion, mode: Mode) -> list[str]:
    """The material code of every single original that leaves the applicant's hands."""
    return [entry.code for entry in entries if stays(entry, item, mode) for _ in range(entry.count)]
