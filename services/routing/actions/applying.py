"""What a partner sent is applied, in order per matter, through our own door: the same calls, checks
and grants as its officers have by API, each made in the name of the human who acted there."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.actions import crossing, delivering, partner_webhooks
from services.routing.actions.partner_webhooks import Verdict
from services.routing.domain import crossings
from services.routing.domain.crossings import About, Answered, CloudEvent, Outcome, Told
from services.routing.models import ParcelLinkRow, PartnerWebhookRow
from services.routing.queries import crossings as linked
from services.routing.queries import partners as queries
from services.routing.queries import registry
from shared import shapes
from shared.clock import Clock, local_date
from shared.db.transactions import Sessions
from shared.errors import DomainError, Fault
from shared.http.fetching import Content, NotFetchedError, PartnerLine, read_object
from shared.http.inner import Answer, Visit
from shared.means import Origin, means
from shared.messaging import outbox
from shared.security.callers import Caller, Role

Door = Callable[[Visit], Awaitable[Answer]]

_LEASE = timedelta(minutes=1)
# So long a paper or bag that is not known here may still be on its way to be known.
_PATIENCE = 12


@dataclass(frozen=True, slots=True)
class Worker:
    sessions: Sessions
    door: Door
    line: PartnerLine
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Given:
    """One webhook in hand."""

    row: PartnerWebhookRow
    event: CloudEvent
    told: Told

    @property
    def partner(self) -> str:
        return self.row.partner

    def key(self, part: str = "") -> str:
        named = f"{self.row.partner}\n{self.row.webhook_id}\n{part}"
        return "webhook-" + hashlib.sha256(named.encode()).hexdigest()


async def apply_next(worker: Worker) -> bool:
    """One webhook that is due; whether there was one. Whoever dies over it leaves it due again,
    and what it had done already is not done twice: the webhook's id is the step's key."""
    async with worker.sessions.begin() as session:
        row = await queries.next_due(session, at=worker.clock())
        if row is None:
            return False
        row.attempts += 1
        row.next_attempt_at = worker.clock() + _LEASE
        body = queries.open_body(means(session).keys, row)
    event = partner_webhooks.read(body)
    try:
        verdict = await _judge(worker, row, event)
    except NotFetchedError as error:
        verdict = Verdict(Outcome.REJECTED, again=error.reason)
    except DomainError as error:
        verdict = _rejected([Fault("/data", error.code, error.message_zh, error.message_en)])
    if verdict is None:
        return True
    async with worker.sessions.begin() as session:
        session.info["origin"] = _origin(row.partner, event)
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
        return _rejected(_within(error))
    if faults := crossings.faults_of(told):
        return _rejected(faults, told.case_number)
    given = _Given(row, event, told)
    if told.kind in crossings.HANDED_IN:
        return await _hand_to_intake(worker, given)
    given = await _with_content(worker, given)
    if told.kind == crossings.DELIVERED:
        return await _hear_delivered(worker, given)
    if told.kind == crossings.PARCEL_SENT:
        return await _follow_parcel(worker, given)
    return await _take_step(worker, given)


def _within(error: ValidationError) -> list[Fault]:
    return [
        Fault(f"/data{each.pointer}", each.code, each.message_zh, each.message_en)
        for each in shapes.faults(error.errors())
    ]


async def _hear_answer(worker: Worker, row: PartnerWebhookRow, event: CloudEvent) -> Verdict:
    try:
        answered = Answered.model_validate(event.data)
    except ValidationError as error:
        return _rejected(_within(error))
    async with worker.sessions.begin() as session:
        await crossing.settle_told(session, row.partner, answered, at=worker.clock())
    return Verdict(Outcome.APPLIED)


async def _with_content(worker: Worker, given: _Given) -> _Given:
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
    return _Given(given.row, given.event, given.told.model_copy(update={"body": body}))


async def _hand_to_intake(worker: Worker, given: _Given) -> Verdict | None:
    """Stored here, fetched and created there. What follows of the same case waits for it."""
    told, content = given.told, given.told.content
    if content is None or told.case_number is None or told.actor is None:
        missing = [("case_number", told.case_number), ("content", content)]
        return _rejected(
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
            return _rejected([_NOT_THEIR_WINDOW])
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


async def _hear_delivered(worker: Worker, given: _Given) -> Verdict:
    async with worker.sessions.begin() as session:
        number = await linked.our_number(session, given.partner, given.told.case_number or "")
        link = await linked.handed_in_by(session, number)
        if link is None or link.partner != given.partner:
            return _rejected([_NOT_THEIRS], given.told.case_number)
        over = events.ResultHandedOver(
            case_number=number,
            partner=given.partner,
            delivered_at=given.told.body.get("delivered_at") or worker.clock(),
        )
        await outbox.record(session, over, subject=number, at=worker.clock())
        on = local_date(over.delivered_at)
        await delivering.note_result(session, number, delivered_on=on, at=worker.clock())
    return Verdict(Outcome.APPLIED, case_number=number)


async def _follow_parcel(worker: Worker, given: _Given) -> Verdict:
    """A bag that left there leaves here too: opened, filled, sealed, handed over as it was."""
    body, number = given.told.body, given.told.parcel_number
    async with worker.sessions() as session:
        papers = await linked.papers_meant(session, given.partner, body.get("originals") or ())
        known = await registry.known(session)
    place = queries.place_of(known, given.partner, str(body.get("from")))
    if place is None or number is None:
        return _rejected([_NOT_THEIRS])
    if papers is None:
        return _later(given, "unknown-paper")
    opening = {"from": place.code, "to": body.get("to"), "originals": papers}
    caller = _caller(given, place.code, place.division)
    opened = await worker.door(
        Visit(caller, "POST", "/routing/v1/parcels", given.key("opening"), opening)
    )
    if not opened.done:
        return _verdict(opened, None)
    parcel = f"/routing/v1/parcels/{opened.body['id']}"
    async with worker.sessions.begin() as session:
        if await linked.parcel_by_number(session, given.partner, number) is None:
            session.add(
                ParcelLinkRow(
                    parcel_id=UUID(opened.body["id"]), partner=given.partner, joint_number=number
                )
            )
    sealing = {"seal_number": body.get("seal_number")}
    for tail, said in (("sealing", sealing), ("handover", body.get("handover") or {})):
        answer = await worker.door(Visit(caller, "POST", f"{parcel}/{tail}", given.key(tail), said))
        if not answer.done:
            return _verdict(answer, None)
    return Verdict(Outcome.APPLIED)


def _later(given: _Given, reason: str) -> Verdict:
    if given.row.attempts < _PATIENCE:
        return Verdict(Outcome.REJECTED, again=reason)
    return _rejected([Fault("/data", reason, "所指的办件或原件尚不存在", "not known here")])


async def _take_step(worker: Worker, given: _Given) -> Verdict:
    async with worker.sessions() as session:
        step = await _resolve(session, given)
    if step is None:
        return _rejected([_NOT_THEIRS], given.told.case_number)
    visit, case_number = step
    return _verdict(await worker.door(visit), case_number)


def _verdict(answer: Answer, case_number: str | None) -> Verdict:
    if answer.failed:
        return Verdict(Outcome.REJECTED, again=f"http-{answer.status}")
    if answer.done:
        return Verdict(Outcome.APPLIED, case_number=case_number)
    return Verdict(Outcome.REJECTED, _faults(answer), case_number)


_NOT_THEIRS = Fault(
    "/data", "not-found", "没有找到，或不是贵方地点的办件", "not there, or not at a place of yours"
)


def _rejected(faults: Sequence[Fault], case_number: str | None = None) -> Verdict:
    return Verdict(Outcome.REJECTED, [_plain(each) for each in faults], case_number)


def _plain(fault: Fault) -> dict[str, Any]:
    return {
        "pointer": fault.pointer,
        "code": fault.code,
        "message_zh": fault.message_zh,
        "message_en": fault.message_en,
    }


def _faults(answer: Answer) -> list[dict[str, Any]]:
    """A problem's own faults, within `/data/body`; or the problem itself as the one reason."""
    said = answer.body
    if said.get("faults"):
        return [{**each, "pointer": f"/data/body{each['pointer']}"} for each in said["faults"]]
    return [
        {
            "pointer": "/data",
            "code": str(said.get("code", "refused")),
            "message_zh": str(said.get("detail", "未能办理")),
            "message_en": str(said.get("detail_en", "refused")),
        }
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a step is taken on: the names in its address, and whose places have a part in it."""

    names: Mapping[str, Any]
    places: Sequence[str]


async def _resolve(session: AsyncSession, given: _Given) -> tuple[Visit, str | None] | None:
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
        caller=_caller(given, place.code, place.division),
        method="POST",
        path=call.path.format_map(found.names),
        key=given.key(),
        body=await _body(session, given),
    )
    return visit, found.names.get("case_number")


async def _find(session: AsyncSession, given: _Given) -> _Found | None:
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
        return _Found({"case_number": number}, await queries.case_places(session, number or ""))
    if about is About.PARCEL:
        parcel = told.parcel_id or await linked.parcel_by_number(
            session, given.partner, told.parcel_number or ""
        )
        names = {"parcel_id": parcel, "discrepancy_id": told.discrepancy_id}
        return _Found(names, await queries.parcel_ends(session, parcel)) if parcel else None
    return _Found({"location": told.location}, [told.location or ""])


_PAPERS = ("found", "damaged")


async def _body(session: AsyncSession, given: _Given) -> dict[str, Any]:
    """Papers that both sides name by case and place are ours by their ids."""
    body = dict(given.told.body)
    for name in _PAPERS:
        named = [each for each in body.get(name) or () if isinstance(each, dict)]
        if named:
            body[name] = await linked.papers_meant(session, given.partner, named) or body[name]
    return body


def _caller(given: _Given, location: str, division: str) -> Caller:
    actor = given.told.actor
    assert actor is not None  # noqa: S101  (faults_of has seen to it)
    return Caller(
        subject=f"{given.partner}:{actor.id}",
        name=actor.name,
        role=Role.PARTNER,
        location=location,
        division=division,
        partner=given.partner,
        issuer="webhook",
    )


def _origin(partner: str, event: CloudEvent) -> Origin:
    actor = event.data.get("actor")
    named = actor if isinstance(actor, dict) else {}
    return Origin(
        actor=f"{partner}:{named.get('id') or 'system'}",
        role=Role.PARTNER,
        partner=partner,
        name=str(named.get("name") or partner),
    )
