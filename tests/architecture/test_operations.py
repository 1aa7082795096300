"""Every operation has its row in the grants table and says in Chinese what it does."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, get_args

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from shared.security.grants import ANONYMOUS
from tests.architecture.operations import GRANTS, Operation, applications, endpoints, operations

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def apps() -> Mapping[str, FastAPI]:
    return applications()


@pytest.fixture(scope="module")
def offered(apps: Mapping[str, FastAPI]) -> Sequence[Operation]:
    return list(operations(apps))


@pytest.mark.parametrize("house", GRANTS)
def test_operations_and_grants_are_the_same_set(offered: Sequence[Operation], house: str) -> None:
    names = {each.name for each in offered if each.house == house}
    rows = set(GRANTS[house])
    assert names - rows == set(), "offered and granted to nobody"
    assert rows - names == set(), "granted and never offered"


def test_no_endpoint_is_left_out_of_the_pages(apps: Mapping[str, FastAPI]) -> None:
    """What is not on the page is not in the walk: health and the pages themselves only."""
    routes = list(endpoints(apps))
    assert len(routes) > 150
    hidden = {route.path for route in routes if not route.include_in_schema}
    allowed = re.compile(r"^/(intake|routing|notify)/(livez|readyz|docs.*|redoc)$")
    assert not [path for path in hidden if not allowed.match(path)]


def test_operation_ids_are_unique_in_the_whole_street(offered: Sequence[Operation]) -> None:
    twice = [name for name, count in Counter(each.name for each in offered).items() if count > 1]
    assert not twice


def test_every_operation_says_in_chinese_what_it_does(offered: Sequence[Operation]) -> None:
    mute = [
        str(each)
        for each in offered
        if not _CHINESE.search(each.document.get("summary", ""))
        or not _CHINESE.search(each.document.get("description", ""))
        or not all(_CHINESE.search(tag) for tag in each.document.get("tags", ("",)))
    ]
    assert not mute


def test_every_body_has_an_example(offered: Sequence[Operation]) -> None:
    without = [str(each) for each in offered if each.takes_json and not each.examples]
    assert without == []


def test_whoever_presses_authorize_sends_a_bearer_token_wherever_one_is_asked(
    apps: Mapping[str, FastAPI], offered: Sequence[Operation]
) -> None:
    """The scheme is declared once on each page, and named by whatever is not for everybody."""
    for app in apps.values():
        schemes = app.openapi()["components"]["securitySchemes"]
        told = {name: (each["type"], each["scheme"]) for name, each in schemes.items()}
        assert told == {"bearer": ("http", "bearer")}
    for each in offered:
        public = GRANTS[each.house][each.name] is ANONYMOUS
        assert each.document.get("security", []) == ([] if public else [{"bearer": []}]), each


def test_a_number_in_a_body_is_no_yes_or_no_and_the_other_way_round(
    apps: Mapping[str, FastAPI],
) -> None:
    """As the pages say; by itself Pydantic takes true for 1, and "yes" for true."""
    models = _models_of_bodies(apps)
    assert len(models) > 50
    lax = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        for kind, others in _NOT.items()
        if kind in _plain(field.annotation) and any(_takes(field, kind, other) for other in others)
    ]
    assert sorted(set(lax)) == []


# What must not pass for it.
_NOT: Mapping[type, Sequence[str]] = {int: ("true", '"1"'), bool: ("1", '"yes"')}


def _models_of_bodies(apps: Mapping[str, FastAPI]) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    waiting = [
        route.body_field.field_info.annotation for route in endpoints(apps) if route.body_field
    ]
    while waiting:
        for each in _plain(waiting.pop()):
            if isinstance(each, type) and issubclass(each, BaseModel) and each not in found:
                found.add(each)
                waiting += [field.annotation for field in each.model_fields.values()]
    return found


def _plain(annotation: Any) -> Iterator[Any]:
    """What an annotation speaks of, within lists, choices and what is said beside it."""
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for each in inner:
        yield from _plain(each)


def _takes(field: FieldInfo, kind: type, other: str) -> bool:
    if kind not in (field.annotation, *get_args(field.annotation)):
        return False
    told: Any = field.annotation
    for each in field.metadata:
        told = Annotated[told, each]
    try:
        TypeAdapter(told).validate_json(other)
    except ValidationError:
        return False
    return True


def test_every_parameter_in_a_path_has_an_example(offered: Sequence[Operation]) -> None:
    without = [
        f"{each} {name}"
        for each in offered
        for name, parameter in each.parameters.items()
        if not _shown(parameter)
    ]
    assert without == []


def _shown(parameter: Mapping[str, object]) -> bool:
    schema = parameter.get("schema")
    within = schema if isinstance(schema, dict) else {}
    return (
        any(
            key in where
            for key in ("example", "examples", "enum", "const")
            for where in (parameter, within)
        )
        or "$ref" in within
    )
