"""The keys of one moment, and how they are written down."""

import base64
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

from shared.clock import Clock
from shared.security.algorithms import ALGORITHMS, Aead, Algorithm
from shared.security.secret_files import read_secret

Purpose = Literal["fields", "events", "files", "links", "index", "audit"]
# Keys of these make digests only.
MAC_PURPOSES: Final = frozenset({"index", "audit"})
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)

# Rotated together, so that what lies sealed within a seal is made anew with it. The other two only
# prove: a link that was sent, and the trail, stay provable by the keys of their time.
ROTATED: Final[tuple[Purpose, ...]] = ("fields", "events", "files", "index")

# Of these nothing is left once everything was sealed anew; what the others have proved stays.
SEALING: Final[tuple[Purpose, ...]] = ("fields", "events", "files")

PREFIX_SIZE: Final = 5


class KeyringError(Exception):
    """The ring lacks what it was asked for, or its file is not to be trusted."""


class UnknownKeyError(KeyringError):
    """Sealed with a key that this ring does not hold."""


@dataclass(frozen=True, slots=True)
class Key:
    kid: str
    purpose: Purpose
    algorithm: Algorithm
    material: bytes = field(repr=False)
    created: datetime
    primary: bool

    @property
    def prefix(self) -> bytes:
        return bytes([self.algorithm.code]) + bytes.fromhex(self.kid)


class Ring:
    """The keys of one moment, prepared for use; replaced as a whole, never changed.

    `settled`: a key that is younger is not used yet, for others may not have it; the one before it
    is. `pending` says that there is such a key."""

    def __init__(self, keys: Iterable[Key], *, settled: datetime | None = None) -> None:
        self.keys = tuple(keys)
        self.by_kid = {key.kid: key for key in self.keys}
        latest = [key for key in self.keys if key.primary]
        self.primaries = {key.purpose: self.settled(key.purpose, settled) for key in latest}
        self.pending = list(self.primaries.values()) != latest
        ciphers = {key.kid: key.algorithm.cipher(key.material) for key in self.keys}
        self.sealers: dict[str, tuple[bytes, Aead]] = {
            purpose: (key.prefix, ciphers[key.kid])
            for purpose, key in self.primaries.items()
            if purpose not in MAC_PURPOSES
        }
        self.openers: dict[tuple[str, bytes], Aead] = {
            (key.purpose, key.prefix): ciphers[key.kid] for key in self.keys
        }
        _check(self)

    def settled(self, purpose: Purpose, settled: datetime | None) -> Key:
        """The newest key that is old enough; the first has none before it."""
        held = [key for key in self.keys if key.purpose == purpose]
        held.sort(key=lambda key: (key.primary, key.created), reverse=True)
        if settled is None:
            return held[0]
        return next((key for key in held if key.created <= settled), held[-1])


def _check(ring: Ring) -> None:
    if len(ring.by_kid) != len(ring.keys):
        raise KeyringError("two keys have one id")
    for purpose in {key.purpose for key in ring.keys}:
        if sum(key.primary for key in ring.keys if key.purpose == purpose) != 1:
            raise KeyringError(f"{purpose} needs exactly one primary key")


def new_key(purpose: Purpose, algorithm: str, clock: Clock, taken: set[str]) -> Key:
    chosen = _algorithm(algorithm)
    kid = os.urandom(4).hex()
    while kid in taken:
        kid = os.urandom(4).hex()
    return Key(kid, purpose, chosen, os.urandom(chosen.key_size), clock(), primary=True)


def fresh_keys(algorithm: str, clock: Clock) -> list[Key]:
    keys: list[Key] = []
    for purpose in PURPOSES:
        keys.append(new_key(purpose, algorithm, clock, {key.kid for key in keys}))
    return keys


def _algorithm(name: str) -> Algorithm:
    try:
        return ALGORITHMS[name]
    except KeyError:
        raise KeyringError(f"unknown algorithm {name}; one of {', '.join(ALGORITHMS)}") from None


def written(keys: Iterable[Key]) -> bytes:
    rows = [
        {
            "kid": key.kid,
            "purpose": key.purpose,
            "algorithm": key.algorithm.name,
            "key": base64.b64encode(key.material).decode(),
            "created": key.created.isoformat(),
            "state": "primary" if key.primary else "old",
        }
        for key in keys
    ]
    return json.dumps({"version": 1, "keys": rows}, indent=1).encode()


def read_ring(path: Path) -> tuple[Key, ...]:
    content = read_secret(path)
    try:
        ring = json.loads(content)
        return tuple(_read_key(row) for row in ring["keys"])
    except (ValueError, KeyError, TypeError) as error:
        # The cause is left out: it might quote a key.
        raise KeyringError(f"{path} is not a key ring ({type(error).__name__})") from None


def _read_key(row: Mapping[str, Any]) -> Key:
    algorithm = _algorithm(row["algorithm"])
    material = base64.b64decode(row["key"], validate=True)
    if row["purpose"] not in PURPOSES or row["state"] not in ("primary", "old"):
        raise ValueError("unknown purpose or state")
    if len(material) != algorithm.key_size or len(bytes.fromhex(row["kid"])) != PREFIX_SIZE - 1:
        raise ValueError("wrong size")
    return Key(
        kid=row["kid"],
        purpose=row["purpose"],
        algorithm=algorithm,
        material=material,
        created=datetime.fromisoformat(row["created"]),
        primary=row["state"] == "primary",
    )
