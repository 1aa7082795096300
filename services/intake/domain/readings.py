"""Reading whatever JSON came in: every fault of shape, and all that could still be understood."""

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from services.intake.domain import messages
from services.intake.domain.messages import Words
from services.intake.domain.submissions import (
    ApplicantIn,
    CheckIn,
    CommitmentIn,
    ConsentIn,
    DeferralIn,
    DeliveryIn,
    MaterialIn,
    PartialSubmission,
    RepresentativeIn,
    SubmissionIn,
)
from services.intake.domain.words import (
    Capacity,
    Channel,
    DeliveryMethod,
    How,
    IdType,
    Kind,
    MaterialForm,
    Mode,
    Named,
    Need,
)
from shared import shapes
from shared.errors import Fault

MAX_DEPTH = 12
MAX_VALUES = 5_000
MAX_TEXT = 5_000
MAX_NAME = 100
MAX_NUMBER = 2**53

Loc = tuple[str | int, ...]

_PARTS: Mapping[Loc, type[BaseModel]] = MappingProxyType(
    {
        (): SubmissionIn,
        ("applicant",): ApplicantIn,
        ("representative",): RepresentativeIn,
        ("materials", 0): MaterialIn,
        ("deferral",): DeferralIn,
        ("commitment",): CommitmentIn,
        ("delivery",): DeliveryIn,
        ("consent",): ConsentIn,
        ("verifications", 0): CheckIn,
    }
)

_LISTS: Mapping[str, type[Named]] = MappingProxyType(
    {
        "mode": Mode,
        "channel": Channel,
        "kind": Kind,
        "id_type": IdType,
        "capacity": Capacity,
        "form": MaterialForm,
        "method": DeliveryMethod,
        "priority_needs": Need,
        "how": How,
    }
)


@dataclass(frozen=True, slots=True)
class Reading:
    """`submission` holds what could be read; `faults` what could not, and why."""

    submission: PartialSubmission
    faults: tuple[Fault, ...] = ()

    def whole(self) -> SubmissionIn:
        """The submission as the API promises it; only a reading without faults has one."""
        if self.faults or not isinstance(self.submission, SubmissionIn):
            raise TypeError("a submission with faults of shape is not whole")
        return self.submission


class _TooMuchError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def read(raw: object) -> Reading:
    """Never raises, whatever JSON `raw` is."""
    if not isinstance(raw, dict):
        return Reading(PartialSubmission(), (messages.fault("", "not-an-object"),))
    try:
        unfit = dict(_unfit(raw))
    except _TooMuchError as error:
        return Reading(PartialSubmission(), (error.fault,))
    fit = without(raw, unfit)
    try:
        return Reading(SubmissionIn.model_validate(fit), tuple(unfit.values()))
    except ValidationError as error:
        problems = error.errors(include_url=False)
    said = [_fault(p) for p in problems if not _under(p["loc"], unfit)]
    wrong = [p["loc"] for p in problems if p["type"] != "missing"]
    submission = PartialSubmission.model_validate(without(fit, wrong))
    return Reading(submission, (*unfit.values(), *said))


def _under(loc: Loc, known: Iterable[Loc]) -> bool:
    return any(loc[: len(other)] == other for other in known)


# What no field may hold: found before anything is interpreted.


def _unfit(raw: dict[str, Any]) -> Iterator[tuple[Loc, Fault]]:
    waiting: list[tuple[Loc, Any]] = [((), raw)]
    seen = 0
    while waiting:
        loc, value = waiting.pop()
        seen += 1
        if seen > MAX_VALUES:
            raise _TooMuchError(messages.fault("", "too-big", limit=MAX_VALUES))
        if len(loc) > MAX_DEPTH:
            top = shapes.pointer(loc[:1])
            raise _TooMuchError(messages.fault(top, "too-deep", limit=MAX_DEPTH))
        if isinstance(value, dict):
            yield from _unfit_names(loc, value)
            waiting += [((*loc, key), v) for key, v in value.items() if not _is_bad_name(key)]
        elif isinstance(value, list):
            waiting += [((*loc, place), v) for place, v in enumerate(value)]
        elif code := _leaf_fault(value):
            yield loc, messages.fault(shapes.pointer(loc), code, limit=MAX_TEXT)


def _unfit_names(loc: Loc, value: dict[str, Any]) -> Iterator[tuple[Loc, Fault]]:
    # The pointer stays at the object: a broken name cannot be repeated in an answer.
    for name in value:
        if _is_bad_name(name):
            yield (*loc, name), messages.fault(shapes.pointer(loc), "bad-field-name")


def _is_bad_name(name: str) -> bool:
    return len(name) > MAX_NAME or _is_broken(name)


def _leaf_fault(value: object) -> str | None:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            return "text-too-long"
        return "bad-character" if _is_broken(value) else None
    if isinstance(value, bool) or value is None:
        return None
    return _number_fault(value)


def _number_fault(value: object) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return "number-out-of-range"
    if isinstance(value, int | float) and abs(value) > MAX_NUMBER:
        return "number-out-of-range"
    return None


def _is_broken(text: str) -> bool:
    """Control characters other than line breaks and tabs, and halves of surrogate pairs."""
    return not text.isprintable() and any(
        unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\r\t" for c in text
    )


def without(raw: dict[str, Any], locs: Iterable[Loc]) -> dict[str, Any]:
    """A copy lacking what stands at `locs`; a list keeps its places, with `None` in the gap."""
    kept: dict[str, Any] = raw
    for loc in locs:
        kept = _lacking(kept, loc)
    return kept


def _lacking(value: Any, loc: Loc) -> Any:
    place, rest = loc[0], loc[1:]
    if isinstance(value, list) and isinstance(place, int) and place < len(value):
        left = _lacking(value[place], rest) if rest else None
        return [*value[:place], left, *value[place + 1 :]]
    if isinstance(value, dict) and place in value:
        if rest:
            return {**value, place: _lacking(value[place], rest)}
        return {key: v for key, v in value.items() if key != place}
    return value


# How a fault of shape is said.


def _fault(problem: Mapping[str, Any]) -> Fault:
    loc: Loc = problem["loc"]
    pointer = shapes.pointer(loc)
    plain = shapes.fault(problem)
    if problem["type"] == "extra_forbidden":
        name = str(loc[-1])
        model = _part(loc[:-1])
        known = model.model_fields if model else {}
        return messages.fault(pointer, "unknown-field", name=name, hint=messages.hint(name, known))
    if problem["type"] == "missing":
        return messages.fault(pointer, "missing", field=title(loc))
    if problem["type"] == "enum" and (choices := _choices(loc)):
        return messages.fault(pointer, plain.code, field=title(loc), allowed=choices)
    if told := _WHOLE.get(plain.code):
        said = messages.fault(pointer, told, field=title(loc))
        return Fault(pointer, plain.code, said.message_zh, said.message_en)
    what = Words(plain.message_zh, plain.message_en)
    said = messages.fault(pointer, "bad-shape", field=title(loc), what=what)
    return Fault(pointer, plain.code, said.message_zh, said.message_en)


# Where one value stands for a whole part: said without words that only a programmer reads.
_WHOLE = MappingProxyType({"not-an-object": "not-itemised", "not-a-list": "not-listed"})


def _part(loc: Loc) -> type[BaseModel] | None:
    return _PARTS.get(tuple(0 if isinstance(place, int) else place for place in loc))


def _choices(loc: Loc) -> Words | None:
    names = [str(place) for place in loc if isinstance(place, str)]
    values = _LISTS.get(names[-1])
    if values is None:
        return None
    return Words("、".join(f"{v.zh}（{v}）" for v in values), ", ".join(values))


def title(loc: Loc) -> Words:
    """「申请人证件号码」, 「第2份材料的份数」: a place as a clerk would name it."""
    zh: list[str] = []
    model: type[BaseModel] | None = SubmissionIn
    for depth, place in enumerate(loc):
        if isinstance(place, int):
            # 材料第3项的份数, as one says it.
            zh[-1:] = [f"{''.join(zh[-1:])}第{place + 1}项"]
        else:
            field = model.model_fields.get(place) if model else None
            zh.append(field.title if field and field.title else f"「{place}」")
        model = _part(loc[: depth + 1])
    return Words("的".join(zh), " ".join(str(place).replace("_", " ") for place in loc))
