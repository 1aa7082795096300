"""A window took a case: what delivering and telling will need of it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import promises
from services.notify.actions.messages import Telling, mobile_of, tell_first
from services.notify.domain.messages import Event, Placeholder
from services.notify.domain.practice import Practice, spoken_day
from services.notify.models import CaseRow, ItemRow, LocationRow
from services.notify.queries import seals
from services.notify.queries.seals import Envelope, Person
from shared.clock import local_date
from shared.db.base import table_of
from shared.means import cached, means


class Party(BaseModel):
    model_config = ConfigDict(extra="ignore")

    phone: str | None = None


class Application(BaseModel):
    """Of the whole submission: how to reach people, and nothing else about them."""

    model_config = ConfigDict(extra="ignore")

    applicant: Party | None = None
    representative: Party | None = None
    delivery: Envelope | None = None

    @property
    def envelope(self) -> Envelope:
        return self.delivery or Envelope()

    @property
    def phone(self) -> str | None:
        """The applicant's own, else the representative's, else the one for the courier."""
        given = (self.applicant, self.representative, self.delivery)
        return next((each.phone for each in given if each and each.phone), None)


@dataclass(frozen=True, slots=True)
class Taken:
    """A case as intake tells of it."""

    case_number: str
    item: ItemRow
    window: LocationRow
    received_at: datetime
    delivery_method: str | None
    outstanding: Sequence[str]
    promised_on: date | None
    application: Application
    tracking_code: str | None


_COLUMNS = (
    "case_number",
    "item_code",
    "item_version",
    "item_name",
    "receiving_location",
    "receiving_division",
    "delivery_method",
    "outstanding",
    "person",
    "phone_blind",
    "received_at",
    "promised_on",
    "next_reminder_on",
)
_KEEP = insert(table_of(CaseRow)).on_conflict_do_nothing(index_elements=["case_number"])


async def keep_cases(session: AsyncSession, every: Sequence[Taken], *, at: datetime) -> None:
    """Each is told that its matter has been taken."""
    practice = cached(session, Practice)
    tellings = []
    for taken in every:
        person = Person(
            phone=taken.application.phone,
            tracking_code=taken.tracking_code,
            envelope=taken.application.envelope,
        )
        case = _case(session, taken, person)
        promises.schedule(practice, case)
        words = {Placeholder.DATE: spoken_day(local_date(taken.received_at))}
        tellings.append(Telling(case, person, Event.RECEIVED, "", words))
    rows = [{name: getattr(each.case, name) for name in _COLUMNS} for each in tellings]
    await session.execute(_KEEP, rows)
    windows = {taken.window.code: taken.window for taken in every}
    await tell_first(session, tellings, windows, at=at)


def _case(session: AsyncSession, taken: Taken, person: Person) -> CaseRow:
    keys = means(session).keys
    mobile = mobile_of(person.phone)
    return CaseRow(
        case_number=taken.case_number,
        item_code=taken.item.code,
        item_version=taken.item.version,
        item_name=taken.item.short_name,
        receiving_location=taken.window.code,
        receiving_division=taken.window.division,
        delivery_method=taken.delivery_method,
        outstanding=list(taken.outstanding),
        person=seals.seal_person(keys, taken.case_number, person),
        phone_blind=keys.blind("phone", mobile) if mobile else None,
        received_at=taken.received_at,
        promised_on=taken.promised_on,
        reminded=0,
    )


def amend_person(session: AsyncSession, case: CaseRow, application: Application) -> None:
    """A clerical error was put right before acceptance, so nothing is on its way yet."""
    keys, number = means(session).keys, case.case_number
    person = seals.open_person(keys, number, case.person)
    now = person.model_copy(update={"phone": application.phone, "envelope": application.envelope})
    mobile = mobile_of(application.phone)
    case.person = seals.seal_person(keys, number, now)
    case.phone_blind = keys.blind("phone", mobile) if mobile else None
