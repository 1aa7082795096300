"""What a content says of somebody: its texts, but for those that stand under names of codes."""

from collections.abc import Collection, Iterator
from typing import Any


def texts(content: Any, *, without: Collection[str] = ()) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            plain = isinstance(value, str | list) and not any(isinstance(e, dict) for e in value)
            if key not in without or not plain:
                yield from texts(value, without=without)
    elif isinstance(content, list):
        for each in content:
            yield from texts(each, without=without)
    elif isinstance(content, str) and len(content) > 1:
        yield content
