"""The short way for a claim, which officers make all day: behind the porter, who knows the caller,
and before the framework takes the request apart.

It takes what is plainly right. Whatever is odd about a request, and whatever goes wrong with it,
goes the whole way with the body it came with, and is answered there in the words for it; nothing
has been done of it by then.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Response
from opentelemetry.trace import SpanKind
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.routing.api import queues
from services.routing.api.queues import ClaimIn
from services.routing.api.shortcuts import may
from shared.http.idempotency import Once, said_in
from shared.telemetry import traces

OPERATION = "claim_handoffs"
_PATH = re.compile(r"/routing/v1/queues/([A-Za-z0-9-]{1,50})/claims")
_KEY = re.compile(rb"[\x21-\x7e]{8,100}")
# `{"limit": 1}` and the like; what is longer is something else.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class _Asked:
    location: str
    headers: Mapping[bytes, bytes]


def before(app: ASGIApp) -> ASGIApp:
    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        asked = _asked(scope) if scope["type"] == "http" else None
        if asked is None:
            await app(scope, receive, send)
            return
        first = await receive()
        response = await _answer(scope, asked, first)
        if response is None:
            await app(scope, _once_more(first, receive), send)
        else:
            await response(scope, receive, send)

    return door


def _asked(scope: Scope) -> _Asked | None:
    """None for everything that is no plain claim of one who may."""
    if scope["method"] != "POST" or scope["query_string"]:
        return None
    path = _PATH.fullmatch(scope["path"])
    if path is None or not may(scope["state"]["caller"], OPERATION, path[1], scope["app"].state):
        return None
    headers = dict(scope["headers"])
    key = headers.get(b"idempotency-key")
    plain = headers.get(b"content-type") == b"application/json"
    if not plain or (key is not None and not _KEY.fullmatch(key)):
        return None
    return _Asked(path[1], headers)


async def _answer(scope: Scope, asked: _Asked, first: Message) -> Response | None:
    body: bytes = first.get("body", b"")
    if first["type"] != "http.request" or first.get("more_body") or len(body) > _LONGEST:
        return None
    try:
        wanted = ClaimIn.model_validate_json(body)
    except ValidationError:
        return None
    state, passing = scope["app"].state, scope["state"]
    passing["operation"] = OPERATION
    parent = asked.headers.get(traces.TRACEPARENT.encode())
    with traces.within(
        OPERATION,
        SpanKind.SERVER,
        parent.decode("latin-1") if parent else None,
        {"http.request.method": "POST"},
    ) as span:
        passing["trace_id"] = traces.trace_id(span)
        try:
            along = await queues.claim(
                state,
                _once(state, passing["origin"].actor, asked, scope["path"], body),
                passing["origin"],
                asked.location,
                wanted.limit,
            )
        except Exception:  # noqa: BLE001  (whatever it was, the endpoint meets it again and says so)
            return None
        span.set_attribute("http.response.status_code", along.response.status_code)
    return along.response


def _once(state: Any, actor: str, asked: _Asked, path: str, body: bytes) -> Once:
    key = asked.headers.get(b"idempotency-key")
    return Once(
        # Carries the keys; it is never used on the short way, and so never connects.
        session=state.statements(),
        caller=actor,
        operation=OPERATION,
        key=key.decode() if key is not None else None,
        content=said_in(path, "", body),
        at=state.clock(),
    )


def _once_more(first: Message, receive: Receive) -> Receive:
    """What was taken in already comes again, and then the rest."""
    waiting = [first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
