"""What a partner sent is applied, in order per matter, through our own door: the same calls, checks
and grants as its officers have by API, each made in the name of the human who acted there."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import (
    crossing,
    delivering,
    erased_there,
    parcels_there,
    partner_webhooks,
    taking_files,
)
from services.routing.actions.given import (
    LEASE,
    NOT_THEIRS,
    Given,
    Worker,
    another_time,
    caller_of,
    origin_of,
    rejected,
    verdict_of,
    within,
)
from services.routing.actions.partner_webhooks import Verdict
from services.routing.domain import crossings
from services.routing.domain.crossings import About, Answered, CloudEvent, Outcome, Told
from services.routing.models import PartnerWebhookRow
from services.routing.queries import contact, registry
from services.routing.queries import crossings as linked
from services.routing.queries import partners as queries
from shared.clock import local_date
from shared.errors import DomainError, Fault
from shared.http.fetching import Content, NotFetchedError, read_object
from shared.http.inner import Visit
from shared.means import means
from shared.messaging import outbox


async def apply_next(worker: Worker, *, files: bool) -> bool:
    """One webhook that is due; whether there was one. Whoever dies over it leaves it due again,
    and what it had done already is not done twice: the webhook's id is the step's key. Files,
    which may take long, have hands of their own: no step waits for another partner's slow line."""
    async with worker.sessions.begin() as session:
        row = await queries.next_due(session, files=files, at=worker.clock())
        if row is None:
            return False
        row.attempts += 1
        row.last_error = None
        row.next_attempt_at = worker.clock() + LEASE
        body = queries.open_body(means(session).keys, row)
    event = partner_webhooks.read(body)
    try:
        verdict = await _judge(worker, row, event)
    except NotFetchedError as error:
        verdict = another_time(worker, row, error)
    except DomainError as error:
        verdict = rejected([Fault("/data", error.code, error.message_zh, error.message_en)])
    if verdict is None:
        return True
    async with worker.sessions.begin() as session:
        session.info["origin"] = origin_of(row.partner, event)
        await partner_webhooks.settle(session, row, verdict, at=worker.clock())
    return True


async def _judge(worker: Worker, row: PartnerWebhookRow, event: CloudEvent) -> Verdict | None:
    """None: it is with intake now, which says later what became of it."""
    if event.type == crossings.ANSWERED:
        return await _hear_answer(worker, row, event)
    if event.type != crossings.TOLD:
        return Verdict(Outcome.IGNORED)
    try:
        told = Told.model_validate(event.data)
    except ValidationError as error:
        return rejected(within(error))
    if faults := crossings.faults_of(told):
        return rejected(faults, told.case_number)
    given = Given(row, event, told)
    if told.kind in crossings.HANDED_IN:
        return await _hand_to_intake(worker, given)
    given = await _with_content(worker, given)
    return await _HEARS.get(told.kind, _take_step)(worker, given)


async def _hear_answer(worker: Worker, row: PartnerWebhookRow, event: CloudEvent) -> Verdict:
    try:
        answered = Answered.model_validate(event.data)
    except ValidationError as error:
        return rejected(within(error))
    async with worker.sessions.begin() as session:
        await crossing.settle_told(session, row.partner, answered, at=worker.clock())
    return Verdict(Outcome.APPLIED)


async def _with_content(worker: Worker, given: Given) -> Given:
    """What was not fit for a webhook is fetched with our token there, and must be what it says."""
    named = given.told.content
    if named is None:
        return given
    content = Content(path=named.path, digest=named.digest)
    async with worker.sessions() as session:
        access = await linked.access(session, given.partner)
    if access is None:
        raise NotFetchedError("no-access")
    body = read_object(await worker.line.fetch(access, content))
    return Given(given.row, given.event, given.told.model_copy(update={"body": body}))


async def _hand_to_intake(worker: Worker, given: Given) -> Verdict | None:
    """Stored here, fetched and created there. What follows of the same case waits for it."""
    told, content = given.told, given.told.content
    if content is None or told.case_number is None or told.actor is None:
        missing = [("case_number", told.case_number), ("content", content)]
        return rejected(
            [
                Fault(f"/data/{name}", "missing", "缺少这一项", "required")
                for name, v in missing
                if not v
            ]
        )
    async with worker.sessions.begin() as session:
        access, known = await linked.access(session, given.partner), await registry.known(session)
        place = known.registry.last_known(told.location or "")
        if place is None or not crossing.is_theirs(place, given.partner):
            return rejected([_NOT_THEIR_WINDOW])
        if access is None:
            return Verdict(Outcome.REJECTED, again="no-access")
        number = await linked.our_number(session, given.partner, told.case_number)
        handed = events.CaseHandedIn(
            partner=given.partner,
            webhook_id=given.row.webhook_id,
            kind=told.kind,
            joint_number=told.case_number,
            their_number=given.event.subject or told.case_number,
            case_number=number if number != told.case_number else None,
            location=place.code,
            content=events.ToldContent(path=content.path, digest=content.digest),
            actor=told.actor.model_dump(),
            access=access.model_dump(),
            at=given.event.time or worker.clock(),
        )
        subject = f"handed-in:{given.partner}:{told.case_number}"
        await outbox.record(session, handed, subject=subject, at=worker.clock())
        row = await session.get_one(PartnerWebhookRow, (given.partner, given.row.webhook_id))
        row.next_attempt_at = None
    return None


_NOT_THEIR_WINDOW = Fault(
    "/data/location",
    "not-your-window",
    "收件地点不是贵方登记的地点",
    "the receiving location is not registered as a place of yours",
)


async def _hear_delivered(worker: Worker, given: Given) -> Verdict:
    async with worker.sessions.begin() as session:
        number = await linked.our_number(session, given.partner, given.told.case_number or "")
        link = await linked.handed_in_by(session, number)
        if link is None or link.partner != given.partner:
            return rejected([NOT_THEIRS], given.told.case_number)
        over = events.ResultHandedOver(
            case_number=number,
            partner=given.partner,
            delivered_at=given.told.body.get("delivered_at") or worker.clock(),
        )
        await outbox.record(session, over, subject=number, at=worker.clock())
        on = local_date(over.delivered_at)
        await delivering.note_result(session, number, delivered_on=on, at=worker.clock())
    return Verdict(Outcome.APPLIED, case_number=number)


async def _take_step(worker: Worker, given: Given) -> Verdict:
    async with worker.sessions() as session:
        step = await _resolve(session, given)
    if step is None:
        return rejected([NOT_THEIRS], given.told.case_number)
    visit, case_number = step
    if given.told.kind == crossings.ATTACHED:
        return await taking_files.attach(worker, given, visit, str(case_number))
    return verdict_of(await worker.door(visit), case_number)


# What is no call of ours; everything else is a step.
_HEARS: Mapping[str, Callable[[Worker, Given], Awaitable[Verdict]]] = MappingProxyType(
    {
        crossings.ERASED: erased_there.hear,
        crossings.DELIVERED: _hear_delivered,
        crossings.PARCEL_SENT: parcels_there.follow,
    }
)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a step is taken on: the names in its address, and whose places have a part in it."""

    names: Mapping[str, Any]
    places: Sequence[str]


async def _resolve(session: AsyncSession, given: Given) -> tuple[Visit, str | None] | None:
    """The call of ours that this is, made by the partner's place that has a part in it."""
    told, call = given.told, crossings.CALLS[given.told.kind]
    known, found = await registry.known(session), await _find(session, given)
    if found is None or told.actor is None:
        return None
    named = [each for each in found.places if told.location in (None, each)]
    place = queries.place_of(known, given.partner, *named)
    if place is None:
        return None
    visit = Visit(
        caller=caller_of(given, place.code, place.division),
        method="POST",
        path=call.path.format_map(found.names),
        key=given.key(),
        body=await parcels_there.in_our_ids(session, given),
    )
    return visit, found.names.get("case_number")


async def _find(session: AsyncSession, given: Given) -> _Found | None:
    told, about = given.told, crossings.CALLS[given.told.kind].about
    number = told.case_number and await linked.our_number(session, given.partner, told.case_number)
    if about is About.HANDOFF:
        handoff = await queries.handoff(
            session, handoff_id=told.handoff_id, case_number=number, step=told.step
        )
        if handoff is None:
            return None
        names = {"handoff_id": handoff.id, "case_number": handoff.case_number}
        return _Found(names, [handoff.location, handoff.receiving_location])
    if about is About.CASE:
        return await _find_case(session, given, number or "")
    if about is About.PARCEL:
        parcel = told.parcel_id or await linked.parcel_by_number(
            session, given.partner, told.parcel_number or ""
        )
        return await _find_parcel(session, given, parcel) if parcel else None
    return _Found({"location": told.location}, [told.location or ""])


async def _find_case(session: AsyncSession, given: Given, number: str) -> _Found | None:
    names: dict[str, Any] = {"case_number": number}
    if "{appointment_id}" in crossings.CALLS[given.told.kind].path:
        starts_at = given.told.body.get("starts_at")
        names["appointment_id"] = await contact.appointment_meant(session, number, starts_at)
        if names["appointment_id"] is None:
            return None
    return _Found(names, await queries.case_places(session, number))


async def _find_parcel(session: AsyncSession, given: Given, parcel_id: UUID) -> _Found | None:
    names: dict[str, Any] = {"parcel_id": parcel_id}
    if "{discrepancy_id}" in crossings.CALLS[given.told.kind].path:
        names["discrepancy_id"] = await parcels_there.discrepancy(session, given, parcel_id)
        if names["discrepancy_id"] is None:
            return None
    return _Found(names, await queries.parcel_ends(session, parcel_id))
