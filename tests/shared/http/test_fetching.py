"""What another installation's webhook names is fetched with a token of our own, and must be it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.http.fetching import (
    Access,
    Content,
    ContentRefusedError,
    NotFetchedError,
    PartnerLine,
    digest_of,
    read_object,
)

BODY = '{"opinion": "符合条件"}'.encode()
ACCESS = Access(base_url="https://there.example", client_id="c-1", client_secret="s" * 20)
MEANT = Content(path="/routing/v1/partner-messages/1/content", digest=digest_of(BODY))


@dataclass
class There:
    """The other installation, answering as it likes."""

    body: bytes = BODY
    status: int = 200
    asked: list[str] = field(default_factory=list)
    at: datetime = datetime(2026, 9, 7, 2, tzinfo=UTC)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if request.url.path == "/routing/oauth/token":
            assert b"grant_type=client_credentials" in request.content
            return _streamed(200, b'{"access_token": "t", "expires_in": 900}')
        assert request.headers["authorization"] == "Bearer t"
        return _streamed(self.status, self.body)

    def line(self, answer: Callable[[httpx.Request], httpx.Response] | None = None) -> PartnerLine:
        client = httpx.AsyncClient(transport=httpx.MockTransport(answer or self))
        return PartnerLine(client, lambda: self.at)


def _streamed(status: int, body: bytes) -> httpx.Response:
    return httpx.Response(status, stream=httpx.ByteStream(body))


async def test_one_token_serves_until_it_nears_its_end() -> None:
    there = There()
    line = there.line()
    for _ in range(3):
        assert await line.fetch(ACCESS, MEANT) == BODY
    assert there.asked.count("/routing/oauth/token") == 1
    there.at += timedelta(minutes=14, seconds=30)
    await line.fetch(ACCESS, MEANT)
    assert there.asked.count("/routing/oauth/token") == 2


async def test_content_that_is_not_what_its_digest_says_is_refused() -> None:
    there = There(body=BODY.replace(b"}", b" }"))
    with pytest.raises(ContentRefusedError):
        await there.line().fetch(ACCESS, MEANT)


async def test_whoever_is_away_is_asked_another_time() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    for line in (There(status=503).line(), There(status=404).line(), There().line(away)):
        with pytest.raises(NotFetchedError):
            await line.fetch(ACCESS, MEANT)


async def test_a_token_that_was_refused_is_not_used_again() -> None:
    there = There(status=401)
    line = there.line()
    for _ in range(2):
        with pytest.raises(NotFetchedError, match="http-401"):
            await line.fetch(ACCESS, MEANT)
    assert there.asked.count("/routing/oauth/token") == 2


@pytest.mark.parametrize("body", [b"[]", b"no json", b'"text"'])
def test_content_is_an_object(body: bytes) -> None:
    with pytest.raises(ContentRefusedError):
        read_object(body)


def test_the_secret_is_marked_as_what_must_not_be_shown() -> None:
    schema = Access.model_json_schema()
    assert schema["properties"]["client_secret"]["x-personal"] is True
