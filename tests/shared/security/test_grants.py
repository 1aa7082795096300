"""The table of grants, walked: every role, every relation, own, foreign and none."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column, exists, select, table
from sqlalchemy.dialects import postgresql

from shared.errors import ForbiddenError
from shared.security.callers import Caller, Role
from shared.security.grants import (
    ANONYMOUS,
    Grants,
    NoLocationError,
    Relation,
    RoleNotGrantedError,
    Scope,
    describe,
    division_prefix,
)

GRANTS = Grants(
    {
        "take_in": {Role.CLERK: {Relation.OWN_RECEIVER}},
        "accept": {Role.OFFICER: {Relation.OWN_HANDLER}},
        "read": {
            Role.CLERK: {Relation.OWN_RECEIVER},
            Role.SUPERVISOR: {Relation.OWN_HANDLER, Relation.BELOW},
            Role.PARTNER: {Relation.OWN_PARTNER},
            Role.AUDITOR: {Relation.ANY},
            Role.DISPATCHER: {Relation.SELF},
        },
        "oversee": {Role.SUPERVISOR: {Relation.BELOW}},
        "progress": ANONYMOUS,
    }
)

ROW: dict[str, Any] = {
    "receiving": column("receiving"),
    "handling": column("handling"),
    "division": column("division"),
    "partner": column("partner"),
    "subject": column("subject"),
}


def caller(role: Role, **changes: str | None) -> Caller:
    made = Caller("s1", "n", role, location="L1", division="630100", partner="gansu")
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


def sql(scope: Scope, **columns: Any) -> str:
    condition = scope.condition(**(columns or ROW))
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
    compiled = condition.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return str(compiled)


def test_every_role_may_do_exactly_what_the_table_says() -> None:
    for operation, role in product(GRANTS, Role):
        entry = GRANTS[operation]
        if GRANTS.is_anonymous(operation) or role in entry:  # type: ignore[operator]  # not both
            assert GRANTS.scope_for(caller(role), operation) != Scope()
        else:
            with pytest.raises(RoleNotGrantedError) as refused:
                GRANTS.scope_for(caller(role), operation)
            assert refused.value.code == "role-not-granted"


def test_nobody_in_particular_may_do_only_what_is_anonymous() -> None:
    assert GRANTS.scope_for(None, "progress").everything
    with pytest.raises(RoleNotGrantedError):
        GRANTS.scope_for(None, "read")


def test_an_operation_without_a_row_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        GRANTS.scope_for(caller(Role.OPS), "unheard-of")


@pytest.mark.parametrize(
    ("operation", "role", "lacking", "code"),
    [
        ("take_in", Role.CLERK, "location", "no-location"),
        ("accept", Role.OFFICER, "location", "no-location"),
        ("oversee", Role.SUPERVISOR, "division", "no-division"),
        ("read", Role.PARTNER, "partner", "no-partner"),
    ],
)
def test_a_token_that_names_no_place_opens_nothing(
    operation: str, role: Role, lacking: str, code: str
) -> None:
    with pytest.raises(NoLocationError) as refused:
        GRANTS.scope_for(caller(role, **{lacking: None}), operation)
    assert isinstance(refused.value, ForbiddenError)
    assert refused.value.code == code


def test_a_supervisor_without_a_desk_still_sees_the_area() -> None:
    scope = GRANTS.scope_for(caller(Role.SUPERVISOR, location=None), "read")
    assert sql(scope) == "division >= '6301' AND division < '6302'"


@pytest.mark.parametrize("division", ["000000", "6", "", "0"])
def test_no_area_is_larger_than_a_province(division: str) -> None:
    with pytest.raises(ForbiddenError):
        GRANTS.scope_for(caller(Role.SUPERVISOR, division=division), "oversee")


@pytest.mark.parametrize(
    ("role", "condition"),
    [
        (Role.CLERK, "receiving = 'L1'"),
        (Role.SUPERVISOR, "handling = 'L1' OR division >= '6301' AND division < '6302'"),
        (Role.PARTNER, "partner = 'gansu'"),
        (Role.DISPATCHER, "subject = 's1'"),
        (Role.AUDITOR, "true"),
    ],
)
def test_the_relation_becomes_the_condition(role: Role, condition: str) -> None:
    assert sql(GRANTS.scope_for(caller(role), "read")) == condition


def test_where_nothing_is_granted_nothing_is_found() -> None:
    assert sql(Scope()) == "false"


def test_a_query_without_the_column_finds_nothing_by_it() -> None:
    scope = GRANTS.scope_for(caller(Role.CLERK), "read")
    assert sql(scope, handling=column("handling")) == "false"


def test_a_condition_can_be_made_around_the_match() -> None:
    handoffs = table("handoffs", column("location"))
    scope = GRANTS.scope_for(caller(Role.OFFICER), "accept")
    made = sql(scope, handling=lambda own: exists(select(1).where(own(handoffs.c.location))))
    assert "handoffs.location = 'L1'" in made
    assert made.startswith("EXISTS")


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        ("630000", "63"),
        ("630100", "6301"),
        ("630102", "630102"),
        ("630102000000", "630102"),
        ("630102001000", "630102001"),
        ("630102001", "630102001"),
        ("630102001002", "630102001002"),
        ("630100000000", "6301"),
        ("630120", "630120"),
        ("000000", ""),
        ("QH-行委", "QH-行委"),
    ],
)
def test_a_divisions_prefix_is_its_code_without_the_empty_levels(code: str, prefix: str) -> None:
    assert division_prefix(code) == prefix


digits = st.text(alphabet="0123456789", min_size=2, max_size=6).filter(lambda p: set(p) != {"9"})


@given(prefix=digits, code=st.text(alphabet="0123456789", max_size=12))
def test_the_range_holds_exactly_the_codes_with_that_prefix(prefix: str, code: str) -> None:
    low, _, high = sql(Scope(below=prefix), division=column("division")).partition(" AND ")
    within = low.split("'")[1] <= code < high.split("'")[1]
    assert within == code.startswith(prefix) == Scope(below=prefix).covers(division=code)


def test_a_local_code_cannot_smuggle_a_wildcard() -> None:
    assert "LIKE '6%/_' || '%' ESCAPE '/'" not in sql(Scope(below="QH%"))
    assert "/%" in sql(Scope(below="QH%"))


@pytest.mark.parametrize("relation", list(Relation))
def test_a_row_at_hand_is_covered_as_the_query_would_find_it(relation: Relation) -> None:
    grants = Grants({"x": {Role.OFFICER: {relation}}})
    scope = grants.scope_for(caller(Role.OFFICER), "x")
    own = {
        "receiving": "L1",
        "handling": "L1",
        "division": "630102",
        "partner": "gansu",
        "subject": "s1",
    }
    foreign = {
        "receiving": "L2",
        "handling": "L2",
        "division": "620102",
        "partner": "tibet",
        "subject": "s2",
    }
    assert scope.covers(**own)
    assert scope.covers(**foreign) == scope.covers() == (relation is Relation.ANY)


@pytest.mark.parametrize(
    "broken",
    [
        {"x": {"boss": {Relation.ANY}}},
        {"x": {Role.CLERK: {"everything"}}},
        {"x": {Role.CLERK: set()}},
        {"x": {}},
    ],
)
def test_a_misspelt_table_fails_where_it_is_defined(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the enum's own message)
        Grants(broken)  # type: ignore[arg-type]  # that is the point


def test_the_table_reads_line_by_line() -> None:
    lines = [(row.operation, row.role, row.relations) for row in describe(GRANTS)]
    assert lines[0] == ("accept", "officer", ("own_handler",))
    assert ("progress", "anonymous", ("any",)) in lines
    assert ("read", "supervisor", ("below", "own_handler")) in lines
    assert len(lines) == 9
