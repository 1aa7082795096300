"""Files that hold keys: written whole or not at all, readable by their owner alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex


class SecretFileError(Exception):
    """A file of keys is missing, open to others, or not what it should be."""


def read_secret(path: Path) -> bytes:
    """Refuse what anybody but the owner may read: the keys would count as known."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SecretFileError(f"there is no key file at {path}") from None
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if mode & 0o077:
            raise SecretFileError(f"{path} is open to others ({mode & 0o777:04o}); chmod 600 it")
        return file.read()


def create_secret(path: Path, content: bytes) -> bool:
    """Whether this call made the file; of two that race, one does and both may read it after."""
    written = _write_beside(path, content)
    try:
        # link refuses an existing name, rename would replace it.
        os.link(written, path)
    except FileExistsError:
        return False
    finally:
        written.unlink()
    _sync_folder(path.parent)
    return True


def replace_secret(path: Path, content: bytes) -> None:
    _write_beside(path, content).replace(path)
    _sync_folder(path.parent)


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold the folder's lock, so that of two who amend the file neither loses the other's key."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_beside(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{token_hex(8)}")
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return beside


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
