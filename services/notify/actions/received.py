"""A window took a case: what delivering and telling will need of it is kept."""

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import promises
from services.notify.actions.messages import mobile_of, tell
from services.notify.domain.messages import Event, Placeholder
from services.notify.domain.practice import Practice, spoken_day
from services.notify.models import CaseRow, ItemRow, LocationRow
from services.notify.queries import cases, seals
from services.notify.queries.seals import Envelope, Person
from shared.clock import local_date
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


async def keep_case(
    session: AsyncSession,
    case_number: str,
    *,
    item: ItemRow,
    window: LocationRow,
    received_at: datetime,
    delivery_method: str | None,
    outstanding: Sequence[str],
    promised_on: date | None,
    application: Application,
    tracking_code: str | None,
    at: datetime,
) -> None:
    keys = means(session).keys
    mobile = mobile_of(application.phone)
    person = Person(
        phone=application.phone, tracking_code=tracking_code, envelope=application.envelope
    )
    row = {
        "case_number": case_number,
        "item_code": item.code,
        "item_version": item.version,
        "item_name": item.short_name,
        "receiving_location": window.code,
        "receiving_division": window.division,
        "delivery_method": delivery_method,
        "outstanding": list(outstanding),
        "person": seals.seal_person(keys, case_number, person),
        "phone_blind": keys.blind("phone", mobile) if mobile else None,
        "received_at": received_at,
        "promised_on": promised_on,
    }
    await session.execute(
        insert(CaseRow).values(row).on_conflict_do_nothing(index_elements=["case_number"])
    )
    case = await cases.lock_case(session, case_number)
    if case is not None:
        promises.schedule(cached(session, Practice), case)
        words = {Placeholder.DATE: spoken_day(local_date(received_at))}
        await tell(session, case, Event.RECEIVED, source="", at=at, words=words)


def amend_person(session: AsyncSession, case: CaseRow, application: Application) -> None:
    """A clerical error was put right before acceptance, so nothing is on its way yet."""
    keys, number = means(session).keys, case.case_number
    person = seals.open_person(keys, number, case.person)
    now = person.model_copy(update={"phone": application.phone, "envelope": application.envelope})
    mobile = mobile_of(application.phone)
    case.person = seals.seal_person(keys, number, now)
    case.phone_blind = keys.blind("phone", mobile) if mobile else None
