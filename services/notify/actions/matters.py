"""What every act on a delivery does around the act itself: load, move, step, trail, announce."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify import events
from services.notify.actions import fanning
from services.notify.domain import deliveries as rules
from services.notify.domain.deliveries import Method, Status, Step
from services.notify.domain.practice import Practice
from services.notify.models import CaseRow, DeliveryRow, DeliveryStepRow
from services.notify.queries import cases, deliveries
from shared.audit import trail
from shared.chance import new_id
from shared.clock import local_date
from shared.errors import NotFoundError
from shared.means import cached, means, origin
from shared.messaging import outbox
from shared.messaging.envelope import Event
from shared.security.grants import Scope
from shared.security.keys import Keyring


@dataclass(frozen=True, slots=True)
class Matter:
    """A case and its delivery, the case locked; what is to be said of it at the end."""

    session: AsyncSession
    case: CaseRow
    delivery: DeliveryRow
    at: datetime
    announced: list[Event] = field(default_factory=list)

    @property
    def method(self) -> Method:
        return Method(self.delivery.method)

    @property
    def status(self) -> Status:
        return Status(self.delivery.status)

    @property
    def granted(self) -> bool:
        return self.delivery.result == "granted"

    @property
    def today(self) -> date:
        return local_date(self.at)

    @property
    def keys(self) -> Keyring:
        return means(self.session).keys

    @property
    def practice(self) -> Practice:
        return practice(self.session)


def practice(session: AsyncSession) -> Practice:
    return cached(session, Practice)


async def take_up(
    session: AsyncSession, delivery_id: UUID, *, scope: Scope, at: datetime
) -> Matter:
    case = await cases.lock_case_of_delivery(session, delivery_id, scope)
    return await of_locked(session, case, at=at)


async def of_locked(session: AsyncSession, case: CaseRow, *, at: datetime) -> Matter:
    delivery = await deliveries.of_case(session, case.case_number)
    if delivery is None:
        raise NotFoundError
    return Matter(session, case, delivery, at)


def move(matter: Matter, step: Step, facts: Mapping[str, Any] | None = None) -> None:
    """By the table; raises with what is allowed instead."""
    put(matter, rules.after(matter.method, matter.status, step), step, facts)


def put(matter: Matter, status: Status, step: Step, facts: Mapping[str, Any] | None = None) -> None:
    """Write the step down; the status was found by a rule of its own (held, changed, carried)."""
    delivery = matter.delivery
    before, delivery.status = delivery.status, status.value
    note(matter, step.value, before=before, facts=facts)
    if status.value != before or step is Step.CHANGE:
        matter.announced.append(events.delivery_changed(delivery, at=matter.at))


def note(
    matter: Matter,
    step: str,
    *,
    before: str | None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    delivery, who = matter.delivery, origin(matter.session)
    delivery.version += 1
    delivery.changed_at = matter.at
    matter.session.add(
        DeliveryStepRow(
            id=new_id(),
            delivery_id=delivery.id,
            step=step,
            method=delivery.method,
            from_status=before,
            status=delivery.status,
            actor=who.actor,
            actor_location=who.location,
            at=matter.at,
            facts=dict(facts or {}),
        )
    )


async def conclude(matter: Matter, action: str, *, facts: Mapping[str, Any] | None = None) -> None:
    """Everything that happened, on the trail and announced; the last thing an act does."""
    delivery = matter.delivery
    await matter.session.flush()
    await trail.record(
        matter.session,
        action=action,
        case_number=delivery.case_number,
        resource=f"delivery:{delivery.id}",
        outcome=delivery.status,
        facts={"method": delivery.method, **(facts or {})},
        at=matter.at,
    )
    await fanning.announce(
        matter.session,
        [outbox.Announcement(each, delivery.case_number, matter.at) for each in matter.announced],
    )
    matter.announced.clear()
