"""What endpoints that take or give files have in common."""

from typing import Annotated, Any

from fastapi import Depends, Request

from shared.files.media import ACCEPTED
from shared.files.store import FileStore


async def _files(request: Request) -> FileStore:
    files: FileStore = request.app.state.files
    return files


Files = Annotated[FileStore, Depends(_files)]

FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "文件本身，不超过 50 MB；按内容判定类型",
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in sorted(ACCEPTED)
        },
    }
}
