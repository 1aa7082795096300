"""Secrets as Standard Webhooks writes them: whsec_ and base64 of 24 to 64 bytes."""

import base64
from collections.abc import Callable

from shared.errors import DomainError

PREFIX = "whsec_"
SHORTEST, LONGEST, USUAL = 24, 64, 32


class SecretMalformedError(DomainError):
    """Says what a secret looks like, never the secret."""

    code = "webhook-secret-malformed"

    def __init__(self) -> None:
        super().__init__(
            f"密钥应为{PREFIX}加{SHORTEST}至{LONGEST}字节的Base64",
            f"a secret is {PREFIX} and the base64 of {SHORTEST} to {LONGEST} bytes",
        )


def encode(key: bytes) -> str:
    if not SHORTEST <= len(key) <= LONGEST:
        raise SecretMalformedError
    return PREFIX + base64.b64encode(key).decode()


def decode(secret: str) -> bytes:
    """Padding may be missing, as the reference libraries allow; the prefix may not."""
    encoded = secret.strip()
    if not encoded.startswith(PREFIX):
        raise SecretMalformedError
    encoded = encoded.removeprefix(PREFIX).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise SecretMalformedError from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise SecretMalformedError
    return key


def generate(draw: Callable[[int], bytes]) -> str:
    """A new secret out of `draw` (shared.chance.new_bytes)."""
    return encode(draw(USUAL))
