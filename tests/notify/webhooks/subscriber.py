"""A partner's endpoint on a real port: it verifies with the reference library, repeats challenges,
and misbehaves in whatever way it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from deploy.simulators.doors import serving
from shared.clock import Clock
from shared.webhooks import secrets, signing

Answer = Callable[[], Response]


@dataclass
class Subscriber:
    """`heard` are the webhooks it took, `calls` all that came, `effects` what it did: by id.

    `answers` go to whoever comes next; `refuses` decides by what came."""

    clock: Clock
    url: str = ""
    secret: str = ""
    answers: list[Answer | None] = field(default_factory=list)
    always: Answer | None = None
    refuses: Callable[[dict[str, Any]], Answer | None] | None = None
    delay: float = 0.0
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[dict[str, Any]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def effects(self) -> dict[str, dict[str, Any]]:
        return {each["id"]: each for each in self.heard}

    def of(self, subject: str) -> list[int]:
        """The sequence numbers that it took of one subject, in the order in which it took them."""
        return [int(each["sequence"]) for each in self.heard if each["subject"] == subject]

    async def took(self, count: int) -> None:
        """Return once it has taken so many."""
        async with self.came:
            await self.came.wait_for(lambda: len(self.heard) >= count)

    async def receive(self, request: Request) -> Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._answer(await request.body(), dict(request.headers))
        finally:
            self.at_once -= 1

    async def _answer(self, body: bytes, headers: dict[str, str]) -> Response:
        document = json.loads(body)
        self.calls.append({**document, "headers": headers})
        if self.delay:
            await asyncio.sleep(self.delay)
        await self.answering.wait()
        challenge = document["data"].get("challenge")
        answer = self._told_to(document)
        if answer is not None:
            return answer()
        self.verify(body, headers)
        if challenge:
            return JSONResponse({"challenge": challenge})
        async with self.came:
            self.heard.append(document)
            self.came.notify_all()
        return JSONResponse({"taken": True}, 202)

    def _told_to(self, document: dict[str, Any]) -> Answer | None:
        if self.refuses is not None:
            return self.refuses(document)
        return self.answers.pop(0) if self.answers else self.always

    def verify(self, body: bytes, headers: dict[str, str]) -> None:
        """By our own reading at the tests' time; by the reference library, but for its clock."""
        signing.verify([secrets.decode(self.secret)], headers, body, now=self.clock())
        theirs = Webhook(self.secret).sign(headers["webhook-id"], self.clock(), body.decode())
        assert theirs in headers["webhook-signature"].split(" ")


@asynccontextmanager
async def subscriber(clock: Clock) -> AsyncIterator[Subscriber]:
    made = Subscriber(clock)
    app = Starlette(routes=[Route("/hook", made.receive, methods=["POST"])])
    async with serving(app) as url:
        made.url = f"{url}/hook"
        made.answering.set()
        yield made


def status(code: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: Response("说不清的答复", code, headers=named)


def huge(size: int) -> Answer:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(size // 65536):
            yield b"x" * 65536

    return lambda: StreamingResponse(chunks(), 200)
