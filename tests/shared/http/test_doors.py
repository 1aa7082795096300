"""What happens at a door before, while and after somebody is served."""

import asyncio
import json

import httpx
import pytest
from fastapi import APIRouter
from sqlalchemy import text

from shared.db.transactions import Sessions
from shared.http import pages
from shared.http.routes import granted_route
from shared.security.callers import Role
from shared.security.grants import Grants
from tests.shared.http.conftest import Token

NOTE = {"words": "hello", "weight": 1}
KEY = {"Idempotency-Key": "key-0001"}


async def test_without_a_token_even_a_broken_body_is_not_looked_at(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/house/v1/notes", content=b"{broken")
    assert answer.status_code == 401
    assert answer.json()["code"] == "no-token"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_wrong_role_is_refused_before_the_body_is_read(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    answer = await client.post("/house/v1/notes", content=b"{broken", headers=bearer(Role.OFFICER))
    assert (answer.status_code, answer.json()["code"]) == (403, "role-not-granted")


async def test_a_role_bound_to_a_place_needs_one(client: httpx.AsyncClient, bearer: Token) -> None:
    answer = await client.get("/house/v1/notes", headers=bearer(location=None))
    assert (answer.status_code, answer.json()["code"]) == (403, "no-location")


async def test_malformed_json_is_said_plainly(client: httpx.AsyncClient, bearer: Token) -> None:
    headers = bearer() | KEY | {"Content-Type": "application/json"}
    answer = await client.post("/house/v1/notes", content=b"{", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")


@pytest.mark.parametrize(
    ("declared", "status"),
    [
        ({}, 422),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 422),
        ({"Content-Type": "text/json"}, 422),
        ({"Content-Type": "application/json; charset=utf-8"}, 201),
        ({"Content-Type": "application/cloudevents+json"}, 201),
    ],
)
async def test_a_body_that_is_not_declared_as_json_is_told_so(
    client: httpx.AsyncClient, bearer: Token, declared: dict[str, str], status: int
) -> None:
    """As it happens to everybody who writes a first call by hand."""
    headers = bearer() | KEY | declared
    answer = await client.post("/house/v1/notes", content=json.dumps(NOTE), headers=headers)
    assert answer.status_code == status, answer.text
    if status != 201:
        (fault,) = answer.json()["faults"]
        assert (fault["pointer"], fault["code"]) == ("/header/Content-Type", "content-type")


async def test_every_fault_of_shape_comes_at_once_in_two_languages(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    answer = await client.post("/house/v1/notes", json={"words": "x" * 21}, headers=bearer())
    problem = answer.json()
    assert answer.status_code == 422
    assert {fault["pointer"] for fault in problem["faults"]} == {
        "/words",
        "/weight",
        "/header/Idempotency-Key",
    }
    assert all(fault["message_zh"] and fault["message_en"] for fault in problem["faults"])
    assert "x" * 21 not in answer.text


async def test_a_fact_never_hides_a_member_of_the_problem(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    answer = await client.post(
        "/house/v1/notes/1/change", json={"words": "stuck", "weight": 1}, headers=bearer()
    )
    assert answer.status_code == 409
    assert answer.json()["status"] == 409
    assert answer.json()["current_status"] == "noted"
    assert answer.json()["allowed"] == ["wait"]


@pytest.mark.parametrize("declared", [True, False])
async def test_too_large_a_body_is_refused_declared_or_not(
    client: httpx.AsyncClient, bearer: Token, declared: bool
) -> None:
    body = json.dumps({"words": "a", "weight": 1, "more": "x" * 300}).encode()

    async def dripping() -> object:
        for start in range(0, len(body), 50):
            yield body[start : start + 50]

    content = body if declared else dripping()
    answer = await client.post(
        "/house/v1/notes/1/change",
        content=content,  # type: ignore[arg-type]  # an asynchronous generator of bytes is fine
        headers=bearer() | {"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_a_commit_that_fails_is_never_reported_as_a_success(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    answer = await client.post("/house/v1/notes/spoiled", headers=bearer())
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "twin" not in answer.text


async def test_one_key_makes_one_thing_however_often_it_is_said(
    client: httpx.AsyncClient, bearer: Token, house_sessions: Sessions
) -> None:
    headers = bearer() | KEY
    answers = await asyncio.gather(
        *(client.post("/house/v1/notes", json=NOTE, headers=headers) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 19
    async with house_sessions() as session:
        assert (await session.execute(text("SELECT count(*) FROM note"))).scalar() == 1


async def test_the_same_key_with_another_body_is_refused(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    await client.post("/house/v1/notes", json=NOTE, headers=bearer() | KEY)
    answer = await client.post(
        "/house/v1/notes", json={"words": "other", "weight": 1}, headers=bearer() | KEY
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


async def test_two_callers_may_use_the_same_key(client: httpx.AsyncClient, bearer: Token) -> None:
    one = await client.post("/house/v1/notes", json=NOTE, headers=bearer(subject="one") | KEY)
    two = await client.post("/house/v1/notes", json=NOTE, headers=bearer(subject="two") | KEY)
    assert one.json()["id"] != two.json()["id"]


async def test_a_refused_call_leaves_its_key_free(client: httpx.AsyncClient, bearer: Token) -> None:
    refused = await client.post(
        "/house/v1/notes/1/change", json={"words": "dull", "weight": 1}, headers=bearer() | KEY
    )
    mended = await client.post(
        "/house/v1/notes/1/change", json={"words": "bright", "weight": 1}, headers=bearer() | KEY
    )
    assert (refused.status_code, mended.status_code) == (422, 200)


async def test_a_stale_if_match_is_refused(client: httpx.AsyncClient, bearer: Token) -> None:
    stale = await client.post(
        "/house/v1/notes/2/change", json=NOTE, headers=bearer() | {"If-Match": '"1"'}
    )
    fresh = await client.post(
        "/house/v1/notes/2/change", json=NOTE, headers=bearer() | {"If-Match": '"1", W/"2"'}
    )
    assert (stale.status_code, stale.json()["current"]) == (412, '"2"')
    assert fresh.status_code == 200


async def test_a_cursor_that_was_tampered_with_is_a_clear_error(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    good = await client.get(f"/house/v1/notes?after={pages.cursor(7)}&limit=9", headers=bearer())
    bad = await client.get("/house/v1/notes?after=%F0%9F%98%80", headers=bearer())
    assert good.json() == [7, 9]
    assert (bad.status_code, bad.json()["faults"][0]["code"]) == (422, "bad-cursor")


async def test_documentation_needs_neither_token_nor_internet(client: httpx.AsyncClient) -> None:
    page = await client.get("/house/docs")
    assert page.status_code == 200
    assert "https://" not in page.text.replace("https://fastapi", "")
    document = (await client.get("/house/openapi.json")).json()
    responses = document["paths"]["/house/v1/notes"]["post"]["responses"]
    assert {"201", "400", "401", "403", "409", "413", "422"} <= set(responses)
    assert "security" not in document["paths"]["/house/v1/notes/board"]["get"]


async def test_what_is_public_is_open_and_nothing_else(client: httpx.AsyncClient) -> None:
    assert (await client.get("/house/v1/notes/board")).status_code == 200
    assert (await client.post("/house/v1/notes/board")).status_code == 401
    assert (await client.get("/house/nowhere")).status_code == 401


async def test_readiness_names_what_is_missing_and_leaks_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/house/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"always": "ok", "never": "ConnectionError"}
    assert (await client.get("/house/livez")).status_code == 200


async def test_every_answer_has_its_request_id_and_is_not_stored(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    given = {"X-Request-Id": "abc-12345678"}
    answer = await client.get("/house/v1/notes", headers=bearer() | given)
    odd = await client.get("/house/v1/notes", headers=bearer() | {"X-Request-Id": "<script>"})
    assert answer.headers["x-request-id"] == "abc-12345678"
    assert "<" not in odd.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_operation_without_a_row_in_the_grants_cannot_be_built() -> None:
    router = APIRouter(route_class=granted_route(Grants({})))
    with pytest.raises(KeyError):

        @router.get("/secret")
        async def forgotten() -> None: ...
