"""The one seam for cryptographic algorithms: whoever makes or rotates keys names the family."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

NONCE_SIZE: Final = 12
TAG_SIZE: Final = 16


class Aead(Protocol):
    """Authenticated encryption under one key; decrypting what was altered raises InvalidTag."""

    def encrypt(self, nonce: bytes, data: bytes, associated: bytes, /) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated: bytes, /) -> bytes: ...


class Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Algorithm:
    """`code` is the first byte of everything sealed, so that data of several families opens."""

    name: str
    code: int
    key_size: int
    cipher: Callable[[bytes], Aead]
    mac: Callable[[bytes, bytes], bytes]
    digest: Callable[[], Digest]
    digest_name: str


class _Sm4Gcm:
    def __init__(self, key: bytes) -> None:
        self._sm4 = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated: bytes, /) -> bytes:
        encryptor = Cipher(self._sm4, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated: bytes, /) -> bytes:
        if len(data) < TAG_SIZE:
            raise InvalidTag
        mode = modes.GCM(nonce, data[-TAG_SIZE:])
        decryptor = Cipher(self._sm4, mode).decryptor()
        decryptor.authenticate_additional_data(associated)
        return decryptor.update(data[:-TAG_SIZE]) + decryptor.finalize()


class _Sm3:
    def __init__(self) -> None:
        self._hash = hashes.Hash(hashes.SM3())

    def update(self, data: bytes, /) -> None:
        self._hash.update(data)

    def digest(self) -> bytes:
        return self._hash.copy().finalize()


def _hmac_sha256(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _hmac_sm3(key: bytes, data: bytes) -> bytes:
    # hashlib has SM3 only where the system's OpenSSL does; cryptography brings its own.
    mac = HMAC(key, hashes.SM3())
    mac.update(data)
    return mac.finalize()


AES: Final = Algorithm(
    "aes256gcm-hmacsha256", 1, 32, AESGCM, _hmac_sha256, hashlib.sha256, "sha256"
)
SM: Final = Algorithm("sm4gcm-hmacsm3", 2, 16, _Sm4Gcm, _hmac_sm3, _Sm3, "sm3")

ALGORITHMS: Final[Mapping[str, Algorithm]] = MappingProxyType(
    {each.name: each for each in (AES, SM)}
)
BY_CODE: Final[Mapping[int, Algorithm]] = MappingProxyType({each.code: each for each in (AES, SM)})
DEFAULT: Final = AES.name

# Where only a hash is made (the audit chain), it goes by its own name.
DIGESTS: Final[Mapping[str, Callable[[], Digest]]] = MappingProxyType(
    {each.digest_name: each.digest for each in (AES, SM)}
)
