"""Every operation has its row in the grants table and says in Chinese what it does."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from tests.architecture.operations import GRANTS, Operation, applications, operations

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
    hidden = {
        route.path
        for app in apps.values()
        for route in app.routes
        if isinstance(route, APIRoute) and not route.include_in_schema
    }
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
