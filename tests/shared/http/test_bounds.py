"""How often, how deep, how much: who asks for more is told so, and a busy window never meets it."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidError
from shared.http import bodies
from shared.http.rates import Pace, Rates
from tests.shared.http.conftest import Token

_FAST_WINDOW = (
    20  # requests a second, of a clerk with a screen that asks for several things at once
)


def test_a_busy_window_is_never_asked_to_wait() -> None:
    """A whole day at its busiest, under the bound that is set where nothing is set."""
    rates = Rates(1500)
    at = 0.0
    for _ in range(20_000):
        assert rates.seconds_to_wait("clerk", at) == 0
        at += 1 / _FAST_WINDOW


def test_who_comes_too_often_is_told_when_to_come_again() -> None:
    rates = Rates(10)
    waits = [rates.seconds_to_wait("x", 0.0) for _ in range(101)]
    assert waits[:100] == [0.0] * 100
    assert waits[100] == pytest.approx(0.1)
    assert rates.seconds_to_wait("x", 0.05) > 0
    assert rates.seconds_to_wait("x", 0.11) == 0


def test_one_who_comes_too_often_holds_up_nobody_else() -> None:
    rates = Rates(1)
    while not rates.seconds_to_wait("loud", 0.0):
        pass
    assert rates.seconds_to_wait("quiet", 0.0) == 0


def test_only_so_many_are_remembered() -> None:
    rates = Rates(1, remembered=100)
    for number in range(10_000):
        rates.seconds_to_wait(str(number), 0.0)
    assert len(rates) == 100


@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=300))
def test_nobody_ever_gets_more_than_the_burst_and_the_rate(gaps: list[float]) -> None:
    rates, at, let_in = Rates(10), 0.0, 0
    for gap in gaps:
        at += gap
        let_in += rates.seconds_to_wait("x", at) == 0
    assert let_in <= 100 + at * 10 + 1


@pytest.fixture
async def paced(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Ten at once of a caller, twenty of an address."""
    app.user_middleware[0].kwargs["pace"] = Pace.of(per_caller=1, per_address=2)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as opened:
        yield opened


async def test_the_door_answers_429_with_a_time_to_come_again(
    paced: httpx.AsyncClient, bearer: Token
) -> None:
    answers = [await paced.get("/house/v1/notes", headers=bearer()) for _ in range(11)]
    assert 429 not in {answer.status_code for answer in answers[:10]}
    refused = answers[10]
    assert refused.status_code == 429
    assert refused.json()["code"] == "too-many-requests"
    assert int(refused.headers["retry-after"]) >= 1
    other = await paced.get("/house/v1/notes", headers=bearer(subject="another"))
    assert other.status_code != 429


async def test_guessing_without_a_token_is_bounded_by_address(paced: httpx.AsyncClient) -> None:
    statuses = [(await paced.get("/house/v1/notes")).status_code for _ in range(21)]
    assert statuses[:20] == [401] * 20
    assert statuses[20] == 429
    assert (await paced.get("/house/livez")).status_code == 200


def test_a_body_as_deep_as_any_of_ours_passes() -> None:
    bodies.check(_nested(bodies.DEEPEST))


@pytest.mark.parametrize("depth", [bodies.DEEPEST + 1, 1000, 200_000])
def test_a_deeper_body_is_refused_before_it_is_parsed(depth: int) -> None:
    with pytest.raises(InvalidError) as refused:
        bodies.check(_nested(depth))
    assert [fault.code for fault in refused.value.faults] == ["too-deep"]


def test_a_body_of_too_many_parts_is_refused() -> None:
    with pytest.raises(InvalidError) as refused:
        bodies.check(b"[" + b"1," * bodies.MOST_PARTS + b"1]")
    assert [fault.code for fault in refused.value.faults] == ["too-many"]


def test_what_stands_in_a_text_is_no_nesting() -> None:
    bodies.check(json.dumps({"text": "[{" * 5000 + '\\"[' + "," * 300_000}).encode())


async def test_the_door_refuses_what_is_too_deep(client: httpx.AsyncClient, bearer: Token) -> None:
    answer = await client.post(
        "/house/v1/notes",
        content=_nested(5000),
        headers={**bearer(), "Content-Type": "application/json", "Idempotency-Key": "12345678"},
    )
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["code"] == "too-deep"


async def test_a_long_address_and_large_headers_are_refused(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    long = await client.get("/house/v1/notes", params={"q": "x" * 9000}, headers=bearer())
    assert long.status_code == 414
    large = await client.get("/house/v1/notes", headers={**bearer(), "X-Much": "x" * 40_000})
    assert large.status_code == 431


async def test_data_is_no_page_and_pages_load_nothing_from_elsewhere(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    data = await client.get("/house/v1/notes", headers=bearer())
    assert data.headers["content-security-policy"].startswith("default-src 'none'")
    page = await client.get("/house/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    for answer in (data, page):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


NO_TEXT = [
    (rb'{"words": "a\u0000b"}', "bad-character"),
    (rb'{"words": "\ud83d"}', "bad-character"),
    (rb'{"words": "\ude00\ud83d"}', "bad-character"),
    (rb'{"words": "\ud83dx\ude00"}', "bad-character"),
    (rb'{"words": "\ud83d\\ude00"}', "bad-character"),
    (b'{"weight": NaN}', "not-a-number"),
    (b'{"weight": [-Infinity]}', "not-a-number"),
]


@pytest.mark.parametrize(("body", "code"), NO_TEXT)
async def test_what_could_be_stored_nowhere_is_refused(
    client: httpx.AsyncClient, bearer: Token, body: bytes, code: str
) -> None:
    headers = {**bearer(), "Content-Type": "application/json", "Idempotency-Key": "12345678"}
    answer = await client.post("/house/v1/notes", content=body, headers=headers)
    assert answer.status_code == 422
    assert [fault["code"] for fault in answer.json()["faults"]] == [code]


@given(st.text())
def test_any_text_whatsoever_passes_however_it_is_escaped(text: str) -> None:
    told = text.replace("\0", "").encode("utf-8", "ignore").decode()
    for ascii_only in (True, False):
        bodies.check(
            json.dumps({"NaN": told, "\\u0000": "\\ud800"}, ensure_ascii=ascii_only).encode()
        )
