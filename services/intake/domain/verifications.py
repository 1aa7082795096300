"""核验 at the counter: whose identity, which originals, how; and what became of the paper."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.intake.domain.items import ItemVersion
from services.intake.domain.messages import fault
from services.intake.domain.receipts import Note
from services.intake.domain.submissions import PartialCheck, PartialSubmission
from services.intake.domain.words import MaterialForm, Mode
from shared.errors import Fault

APPLICANT, REPRESENTATIVE = "applicant", "representative"
PEOPLE: Mapping[str, str] = {APPLICANT: "申请人", REPRESENTATIVE: "代为办理的人"}


@dataclass(frozen=True, slots=True)
class Counter:
    """Who stands at it, and what lies on it."""

    represented: bool
    originals: Collection[str]


def counter(submission: PartialSubmission) -> Counter:
    return Counter(
        represented=submission.representative is not None,
        originals={
            entry.code
            for entry in submission.materials
            if entry and entry.code and entry.form is MaterialForm.ORIGINAL
        },
    )


def find(
    checks: Sequence[PartialCheck | None], there: Counter, item: ItemVersion | None
) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, check in enumerate(checks):
        of = check.of if check else None
        if of is None:
            continue
        at = f"/verifications/{place}/of"
        said = named(of, item) if item else of
        if of in seen:
            yield fault(at, "verification-repeated", of=said)
        elif of == REPRESENTATIVE and not there.represented:
            yield fault(at, "verification-nobody")
        elif of not in PEOPLE and of not in there.originals:
            yield fault(at, "verification-astray", of=said)
        seen.add(of)


def outstanding(there: Counter, mode: Mode, done: Iterable[str]) -> list[str]:
    """What the window has taken or seen and nobody has said to have verified. Online nobody stands
    at a counter; who acts for somebody is looked at as well."""
    if mode is Mode.FULL_ONLINE:
        return []
    people = [APPLICANT, *([REPRESENTATIVE] if there.represented else [])]
    verified = set(done)
    return [each for each in (*people, *sorted(there.originals)) if each not in verified]


def named(of: str, item: ItemVersion) -> str:
    """As a clerk would say it."""
    material = item.material(of)
    return PEOPLE.get(of) or (material.name if material else of)


BECAME = {Note.HANDED_IN: "handed_in", Note.SHOWN: "shown"}
"""Shown and given back, or handed in."""
