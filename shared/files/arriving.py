"""What is looked at while a file arrives: how long it is, of what type, with which digest."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterable, Collection

from shared.errors import DomainError, TooLargeError, UnsupportedError
from shared.files.headers import read_digest
from shared.files.media import Probe


class FileTooLargeError(TooLargeError):
    code = "file-too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"文件超过 {limit // (1024 * 1024)} MB", f"more than {limit} bytes", limit=limit
        )


class FileTypeError(UnsupportedError):
    code = "file-type-not-accepted"

    def __init__(self, accepted: Collection[str]) -> None:
        super().__init__(
            "文件内容不是可接收的类型，或文件不完整",
            "the content is of no accepted type, or incomplete",
            accepted=sorted(accepted),
        )


class FileTypeMismatchError(UnsupportedError):
    code = "file-type-mismatch"

    def __init__(self, found: str) -> None:
        super().__init__(
            "文件内容与所声明的类型不符",
            "the content is not of the declared type",
            found=found,
        )


class DigestMismatchError(DomainError):
    code = "digest-mismatch"

    def __init__(self) -> None:
        super().__init__(
            "收到的文件与所附摘要不符，请重新上传", "the content does not match its Repr-Digest"
        )


class Arriving:
    def __init__(
        self, *, declared: str | None, repr_digest: str | None, limit: int, accepted: frozenset[str]
    ) -> None:
        self.sha256 = hashlib.sha256()
        self.size = 0
        self.media_type = ""
        self._probe = Probe()
        self._declared = _essence(declared)
        self._expected = read_digest(repr_digest)
        self._limit = limit
        self._accepted = accepted

    async def watch(self, stream: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
        async for data in stream:
            self.size += len(data)
            if self.size > self._limit:
                raise FileTooLargeError(self._limit)
            self._probe.update(data)
            if not self._probe.undecided:
                # Refused at its first bytes, not after the last of fifty million.
                self._accept(self._probe.guess())
            self.sha256.update(data)
            yield data
        self.media_type = self._accept(self._probe.confirm())
        if self._expected is not None and self.sha256.digest() != self._expected:
            raise DigestMismatchError

    def _accept(self, found: str | None) -> str:
        if found is None or found not in self._accepted:
            raise FileTypeError(self._accepted)
        if self._declared is not None and self._declared != found:
            raise FileTypeMismatchError(found)
        return found


def _essence(content_type: str | None) -> str | None:
    """A type that says nothing (octet-stream) is no declaration."""
    essence = (content_type or "").partition(";")[0].strip().lower()
    return None if essence in {"", "application/octet-stream"} else essence
