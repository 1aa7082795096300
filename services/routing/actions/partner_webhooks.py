"""What partners send: proven and kept before it is answered, applied afterwards in order per matter
through our own door, and told back: applied, or rejected with every reason."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing import events
from services.routing.domain import crossings
from services.routing.domain.crossings import About, CloudEvent, Outcome, Told
from services.routing.models import PartnerWebhookRow
from services.routing.queries import partners as queries
from services.routing.queries import registry
from shared import shapes
from shared.audit import trail
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.errors import ConflictError, Fault, InvalidError
from shared.http.inner import Answer, Visit
from shared.means import Origin, means
from shared.messaging import outbox
from shared.security.callers import Caller, Role
from shared.webhooks import signing

Door = Callable[[Visit], Awaitable[Answer]]

_LEASE = timedelta(minutes=1)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=10)


class WebhookIdReusedError(ConflictError):
    code = "webhook-id-reused"

    def __init__(self) -> None:
        super().__init__(
            "这一webhook-id已用于另一份内容；新的内容请用新的编号",
            "this webhook-id was used with another body",
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one webhook; `again`: it could not be done just now."""

    outcome: Outcome
    faults: list[dict[str, Any]] = field(default_factory=list)
    case_number: str | None = None
    again: str | None = None


async def receive(
    session: AsyncSession, partner: str, *, headers: Mapping[str, str], body: bytes, at: datetime
) -> str | None:
    """Nothing is read before the sender is proven; the same again changes nothing. Where the sender
    asks us to prove that we are there: what it wants to hear."""
    keys = means(session).keys
    held = [
        queries.open_secret(keys, row) for row in await queries.secrets(session, partner, at=at)
    ]
    verified = signing.verify(held, headers, body, now=at)
    event = _read(body)
    if (challenge := crossings.challenge_of(event)) is not None:
        return challenge
    digest = hashlib.sha256(body).digest()
    kept = await session.scalar(
        insert(PartnerWebhookRow)
        .values(
            partner=partner,
            webhook_id=verified.message_id,
            subject=crossings.subject_of(event),
            kind=crossings.kind_of(event),
            body=queries.seal_body(keys, partner, verified.message_id, body),
            digest=digest,
            received_at=at,
            next_attempt_at=at,
        )
        .on_conflict_do_nothing()
        .returning(PartnerWebhookRow.turn)
    )
    if kept is None:
        await _require_same(session, partner, verified.message_id, digest)
    return None


async def _require_same(
    session: AsyncSession, partner: str, webhook_id: str, digest: bytes
) -> None:
    before = await session.scalar(
        select(PartnerWebhookRow.digest).where(
            PartnerWebhookRow.partner == partner, PartnerWebhookRow.webhook_id == webhook_id
        )
    )
    if before != digest:
        raise WebhookIdReusedError


def _read(body: bytes) -> CloudEvent:
    try:
        return CloudEvent.model_validate_json(body)
    except ValidationError as error:
        raise InvalidError(shapes.faults(error.errors())) from None


async def apply_next(sessions: Sessions, door: Door, clock: Clock) -> bool:
    """One webhook that is due; whether there was one. Whoever dies over it leaves it due again,
    and what it had done already is not done twice: the webhook's id is the step's key."""
    async with sessions.begin() as session:
        row = await queries.next_due(session, at=clock())
        if row is None:
            return False
        row.attempts += 1
        row.next_attempt_at = clock() + _LEASE
        body = queries.open_body(means(session).keys, row)
    event = _read(body)
    verdict = await _judge(sessions, door, row, event)
    async with sessions.begin() as session:
        session.info["origin"] = _origin(row.partner, event)
        await _settle(session, row, verdict, at=clock())
    return True


async def _judge(
    sessions: Sessions, door: Door, row: PartnerWebhookRow, event: CloudEvent
) -> Verdict:
    if event.type != crossings.TOLD:
        return Verdict(Outcome.IGNORED)
    try:
        told = Told.model_validate(event.data)
    except ValidationError as error:
        found = [
            Fault(f"/data{each.pointer}", each.code, each.message_zh, each.message_en)
            for each in shapes.faults(error.errors())
        ]
        return _rejected(found)
    if faults := crossings.faults_of(told):
        return _rejected(faults, told.case_number)
    return await _take_step(sessions, door, row, told)


async def _take_step(sessions: Sessions, door: Door, row: PartnerWebhookRow, told: Told) -> Verdict:
    async with sessions() as session:
        step = await _resolve(session, row, told)
    if step is None:
        return _rejected([_NOT_THEIRS], told.case_number)
    visit, case_number = step
    answer = await door(visit)
    if answer.failed:
        return Verdict(Outcome.REJECTED, again=f"http-{answer.status}")
    if answer.done:
        return Verdict(Outcome.APPLIED, case_number=case_number)
    return Verdict(Outcome.REJECTED, _faults(answer), case_number)


_NOT_THEIRS = Fault(
    "/data", "not-found", "没有找到，或不是贵方地点的办件", "not there, or not at a place of yours"
)


def _rejected(faults: list[Fault], case_number: str | None = None) -> Verdict:
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


async def _resolve(
    session: AsyncSession, row: PartnerWebhookRow, told: Told
) -> tuple[Visit, str | None] | None:
    """The call of ours that this is, made by the partner's place that has a part in it."""
    call, known = crossings.CALLS[told.kind], await registry.known(session)
    names: dict[str, Any] = told.model_dump(
        include={"parcel_id", "discrepancy_id", "case_number", "location"}
    )
    places: list[str] = []
    if call.about is About.HANDOFF:
        handoff = await queries.handoff(
            session, handoff_id=told.handoff_id, case_number=told.case_number, step=told.step
        )
        if handoff is None:
            return None
        names |= {"handoff_id": handoff.id, "case_number": handoff.case_number}
        places = [handoff.location, handoff.receiving_location]
    elif call.about is About.CASE:
        places = list(await queries.case_places(session, told.case_number or ""))
    elif call.about is About.PARCEL and told.parcel_id is not None:
        places = list(await queries.parcel_ends(session, told.parcel_id))
    elif told.location is not None:
        places = [told.location]
    named = [each for each in places if told.location in (None, each)]
    place = queries.place_of(known, row.partner, *named)
    if place is None or told.actor is None:
        return None
    visit = Visit(
        caller=Caller(
            subject=f"{row.partner}:{told.actor.id}",
            name=told.actor.name,
            role=Role.PARTNER,
            location=place.code,
            division=place.division,
            partner=row.partner,
            issuer="webhook",
        ),
        method="POST",
        path=call.path.format_map(names),
        key=key_of(row),
        body=told.body,
    )
    return visit, names["case_number"]


def key_of(row: PartnerWebhookRow) -> str:
    return "webhook-" + hashlib.sha256(f"{row.partner}\n{row.webhook_id}".encode()).hexdigest()


def _origin(partner: str, event: CloudEvent) -> Origin:
    actor = event.data.get("actor")
    named = actor if isinstance(actor, dict) else {}
    return Origin(
        actor=f"{partner}:{named.get('id') or 'system'}",
        role=Role.PARTNER,
        partner=partner,
        name=str(named.get("name") or partner),
    )


async def _settle(
    session: AsyncSession,
    given: PartnerWebhookRow,
    verdict: Verdict,
    *,
    at: datetime,
) -> None:
    row = await session.get_one(
        PartnerWebhookRow, (given.partner, given.webhook_id), with_for_update=True
    )
    if row.settled_at is not None:
        return
    if verdict.again is not None:
        pause = min(_FIRST_PAUSE * 2 ** min(row.attempts, 12), _LONGEST_PAUSE)
        row.last_error, row.next_attempt_at = verdict.again, at + pause
        return
    row.settled_at, row.next_attempt_at, row.last_error = at, None, None
    row.outcome, row.faults = verdict.outcome.value, verdict.faults
    if verdict.outcome is Outcome.IGNORED:
        return
    await trail.record(
        session,
        action="partner-webhook-settled",
        case_number=verdict.case_number,
        resource=f"webhook:{row.partner}/{row.webhook_id}",
        outcome=row.outcome,
        facts={"kind": row.kind, "faults": [each["code"] for each in verdict.faults]},
        at=at,
    )
    answered = events.PartnerAnswered(
        partner=row.partner,
        webhook_id=row.webhook_id,
        kind=row.kind,
        outcome=row.outcome,
        case_number=verdict.case_number,
        faults=verdict.faults,
        at=at,
    )
    subject = verdict.case_number or f"partner:{row.partner}"
    await outbox.record(session, answered, subject=subject, at=at)
