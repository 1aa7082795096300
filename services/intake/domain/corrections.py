"""Clerical errors (笔误): what was typed wrongly is put right, and what stood there is kept.

What decides where a case goes, what it is and which papers belong to it was not mistyped but
mistaken: that takes a supplement, a withdrawal, another submission.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.intake.domain import messages
from services.intake.domain.messages import Words, fault
from shared.errors import Fault
from shared.shapes import pointer

_PERSON = ("name", "id_type", "id_number", "phone", "address", "birth_date")
CORRECTABLE: Mapping[str, tuple[str, ...]] = {
    "applicant": (*_PERSON, "legal_representative"),
    "representative": _PERSON,
    "delivery": ("recipient", "phone", "address", "postcode", "division"),
}
"""By part of the submission; of the form, every field."""

_PARTS = (*CORRECTABLE, "form", "reason")
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Change:
    """`None` is nothing: a field may be filled, changed or emptied."""

    pointer: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Correction:
    """`whole` is the submission as it would be, still to be judged."""

    whole: dict[str, Any]
    changes: tuple[Change, ...]
    reason: str
    faults: tuple[Fault, ...]


def read(raw: object, filed: Mapping[str, Any]) -> Correction:
    """Never raises, whatever JSON `raw` is."""
    if not isinstance(raw, dict):
        return Correction(dict(filed), (), "", (fault("", "not-an-object"),))
    faults = list(_unknown(raw))
    whole, changes = dict(filed), list[Change]()
    for part in (*CORRECTABLE, "form"):
        given = raw.get(part)
        if given is None:
            continue
        kept = filed.get(part)
        if not isinstance(given, dict):
            faults.append(fault(f"/{part}", "correction-part"))
        elif not isinstance(kept, Mapping):
            faults.append(fault(f"/{part}", "correction-absent", part=_said(part)))
        else:
            changes += _changes(part, given, kept)
            whole[part] = _corrected(kept, given)
    reason = raw.get("reason")
    if not isinstance(reason, str) or not reason.strip() or len(reason) > LONGEST_REASON:
        faults.append(fault("/reason", "correction-reason", longest=LONGEST_REASON))
        reason = ""
    if not changes and not faults:
        faults.append(fault("", "correction-empty"))
    return Correction(whole, tuple(changes), reason.strip(), tuple(faults))


def touches(changes: tuple[Change, ...], found: Fault) -> bool:
    """Whether the fault lies in a part that the correction touched; the rest is as it was."""
    parts = {change.pointer.split("/")[1] for change in changes}
    return found.pointer == "" or found.pointer.split("/")[1] in parts


def _unknown(raw: Mapping[str, Any]) -> Iterator[Fault]:
    for name in raw:
        if name not in _PARTS:
            near = messages.hint(str(name), _PARTS)
            yield fault(pointer((name,)), "correction-unfit", name=str(name), hint=near)
    for part, names in CORRECTABLE.items():
        given = raw.get(part)
        for name in given if isinstance(given, dict) else ():
            if name not in names:
                near = messages.hint(str(name), names)
                yield fault(pointer((part, name)), "correction-unfit", name=str(name), hint=near)


def _changes(part: str, given: Mapping[str, Any], kept: Mapping[str, Any]) -> Iterator[Change]:
    for name, value in given.items():
        before = kept.get(name)
        if before != value and (part == "form" or name in CORRECTABLE[part]):
            yield Change(pointer((part, name)), before, value)


def _corrected(kept: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    whole = {**kept, **given}
    return {name: value for name, value in whole.items() if value is not None}


def _said(part: str) -> Words:
    zh = {"representative": "代为办理的人", "delivery": "结果送达"}.get(part, "这一部分")
    return Words(zh, part)
