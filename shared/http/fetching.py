"""Fetching from another installation what its webhook only names: a token of our own there, the
content, and the digest that says it is the content that was meant."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, ConfigDict

from shared.clock import Clock
from shared.errors import DomainError
from shared.security.outbound import AnswerTooLargeError, fetch
from shared.security.personal import Personal

_WITHIN = 15.0
_TOKEN_SIZE = 16 * 1024
_LARGEST = 3 * 1024 * 1024
# Nobody comes with a token that ends on the way.
_SPARE = timedelta(seconds=60)


class Access(BaseModel):
    """Where a partner's installation answers, and how we prove ourselves there."""

    model_config = ConfigDict(frozen=True)

    base_url: str
    client_id: str
    client_secret: Annotated[str, Personal("text")]


class Content(BaseModel):
    """What a webhook says of the content behind it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    digest: str


class NotFetchedError(Exception):
    """Not just now: they are away, or would not answer. `reason` is for the list."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ContentRefusedError(DomainError):
    """It will not be better another time."""

    code = "content-refused"


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    until: datetime


class PartnerLine:
    """Calls out through the guarded client; keeps each partner's token until it nears its end."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._tokens: dict[tuple[str, str], _Token] = {}

    async def fetch(self, access: Access, content: Content) -> bytes:
        headers = {"authorization": f"Bearer {await self._token(access)}"}
        request = self._client.build_request("GET", access.base_url + content.path, headers=headers)
        body = await self._answer(request, _LARGEST)
        if digest_of(body) != content.digest:
            raise ContentRefusedError(
                "取回的内容与通知中的摘要不符", "the content is not what its digest says"
            )
        return body

    async def _token(self, access: Access) -> str:
        key = (access.base_url, access.client_id)
        kept = self._tokens.get(key)
        if kept is not None and self._clock() < kept.until:
            return kept.value
        request = self._client.build_request(
            "POST",
            f"{access.base_url}/routing/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": access.client_id,
                "client_secret": access.client_secret,
            },
        )
        granted = _granted(await self._answer(request, _TOKEN_SIZE))
        lives = timedelta(seconds=granted.expires_in) - _SPARE
        self._tokens[key] = _Token(granted.access_token, self._clock() + lives)
        return granted.access_token

    async def _answer(self, request: httpx.Request, limit: int) -> bytes:
        try:
            answer = await fetch(self._client, request, limit=limit, within=_WITHIN)
        except TimeoutError:
            raise NotFetchedError("timeout") from None
        except (httpx.HTTPError, AnswerTooLargeError) as error:
            raise NotFetchedError(type(error).__name__) from None
        if answer.status != httpx.codes.OK:
            self._tokens.clear()
            raise NotFetchedError(f"http-{answer.status}")
        return answer.body


class _Granted(BaseModel):
    access_token: str
    expires_in: int = 300


def _granted(body: bytes) -> _Granted:
    try:
        return _Granted.model_validate_json(body)
    except ValueError:
        raise NotFetchedError("no-token") from None


def digest_of(body: bytes) -> str:
    return "sha-256:" + hashlib.sha256(body).hexdigest()


def read_object(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise ContentRefusedError("取回的内容不是JSON对象", "the content is not a JSON object")
    return read
