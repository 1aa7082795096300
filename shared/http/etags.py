"""Entity tags: what a reader saw, so that nobody overwrites what they have not seen."""

from typing import Annotated

from fastapi import Header, Request

from shared.errors import PreconditionError


def of_version(version: int) -> str:
    return f'"{version}"'


def matches(header: str | None, current: str) -> bool:
    """RFC 9110 13.1: a list of tags or *; the weak prefix is ignored."""
    if header is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or current in tags


def require(if_match: str | None, version: int) -> None:
    """Refuse a change made against an older version; without If-Match nothing is checked."""
    if if_match is not None and not matches(if_match, of_version(version)):
        raise PreconditionError(current=of_version(version))


IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", description="读到时的 ETag；内容已被他人更新则答复 412", max_length=200
    ),
]


def if_none_match(request: Request) -> str | None:
    return request.headers.get("if-none-match")
