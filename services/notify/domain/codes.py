"""The code in a result's address: a handle and its signature, written so that it fits an SMS."""

import base64
import re
from dataclasses import dataclass

HANDLE_SIZE = 9
TAG_SIZE = 12
_WRITTEN = re.compile(r"[A-Za-z0-9_-]{28}")


@dataclass(frozen=True, slots=True)
class Code:
    """The handle alone opens nothing: only a holder of the keys can make its tag."""

    handle: bytes
    tag: bytes

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(self.handle + self.tag).decode()


def read(text: str) -> Code | None:
    """None for whatever no code looks like; whether the tag fits the keys say."""
    if not _WRITTEN.fullmatch(text):
        return None
    content = base64.urlsafe_b64decode(text)
    return Code(content[:HANDLE_SIZE], content[HANDLE_SIZE:])
