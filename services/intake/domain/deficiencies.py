"""一次性告知: everything that is wrong or missing in a submission, found in one pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.intake.domain import (
    checklists,
    deliveries,
    people,
    places,
    promises,
    proofs,
    verifications,
)
from services.intake.domain.items import ItemVersion
from services.intake.domain.messages import Words, fault, listed
from services.intake.domain.promises import Bars
from services.intake.domain.readings import Reading
from services.intake.domain.submissions import PartialSubmission, SubmissionIn
from services.intake.domain.words import Authority, Status
from shared.divisions.divisions import NO_LOCAL, LocalDivisions
from shared.errors import Fault

AGENT = "agent"

_MATERIAL_CODES = frozenset(
    {
        "main-material-missing",
        "material-missing",
        "material-count",
        "material-original-needed",
    }
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the window knows besides the submission itself."""

    on: date
    location_kind: str | None = None
    earlier: proofs.Earlier = field(default_factory=frozenset)
    bars: Bars = field(default_factory=Bars)
    local: LocalDivisions = field(default_factory=lambda: NO_LOCAL)


def find(reading: Reading, item: ItemVersion | None, known: Circumstances) -> list[Fault]:
    """All faults of shape and of substance; an empty list is a file that may be taken.

    `item` is what `items.current` says, or nothing where the code is unknown.
    """
    unreadable = {each.pointer for each in reading.faults if each.code != "bad-field-name"}
    judged = _substance(reading.submission, item, known)
    said = [each for each in judged if not _within(each.pointer, unreadable)]
    return sorted(dict.fromkeys([*reading.faults, *said]), key=_place_on_form)


_PARTS = {name: place for place, name in enumerate(SubmissionIn.model_fields)}


def _place_on_form(found: Fault) -> int:
    """In the order in which one fills it in: what belongs together is read out together."""
    part = found.pointer.partition("/")[2].partition("/")[0]
    return _PARTS.get(part, len(_PARTS)) if part else -1


def only_materials_missing(faults: Sequence[Fault]) -> bool:
    """Whether the case may be saved as received_incomplete: all the rest is in order."""
    return bool(faults) and all(each.code in _MATERIAL_CODES for each in faults)


def _within(pointer: str, unreadable: set[str]) -> bool:
    """What could not be read was said already; what lies in it is not judged."""
    parts = pointer.split("/")
    return any("/".join(parts[:length]) in unreadable for length in range(1, len(parts) + 1))


def _substance(
    submission: PartialSubmission, item: ItemVersion | None, known: Circumstances
) -> Iterator[Fault]:
    case = checklists.situation(submission, known.on)
    yield from _item(submission, item, known)
    yield from people.find(submission, item, known.on, case.age)
    yield from places.find(submission, item, known.on, known.local)
    if item is not None:
        yield from item.form.find(submission.form)
        yield from proofs.find(submission, item, case, known.earlier)
        yield from promises.find(submission, item, case, known.bars, known.on)
    yield from deliveries.find(submission, item, known.on, known.local)
    there = verifications.counter(submission)
    yield from verifications.find(submission.verifications, there, item)


def _item(
    submission: PartialSubmission, item: ItemVersion | None, known: Circumstances
) -> Iterator[Fault]:
    if item is None:
        if submission.item_code is not None:
            yield fault("/item_code", "unknown-item", code=submission.item_code)
        return
    yield from _offered(item, known.on)
    mode = submission.mode
    if mode is not None and mode not in item.modes:
        allowed = listed(Words(f"{m.zh}（{m}）", m.value) for m in item.modes)
        words = people.word(mode)
        yield fault("/mode", "mode-not-offered", item=item.name, mode=words, allowed=allowed)
    if known.location_kind == AGENT and item.acceptance_authority is Authority.RECEIVING:
        yield fault("/item_code", "agent-place", item=item.name)


def _offered(item: ItemVersion, on: date) -> Iterator[Fault]:
    if item.offered_on(on):
        return
    if item.status is Status.DRAFT:
        yield fault("/item_code", "item-not-published", item=item.name)
    elif item.status is Status.PUBLISHED and on < item.valid_from:
        yield fault("/item_code", "item-not-yet-offered", item=item.name, day=item.valid_from)
    else:
        yield fault("/item_code", "item-retired", item=item.name)
