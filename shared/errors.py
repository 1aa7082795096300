"""What can go wrong, in the language of the case; no HTTP.

DomainError
├── InvalidError        everything that is wrong with what was handed in, at once
├── NotFoundError       not there, or not the caller's to see
├── ConflictError       the present state does not allow it
├── PreconditionError   the caller has seen an older version
├── GoneError           it was there; its time is over
├── UnprovenError       whoever calls did not prove who they are
├── TooLargeError       more than is taken
├── UnsupportedError    of a kind that is not taken
├── OutOfRangeError     a part was asked for that is not there
└── ForbiddenError      the caller may not do this at all
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}")
_DIGITS_OF_A_PERSON = re.compile(r"(?<!\d)(1\d{10}|\d{15}|\d{17}[\dXx])(?!\d)")


def told_back(value: str, otherwise: str) -> str:
    """What was handed in, if it looks like a code: an error repeats no words of a person, and no
    number that may be a person's, wherever they were typed."""
    plain = _CODE.fullmatch(value) and not _DIGITS_OF_A_PERSON.search(value)
    return value if plain else otherwise


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (JSON pointer), what (stable code), and how to say it."""

    pointer: str
    code: str
    message_zh: str
    message_en: str


class DomainError(Exception):
    """`code` never changes; the sentences are for an official; `facts` are never personal."""

    code: ClassVar[str] = "domain-error"

    def __init__(self, message_zh: str, message_en: str, **facts: Any) -> None:
        super().__init__(f"{self.code}: {message_en}")
        self.message_zh = message_zh
        self.message_en = message_en
        self.facts = facts


class InvalidError(DomainError):
    code = "invalid"

    def __init__(self, faults: Sequence[Fault], **facts: Any) -> None:
        super().__init__(
            f"共有 {len(faults)} 处需要更正，已一次列出",
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''}, all listed at once",
            **facts,
        )
        self.faults = tuple(faults)


class NotFoundError(DomainError):
    code = "not-found"

    def __init__(
        self, message_zh: str = "没有找到，或无权查看", message_en: str = "not found", **facts: Any
    ) -> None:
        super().__init__(message_zh, message_en, **facts)


class ConflictError(DomainError):
    code = "conflict"


class CaseErasedError(ConflictError):
    """Its term is over, or the person asked: there is nobody in it any more to act for."""

    code = "case-erased"

    def __init__(self) -> None:
        super().__init__(
            "本办件的个人信息已经删除，只保留编号、事项、日期和结果",
            "the personal data of this case has been erased",
        )


class PreconditionError(DomainError):
    code = "stale"

    def __init__(self, **facts: Any) -> None:
        super().__init__(
            "内容已被他人更新，请刷新后再试", "the resource has changed since it was read", **facts
        )


class GoneError(DomainError):
    code = "gone"


class UnprovenError(DomainError):
    code = "unproven"


class TooLargeError(DomainError):
    code = "too-large"


class UnsupportedError(DomainError):
    code = "unsupported"


class OutOfRangeError(DomainError):
    """`size` is how much there is."""

    code = "out-of-range"

    def __init__(self, message_zh: str, message_en: str, *, size: int) -> None:
        super().__init__(message_zh, message_en, size=size)
        self.size = size


class ForbiddenError(DomainError):
    code = "forbidden"
