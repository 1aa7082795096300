"""Who is calling: what a verified token says of its bearer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    CLERK = "clerk"
    PLATFORM = "platform"
    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    DISPATCHER = "dispatcher"
    PARTNER = "partner"
    OPS = "ops"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Caller:
    """`location` is the place someone acts for, `division` the area someone supervises, `partner`
    the installation that a partner's systems and people belong to; `acted_at` is when somebody
    acted there of whom it tells only now, never said by a token."""

    subject: str
    name: str
    role: Role
    location: str | None = None
    division: str | None = None
    partner: str | None = None
    issuer: str = ""
    token_id: str | None = None
    acted_at: datetime | None = None
