"""A short way for what is asked all day: behind the porter, who knows the caller, and before the
framework takes the request apart, which costs more than many an answer.

It takes what is plainly right. Whatever is odd about a request, and whatever goes wrong with it,
goes the whole way with the body it came with, and is answered there in the words for it. Nothing
has been done of it by then: an effect on the short way is one transaction, the key in it.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from opentelemetry.trace import SpanKind
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http import bodies
from shared.http.idempotency import Once, said_in
from shared.means import Origin
from shared.telemetry import traces

_KEY = re.compile(rb"[\x21-\x7e]{8,100}")

What = TypeVar("What")


@dataclass(frozen=True, slots=True)
class Visit(Generic[What]):
    """`what` is asked for, by `by`, with a body of plain JSON."""

    state: Any
    by: Origin
    what: What
    path: str
    key: str | None
    body: bytes

    def once(self, operation: str, session: Any) -> Once:
        return Once(
            session=session,
            caller=self.by.actor,
            operation=operation,
            key=self.key,
            content=said_in(self.path, "", self.body),
            at=self.state.clock(),
        )


# None for everything that is not plainly this, or that the caller may not do.
Asked = Callable[[Scope], What | None]
Answer = Callable[[Visit[What]], Awaitable[Response]]


def short_way(
    operation: str, asked: Asked[What], answer: Answer[What], *, longest: int
) -> Callable[[ASGIApp], ASGIApp]:
    """For a POST without a query; bodies of more than `longest` bytes go the whole way."""

    def before(app: ASGIApp) -> ASGIApp:
        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            what = asked(scope) if _is_plain(scope) else None
            if what is None:
                await app(scope, receive, send)
                return
            messages, body = await _first(receive, longest)
            response = None
            if body is not None:
                visit = _visit(scope, what, body)
                response = await _tried(operation, scope, visit, answer)
            if response is None:
                await app(scope, _once_more(messages, receive), send)
            else:
                await response(scope, receive, send)

        return door

    return before


def _is_plain(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
        return False
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    key = headers.get(b"idempotency-key")
    plain = headers.get(b"content-type") == b"application/json"
    return plain and (key is None or _KEY.fullmatch(key) is not None)


def _visit(scope: Scope, what: What, body: bytes) -> Visit[What]:
    key = dict(scope["headers"]).get(b"idempotency-key")
    return Visit(
        state=scope["app"].state,
        by=scope["state"]["origin"],
        what=what,
        path=scope["path"],
        key=key.decode() if key is not None else None,
        body=body,
    )


async def _tried(
    operation: str, scope: Scope, visit: Visit[What], answer: Answer[What]
) -> Response | None:
    passing = scope["state"]
    passing["operation"] = operation
    parent = dict(scope["headers"]).get(traces.TRACEPARENT.encode())
    with traces.within(
        operation,
        SpanKind.SERVER,
        parent.decode("latin-1") if parent else None,
        {"http.request.method": "POST"},
    ) as span:
        passing["trace_id"] = traces.trace_id(span)
        try:
            bodies.check(visit.body)
            response = await answer(visit)
        except Exception:  # noqa: BLE001  (whatever it was, the endpoint meets it again and says so)
            return None
        span.set_attribute("http.response.status_code", response.status_code)
    return response


async def _first(receive: Receive, longest: int) -> tuple[Sequence[Message], bytes | None]:
    """What was taken in, and the whole body if that is all of it."""
    messages: list[Message] = []
    size, more = 0, True
    while more and size <= longest:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request":
            return messages, None
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    if more or size > longest:
        return messages, None
    return messages, b"".join(message.get("body", b"") for message in messages)


def _once_more(messages: Sequence[Message], receive: Receive) -> Receive:
    """What was taken in already comes again, and then the rest."""
    waiting = list(reversed(messages))

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
