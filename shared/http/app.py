"""What every house's FastAPI application has alike."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp

from shared import problems
from shared.clock import Clock
from shared.db.transactions import Sessions, statement_by_statement
from shared.http import idempotency
from shared.http.porter import Porter
from shared.http.rates import Pace
from shared.means import Means
from shared.security.tokens import TokenVerifier
from shared.telemetry.access import AccessLog

Check = Callable[[], Awaitable[str | None]]

DEFAULT_BODY_LIMIT = 512 * 1024


def new_app(
    *,
    house: str,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    carried: Means,
    sessions: Sessions,
    clock: Clock,
    verifier: TokenVerifier,
    checks: dict[str, Check],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    body_limits: Sequence[tuple[str, str, int]] = (),
    tags: Sequence[dict[str, str]] = (),
    behind_porter: Sequence[Callable[[ASGIApp], ASGIApp]] = (),
    pace: Pace | None = None,
    access: AccessLog | None = None,
    webhooks: Mapping[str, Any] | None = None,
) -> FastAPI:
    """`checks` say None when ready, else why not; `body_limits` are (method, path regex, bytes);
    `behind_porter` see a request when the caller is known, before the framework does; `webhooks` is
    that section of the page: what we call, rather than who calls us."""
    app = FastAPIOffline(
        title=title,
        description=description,
        version="1",
        docs_url=f"/{house}/docs",
        redoc_url=f"/{house}/redoc",
        openapi_url=f"/{house}/openapi.json",
        static_url=f"/{house}/docs-static",
        favicon_url=f"/{house}/docs-static/favicon.png",
        swagger_ui_oauth2_redirect_url=f"/{house}/docs/oauth2-redirect",
        lifespan=lifespan,
        openapi_tags=list(tags),
        swagger_ui_parameters={"persistAuthorization": True, "docExpansion": "list"},
        separate_input_output_schemas=False,
        # Its spans tell paths and queries, and ours have codes in them that open things: routes.py
        # makes those that we keep.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.means = carried
    app.state.sessions = sessions
    app.state.statements = statement_by_statement(sessions)
    app.state.clock = clock
    app.state.closing = asyncio.Event()
    problems.install(app)
    app.add_exception_handler(idempotency.ReplayedError, idempotency.on_replayed)
    for router in routers:
        app.include_router(router, prefix=f"/{house}")
    app.include_router(_health(house, checks))
    told = webhooks or {}
    app.openapi = lambda: _openapi(app, told)  # type: ignore[method-assign]  # FastAPI's own way
    for each in behind_porter:
        app.add_middleware(each)
    app.add_middleware(
        Porter,
        house=house,
        verifier=verifier,
        clock=clock,
        is_public=_public_paths(routers, house),
        body_limit=_limits(body_limits),
        pace=pace or Pace.of(per_caller=0, per_address=0),
        templates=_templates(routers, house),
        access=access,
    )
    return app


def _health(house: str, checks: dict[str, Check]) -> APIRouter:
    router = APIRouter(prefix=f"/{house}", include_in_schema=False)

    @router.get("/livez")
    async def livez(request: Request) -> dict[str, str]:
        request.state.operation = "livez"
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(request: Request) -> JSONResponse:
        request.state.operation = "readyz"
        found = {}
        for name, check in checks.items():
            found[name] = await _ask(check)
        if request.app.state.closing.is_set():
            found["closing"] = "shutting down"
        ready = all(reason is None for reason in found.values())
        body = {name: reason or "ok" for name, reason in found.items()}
        return JSONResponse({"ready": ready, "checks": body}, 200 if ready else 503)

    return router


async def _ask(check: Check) -> str | None:
    try:
        return await asyncio.wait_for(check(), 2)
    except Exception as error:  # noqa: BLE001  (whatever it is, we are not ready, and say which kind)
        return type(error).__name__


def _templates(routers: Sequence[APIRouter], house: str) -> Mapping[str, str]:
    """By operation: the path with the names of what stands in it."""
    health = {name: f"/{house}/{name}" for name in ("livez", "readyz")}
    return health | {
        route.operation: f"/{house}{route.path}"
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and hasattr(route, "operation")
    }


def _public_paths(routers: Sequence[APIRouter], house: str) -> Callable[[str, str], bool]:
    prefixes = tuple(
        f"/{house}/{page}" for page in ("docs", "redoc", "openapi.json", "livez", "readyz")
    )
    patterns = [
        (frozenset(route.methods or ()), compile_path(f"/{house}{route.path}")[0])
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and getattr(route, "public", False)
    ]

    def is_public(method: str, path: str) -> bool:
        if path.startswith(prefixes):
            return True
        return any(method in methods and regex.match(path) for methods, regex in patterns)

    return is_public


def _limits(given: Sequence[tuple[str, str, int]]) -> Callable[[str, str], int]:
    compiled = [(method, re.compile(regex), size) for method, regex, size in given]

    def body_limit(method: str, path: str) -> int:
        for wanted, regex, size in compiled:
            if wanted == method and regex.search(path):
                return size
        return DEFAULT_BODY_LIMIT

    return body_limit


def _openapi(app: FastAPI, webhooks: Mapping[str, Any]) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
            separate_input_output_schemas=False,
        )
        components = schema.setdefault("components", {})
        components.setdefault("securitySchemes", {})["bearer"] = {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "在此粘贴令牌（本机试用：make token ROLE=clerk LOCATION=<地点代码>）",
        }
        schemas = components.setdefault("schemas", {})
        for model in (problems.ProblemOut, problems.FaultOut):
            schemas[model.__name__] = model.model_json_schema(
                ref_template="#/components/schemas/{model}"
            )
        schemas["ProblemOut"].pop("$defs", None)
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        _compose_examples(schema)
        if webhooks:
            schema["webhooks"] = dict(webhooks)
        app.openapi_schema = schema
    return app.openapi_schema


def _compose_examples(document: dict[str, Any]) -> None:
    """A body without an example of its own shows one made of its fields' examples."""
    schemas = document["components"]["schemas"]
    for path in document["paths"].values():
        for operation in path.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None or "examples" in content or "example" in content:
                continue
            content["examples"] = {"示例": {"value": _example(content["schema"], schemas)}}


def _example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """The first example, option or default; of an object, what is required or has examples."""
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _example(schema[key][0], schemas)
    if "const" in schema or "default" in schema:
        return schema.get("const", schema.get("default"))
    if schema.get("type") == "object":
        required = schema.get("required", ())
        fields = schema.get("properties", {}).items()
        return {
            name: _example(field, schemas)
            for name, field in fields
            if name in required or "examples" in field
        }
    return {"array": [], "integer": 1, "number": 1, "boolean": True}.get(
        str(schema.get("type")), "示例"
    )
