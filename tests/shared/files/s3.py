"""As much of S3 as the store uses, in memory, over real HTTP; it remembers what was left open."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

NOW = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)


@dataclass
class FakeS3:
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    uploads_begun: int = 0
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: Request) -> Response:
        key = request.path_params.get("key", "")
        body = await request.body()
        if "delete" in request.query_params:
            return self._delete(body.decode())
        if not key:
            return self._list(request.query_params.get("prefix", ""))
        upload = request.query_params.get("uploadId")
        if "uploads" in request.query_params:
            return self._begin(key)
        if upload is not None:
            return self._carry_on(request, key, upload, body)
        return self._whole(request, key, body)

    def _begin(self, key: str) -> Response:
        self.uploads_begun += 1
        upload = f"u{self.uploads_begun}"
        self.uploads[upload] = {}
        return xml(
            f"<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>{key}</Key>"
            f"<UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
        )

    def _carry_on(self, request: Request, key: str, upload: str, body: bytes) -> Response:
        if request.method == "DELETE":
            self.uploads.pop(upload)
            return Response(status_code=204)
        if request.method == "PUT":
            self.uploads[upload][int(request.query_params["partNumber"])] = body
            return Response(headers={"etag": tag(body)})
        parts = self.uploads.pop(upload)
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        return xml(
            f"<CompleteMultipartUploadResult><Location>l</Location><Bucket>b</Bucket>"
            f"<Key>{key}</Key><ETag>{tag(b'')}</ETag></CompleteMultipartUploadResult>"
        )

    def _whole(self, request: Request, key: str, body: bytes) -> Response:
        if request.method == "PUT":
            self.objects[key] = body
            return Response(headers={"etag": tag(body)})
        content = self.objects.get(key)
        if content is None:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404)
        headers = {
            "etag": tag(content),
            "last-modified": format_datetime(NOW, usegmt=True),
        }
        asked = request.headers.get("range")
        if asked is None:
            return Response(content, headers=headers)
        first, _, last = asked.removeprefix("bytes=").partition("-")
        if int(first) >= len(content):
            return Response("<Error><Code>InvalidRange</Code></Error>", 416)
        part = content[int(first) : int(last) + 1]
        end = int(first) + len(part) - 1
        headers["content-range"] = f"bytes {first}-{end}/{len(content)}"
        return Response(part, 206, headers)

    def _delete(self, asked: str) -> Response:
        """Many at once; what was not there counts as deleted."""
        keys = re.findall("<Key>(.*?)</Key>", asked)
        for key in keys:
            self.objects.pop(key, None)
        done = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return xml(f"<DeleteResult>{done}</DeleteResult>")

    def _list(self, prefix: str) -> Response:
        entries = "".join(
            f"<Contents><Key>{key}</Key><LastModified>{NOW.isoformat()}</LastModified>"
            f"<ETag>{tag(content)}</ETag><Size>{len(content)}</Size></Contents>"
            for key, content in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        return xml(
            f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        )


def tag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'


def xml(body: str) -> Response:
    return Response(f'<?xml version="1.0"?>{body}', media_type="application/xml")


@asynccontextmanager
async def serve_s3() -> AsyncIterator[FakeS3]:
    fake = FakeS3()
    methods = ["GET", "HEAD", "PUT", "POST", "DELETE"]
    app = Starlette(
        routes=[
            Route("/b", fake.answer, methods=methods),
            Route("/b/{key:path}", fake.answer, methods=methods),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    # Listening before it is served: whoever calls early waits instead of being refused.
    listening = socket.create_server(("127.0.0.1", 0))
    fake.port = listening.getsockname()[1]
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield fake
    finally:
        server.should_exit = True
        await serving
