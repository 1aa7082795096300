"""One bounded HTTP call: whatever happens becomes an answer, or the reason why there is none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from services.notify.domain.retries import read_retry_after
from shared.clock import Clock
from shared.security.outbound import AnswerTooLargeError, fetch


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    document: object  # None where the body was not JSON
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """It may have been taken all the same: the line broke, the time ran out, or it was too big."""

    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """How we reach one far side. The client is shared; it brings the guard on addresses."""

    client: httpx.AsyncClient
    clock: Clock
    timeout: float = 10.0
    most_bytes: int = 1_000_000


async def make(line: Line, call: Call) -> Answer | NoAnswer:
    """Never raises for what the far side or the network does."""
    try:
        taken = await fetch(
            line.client, _request(line, call), limit=line.most_bytes, within=line.timeout
        )
    except TimeoutError:
        return NoAnswer("timeout")
    except AnswerTooLargeError:
        return NoAnswer("answer-too-large")
    except httpx.HTTPError as error:
        return NoAnswer(type(error).__name__)
    asked = read_retry_after(taken.headers.get("retry-after"), at=line.clock())
    return Answer(taken.status, _document(taken.body), asked)


def _request(line: Line, call: Call) -> httpx.Request:
    headers = {**call.headers, "Accept": "application/json", "Accept-Encoding": "identity"}
    if call.body is None:
        return line.client.build_request(call.method, call.url, headers=headers)
    headers["Content-Type"] = "application/json; charset=utf-8"
    content = json.dumps(call.body, ensure_ascii=False).encode()
    return line.client.build_request(call.method, call.url, headers=headers, content=content)


def _document(received: bytes) -> object:
    try:
        document: object = json.loads(received)
    except (ValueError, RecursionError):
        return None
    return document
