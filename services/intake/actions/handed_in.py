"""Cases that a partner's window hands in: fetched from there with our token, then taken through our
own door like any other, under our number; all faults of it go back at once."""

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import ColumnElement, Select, bindparam, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.intake import events
from services.intake.actions import contents
from services.intake.models import HandedInRow
from shared import shapes
from shared.audit import trail
from shared.clock import Clock
from shared.db.transactions import Sessions
from shared.errors import DomainError, NotFoundError
from shared.http.carrying import Carried
from shared.http.fetching import (
    Access,
    Content,
    NotFetchedError,
    PartnerLine,
    RemoteFile,
    missing_fault,
    read_object,
)
from shared.http.inner import Answer, Visit
from shared.means import Origin, means
from shared.messaging import outbox
from shared.security.callers import Caller, Role
from shared.security.keys import Keyring

log = structlog.get_logger()

Door = Callable[[Visit], Awaitable[Answer]]

SUBMITTED, FILED = "case.submitted", "case.file"
APPLIED, REJECTED = "applied", "rejected"
_PATHS: Mapping[str, str] = MappingProxyType(
    {
        SUBMITTED: "/intake/v1/cases",
        "case.supplemented": "/intake/v1/cases/{case_number}/supplements",
        "case.corrected": "/intake/v1/cases/{case_number}/corrections",
        "case.withdrawn": "/intake/v1/cases/{case_number}/withdrawal",
        FILED: "/intake/v1/cases/{case_number}/materials/{material_code}/content",
    }
)
_LEASE = timedelta(minutes=1)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=10)
_FOR = "intake.handed_in.instructions:{}:{}"


class Instructions(BaseModel):
    """What was said of it, and how it is fetched."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    partner: str
    webhook_id: str
    kind: str
    joint_number: str
    their_number: str
    case_number: str | None = None
    location: str
    content: Content
    actor: dict[str, str]
    access: Access
    # When it was done there.
    at: datetime


class Received(BaseModel):
    """When their window took the case, from which the law counts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    received_at: AwareDatetime | None = None


class Filed(BaseModel):
    """A material's file, as it lies with the partner."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    material_code: str = Field(min_length=1, max_length=100)
    file: RemoteFile


@dataclass(frozen=True, slots=True)
class Worker:
    sessions: Sessions
    door: Door
    line: PartnerLine
    clock: Clock
    # So long what they say is not there may still come to be there.
    missing_for: timedelta


@dataclass(frozen=True, slots=True)
class _Verdict:
    outcome: str
    case_number: str | None = None
    faults: tuple[dict[str, Any], ...] = ()


async def keep(session: AsyncSession, told: Instructions, *, at: datetime) -> None:
    """Before anything is fetched; the same again changes nothing."""
    context = _FOR.format(told.partner, told.webhook_id)
    await session.execute(
        insert(HandedInRow)
        .values(
            partner=told.partner,
            webhook_id=told.webhook_id,
            kind=told.kind,
            joint_number=told.joint_number,
            instructions=means(session).keys.seal(
                "fields", told.model_dump_json().encode(), context=context
            ),
            received_at=at,
            next_attempt_at=at,
        )
        .on_conflict_do_nothing()
    )


def _open(keys: Keyring, row: HandedInRow) -> Instructions:
    if row.instructions is None:
        raise NotFoundError
    context = _FOR.format(row.partner, row.webhook_id)
    return Instructions.model_validate_json(keys.open("fields", row.instructions, context=context))


async def take_next(worker: Worker, *, files: bool) -> bool:
    """One that is due; whether there was one. Its key is its webhook's id: whoever dies over it
    finds, coming back, the case that there is already. Files, which may take long, have hands of
    their own, and of one partner one at a time: none waits for another partner's slow line."""
    async with worker.sessions.begin() as session:
        row = await _next_due(session, files=files, at=worker.clock())
        if row is None:
            return False
        row.attempts += 1
        row.last_error = None
        row.next_attempt_at = worker.clock() + _LEASE
        told = _open(means(session).keys, row)
    try:
        verdict = await _take(worker, told)
    except NotFetchedError as error:
        given_up = await _put_off(worker, row, error)
        if given_up is None:
            return True
        verdict = replace(given_up, case_number=told.case_number)
    async with worker.sessions.begin() as session:
        session.info["origin"] = Origin(
            actor=_actor(told),
            role=Role.PARTNER,
            location=told.location,
            name=told.actor.get("name"),
            partner=told.partner,
        )
        await _settle(session, told, verdict, at=worker.clock())
    return True


async def _next_due(session: AsyncSession, *, files: bool, at: datetime) -> HandedInRow | None:
    found: HandedInRow | None = await session.scalar(_DUE[files], {"at": at})
    return found


def _in_hand() -> ColumnElement[bool]:
    """Another file of the same partner is being fetched: begun, and neither done nor put off."""
    other = aliased(HandedInRow)
    return (
        select(other.turn)
        .where(
            other.partner == HandedInRow.partner,
            other.kind == FILED,
            other.settled_at.is_(None),
            other.attempts > 0,
            other.last_error.is_(None),
            other.next_attempt_at > bindparam("at"),
        )
        .exists()
    )


def _due(*, files: bool) -> Select[HandedInRow]:
    earlier = aliased(HandedInRow)
    of_lane = HandedInRow.kind == FILED if files else HandedInRow.kind != FILED
    waiting = (
        select(earlier.turn)
        .where(
            earlier.partner == HandedInRow.partner,
            earlier.joint_number == HandedInRow.joint_number,
            earlier.turn < HandedInRow.turn,
            earlier.settled_at.is_(None),
        )
        .exists()
    )
    return (
        select(HandedInRow)
        .where(
            HandedInRow.settled_at.is_(None),
            HandedInRow.next_attempt_at <= bindparam("at"),
            of_lane,
            ~waiting,
            ~_in_hand() if files else true(),
        )
        .order_by(HandedInRow.next_attempt_at, HandedInRow.turn)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


# Several times a second somebody looks: composing it anew would cost more than asking.
_DUE = {files: _due(files=files) for files in (False, True)}


async def _take(worker: Worker, told: Instructions) -> _Verdict:
    try:
        content = read_object(await worker.line.fetch(told.access, told.content))
        if told.kind == FILED:
            return await _take_file(worker, told, content)
        visit = _with_body(told, content)
    except DomainError as error:
        return _Verdict(REJECTED, told.case_number, (_fault("/data/content", error),))
    except ValidationError as error:
        return _Verdict(REJECTED, told.case_number, tuple(_shapes(error)))
    return _verdict(told, await worker.door(visit))


def _with_body(told: Instructions, content: dict[str, Any]) -> Visit:
    visit = _visit(told)
    if told.kind != SUBMITTED:
        return replace(visit, body=content)
    received_at = Received.model_validate(content).received_at or told.at
    caller = replace(visit.caller, acted_at=received_at)
    return replace(visit, caller=caller, body=content.get("submission"))


async def _take_file(worker: Worker, told: Instructions, content: dict[str, Any]) -> _Verdict:
    """What is here already, from before somebody died over it too, is not fetched again."""
    filed = Filed.model_validate(content)
    file, number = filed.file, told.case_number or ""
    async with worker.sessions() as session:
        if await contents.is_there(session, number, filed.material_code, file.sha256):
            return _Verdict(APPLIED, number)

    async def renew() -> None:
        async with worker.sessions.begin() as session:
            key = (told.partner, told.webhook_id)
            row = await session.get_one(HandedInRow, key, with_for_update=True)
            row.next_attempt_at = worker.clock() + _LEASE

    carried = Carried(worker.line.stream(told.access, file), renew, worker.clock)
    visit = _visit(told)
    visit = replace(
        visit,
        method="PUT",
        path=visit.path.format(material_code=quote(filed.material_code, safe="")),
        stream=carried.chunks(),
        headers=file.headers,
    )
    answer = await worker.door(visit)
    carried.raise_what_broke()
    return _verdict(told, answer)


def _visit(told: Instructions) -> Visit:
    return Visit(
        caller=Caller(
            subject=_actor(told),
            name=told.actor.get("name") or told.partner,
            role=Role.PARTNER,
            location=told.location,
            partner=told.partner,
            issuer="webhook",
            acted_at=told.at,
        ),
        method="POST",
        path=_PATHS[told.kind].replace("{case_number}", str(told.case_number)),
        key=_key(told),
    )


def _verdict(told: Instructions, answer: Answer) -> _Verdict:
    if answer.failed:
        raise NotFetchedError(f"http-{answer.status}")
    if answer.done:
        return _Verdict(APPLIED, str(answer.body.get("case_number") or told.case_number))
    return _Verdict(REJECTED, told.case_number, _faults(answer))


def _fault(pointer: str, error: DomainError) -> dict[str, Any]:
    return {
        "pointer": pointer,
        "code": error.code,
        "message_zh": error.message_zh,
        "message_en": error.message_en,
    }


def _shapes(error: ValidationError) -> Iterator[dict[str, Any]]:
    for each in shapes.faults(error.errors()):
        yield asdict(each) | {"pointer": f"/data/content{each.pointer}"}


def _actor(told: Instructions) -> str:
    return f"{told.partner}:{told.actor.get('id') or 'system'}"


def _key(told: Instructions) -> str:
    named = f"{told.partner}\n{told.webhook_id}"
    return "handed-in-" + hashlib.sha256(named.encode()).hexdigest()


def _faults(answer: Answer) -> tuple[dict[str, Any], ...]:
    said = answer.body
    if said.get("faults"):
        return tuple(said["faults"])
    return (
        {
            "pointer": "",
            "code": str(said.get("code", "refused")),
            "message_zh": str(said.get("detail", "未能收件")),
            "message_en": str(said.get("detail_en", "refused")),
        },
    )


async def _put_off(worker: Worker, given: HandedInRow, error: NotFetchedError) -> _Verdict | None:
    """To another time; unless they have said for the whole term that it is not there, for which
    nothing that follows of the case waits for ever."""
    async with worker.sessions.begin() as session:
        row = await session.get_one(HandedInRow, (given.partner, given.webhook_id))
        at = worker.clock()
        if error.missing:
            row.missing_since = row.missing_since or at
            if at - row.missing_since >= worker.missing_for:
                fault = missing_fault("/data/content", worker.missing_for)
                return _Verdict(REJECTED, faults=(asdict(fault),))
        pause = min(_FIRST_PAUSE * 2 ** min(row.attempts, 12), _LONGEST_PAUSE)
        row.last_error, row.next_attempt_at = error.reason, at + pause
        attempts = row.attempts
    # The partner's list at routing only shows that it is with us: why it waits is said here.
    log.warning(
        "handed_in_waits",
        partner=given.partner,
        webhook_id=given.webhook_id,
        kind=given.kind,
        attempts=attempts,
        reason=error.reason,
    )
    return None


async def _settle(
    session: AsyncSession, told: Instructions, verdict: _Verdict, *, at: datetime
) -> None:
    row = await session.get_one(HandedInRow, (told.partner, told.webhook_id), with_for_update=True)
    if row.settled_at is not None:
        return
    row.settled_at, row.next_attempt_at, row.last_error = at, None, None
    row.outcome, row.case_number = verdict.outcome, verdict.case_number
    settled = events.HandingInSettled(
        partner=told.partner,
        webhook_id=told.webhook_id,
        kind=told.kind,
        outcome=verdict.outcome,
        case_number=verdict.case_number,
        joint_number=told.joint_number,
        their_number=told.their_number,
        faults=verdict.faults,
        at=at,
    )
    # After what was said of the case itself, so that whoever hears of it knows the case.
    subject = verdict.case_number or f"handed-in:{told.partner}:{told.joint_number}"
    await outbox.record(session, settled, subject=subject, at=at)
    await trail.record(
        session,
        action="partner-case-settled",
        case_number=verdict.case_number,
        resource=f"handed-in:{told.partner}/{told.webhook_id}",
        outcome=verdict.outcome,
        facts={
            "kind": told.kind,
            "their_number": told.their_number,
            "joint_number": told.joint_number,
            "faults": [str(each.get("code")) for each in verdict.faults],
        },
        at=at,
    )
