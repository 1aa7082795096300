"""Headers and addresses that mean to say more than they may, as bytes on a real connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from shared.http.server import Server
from shared.security.callers import Role
from tests.shared.http.conftest import Token

BOARD = b"GET /house/v1/notes/board HTTP/1.1\r\nHost: house\r\n"


@pytest.fixture
async def port(app: FastAPI) -> AsyncIterator[int]:
    """Served with the settings of every house."""
    server = Server(app, host="127.0.0.1", port=0, on_signal=lambda: None)
    serving = asyncio.create_task(server.serve())
    await server.ready.wait()
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def said(port: int, request: bytes) -> bytes:
    """All that comes back before the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(30):
            while part := await reader.read(65536):
                answer += part
    writer.close()
    return answer


def statuses(answer: bytes) -> list[int]:
    lines = [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    return [int(line.split()[1]) for line in lines]


async def test_a_plain_request_is_answered_once(port: int) -> None:
    assert statuses(await said(port, BOARD + b"Connection: close\r\n\r\n")) == [200]


_BODY = b"POST /house/v1/notes HTTP/1.1\r\nHost: house\r\n"
_HIDDEN = b"GET /house/v1/notes/board HTTP/1.1\r\nHost: house\r\n\r\n"


BROKEN = [
    BOARD + b"X-A: a\0b\r\n\r\n",
    BOARD + b"X-A: a\rX-B: b\r\n\r\n",
    BOARD + b"X A: a\r\n\r\n",
    BOARD + b": a\r\n\r\n",
    _BODY + b"Content-Length: 5\r\nContent-Length: 60\r\n\r\n" + _HIDDEN,
    _BODY + b"Content-Length: -1\r\n\r\n" + _HIDDEN,
    _BODY + b"Content-Length: 0x40\r\n\r\n" + _HIDDEN,
    _BODY + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + _HIDDEN,
    _BODY + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + _HIDDEN,
    _BODY + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + _HIDDEN,
]


async def test_no_second_request_hides_in_a_broken_one(port: int) -> None:
    """Whoever stands before us may read it otherwise: it is refused, not guessed at."""
    answers = await asyncio.gather(*(said(port, request) for request in BROKEN))
    for request, answer in zip(BROKEN, answers, strict=True):
        assert statuses(answer), request
        assert all(status >= 400 for status in statuses(answer)), request


async def test_an_address_with_nul_in_it_is_refused(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    for path in ("/house/v1/notes/%00", "/house/v1/notes?after=%00", "/house/v1/notes/a%00b?x=1"):
        answer = await client.get(path, headers=bearer())
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


SENT = [
    (b"x-request-id", b"abcdefgh\r\nset-cookie: a=b"),
    (b"x-request-id", "é".encode("latin-1") * 10),
    (b"x-request-id", b"a" * 65),
    (b"host", b"evil.example"),
    (b"x-forwarded-host", b"evil.example"),
    (b"forwarded", b"for=evil;host=evil.example"),
    (b"x-original-url", b"/house/v1/notes/spoiled"),
    (b"x-http-method-override", b"DELETE"),
    (b"traceparent", b"00-\xff\xfe-evil.example-01"),
    (b"accept-language", b"\xff\xfe"),
    (b"if-match", b"\xff" * 50),
    (b"range", b"bytes=0-" + b"9" * 400),
]


async def test_no_header_of_theirs_comes_back_in_one_of_ours(
    client: httpx.AsyncClient, bearer: Token
) -> None:
    for sent in SENT:
        headers = [*((k.encode(), v.encode()) for k, v in bearer(Role.CLERK).items()), sent]
        answer = await client.get("/house/v1/notes", headers=headers)
        assert answer.status_code == 200
        assert sent[1] not in b"\n".join(k + v for k, v in answer.headers.raw)
        assert "set-cookie" not in answer.headers
        assert b"evil" not in answer.content


@pytest.mark.parametrize("key", [b"short", b"a" * 101, b"\xff" * 20, b"key 0001 x", b"key\t00012"])
async def test_a_key_that_is_none_is_refused(
    client: httpx.AsyncClient, bearer: Token, key: bytes
) -> None:
    pairs = [(k.encode(), v.encode()) for k, v in bearer().items()]
    answer = await client.post(
        "/house/v1/notes",
        json={"words": "a", "weight": 1},
        headers=[*pairs, (b"idempotency-key", key)],
    )
    assert answer.status_code == 422
    assert [fault["code"] for fault in answer.json()["faults"]] == ["idempotency-key"]


async def test_what_is_no_address_is_not_put_on_the_trail(app: FastAPI, bearer: Token) -> None:
    """As it would come from a gateway that passes on what it was told."""
    told = ["李四 的 手机", "<script>", "' OR 1=1 --", "a\nb", "", "300.1.1.1", "10.0.0.1", "::1"]
    seen: list[str] = []

    async def looking(scope: dict[str, object], receive: object, send: object) -> None:
        scope["client"] = (told[len(seen)], 1)
        await app(scope, receive, send)  # type: ignore[arg-type]  # an ASGI application
        state = scope["state"]
        assert isinstance(state, dict)
        seen.append(state["origin"].address)

    transport = httpx.ASGITransport(looking)  # type: ignore[arg-type]  # the same
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as opened:
        for _ in told:
            answer = await opened.get("/house/v1/notes", headers=bearer())
            assert answer.status_code == 200
    assert seen == ["-"] * 6 + ["10.0.0.1", "::1"]
