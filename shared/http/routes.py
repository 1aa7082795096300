"""A route knows its row in the grants table, and asks it before the body is read."""

import re
from collections.abc import Callable, Collection, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.routing import APIRoute
from opentelemetry.trace import SpanKind

from shared import problems
from shared.errors import DomainError, Fault, InvalidError
from shared.http import bodies
from shared.http.idempotency import ReplayedError
from shared.security.callers import Caller
from shared.security.grants import Grants, Scope
from shared.telemetry import traces

# What is raised where it is noticed and answered at the door, as problems.py says.
_ANSWERS = (DomainError, ReplayedError, RequestValidationError)

_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)
# Whoever forgets it would only be told that what they sent is no object.
_NOT_DECLARED = Fault(
    "/header/Content-Type",
    "content-type",
    "请求头 Content-Type 应为 application/json",
    "the Content-Type header must be application/json",
)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def _told(path: str, methods: Collection[str]) -> dict[int | str, dict[str, Any]]:
    """Which problems any operation of this kind may answer with."""
    told = problems.responses(400, 414, 422, 429, 431, 503)
    if "{" in path:
        told |= problems.responses(404)
    if {"POST", "PUT", "PATCH"} & set(methods):
        # What a body names may not be there, as what a path names.
        told |= problems.responses(404, 409, 412, 413)
    return told


async def _bounded(request: Request) -> None:
    body = await request.body()
    if body and not _JSON.match(request.headers.get("content-type", "")):
        raise InvalidError([_NOT_DECLARED])
    bodies.check(body)


def granted_route(grants: Grants) -> type[APIRoute]:
    """An endpoint's name is its operation; one without a row in `grants` fails when it is built."""

    class GrantedRoute(APIRoute):
        def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
            self.operation: str = endpoint.__name__
            self.public = grants.is_anonymous(self.operation)
            options["operation_id"] = self.operation
            told = _told(path, options.get("methods") or ())
            if not self.public:
                told |= problems.responses(401, 403)
                options["openapi_extra"] = {
                    "security": [{"bearer": []}],
                    **(options.get("openapi_extra") or {}),
                }
            options["responses"] = told | (options.get("responses") or {})
            super().__init__(path, endpoint, **options)
            body = self.body_field
            self.reads_json = body is not None and not isinstance(body.field_info, Form)

        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()

            async def granted(request: Request) -> Response:
                request.state.operation = self.operation
                with traces.within(
                    self.operation,
                    SpanKind.SERVER,
                    request.headers.get(traces.TRACEPARENT),
                    {"http.request.method": request.method},
                    answers=_ANSWERS,
                ) as span:
                    request.state.trace_id = traces.trace_id(span)
                    if not self.public:
                        request.state.scope = grants.scope_for(request.state.caller, self.operation)
                    if self.reads_json:
                        await _bounded(request)
                    response = await handle(request)
                    span.set_attribute("http.response.status_code", response.status_code)
                return response

            return granted

    return GrantedRoute


# async, both: FastAPI would send plain functions to a thread, once for each request.
async def _scope(request: Request) -> Scope:
    scope: Scope = request.state.scope
    return scope


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


# What this caller may see or touch with this operation; queries turn it into a condition.
Granted = Annotated[Scope, Depends(_scope)]
CurrentCaller = Annotated[Caller, Depends(_caller)]
