"""Which cases hold something about a person, found by the blind index; what, why and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import blinding
from services.intake.actions.erasing import ERASABLE
from services.intake.domain import grounds
from services.intake.queries import cases as reads
from services.intake.queries import holds
from services.intake.queries.catalogue import Catalogue
from shared.clock import local_date
from shared.means import means
from shared.retention import holdings
from shared.retention.holdings import Held
from shared.retention.rules import Terms

APPLICANT, REPRESENTATIVE = "applicant", "representative"


@dataclass(frozen=True, slots=True)
class Consent:
    kind: str
    text: str
    text_version: int
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Ground:
    """个人信息保护法 13: which of its grounds, and of which item it follows."""

    ground: grounds.Ground
    source: Mapping[str, Any]
    consents: Sequence[Consent]


@dataclass(frozen=True, slots=True)
class Holding:
    """One case; `until` is the last day of its term, None while it goes on or is held."""

    row: Row[*tuple[Any, ...]]
    part: str
    item_name: str
    ground: Ground
    held: Sequence[Held]
    kept_for: str | None
    until: date | None
    on_hold: bool


def ground_of(kept: Mapping[str, Any]) -> Ground:
    return Ground(
        ground=grounds.Ground(kept.get("ground", grounds.Ground.STATUTORY_DUTY.value)),
        source=kept.get("source", {}),
        consents=[
            Consent(
                kind=each["kind"],
                text=grounds.text_of(each["kind"], each["text_version"]),
                text_version=each["text_version"],
                given_at=datetime.fromisoformat(each["given_at"]),
            )
            for each in kept.get("consents", ())
        ],
    )


async def of_person(
    session: AsyncSession,
    id_number: str,
    *,
    purpose: str,
    after: str | None,
    limit: int,
    catalogue: Catalogue,
    terms: Terms,
    at: datetime,
) -> list[Holding]:
    """One more than `limit`, if there is more. Asking is a reading of personal data."""
    said = holdings.needed(purpose)
    indexes = means(session).keys.blinds(blinding.ID_NUMBER, blinding.plain_number(id_number))
    rows = await reads.cases_of_person(session, indexes, after=after, limit=limit)
    numbers = [row.case_number for row in rows]
    held = await holdings.held(session, ERASABLE, numbers)
    disputed = await holds.held_among(session, numbers)
    await holdings.note_asked(session, purpose=said, numbers=numbers[:limit], at=at)
    return [
        Holding(
            row=row,
            part=APPLICANT if row.id_number_index in indexes else REPRESENTATIVE,
            item_name=(await catalogue.version(session, row.item_code, row.item_version)).name,
            ground=ground_of(row.ground),
            held=held.get(row.case_number, []),
            kept_for=row.retention,
            until=_until(row, terms) if row.case_number not in disputed else None,
            on_hold=row.case_number in disputed,
        )
        for row in rows
    ]


def _until(row: Row[*tuple[Any, ...]], terms: Terms) -> date | None:
    if row.ended_at is None or row.retention is None:
        return None
    return local_date(row.ended_at + timedelta(days=terms.days(row.retention)))
