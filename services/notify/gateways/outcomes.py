"""What came of a call outside; the caller records it and never has to read an HTTP status.

A reason is the far side's own sentence: it may repeat a name or an address, so it is stored sealed
and never logged. A raw code is safe.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Done:
    """Taken, under the far side's own reference."""

    reference: str
    raw_code: str = ""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Our id was known there already: an earlier call had succeeded, so this is success too."""

    reference: str
    raw_code: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never be taken like this; a person, or another gateway, must act."""

    raw_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Not known to have been taken. Trying again is safe: our own id makes it idempotent."""

    raw_code: str
    reason: str
    after: timedelta | None = None  # what the far side asked for


Outcome = Done | Duplicate | Refused | RetryLater
