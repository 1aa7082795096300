"""What a session carries besides its connection: who we are, our keys, and who is calling."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from shared.security.keys import Keyring


@dataclass(frozen=True, slots=True)
class Means:
    """`source` names installation and house, e.g. `urn:tongban:630000:intake`; `division` is the
    installation's own (province or city) code; `wake` tells the relay that there is work;
    `caches` holds this process's copies of what rarely changes, one of a kind."""

    house: str
    source: str
    division: str
    keys: Keyring
    wake: Callable[[], None] = lambda: None
    caches: dict[type, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, and from where; written into the audit trail. `partner`: of which installation,
    where it is not this one; `acted_at`: when they acted there, of which we are told now."""

    actor: str
    role: str
    location: str | None = None
    name: str | None = None
    partner: str | None = None
    address: str | None = None
    request_id: str | None = None
    acted_at: datetime | None = None


SYSTEM = Origin(actor="system", role="system")


def means(session: AsyncSession) -> Means:
    carried: Means = session.info["means"]
    return carried


Kind = TypeVar("Kind")


def cached(session: AsyncSession, kind: type[Kind]) -> Kind:
    """This process's own `kind`, made when first asked for."""
    caches = means(session).caches
    if kind not in caches:
        # Not `setdefault`: some of them take a millisecond to make.
        caches[kind] = kind()
    found = caches[kind]
    assert isinstance(found, kind)  # noqa: S101  (what is kept under a type is of that type)
    return found


def origin(session: AsyncSession) -> Origin:
    carried: Origin = session.info.get("origin", SYSTEM)
    return carried


def acted_at(session: AsyncSession, *, since: datetime, at: datetime) -> datetime:
    """When it was done, from which the law counts: now, or what a partner says of its own act, no
    earlier than what came before it here. `at` is when it is written down."""
    said = origin(session).acted_at
    return at if said is None else min(max(said, since), at)
