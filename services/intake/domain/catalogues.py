"""Reading a whole catalogue: every fault of the file at once, or all of its items."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import TypeAdapter, ValidationError

from services.intake.domain.forms import Form
from services.intake.domain.items import (
    Condition,
    Fee,
    ItemVersion,
    Limits,
    Material,
    Result,
    Step,
)
from services.intake.domain.messages import Words, fault, hint, listed
from services.intake.domain.people import word
from services.intake.domain.words import (
    CHOSEN_BASIS,
    Basis,
    DeliveryMethod,
    FeeDue,
    Mode,
    Payer,
    ResultForm,
    Status,
)
from shared import shapes
from shared.errors import Fault, told_back
from shared.identity import items as item_codes
from shared.identity.items import Profile

_CERTIFICATE_TYPE = re.compile(r"[0-9A-Z]{21}")
_ANY_TYPE = "0" * 21
_PAPER_WAYS = frozenset(
    {DeliveryMethod.POST, DeliveryMethod.WINDOW_PICKUP, DeliveryMethod.HANDLING_PICKUP}
)


def _as_it_is(found: Fault) -> Fault:
    return found


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All or nothing: with faults there are no items to publish.

    `placed` says of a fault where in the file it is, as the file's readers count.
    """

    items: tuple[ItemVersion, ...]
    faults: tuple[Fault, ...]
    placed: Callable[[Fault], Fault] = _as_it_is


@dataclass(frozen=True, slots=True)
class _Row:
    """One item of the file with whatever of it could be read, part by part."""

    at: str
    words: Words
    parts: Mapping[str, Any]
    materials: tuple[tuple[int, Material], ...]

    def say(self, place: str, code: str, /, **facts: object) -> Fault:
        return fault(f"{self.at}{place}", code, row=self.words, **facts)


def read(raw: object, *, profile: Profile = Profile.IN_USE) -> Catalogue:
    """Never raises, whatever JSON `raw` is."""
    listed_items = raw.get("items") if isinstance(raw, dict) else None
    if not isinstance(listed_items, list):
        return Catalogue((), (fault("/items", "not-a-catalogue"),))
    found: list[Fault] = []
    rows: list[_Row] = []
    for place, item in enumerate(listed_items):
        at, words = f"/items/{place}", _words(place, item)
        if not isinstance(item, dict):
            found.append(fault(at, "item-not-an-object", row=words))
            continue
        faults, row = _parts(at, words, item)
        found += [*faults, *_item(row, profile)]
        rows.append(row)
    found += _versions(rows)
    if found:
        return Catalogue((), tuple(dict.fromkeys(found)))
    return Catalogue(tuple(ItemVersion.model_validate(item) for item in listed_items), ())


def _words(place: int, item: object) -> Words:
    code = item.get("code") if isinstance(item, dict) else None
    named = told_back(code, "?") if isinstance(code, str) else "?"
    return Words(f"第{place + 1}项（{named}）", f"item {place + 1} ({named})")


# Shape, part by part, so that one broken part hides no other's faults.


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    annotation: Any = ItemVersion.model_fields[name].annotation
    return TypeAdapter(annotation)


def _parts(at: str, words: Words, item: dict[str, Any]) -> tuple[list[Fault], _Row]:
    try:
        ItemVersion.model_validate(item)
        problems = []
    except ValidationError as error:
        problems = error.errors(include_url=False)
    faults = [_shape(at, words, problem) for problem in problems]
    wrong = {problem["loc"][0] for problem in problems}
    parts = {
        name: _adapter(name).validate_python(item[name])
        for name in ItemVersion.model_fields
        if name in item and name not in wrong
    }
    return faults, _Row(at, words, parts, tuple(_materials(item.get("materials"))))


def _shape(at: str, words: Words, problem: Mapping[str, Any]) -> Fault:
    plain = shapes.fault(problem)
    place = plain.pointer.removeprefix("/")
    if problem["type"] == "extra_forbidden":
        near = hint(str(problem["loc"][-1]), _known(problem["loc"][:-1]))
        said = fault(at, "file-unknown-field", row=words, place=place, hint=near)
    else:
        what = Words(plain.message_zh, plain.message_en)
        said = fault(at, "field", row=words, place=place, what=what)
    return Fault(at + plain.pointer, plain.code, said.message_zh, said.message_en)


def _known(loc: tuple[str | int, ...]) -> list[str]:
    if not loc:
        return list(ItemVersion.model_fields)
    return list(Material.model_fields) if loc[0] == "materials" and len(loc) == 2 else []


def _materials(raw: object) -> Iterator[tuple[int, Material]]:
    for place, each in enumerate(raw if isinstance(raw, list) else []):
        try:
            yield place, Material.model_validate(each)
        except ValidationError:
            continue


# Substance of one item.


def _item(row: _Row, profile: Profile) -> Iterator[Fault]:
    yield from _dates(row)
    yield from _codes(row, profile)
    yield from _ways(row)
    yield from _materials_of(row)
    yield from _promises(row)
    yield from _result(row)
    yield from _limits(row)
    yield from _form(row)


def _dates(row: _Row) -> Iterator[Fault]:
    start, end = row.parts.get("valid_from"), row.parts.get("valid_to")
    if start and end and end < start:
        yield row.say("/valid_to", "dates-reversed")


def _codes(row: _Row, profile: Profile) -> Iterator[Fault]:
    whole, base = row.parts.get("implementation_code"), row.parts.get("base_code")
    wrong = []
    if whole is not None:
        wrong += [("/implementation_code", flaw) for flaw in item_codes.check(whole, profile)]
    if base is not None:
        wrong += [("/base_code", flaw) for flaw in item_codes.check_basic(base, profile)]
    for place, flaw in wrong:
        said = row.say(place, "item-number", what=Words(flaw.message_zh, flaw.message_en))
        yield Fault(said.pointer, flaw.code, said.message_zh, said.message_en)
    if whole and base and not wrong and profile is Profile.IN_USE and base not in whole:
        yield row.say("/implementation_code", "base-code-differs")


def _ways(row: _Row) -> Iterator[Fault]:
    modes: tuple[Mode, ...] = row.parts.get("modes", ())
    if len(set(modes)) < len(modes):
        yield row.say("/modes", "mode-repeated")
    if len(row.parts.get("choice", ())) == 1:
        yield row.say("/choice", "choice-too-small")
    if "steps" in row.parts:
        yield from _steps(row, modes, row.parts["steps"])


def _steps(
    row: _Row, modes: tuple[Mode, ...], steps: Mapping[Mode, tuple[Step, ...]]
) -> Iterator[Fault]:
    choice: tuple[Basis, ...] = row.parts.get("choice", ())
    for mode in [mode for mode in modes if mode not in steps]:
        yield row.say("/steps", "mode-without-steps", mode=word(mode))
    for mode, plan in steps.items():
        if modes and mode not in modes:
            yield row.say(f"/steps/{mode}", "steps-without-mode", mode=word(mode))
        yield from _plan(row, mode, plan)
        for place, step in enumerate(plan):
            yield from _role(row, f"/steps/{mode}/{place}/role", step.role, choice)


def _plan(row: _Row, mode: Mode, plan: tuple[Step, ...]) -> Iterator[Fault]:
    at, said = f"/steps/{mode}", word(mode)
    for code, times in Counter(step.step for step in plan).items():
        if times > 1:
            yield row.say(at, "step-repeated", code=code)
    stages = {step.stage for step in plan}
    if stages != set(range(1, len(stages) + 1)):
        yield row.say(at, "stage-gap", mode=said)
    if sum(step.accepts for step in plan) != 1:
        yield row.say(at, "one-accepts", mode=said)
    if sum(step.decides for step in plan) != 1:
        yield row.say(at, "one-decides", mode=said)
    if not any(step.lead for step in plan):
        yield row.say(at, "lead-missing", mode=said)
    elif any((step.accepts or step.decides) and not step.lead for step in plan):
        yield row.say(at, "lead-decides", mode=said)


def _role(row: _Row, at: str, role: str, choice: tuple[Basis, ...]) -> Iterator[Fault]:
    if role == CHOSEN_BASIS:
        if not choice:
            yield row.say(at, "role-without-choice")
    elif role not in set(Basis):
        yield row.say(at, "role-unknown", role=role, hint=hint(role, [*Basis, CHOSEN_BASIS]))


def _materials_of(row: _Row) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, material in row.materials:
        at = f"/materials/{place}"
        if material.code in seen:
            yield row.say(f"{at}/code", "material-code-repeated", code=material.code)
        seen.add(material.code)
        yield from _material(row, at, material)


def _material(row: _Row, at: str, material: Material) -> Iterator[Fault]:
    facts: dict[str, object] = {"material": material.name, "code": material.code}
    if material.main and material.deferrable:
        yield row.say(f"{at}/deferrable", "main-deferrable", **facts)
    for code, times in Counter(point.code for point in material.review_points).items():
        if times > 1:
            at_points = f"{at}/review_points"
            yield row.say(at_points, "point-repeated", material=material.name, code=code)
    for index, exemption in enumerate(material.exempt_via):
        if not _CERTIFICATE_TYPE.fullmatch(exemption.type_code or _ANY_TYPE):
            at_type = f"{at}/exempt_via/{index}/type_code"
            yield row.say(at_type, "certificate-type", **facts)
    yield from _condition(row, at, material)


def _condition(row: _Row, at: str, material: Material) -> Iterator[Fault]:
    facts: dict[str, object] = {"material": material.name, "code": material.code}
    if material.required and material.required_when:
        yield row.say(f"{at}/required_when", "condition-idle", **facts)
    schema = row.parts.get("form_schema")
    if material.required_when and schema is not None:
        for place in _pointers(material.required_when):
            if not _in_form(schema, place):
                yield row.say(f"{at}/required_when", "condition-pointer", place=place, **facts)


def _pointers(condition: Condition) -> Iterator[str]:
    yield from condition.form or {}
    yield from condition.form_minimum or {}
    for each in (*(condition.any or ()), *(condition.all or ())):
        yield from _pointers(each)


def _in_form(schema: Mapping[str, Any], place: str) -> bool:
    part: Any = schema
    for name in place.split("/")[1:]:
        properties = part.get("properties") if isinstance(part, Mapping) else None
        part = properties.get(name) if isinstance(properties, Mapping) else None
    return place.startswith("/") and part is not None


def _promises(row: _Row) -> Iterator[Fault]:
    deferral, commitment = row.parts.get("deferral"), row.parts.get("commitment")
    areas = row.parts.get("excluded_areas")
    offered = [p for p in (deferral, commitment) if p is not None and p.available]
    if areas and offered:
        area = listed(word(each) for each in areas)
        yield row.say("/excluded_areas", "promise-excluded", area=area)
    if deferral is not None and deferral.available:
        deferrable = any(material.deferrable for _, material in row.materials)
        if not (deferral.term and deferral.expiry_policy and deferrable):
            yield row.say("/deferral", "deferral-incomplete")
    if commitment is None or not commitment.available:
        return
    if not (commitment.text and commitment.later_check_within):
        yield row.say("/commitment", "commitment-incomplete")


def _result(row: _Row) -> Iterator[Fault]:
    result: Result | None = row.parts.get("result")
    fee: Fee | None = row.parts.get("fee")
    if result is not None:
        yield from _ways_of_delivery(row, result)
        posted = DeliveryMethod.POST in result.delivery
        if posted and row.parts.get("postage_payer") is Payer.NONE:
            yield row.say("/postage_payer", "payer-missing")
    if fee is not None and (fee.amount > 0) == (fee.due is FeeDue.NONE):
        yield row.say("/fee", "fee-unfit")


def _ways_of_delivery(row: _Row, result: Result) -> Iterator[Fault]:
    for place, method in enumerate(result.delivery):
        needed = ResultForm.PAPER if method in _PAPER_WAYS else ResultForm.ELECTRONIC
        if needed not in result.forms:
            at = f"/result/delivery/{place}"
            yield row.say(at, "delivery-unfit", form=word(needed), method=word(method))


def _limits(row: _Row) -> Iterator[Fault]:
    limits: Limits | None = row.parts.get("limits")
    if limits is None:
        return
    promised, statutory = limits.promised, limits.statutory
    if promised.value is None or statutory.value is None or promised.unit is not statutory.unit:
        return
    if promised.value > statutory.value:
        yield row.say("/limits/promised", "promise-over-limit")


def _form(row: _Row) -> Iterator[Fault]:
    schema = row.parts.get("form_schema")
    if not schema:
        return
    try:
        Draft202012Validator.check_schema(schema, Draft202012Validator.FORMAT_CHECKER)
    except SchemaError as error:
        at = "/form_schema" + shapes.pointer(error.absolute_path)
        yield row.say(at, "schema-invalid", what=error.message[:200])
        return
    if not all(_stays_inside(schema, reference) for reference in _references(schema)):
        yield row.say("/form_schema", "schema-refers-out")
        return
    for name, part in schema.get("properties", {}).items():
        if not isinstance(part, Mapping) or not part.get("title"):
            at = "/form_schema" + shapes.pointer(("properties", name))
            yield row.say(at, "schema-untitled", name=name)
    for wrong in Form(schema).find(row.parts.get("form_example") or {}):
        at = "/form_example" + wrong.pointer.removeprefix("/form")
        what = Words(wrong.message_zh, wrong.message_en)
        yield row.say(at, "example-unfit", what=what)


def _stays_inside(schema: Mapping[str, Any], reference: str) -> bool:
    """`#/$defs/…`, and no further from there: nothing is fetched, nothing goes round in circles."""
    part: Any = schema
    for name in reference.removeprefix("#/").split("/"):
        part = part.get(name) if isinstance(part, Mapping) else None
    inside = reference.startswith("#/$defs/") and isinstance(part, Mapping)
    return inside and not any(_references(part))


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in {"$ref", "$dynamicRef"} and isinstance(value, str):
                yield value
            yield from _references(value)
    elif isinstance(part, list):
        for each in part:
            yield from _references(each)


# Between the items of a file.


def _versions(rows: list[_Row]) -> Iterator[Fault]:
    by_code: dict[str, list[_Row]] = {}
    for row in rows:
        if (code := row.parts.get("code")) is not None:
            by_code.setdefault(code, []).append(row)
    for same in by_code.values():
        yield from _between(same)


def _between(rows: list[_Row]) -> Iterator[Fault]:
    for one, other in combinations(rows, 2):
        version = one.parts.get("version")
        if version is not None and version == other.parts.get("version"):
            yield other.say("/version", "version-repeated", other=one.words)
        elif _overlap(one, other):
            yield other.say("/valid_from", "versions-overlap", other=one.words)


def _overlap(one: _Row, other: _Row) -> bool:
    spans = []
    for row in (one, other):
        start, end = row.parts.get("valid_from"), row.parts.get("valid_to")
        if start is None or row.parts.get("status") is not Status.PUBLISHED:
            return False
        spans.append((start, end))
    (start_a, end_a), (start_b, end_b) = spans
    return (end_a is None or start_b <= end_a) and (end_b is None or start_a <= end_b)
