"""Misbehaving by script: what goes wrong with which call, once or several times."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

ANY = "*"


class Kind(StrEnum):
    DELAY = "delay"  # a right answer, late
    STATUS = "status"  # 429, 500, 503 …
    REFUSE = "refuse"  # a proper answer that says never
    GARBAGE = "garbage"  # 200 and a page of HTML
    DROP = "drop"  # the line breaks in the middle of the answer


class Fault(BaseModel):
    kind: Kind
    done: bool = False  # the work is done all the same: only the answer is lost
    seconds: float = Field(default=0, ge=0, le=600)
    status: int = Field(default=500, ge=300, le=599)
    retry_after: str | None = None  # as in the header: seconds or a date
    code: str = "BAD_ADDRESS"
    times: int = Field(default=1, ge=1, le=1000)


class FaultsIn(BaseModel):
    operation: str
    key: str = ANY  # our own id, or any
    faults: list[Fault]


class Faults:
    """Waiting faults, in the order in which they were ordered."""

    def __init__(self) -> None:
        self._waiting: defaultdict[tuple[str, str], deque[Fault]] = defaultdict(deque)

    def order(self, ordered: FaultsIn) -> None:
        queue = self._waiting[ordered.operation, ordered.key]
        for fault in ordered.faults:
            queue.extend([fault] * fault.times)

    def take(self, operation: str, key: str) -> Fault | None:
        for waiting in (self._waiting[operation, key], self._waiting[operation, ANY]):
            if waiting:
                return waiting.popleft()
        return None

    def clear(self) -> None:
        self._waiting.clear()


class BrokenResponse(Response):
    """Promises more than it sends, so that the server cuts the line."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"code": "O', "more_body": True})


Work = Callable[[], Response]


async def answer(fault: Fault | None, work: Work) -> Response:
    if fault is None:
        return work()
    if fault.kind is Kind.DELAY:
        await asyncio.sleep(fault.seconds)
        return work()
    if fault.done:
        work()
    await asyncio.sleep(fault.seconds)
    return _wrong(fault)


def _wrong(fault: Fault) -> Response:
    if fault.kind is Kind.REFUSE:
        return said(fault.code, "不予受理", status=422)
    if fault.kind is Kind.GARBAGE:
        return PlainTextResponse("<html><h1>系统维护中</h1></html>", media_type="text/html")
    if fault.kind is Kind.DROP:
        return BrokenResponse()
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else None
    return PlainTextResponse("busy", status_code=fault.status, headers=headers)


def said(code: str, message: str = "", *, status: int = 200, **data: Any) -> Response:
    return JSONResponse({"code": code, "message": message, "data": data}, status_code=status)
