"""One webhook to one endpoint: signed, posted, answered; nothing is raised for what they do."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import httpx

from services.notify.domain.retries import read_retry_after
from shared.clock import Clock
from shared.security.outbound import glance
from shared.webhooks import signing

# What is kept of an answer.
FIRST = 4096


@dataclass(frozen=True, slots=True)
class Post:
    """`secrets` sign side by side while one of them is rotated."""

    url: str
    secrets: Sequence[bytes]
    message_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """`status` is None where no answer came; then `error` says why, without what anybody wrote."""

    status: int | None
    error: str | None
    answer: bytes
    took: timedelta
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Line:
    client: httpx.AsyncClient
    clock: Clock
    timeout: float = 15.0


async def send(line: Line, post: Post) -> Said:
    began = asyncio.get_running_loop().time()
    try:
        answer = await glance(line.client, _request(line, post), first=FIRST, within=line.timeout)
    except TimeoutError:
        return Said(None, "timeout", b"", _since(began))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Said(None, type(error).__name__, b"", _since(began))
    asked = read_retry_after(answer.headers.get("retry-after"), at=line.clock())
    return Said(answer.status, None, answer.body, _since(began), asked)


def _request(line: Line, post: Post) -> httpx.Request:
    at = int(line.clock().timestamp())
    return line.client.build_request(
        "POST",
        post.url,
        content=post.body,
        headers={
            **signing.sign_headers(post.secrets, post.message_id, at, post.body),
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "Accept": "application/json",
        },
    )


def _since(began: float) -> timedelta:
    return timedelta(seconds=asyncio.get_running_loop().time() - began)
