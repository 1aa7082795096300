"""Another installation as we see it when we fetch: tokens, contents and files, whole or broken."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.clock import Clock
from shared.files.headers import read_range
from shared.http.fetching import PartnerLine, digest_of

ORIGIN = "https://there.example"
ACCESS = {"base_url": ORIGIN, "client_id": "c-1", "client_secret": "their-secret-for-us"}
PDF = b"%PDF-1.7\n" + b"0123456789abcdef" * 20_000 + b"\n%%EOF\n"


@dataclass
class There:
    """`breaks` says after how many bytes each next line to a file breaks; `statuses` what is
    answered before anything else."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    breaks: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    while_sending: Callable[[], None] = lambda: None

    def content(self, name: str, content: Any) -> dict[str, str]:
        """Where it lies, as a webhook says it."""
        body = json.dumps(content).encode()
        self.bodies[f"/{name}"] = body
        return {"path": f"/{name}", "digest": digest_of(body)}

    def file(self, name: str, content: bytes = PDF, **said: Any) -> dict[str, Any]:
        self.files[f"/{name}"] = content
        return {
            "path": f"/{name}",
            "digest": digest_of(content),
            "size": len(content),
            "media_type": "application/pdf",
            **said,
        }

    def fetched(self, name: str) -> list[str | None]:
        """Which parts of it were asked for."""
        return [part for path, part in self.asked if path == f"/{name}"]

    def line(self, clock: Clock) -> PartnerLine:
        return PartnerLine(httpx.AsyncClient(transport=httpx.MockTransport(self._answer)), clock)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path, part = request.url.path, request.headers.get("range")
        if path == "/routing/oauth/token":
            return _streamed(200, b'{"access_token": "t", "expires_in": 900}')
        assert request.headers["authorization"] == "Bearer t"
        self.asked.append((path, part))
        if self.statuses:
            return _streamed(self.statuses.pop(0), b"")
        if path in self.bodies:
            return _streamed(200, self.bodies[path])
        if path not in self.files:
            return _streamed(404, b"")
        start, end = read_range(part, len(self.files[path])) or (0, len(self.files[path]))
        broken = self.breaks.pop(0) if self.breaks else None
        stream = _Sent(self.files[path][start:end], broken, self.while_sending)
        return httpx.Response(206 if part else 200, stream=stream)


def _streamed(status: int, body: bytes) -> httpx.Response:
    return httpx.Response(status, stream=httpx.ByteStream(body))


@dataclass
class _Sent(httpx.AsyncByteStream):
    content: bytes
    breaks_after: int | None
    while_sending: Callable[[], None]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.content), 65536):
            self.while_sending()
            if self.breaks_after is not None and start >= self.breaks_after:
                raise httpx.ReadError("the line broke")
            yield self.content[start : start + 65536]
