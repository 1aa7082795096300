"""Files that cross with a case: uploaded in one installation, fetched and compared in the other."""

import hashlib
from typing import Any

from deploy.stories.people import Person, StuckError


def scan(title: str) -> bytes:
    """What a counter's scanner would make: long enough to travel in parts."""
    return b"%PDF-1.7\n" + f"% {title}\n".encode() * 5_000 + b"\n%%EOF\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def upload(person: Person, path: str, content: bytes, *, method: str = "PUT") -> Any:
    headers = {"content-type": "application/pdf"}
    answer = await person.send(method, path, content=content, headers=headers)
    if answer.status_code != 201:
        raise StuckError(f"{person.name} 上传 {path}：{answer.status_code} {answer.text[:300]}")
    return answer.json()


async def compared(person: Person, path: str, content: bytes, *, what: str) -> str:
    """It is there under the other installation's roof, byte for byte; how that is said."""
    got = await person.fetched(path, what=what)
    if digest(got) != digest(content):
        raise StuckError(f"{what}的摘要不符：{digest(got)}，应为 {digest(content)}")
    return f"{what}（{len(got) // 1024} KB）摘要 sha-256:{digest(got)[:16]}… 相符"
