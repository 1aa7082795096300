"""The one place that draws identifiers and secrets."""

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.identity.tracking_codes import CROCKFORD, LENGTH


def new_id() -> UUID:
    """A UUIDv7: rows of one table stay in the order in which they came."""
    return uuid7()


def new_tracking_code() -> str:
    """Twenty Crockford characters, 100 bits: it opens the progress page, so nobody may guess it."""
    # There are 32 of them: five bits of a byte pick one, each as likely as any other.
    return "".join([CROCKFORD[byte & 31] for byte in secrets.token_bytes(LENGTH)])


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def new_bytes(count: int) -> bytes:
    return secrets.token_bytes(count)
