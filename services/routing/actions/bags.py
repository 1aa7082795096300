"""What every deed on a parcel does around the deed itself: lay out, check the end, write, tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import true
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import custody
from services.routing.actions.custody import Moved
from services.routing.domain import parcels
from services.routing.domain.custody import Holder
from services.routing.domain.parcels import Consequence, Deed, End, Parcel, State
from services.routing.models import ParcelDeedRow, ParcelItemRow, ParcelRow
from services.routing.queries import custody as papers_of
from services.routing.queries import parcels as queries
from services.routing.queries.custody import Paper
from shared.audit import trail
from shared.chance import new_id
from shared.clock import local_date
from shared.errors import ConflictError
from shared.means import acted_at, means, origin
from shared.messaging import outbox
from shared.messaging.envelope import Event
from shared.messaging.outbox import Announcement
from shared.security.grants import Scope


class OtherEndError(ConflictError):
    code = "parcel-other-end"

    def __init__(self, deed: Deed) -> None:
        who = sorted(parcels.WHO[deed])
        super().__init__(
            f"“{deed.zh}”由{'或'.join(end.zh for end in who)}进行",
            f"{deed} is for the {' or the '.join(who)}",
            deed=deed.value,
            ends=[end.value for end in who],
        )


@dataclass(frozen=True, slots=True)
class Bag:
    """One parcel laid out for a deed, locked with the papers concerned."""

    session: AsyncSession
    row: ParcelRow
    items: Sequence[ParcelItemRow]
    papers: dict[UUID, Paper]
    at: datetime

    @property
    def today(self) -> date:
        return local_date(self.at)

    @property
    def acted_at(self) -> datetime:
        """When it was done, in whichever installation; `at` is when it is written down here."""
        row = self.row
        known = (row.opened_at, row.sealed_at, row.handed_over_at, row.arrived_at, row.scanned_at)
        before = [*(at for at in known if at), *(paper.since for paper in self.papers.values())]
        return acted_at(self.session, since=max(before), at=self.at)

    @property
    def parcel(self) -> Parcel:
        row = self.row
        return Parcel(
            id=row.number,
            sender=row.from_location,
            receiver=row.to_location,
            state=State(row.state),
            manifest=frozenset(str(item.original_id) for item in self.items),
            carrier=with_carrier(row.carrier, row.number) if row.carrier else None,
        )

    @property
    def holders(self) -> dict[str, Holder]:
        return {str(id_): paper.holder for id_, paper in self.papers.items()}

    @property
    def cases(self) -> list[str]:
        return sorted({item.case_number for item in self.items})


def with_carrier(carrier: str, number: str) -> str:
    """Carrier and bag: two bags of one carrier are in different hands, as far as papers go."""
    return f"{carrier}/{number}"


async def lay_out(
    session: AsyncSession,
    parcel_id: UUID,
    *,
    scope: Scope | None,
    more: Iterable[UUID] = (),
    at: datetime,
) -> Bag:
    """The parcel, then the papers by id: those on its manifest and `more`. Without a scope it is
    the system that acts."""
    condition = queries.visible(scope) if scope is not None else true()
    row = await queries.lock(session, parcel_id, condition)
    items = await queries.items(session, parcel_id)
    papers = await papers_of.lock(session, [*(item.original_id for item in items), *more])
    return Bag(session, row, items, papers, at)


def ends_of(row: ParcelRow, scope: Scope) -> frozenset[End]:
    ends = set()
    if scope.covers(receiving=row.from_location, division=row.from_division):
        ends.add(End.SENDER)
    if scope.covers(handling=row.to_location, division=row.to_division):
        ends.add(End.RECEIVER)
    return frozenset(ends)


def require_end(bag: Bag, deed: Deed, scope: Scope) -> End:
    """A deed of the other end is refused with whose it is."""
    able = [end for end in End if end in ends_of(bag.row, scope) and parcels.may(end, deed)]
    if not able:
        raise OtherEndError(deed)
    return able[0]


async def move(bag: Bag, consequences: Iterable[Consequence]) -> list[Moved]:
    return await custody.move(
        bag.session, bag.papers, consequences, parcel_id=bag.row.id, at=bag.acted_at
    )


async def finish(
    bag: Bag,
    deed: str,
    end: End,
    *,
    state: State | None = None,
    facts: dict[str, Any] | None = None,
    words: dict[str, Any] | None = None,
) -> None:
    """The new state, the deed, and a row in the trail of the parcel and of every case in it."""
    row, session = bag.row, bag.session
    if state is not None:
        row.state = state.value
        if state is State.CLOSED:
            row.closed_at = bag.at
        if state not in parcels.UNDER_WAY:
            row.remind_on = None
    row.version += 1
    by, id_ = origin(session), new_id()
    if by.acted_at is not None:
        facts = {**(facts or {}), "acted_at": bag.acted_at.isoformat()}
    content = {"name": by.name, **(words or {})}
    session.add(
        ParcelDeedRow(
            id=id_,
            parcel_id=row.id,
            deed=str(deed),
            end=end.value,
            actor=by.actor,
            at=bag.at,
            state=row.state,
            facts=facts or {},
            words=means(session).keys.seal(
                "fields", to_json(content), context=f"routing.parcel_deed.words:{id_}"
            ),
        )
    )
    await session.flush()
    action, resource = f"parcel-{deed.replace('_', '-')}", f"parcel:{row.id}"
    noted = {"number": row.number, **(facts or {})}
    await trail.record(
        session, action=action, resource=resource, outcome=row.state, facts=noted, at=bag.at
    )
    await custody.note(
        session,
        bag.cases,
        action=action,
        resource=resource,
        outcome=row.state,
        facts={"number": row.number},
        at=bag.at,
    )


def of_parcel(bag: Bag) -> dict[str, Any]:
    """The fields that every event of a parcel carries."""
    row = bag.row
    return {
        "parcel_id": row.id,
        "number": row.number,
        "from_location": row.from_location,
        "to_location": row.to_location,
        "state": row.state,
        "cases": bag.cases,
        "at": bag.acted_at,
    }


def about(bag: Bag, *told: Event) -> list[Announcement]:
    return [Announcement(event, f"parcel:{bag.row.id}", bag.at) for event in told]


async def announce(
    bag: Bag, *told: Event, moved: Sequence[Moved] = (), also: Sequence[Announcement] = ()
) -> None:
    """Last of all: it takes the subjects' locks, in their order."""
    own = about(bag, *told)
    of_cases = custody.told(moved, parcel=bag.row.number, at=bag.acted_at)
    await outbox.record_many(bag.session, [*own, *of_cases, *also])


def delayed(bag: Bag, what: str, clocks: Sequence[events.CaseClock]) -> list[Announcement]:
    """For the windows and the applicants: their papers are not where they should be, or are
    there again."""
    by_case = {each.case_number: each for each in clocks}
    found = []
    for number in bag.cases:
        clock = by_case.get(number)
        event = events.PapersDelayed(
            case_number=number,
            parcel_number=bag.row.number,
            what=what,
            originals=sum(item.case_number == number for item in bag.items),
            at=bag.at,
            clock_state=clock.clock_state if clock else None,
            due_on=clock.due_on if clock else None,
        )
        found.append(Announcement(event, number, bag.at))
    return found
