"""Fetching from another installation what its webhook only names: a token of our own there, the
content, and the digest that says it is the content that was meant."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, ConfigDict, Field

from shared.clock import Clock
from shared.errors import DomainError, Fault
from shared.files.headers import write_digest
from shared.security.outbound import AnswerTooLargeError, fetch
from shared.security.personal import Personal

_WITHIN = 15.0
_TOKEN_SIZE = 16 * 1024
_LARGEST = 3 * 1024 * 1024
# A file may take longer than any answer, and its line may break a few times on the way.
_FILE_WITHIN = 600.0
_LINES = 5
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


class RemoteFile(BaseModel):
    """A file that lies there: where, how long, and the digest that it must have."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str = Field(pattern=r"^/[^/]", max_length=500)
    digest: str = Field(pattern=r"^sha-256:[0-9a-f]{64}$")
    size: int = Field(ge=0)
    media_type: str = Field(max_length=100)

    @property
    def sha256(self) -> bytes:
        return bytes.fromhex(self.digest.removeprefix("sha-256:"))

    @property
    def headers(self) -> dict[str, str]:
        """As whoever uploads it says what it is."""
        return {"content-type": self.media_type, "repr-digest": write_digest(self.sha256)}


class NotFetchedError(Exception):
    """Not just now: they are away, or would not answer. `reason` is for the list."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def missing(self) -> bool:
        """They are there, and say that this is not."""
        return self.reason in ("http-404", "http-410")


def missing_fault(pointer: str, term: timedelta) -> Fault:
    """What is told back once they have said so for all of the term."""
    return Fault(
        pointer,
        "content-missing",
        f"向贵方取这份内容，{term.days}天里一直答复没有（404）；请核对地址后重新交来",
        f"your installation has answered for {term.days} days that this is not there (404);"
        " look at its path and tell it again",
    )


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

    async def stream(self, access: Access, file: RemoteFile) -> AsyncGenerator[bytes]:
        """Its bytes, never more than it is said to have; where the line breaks, it goes on from
        there. That they are the ones that were meant, whoever stores them sees by the digest."""
        until, got = asyncio.get_running_loop().time() + _FILE_WITHIN, 0
        for _ in range(_LINES):
            before = got
            try:
                async with aclosing(self._part(access, file, got)) as part:
                    async for chunk in part:
                        got += len(chunk)
                        _within(file, got, until)
                        yield chunk
            except httpx.HTTPError as error:
                if got == before:
                    raise NotFetchedError(type(error).__name__) from None
            if got == file.size:
                return
            if got == before:
                break
        raise NotFetchedError("broken-off")

    async def _part(self, access: Access, file: RemoteFile, start: int) -> AsyncGenerator[bytes]:
        headers = {"authorization": f"Bearer {await self._token(access)}"}
        if start:
            headers["range"] = f"bytes={start}-"
        request = self._client.build_request("GET", access.base_url + file.path, headers=headers)
        response = await self._client.send(request, stream=True)
        try:
            if response.status_code != (httpx.codes.PARTIAL_CONTENT if start else httpx.codes.OK):
                self._tokens.clear()
                raise NotFetchedError(f"http-{response.status_code}")
            async for chunk in response.aiter_raw():
                yield chunk
        finally:
            await response.aclose()

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
        try:
            answer = await self._answer(request, _TOKEN_SIZE)
        except NotFetchedError as error:
            # Their door to tokens may be elsewhere: it says nothing of what was to be fetched.
            raise NotFetchedError(f"no-token:{error.reason}") from None
        granted = _granted(answer)
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


def _within(file: RemoteFile, got: int, until: float) -> None:
    if got > file.size:
        raise ContentRefusedError("取回的文件比通知中写的长", "the file is longer than was said")
    if asyncio.get_running_loop().time() > until:
        raise NotFetchedError("timeout")


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
