"""The same door from inside: what came by another way (a partner's webhook) walks through an
application of its own like any caller, with a pass that this process gives out for one call.

So whatever a caller may do by API, with all its checks, grants, idempotency and audit, is what the
other way may do; nothing is written twice, and nothing is let by.
"""

import json
from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import httpx
from fastapi import FastAPI

from shared.chance import new_secret
from shared.security.callers import Caller
from shared.security.tokens import TokenError, TokenVerifier


class Passes(TokenVerifier):
    """Knows no issuer: it believes what it gave out itself and nobody has used yet."""

    def __init__(self) -> None:
        super().__init__(())
        self._given: dict[str, Caller] = {}

    def give(self, caller: Caller) -> str:
        given = new_secret()
        self._given[given] = caller
        return given

    async def verify(self, token: str, at: datetime) -> Caller:  # noqa: ARG002  (a pass has no term)
        caller = self._given.pop(token, None)
        if caller is None:
            raise TokenError("not given out here")
        return caller


@dataclass(frozen=True, slots=True)
class Visit:
    """One call by `caller`; the same `key` again has no second effect. A file comes as `stream`,
    with the `headers` that say what it is."""

    caller: Caller
    method: str
    path: str
    key: str
    body: Any = None
    stream: AsyncIterable[bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Mapping[str, Any]

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300

    @property
    def failed(self) -> bool:
        """Not refused: it broke, or could not be done just now."""
        return self.status >= 500 or self.status == httpx.codes.TOO_MANY_REQUESTS


class InnerDoor:
    """The application behind it is built when somebody first comes; most processes see nobody."""

    def __init__(self, build: Callable[[TokenVerifier], FastAPI]) -> None:
        self._passes = Passes()
        self._build = build

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self._build(self._passes), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://inner")

    async def visit(self, visit: Visit) -> Answer:
        headers = {
            "authorization": f"Bearer {self._passes.give(visit.caller)}",
            "idempotency-key": visit.key,
            **visit.headers,
        }
        answer = await self._client.request(
            visit.method, visit.path, json=visit.body, content=visit.stream, headers=headers
        )
        return Answer(answer.status_code, _document(answer.content))


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        read = json.loads(content)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
