"""The key ring: seals what is personal, for one purpose and one place each.

Sealed bytes are algorithm (1) + key id (4) + nonce (12) + ciphertext + tag (16). The key id says
which key opens them, so old and new keys, and two families of algorithms, live side by side while
a re-sealing job walks the tables. `context` names the place (row and column, message and field):
bytes that were moved elsewhere do not open.

Nonces are random, so a key should be rotated well before it has sealed 2**32 times.
"""

import hmac
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Final, Self

import structlog
from cryptography.exceptions import InvalidTag

from shared.clock import Clock, utc_now
from shared.security.algorithms import DEFAULT, NONCE_SIZE, Aead, Algorithm
from shared.security.ring import (
    PREFIX_SIZE,
    PURPOSES,
    Key,
    KeyringError,
    Purpose,
    Ring,
    UnknownKeyError,
    fresh_keys,
    new_key,
    read_ring,
    written,
)
from shared.security.secret_files import (
    SecretFileError,
    create_secret,
    only_writer,
    replace_secret,
)

BLIND_SIZE: Final = PREFIX_SIZE + 16
LINK_TAG_SIZE: Final = 12
LOOK_AGAIN_SECONDS: Final = 2.0
# After so long every process has looked, and clocks may differ by a little.
KNOWN_TO_ALL: Final = timedelta(seconds=LOOK_AGAIN_SECONDS + 1)

__all__ = [
    "PURPOSES",
    "Keyring",
    "KeyringError",
    "Purpose",
    "SealBrokenError",
    "UnknownKeyError",
    "kid_of",
]

log = structlog.get_logger(__name__)


class SealBrokenError(Exception):
    """The bytes were altered, cut, or moved from the place they were sealed for."""


class Keyring:
    """A ring read from a file looks at it again every two seconds, and at once when it meets an
    unknown key: so a rotation reaches every process without a restart.

    What names no key (a blind index, a link) cannot make another process look: it is made with a
    new key only once all have looked, or what one process wrote the others would not find.

    Where the file comes to each process by itself, and later than within seconds, `spread` says how
    much later at the most: until then no process uses a new key, though it may open with it."""

    def __init__(
        self,
        keys: Iterable[Key],
        *,
        path: Path | None = None,
        purposes: frozenset[str] = frozenset(PURPOSES),
        spread: timedelta = timedelta(),
    ) -> None:
        self.spread = spread
        self._ring = self._made(key for key in keys if key.purpose in purposes)
        self._path = path
        self._purposes = purposes
        # Unknown at first: the file may have changed since `keys` were read from it.
        self._stamp: tuple[int, int, int] | None = None
        self._due = monotonic() + LOOK_AGAIN_SECONDS

    @classmethod
    def new(cls, *, algorithm: str = DEFAULT, clock: Clock = utc_now) -> Self:
        """A ring in memory only."""
        return cls(fresh_keys(algorithm, clock))

    @classmethod
    def create(cls, path: Path, *, algorithm: str = DEFAULT, clock: Clock = utc_now) -> Self:
        if not create_secret(path, written(fresh_keys(algorithm, clock))):
            raise KeyringError(f"{path} exists; a key ring is never overwritten")
        return cls.load(path)

    @classmethod
    def load(cls, path: Path, *, spread: timedelta = timedelta()) -> Self:
        return cls(read_ring(path), path=path, spread=spread)

    @classmethod
    def load_or_create(
        cls, path: Path, *, algorithm: str = DEFAULT, clock: Clock = utc_now
    ) -> Self:
        """A ring of an earlier version gets the keys that it lacks."""
        if not path.exists():
            create_secret(path, written(fresh_keys(algorithm, clock)))
        ring = cls.load(path)
        for purpose in PURPOSES:
            if not ring.kids(purpose):
                ring.rotate(purpose, algorithm=algorithm, clock=clock)
        return ring

    def for_purposes(self, *purposes: Purpose) -> "Keyring":
        """The same ring, holding no other keys: nobody carries keys that they do not need."""
        wanted = self._purposes & frozenset(purposes)
        return Keyring(self._current().keys, path=self._path, purposes=wanted, spread=self.spread)

    def seal(self, purpose: Purpose, data: bytes, *, context: str) -> bytes:
        try:
            prefix, cipher = self._current().sealers[purpose]
        except KeyError:
            raise KeyringError(f"this ring does not seal {purpose}") from None
        nonce = os.urandom(NONCE_SIZE)
        return prefix + nonce + cipher.encrypt(nonce, data, prefix + context.encode())

    def open(self, purpose: Purpose, sealed: bytes, *, context: str) -> bytes:
        prefix = sealed[:PREFIX_SIZE]
        cipher = self._opener(purpose, prefix)
        body = PREFIX_SIZE + NONCE_SIZE
        try:
            return cipher.decrypt(
                sealed[PREFIX_SIZE:body], sealed[body:], prefix + context.encode()
            )
        except (InvalidTag, ValueError):
            raise SealBrokenError(f"does not open as {purpose}") from None

    def primary(self, purpose: Purpose) -> str:
        """The id of the key that seals now."""
        return self._primary(purpose).kid

    def algorithm(self, purpose: Purpose) -> Algorithm:
        """The family that seals, or proves, now."""
        return self._primary(purpose).algorithm

    def prefix(self, purpose: Purpose) -> bytes:
        """How everything sealed with the present key begins: what begins otherwise is stale."""
        return self._primary(purpose).prefix

    def stale(self, purpose: Purpose, sealed: bytes) -> bool:
        return sealed[:PREFIX_SIZE] != self.prefix(purpose)

    def kids(self, purpose: Purpose) -> tuple[str, ...]:
        """The primary first, then the old ones, newest first."""
        held = [key for key in self._current().keys if key.purpose == purpose]
        held.sort(key=lambda key: (key.primary, key.created), reverse=True)
        return tuple(key.kid for key in held)

    def blind(self, kind: str, value: str) -> bytes:
        """A keyed digest for equality search; `kind` keeps a phone from matching a number."""
        return _blind(self._known_to_all("index"), kind, value)

    def blind_prefix(self) -> bytes:
        """How every digest of `blind` begins now: what begins otherwise is an old key's."""
        return self._known_to_all("index").prefix

    def blind_with(self, kid: str, kind: str, value: str) -> bytes:
        """The same under a named key."""
        key = self._current().by_kid.get(kid)
        if key is None or key.purpose != "index":
            raise UnknownKeyError(f"no index key {kid}")
        return _blind(key, kind, value)

    def blinds(self, kind: str, value: str) -> tuple[bytes, ...]:
        """Under every index key, primary first: a search finds rows written under any of them."""
        return tuple(self.blind_with(kid, kind, value) for kid in self.kids("index"))

    def digest(self, data: bytes) -> bytes:
        """A keyed digest that says nothing of what it was made from; compare with `matches`."""
        return _digest(self._primary("index"), data)

    def matches(self, digest: bytes, data: bytes) -> bool:
        """Whether `digest` was made of `data`, under whatever key was primary then."""
        return self._made_of("index", digest, data)

    def attest(self, data: bytes) -> bytes:
        """Proof that `data` was written by a holder of this ring; for the audit trail. An old
        audit key is kept as long as rows of its time are."""
        return _digest(self._primary("audit"), data)

    def attested(self, proof: bytes, data: bytes) -> bool:
        return self._made_of("audit", proof, data)

    def sign_link(self, data: bytes) -> bytes:
        """A tag short enough for an address that people are sent: 96 bits."""
        return _link_tag(self._known_to_all("links"), data)

    def signed_link(self, tag: bytes, data: bytes) -> bool:
        """Whether a holder of this ring signed it, under whatever key was primary then."""
        keys = [key for key in self._current().keys if key.purpose == "links"]
        return any(hmac.compare_digest(_link_tag(key, data), tag) for key in keys)

    def rotate(
        self, purpose: Purpose, *, algorithm: str | None = None, clock: Clock = utc_now
    ) -> str:
        """Add a new key that seals from now on; the old ones go on opening. Returns its id."""
        made: list[Key] = []

        def add(keys: tuple[Key, ...]) -> Iterable[Key]:
            present = next((key for key in keys if key.purpose == purpose and key.primary), None)
            chosen = algorithm or (present.algorithm.name if present else DEFAULT)
            made.append(new_key(purpose, chosen, clock, {key.kid for key in keys}))
            kept = [replace(key, primary=False) if key is present else key for key in keys]
            return [*kept, *made]

        self._amend(add)
        return made[0].kid

    def forget(self, kid: str) -> None:
        """Drop an old key, once nothing is left that it sealed: what is left is lost for good."""

        def drop(keys: tuple[Key, ...]) -> Iterable[Key]:
            if any(key.kid == kid and key.primary for key in keys):
                raise KeyringError(f"{kid} is in use; rotate first")
            return [key for key in keys if key.kid != kid]

        self._amend(drop)

    def _made_of(self, purpose: Purpose, digest: bytes, data: bytes) -> bool:
        kid = kid_of(digest)
        key = self._current().by_kid.get(kid)
        if key is None:
            self._look_again()
            key = self._ring.by_kid.get(kid)
        if key is None or key.purpose != purpose:
            return False
        return hmac.compare_digest(_digest(key, data), digest)

    def _primary(self, purpose: Purpose) -> Key:
        try:
            return self._current().primaries[purpose]
        except KeyError:
            raise KeyringError(f"this ring holds no key for {purpose}") from None

    def _known_to_all(self, purpose: Purpose) -> Key:
        """The primary key, or until others know it the one before."""
        primary = self._primary(purpose)
        settled = utc_now() - KNOWN_TO_ALL
        if self._path is None or primary.created <= settled:
            return primary
        return self._current().settled(purpose, settled)

    def _made(self, keys: Iterable[Key]) -> Ring:
        settled = utc_now() - self.spread - KNOWN_TO_ALL if self.spread else None
        return Ring(keys, settled=settled)

    def _opener(self, purpose: Purpose, prefix: bytes) -> Aead:
        cipher = self._current().openers.get((purpose, prefix))
        if cipher is None:
            self._look_again()
            cipher = self._ring.openers.get((purpose, prefix))
        if cipher is None:
            raise UnknownKeyError(f"no key {prefix[1:].hex() or '(none)'} for {purpose}")
        return cipher

    def _current(self) -> Ring:
        if self._path is not None and monotonic() >= self._due:
            self._look_again()
        return self._ring

    def _look_again(self) -> None:
        """Go on with the keys at hand if the file is unreadable: work must not stop for it."""
        self._due = monotonic() + LOOK_AGAIN_SECONDS
        if self._path is None:
            return
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp or self._ring.pending:
                held = read_ring(self._path)
                self._ring = self._made(key for key in held if key.purpose in self._purposes)
                self._stamp = stamp
        except (OSError, SecretFileError, KeyringError) as error:
            log.warning("keyring_not_reread", path=str(self._path), error=type(error).__name__)

    def _amend(self, change: Callable[[tuple[Key, ...]], Iterable[Key]]) -> None:
        if self._path is None:
            self._ring = self._made(change(self._ring.keys))
            return
        with only_writer(self._path):
            # The file may hold more than this ring does: other purposes, another's new key.
            replace_secret(self._path, written(Ring(change(read_ring(self._path))).keys))
        self._look_again()


def kid_of(sealed: bytes) -> str:
    """The id of the key that sealed it."""
    return sealed[1:PREFIX_SIZE].hex()


def _blind(key: Key, kind: str, value: str) -> bytes:
    made = key.prefix + key.algorithm.mac(key.material, f"blind\0{kind}\0{value}".encode())
    return made[:BLIND_SIZE]


def _digest(key: Key, data: bytes) -> bytes:
    return key.prefix + key.algorithm.mac(key.material, b"digest\0" + data)


def _link_tag(key: Key, data: bytes) -> bytes:
    return key.algorithm.mac(key.material, b"link\0" + data)[:LINK_TAG_SIZE]


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size
