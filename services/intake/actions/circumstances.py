"""What the window knows besides the submission: the place, earlier cases, broken promises."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import blinding
from services.intake.domain import deficiencies
from services.intake.domain.deficiencies import Circumstances
from services.intake.domain.items import ItemVersion
from services.intake.domain.promises import Bars
from services.intake.domain.readings import Reading
from services.intake.domain.submissions import PartialSubmission
from services.intake.domain.words import MaterialForm
from services.intake.queries import cases, promises
from services.intake.queries.catalogue import Catalogue
from services.intake.queries.places import Place, Places
from shared.clock import local_date
from shared.errors import Fault

# A partner's window hands its cases over by webhook, under its own installation.
_RECEIVING_KINDS = frozenset({"centre", "station", "office", "agent"})


@dataclass(frozen=True, slots=True)
class Counter:
    """Everything that is looked up before a transaction is opened."""

    location: str
    place: Place | None
    item: ItemVersion | None
    reading: Reading
    at: datetime
    # How long a visit with papers missing stays registered.
    registered_for: timedelta = timedelta(days=30)

    @property
    def registered_until(self) -> date:
        return self.on + self.registered_for

    @property
    def on(self) -> date:
        return local_date(self.at)


async def stand_at(
    location: str,
    reading: Reading,
    *,
    catalogue: Catalogue,
    places: Places,
    registered_for: timedelta,
    at: datetime,
) -> Counter:
    item = await catalogue.current(reading.submission.item_code, local_date(at))
    place = await places.find(location, local_date(at))
    return Counter(location, place, item, reading, at, registered_for)


async def find_faults(
    session: AsyncSession, counter: Counter, catalogue: Catalogue
) -> Sequence[Fault]:
    """All of them at once, the window's own first."""
    found = deficiencies.find(
        counter.reading, counter.item, await known(session, counter, catalogue)
    )
    return [*_at_the_window(counter), *found]


async def known(session: AsyncSession, counter: Counter, catalogue: Catalogue) -> Circumstances:
    submission = counter.reading.submission
    return Circumstances(
        on=counter.on,
        location_kind=counter.place.kind if counter.place else None,
        earlier=await _earlier(session, submission, catalogue),
        bars=await _bars(session, submission, counter.on),
    )


async def _earlier(
    session: AsyncSession, submission: PartialSubmission, catalogue: Catalogue
) -> frozenset[tuple[str, str]]:
    named = {
        entry.earlier_case
        for entry in submission.materials
        if entry and entry.form is MaterialForm.EARLIER_CASE and entry.earlier_case
    }
    indexes = blinding.id_number_indexes(session, submission.applicant)
    if not named or not indexes:
        return frozenset()
    held = set()
    for row in await cases.materials_held(session, sorted(named), indexes):
        item = await catalogue.version(session, row.item_code, row.item_version)
        material = item.material(row.code)
        if material is not None:
            held.add((row.case_number, material.name))
    return frozenset(held)


async def _bars(session: AsyncSession, submission: PartialSubmission, on: date) -> Bars:
    promised = submission.deferral is not None or submission.commitment is not None
    indexes = blinding.id_number_indexes(session, submission.applicant)
    if not promised or not indexes:
        return Bars()
    until = await promises.barred_until(session, indexes, on)
    return Bars(deferral=until.get("deferral"), commitment=until.get("commitment"))


def _at_the_window(counter: Counter) -> Iterator[Fault]:
    place = counter.place
    if place is None:
        yield Fault(
            "/receiving_location",
            "receiving-location-unknown",
            f"登录凭证中的收件地点「{counter.location}」不在名录中，暂不能收件",
            f"the token's receiving location “{counter.location}” is not in the directory",
        )
    elif place.kind not in _RECEIVING_KINDS:
        yield Fault(
            "/receiving_location",
            "receiving-location-kind",
            f"「{place.name}」不是收件地点，不能在此收件",
            f"“{place.code}” does not receive cases",
        )
    elif not place.is_open(counter.on):
        yield Fault(
            "/receiving_location",
            "receiving-location-closed",
            f"收件地点「{place.name}」尚未启用或已停用，不能收件",
            f"the receiving location “{place.code}” is not in use on this day",
        )
