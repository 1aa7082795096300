"""Deferral (容缺受理) and commitment (告知承诺): only what the item publishes, never twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from services.intake.domain.checklists import Situation, reason
from services.intake.domain.items import ItemVersion, Material
from services.intake.domain.messages import Words, fault, listed
from services.intake.domain.people import word
from services.intake.domain.submissions import PartialPromise, PartialSubmission
from shared.errors import Fault


@dataclass(frozen=True, slots=True)
class Bars:
    """Until when this applicant is barred after a broken promise."""

    deferral: date | None = None
    commitment: date | None = None


def find(
    submission: PartialSubmission, item: ItemVersion, case: Situation, bars: Bars, on: date
) -> Iterator[Fault]:
    if submission.deferral is not None:
        yield from _offer("deferral", submission.deferral, item, bars.deferral, on)
        if not submission.deferral.materials:
            yield fault("/deferral/materials", "deferral-empty")
        yield from _materials("deferral", submission.deferral, submission, item, case)
    if submission.commitment is not None:
        yield from _offer("commitment", submission.commitment, item, bars.commitment, on)
        yield from _materials("commitment", submission.commitment, submission, item, case)
    yield from _both(submission, item)


def _offer(
    name: str, promise: PartialPromise, item: ItemVersion, barred: date | None, on: date
) -> Iterator[Fault]:
    at = f"/{name}"
    offered = item.deferral.available if name == "deferral" else item.commitment.available
    if item.excluded_areas:
        area = listed(word(area) for area in item.excluded_areas)
        yield fault(at, f"{name}-excluded", item=item.name, area=area)
    elif not offered:
        yield fault(at, f"{name}-not-offered", item=item.name)
    if promise.committed is False:
        yield fault(f"{at}/committed", f"{name}-not-committed")
    if barred is not None and on < barred:
        yield fault(at, f"{name}-barred", day=barred)


def _materials(
    name: str,
    promise: PartialPromise,
    submission: PartialSubmission,
    item: ItemVersion,
    case: Situation,
) -> Iterator[Fault]:
    given = {entry.code for entry in submission.materials if entry is not None}
    seen: set[str] = set()
    for place, code in enumerate(promise.materials):
        at = f"/{name}/materials/{place}"
        if code is None:
            continue
        material = item.material(code)
        if material is None:
            yield fault(at, "material-unknown", code=code, hint=Words("", ""))
        elif problem := _problem(name, material, case, repeated=code in seen, given=code in given):
            facts: Mapping[str, object] = {"material": material.name, "material_code": code}
            yield fault(at, f"{name}-{problem}", **facts)
        seen.add(code)


def _problem(
    name: str, material: Material, case: Situation, *, repeated: bool, given: bool
) -> str | None:
    """The first that is said; each of them alone decides."""
    if repeated:
        return "repeated"
    if given:
        return "given"
    if reason(material, case) is None:
        return "unneeded"
    if name == "commitment":
        return None if material.may_be_promised else "main"
    if material.main:
        return "main"
    return None if material.deferrable else "not-deferrable"


def _both(submission: PartialSubmission, item: ItemVersion) -> Iterator[Fault]:
    if submission.deferral is None or submission.commitment is None:
        return
    deferred = set(submission.deferral.materials)
    for place, code in enumerate(submission.commitment.materials):
        material = item.material(code) if code in deferred and code else None
        if material is not None:
            at = f"/commitment/materials/{place}"
            yield fault(at, "promised-twice", material=material.name, material_code=code)
