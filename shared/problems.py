"""The one place where an error becomes a problem document (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any, Literal

import structlog
from asyncpg.exceptions import InterfaceError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException as StarletteHTTPError

from shared import fields, shapes
from shared.errors import (
    ConflictError,
    DomainError,
    Fault,
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
    OutOfRangeError,
    PreconditionError,
    TooLargeError,
    UnprovenError,
    UnsupportedError,
)

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

_STATUS: Sequence[tuple[type[DomainError], int]] = (
    (InvalidError, 422),
    (NotFoundError, 404),
    (PreconditionError, 412),
    (ForbiddenError, 403),
    (GoneError, 410),
    (UnprovenError, 401),
    (ConflictError, 409),
    (TooLargeError, 413),
    (UnsupportedError, 415),
    (OutOfRangeError, 416),
)

# What the web framework says by itself: status -> (code, Chinese, English).
_PLAIN: Mapping[int, tuple[str, str, str]] = MappingProxyType(
    {
        400: ("malformed", "请求格式不正确", "malformed request"),
        401: (
            "no-token",
            "请先登录：缺少令牌，或令牌无效、已过期",
            "a valid bearer token is required",
        ),
        403: ("forbidden", "没有办理此操作的权限", "not allowed"),
        404: ("not-found", "没有找到，或无权查看", "not found"),
        405: ("method-not-allowed", "此地址不支持这种操作", "method not allowed"),
        406: ("not-acceptable", "无法按所要求的格式答复", "not acceptable"),
        410: ("gone", "已失效", "no longer available"),
        413: ("too-large", "内容超过允许的大小", "the content is too large"),
        414: ("too-long", "地址过长", "the address is too long"),
        415: ("unsupported-media-type", "不支持这种内容类型", "unsupported media type"),
        416: ("range-not-satisfiable", "请求的范围超出文件", "range not satisfiable"),
        429: ("too-many-requests", "请求过于频繁，请稍后再试", "too many requests"),
        431: ("headers-too-large", "请求头过大", "the headers are too large"),
        500: ("internal", "系统内部出错，已记录，请稍后再试", "internal error"),
        503: ("unavailable", "系统暂时不可用，请稍后再试", "temporarily unavailable"),
    }
)


class FaultOut(BaseModel):
    pointer: str = Field(
        description="出错的位置（JSON Pointer）", examples=["/applicant/id_number"]
    )
    code: str = Field(description="稳定的错误代码", examples=["check-digit"])
    message_zh: str = Field(description="中文说明，可直接念给申请人听")
    message_en: str = Field(description="English explanation")


class ProblemOut(BaseModel):
    """RFC 9457 问题详情；`faults` 一次列出全部问题。"""

    type: str = Field(examples=["urn:tongban:problem:invalid"])
    title: str = Field(description="中文标题")
    status: int
    code: str = Field(description="稳定的错误代码", examples=["invalid"])
    detail: str = Field(description="中文说明")
    detail_en: str = Field(description="English explanation")
    faults: list[FaultOut] = Field(default_factory=list, description="全部问题，一次列出")


def document(
    status: int,
    code: str,
    detail: str,
    detail_en: str,
    *,
    faults: Sequence[Fault] = (),
    facts: Mapping[str, Any] | None = None,
) -> bytes:
    body: dict[str, Any] = {
        "type": f"urn:tongban:problem:{code}",
        "title": _PLAIN.get(status, ("", detail, ""))[1],
        "status": status,
        "code": code,
        "detail": detail,
        "detail_en": detail_en,
        "faults": [asdict(fault) for fault in faults],
    }
    # A fact never hides a member of the problem itself: a case's status is its `current_status`.
    for name, value in (facts or {}).items():
        body[f"current_{name}" if name in body else name] = value
    return json.dumps(body, ensure_ascii=False, default=str).encode()


def plain_document(status: int) -> bytes:
    """The problem for a bare status code, as middlewares send it."""
    code, zh, en = _PLAIN.get(status, ("http-error", "请求未能完成", "the request failed"))
    return document(status, code, zh, en)


def _reply(status: int, content: bytes, headers: Mapping[str, str] | None = None) -> Response:
    return Response(content, status, dict(headers or {}), MEDIA_TYPE)


def status_of(error: DomainError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 422)


async def _on_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101  (registered for this class only)
    status = status_of(error)
    if isinstance(error, UnprovenError):
        # Who was refused at a door of signatures, and why; of what they sent, nothing.
        log.info(
            "proof_refused",
            operation=getattr(request.state, "operation", "-"),
            reason=error.facts.get("reason", error.code),
            request_id=getattr(request.state, "request_id", None),
        )
    faults = error.faults if isinstance(error, InvalidError) else ()
    return _reply(
        status,
        document(
            status,
            error.code,
            error.message_zh,
            error.message_en,
            faults=faults,
            facts=error.facts,
        ),
        # RFC 9110: who asked for too much is told how much there is.
        {"Content-Range": f"bytes */{error.size}"} if isinstance(error, OutOfRangeError) else None,
    )


async def _on_shape_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = error.errors()
    if any(e["type"] == "json_invalid" for e in errors):
        return _reply(
            400,
            document(400, "malformed-json", "内容不是有效的 JSON", "the body is not valid JSON"),
        )
    found = [_shape_fault(request, each) for each in errors]
    faults = [_HEADER_FAULTS.get(fault.pointer, fault) for fault in found]
    return await _on_domain_error(request, InvalidError(faults))


def _shape_fault(request: Request, error: Any) -> Fault:
    """Named as the form names the field: nobody at a counter reads a pointer out loud."""
    if error["loc"][:1] != ("body",):
        return shapes.fault(error)
    said = shapes.fault(error, skip=1)
    body = getattr(request.scope.get("route"), "body_field", None)
    loc = error["loc"][1:]
    if body is None or not loc:
        return said
    name = fields.spoken(body.field_info.annotation, loc)
    zh = f"{name}没有填写" if said.code == "missing" else f"{name}：{said.message_zh}"
    return replace(said, message_zh=zh)


_HEADER_FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "/header/Idempotency-Key": Fault(
            "/header/Idempotency-Key",
            "idempotency-key",
            "缺少 Idempotency-Key 请求头，或长短、字符不符：没有它，断网重试可能重复办理",
            "the Idempotency-Key header (8 to 100 visible ASCII characters) is required",
        )
    }
)


async def _on_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPError)  # noqa: S101
    return _reply(error.status_code, plain_document(error.status_code), error.headers)


# Connection lost, shutting down, out of connections, lock not got, took too long (SQLSTATE).
_PASSING = ("08", "53", "55P03", "57")


def is_passing(error: BaseException) -> bool:
    """Whether the database was away or too busy: the same call may succeed later."""
    if isinstance(error, PoolTimeoutError | ConnectionError | InterfaceError | TimeoutError):
        return True
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or str(state).startswith(_PASSING)
    return False


# A value that no column takes: not to be written at all, a number or an instant beyond all bounds
# (a cursor that somebody made up), NUL in a text or a document.
_NO_VALUE = ("22000", "22003", "22008", "22021", "22P05")


def _is_no_value(error: BaseException) -> bool:
    """Whatever door it came through: it cannot be stored, nor anything be found by it."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _NO_VALUE


async def _on_unforeseen(request: Request, error: Exception) -> Response:
    if _is_no_value(error):
        log.warning("value_not_storable", route=request.scope.get("route_path"), exc_info=error)
        return _reply(400, plain_document(400))
    if is_passing(error):
        log.warning("database_unavailable", error=type(error).__name__)
        return _reply(503, plain_document(503), {"Retry-After": "1"})
    log.error("request_failed", route=request.scope.get("route_path"), exc_info=error)
    return _reply(500, plain_document(500))


def install(app: FastAPI) -> None:
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_shape_error)
    app.add_exception_handler(StarletteHTTPError, _on_http_error)
    for kind in (DBAPIError, PoolTimeoutError, ConnectionError, InterfaceError, TimeoutError):
        app.add_exception_handler(kind, _on_unforeseen)
    app.add_exception_handler(Exception, _on_unforeseen)


ProblemStatus = Literal[400, 401, 403, 404, 409, 410, 412, 413, 414, 415, 416, 422, 429, 431, 503]

_WORDS: Mapping[int, str] = MappingProxyType(
    {
        400: "请求不是有效的 JSON，或地址含有不可用的字符",
        401: "缺少令牌，或令牌无效、已过期",
        403: "本角色或本地点无权办理",
        404: "没有找到，或无权查看",
        409: "当前状态不允许（答复列出允许的步骤）",
        410: "已失效",
        412: "内容已被他人更新（If-Match 不符）",
        413: "内容过大",
        414: "地址过长",
        415: "文件内容不是可接收的类型，或与所声明的不符",
        416: "请求的范围超出文件",
        422: "有内容需要更正，全部问题一次列出",
        429: "请求过于频繁",
        431: "请求头过大",
        503: "暂时不可用，请稍后再试",
    }
)


def responses(*statuses: ProblemStatus) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: which problems an operation may answer with."""
    return {
        status: {
            "description": _WORDS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
        }
        for status in statuses
    }
