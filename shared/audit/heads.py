"""Heads of the chain, to be kept where nobody who can write our database can write."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.audit.chain import AUDIT_SEAL
from shared.security.algorithms import DIGESTS

_COLUMNS = (AUDIT_SEAL.c.number, AUDIT_SEAL.c.sealed_at, AUDIT_SEAL.c.digest, AUDIT_SEAL.c.head)


class HeadError(ValueError):
    """A line that is not an exported head."""


@dataclass(frozen=True, slots=True)
class Head:
    number: int
    sealed_at: datetime
    digest: str
    head: bytes

    def __str__(self) -> str:
        """One line of text: `12 2026-09-07T02:00:00.000000+00:00 sha256 9f86d0…`."""
        at = self.sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
        return f"{self.number} {at} {self.digest} {self.head.hex()}"

    @classmethod
    def parse(cls, line: str) -> Self:
        try:
            number, at, digest, head = line.split()
            parsed = cls(int(number), datetime.fromisoformat(at), digest, bytes.fromhex(head))
        except ValueError:
            raise HeadError(f"not an exported head: {line!r}") from None
        if parsed.number < 1 or parsed.digest not in DIGESTS:
            raise HeadError(f"not an exported head: {line!r}")
        return parsed


async def export_heads(engine: AsyncEngine, *, after: int = 0) -> AsyncGenerator[Head]:
    """Every head with a number above `after`, oldest first."""
    asked = select(*_COLUMNS).where(AUDIT_SEAL.c.number > after).order_by(AUDIT_SEAL.c.number)
    options = asked.execution_options(yield_per=500)
    async with engine.connect() as connection, connection.stream(options) as found:
        async for row in found:
            yield Head(*row)


async def last_head(engine: AsyncEngine) -> Head | None:
    """It stands for everything before it: exporting this one alone is enough."""
    async with engine.connect() as connection:
        found = await connection.execute(
            select(*_COLUMNS).order_by(AUDIT_SEAL.c.number.desc()).limit(1)
        )
        row = found.first()
    return Head(*row) if row else None
