"""A case that had no place to go gets one: by a later rule, or by a person with a reason."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import cases
from services.routing.domain.registry import Registry, Rule
from services.routing.models import CaseRow
from services.routing.queries import handoffs as queries
from services.routing.queries import registry, words
from shared.audit import trail
from shared.errors import ConflictError, Fault, InvalidError, NotFoundError
from shared.means import means, origin


class NotUnroutableError(ConflictError):
    code = "not-unroutable"

    def __init__(self) -> None:
        super().__init__("这件办件已经分办", "this case has been assigned already")


async def retry(session: AsyncSession, case_number: str, *, at: datetime) -> CaseRow:
    """Cases keep the rules of the day they were received; a rule added later may reach back."""
    case = await _lock(session, case_number)
    item = await registry.item(session, case.item_code, case.item_version)
    if item is not None:
        await cases.assign_case(session, case, item, await registry.known(session), at=at)
    return case


async def assign(
    session: AsyncSession, case_number: str, *, location: str, reason: str, at: datetime
) -> CaseRow:
    case = await _lock(session, case_number)
    known = await registry.known(session)
    item = await registry.item(session, case.item_code, case.item_version)
    place = known.registry.last_known(location)
    if place is None or item is None:
        raise InvalidError(
            [Fault("/location", "unknown-location", "没有这个地点", "unknown location")]
        )
    case.assigned_by = origin(session).actor
    case.assigned_words = means(session).keys.seal(
        "fields", reason.encode(), context=words.ASSIGNED.format(case_number=case_number)
    )
    await trail.record(
        session,
        action="case-assigned-by-hand",
        case_number=case_number,
        resource=f"case:{case_number}",
        facts={"location": location},
        at=at,
    )
    by_hand = Rule(
        id=f"BY-HAND-{case_number}",
        division="",
        valid_from=place.valid_from,
        location=location,
    )
    chosen = replace(known, registry=Registry.of(locations=known.places(), rules=[by_hand]))
    await cases.assign_case(session, case, item, chosen, at=at)
    return case


async def _lock(session: AsyncSession, case_number: str) -> CaseRow:
    case = await queries.lock_case(session, case_number)
    if case is None:
        raise NotFoundError
    if case.status != "unroutable":
        raise NotUnroutableError
    return case
