"""What routing says: places, and how each piece of work on a case goes."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import news, promising, supplements, withdrawals
from services.intake.actions.news import Told, Work
from services.intake.consumers.readers import (
    CaseAssigned,
    CaseClosed,
    CaseDecided,
    DeadlineChanged,
    HandoffAccepted,
    HandoffAt,
    HandoffDue,
    HandoffExtended,
    HandoffPrereviewed,
    HandoffRefused,
    HandoffSuspended,
    HandoffTransferred,
    LightTurned,
    LocationRegistered,
    NoticeIssued,
    OfCase,
    OfHandoff,
    PromiseChecked,
    RequestRefused,
    SupplementApplied,
)
from services.intake.domain.cases import Actor, News, What
from services.intake.domain.papers import Issued, Letter, Said
from services.intake.models import LocationRow
from services.intake.queries import cases as reads
from shared.messaging.envelope import Received
from shared.messaging.handling import Handler
from shared.security.revocations import on_token_revoked

_PENDING = "pending"


async def on_location_registered(
    session: AsyncSession, message: Received[LocationRegistered]
) -> None:
    place = message.data
    phones = {contact.role: contact.phone for contact in reversed(place.contacts)}
    row = place.model_dump(exclude={"contacts"}) | {
        "phone": phones.get("window") or phones.get("point_to_point")
    }
    stored = insert(LocationRow).values(row)
    told = {column: stored.excluded[column] for column in row}
    await session.execute(
        stored.on_conflict_do_update(index_elements=["code", "version"], set_=told)
    )


async def on_cases_assigned(
    session: AsyncSession, messages: Sequence[Received[CaseAssigned]]
) -> None:
    every = {Told(each.id, each.data.case_number): _assigned(each) for each in messages}
    await news.tell_all(session, every, now=messages[-1].now)
    for message in messages:
        work = [
            Work(handoff_id=each.id, **each.model_dump(exclude={"id"}))
            for each in message.data.handoffs
        ]
        await news.keep_work(session, message.data.case_number, work)


def _assigned(message: Received[CaseAssigned]) -> list[News]:
    handoffs = message.data.handoffs
    first = min((each.stage for each in handoffs), default=0)
    said = [News(What.ASSIGNED, message.at)]
    if any(each.status == _PENDING and each.stage == first for each in handoffs):
        said.append(News(What.AWAITING_PAPER, message.at))
    return said


async def on_case_unroutable(session: AsyncSession, message: Received[OfCase]) -> None:
    """The originals on the counter come first: nobody keeps a paper that has nowhere to go."""
    told = Told(message.id, message.data.case_number)
    here = await reads.originals_here(session, told.case_number)
    turn = Actor.RECEIVING if here else Actor.OPS
    await news.tell(session, told, News(What.UNROUTABLE, message.at, turn=turn), now=message.now)


def _told(message: Received[Any]) -> Told:
    data = message.data
    return Told(message.id, data.case_number, data.handoff_id, data.location)


async def _at_work(session: AsyncSession, message: Received[Any], said: News) -> None:
    await news.tell(session, _told(message), said, now=message.now)
    await news.change_work(
        session, message.data.handoff_id, status=message.data.status, due_on=said.due_on
    )


async def on_handoffs_opened(
    session: AsyncSession, messages: Sequence[Received[HandoffAt]]
) -> None:
    every = {_told(each): [News(What.OPENED, each.data.at)] for each in messages}
    await news.tell_all(session, every, now=messages[-1].now)
    for message in messages:
        opened = message.data
        await news.change_work(session, opened.handoff_id, status=opened.status)


async def on_handoff_accepted(session: AsyncSession, message: Received[HandoffAccepted]) -> None:
    accepted = message.data
    said = News(
        What.ACCEPTED,
        accepted.accepted_at,
        due_on=accepted.due_on,
        due_provisional=accepted.due_provisional,
    )
    await _at_work(session, message, said)
    # Silence accepted it: nobody wrote a letter, so none is ever printed.
    kind = Letter.DEEMED_ACCEPTANCE if accepted.deemed else Letter.ACCEPTANCE
    await news.keep_letter(
        session,
        _told(message),
        kind,
        Said(due_on=accepted.due_on, by_location=accepted.by_location),
        at=accepted.accepted_at,
    )


async def on_handoff_refused(session: AsyncSession, message: Received[HandoffRefused]) -> None:
    refused = message.data
    await _at_work(session, message, News(What.REFUSED, refused.at, value="refused"))
    said = Said(
        reason=refused.reason,
        ground=refused.ground,
        competent_authority=refused.competent_authority,
        remedies=refused.remedies,
    )
    await news.keep_letter(session, _told(message), Letter.REFUSAL, said, at=refused.at)


async def on_notice_issued(session: AsyncSession, message: Received[NoticeIssued]) -> None:
    notice = message.data
    said = News(What.NOTICED, notice.issued_at, until=notice.supplement_due_on)
    await _at_work(session, message, said)
    await news.keep_notice(
        session,
        _told(message),
        notice.notice_id,
        faults=[each.model_dump() for each in notice.faults],
        number=notice.number,
        issued_at=notice.issued_at,
        until=notice.supplement_due_on,
    )


async def on_supplement_applied(
    session: AsyncSession, message: Received[SupplementApplied]
) -> None:
    applied = message.data
    await _at_work(session, message, News(What.SUPPLEMENTED, applied.at))
    await supplements.apply_supplement(
        session, applied.case_number, applied.supplement_id, at=applied.at
    )


async def on_request_refused(session: AsyncSession, message: Received[RequestRefused]) -> None:
    refused = message.data
    # The window asked, so the window hears the answer and tells the applicant.
    said = News(What.REQUEST_REFUSED, refused.at)
    await news.tell(session, Told(message.id, refused.case_number), said, now=message.now)
    await news.settle_request(
        session,
        refused.request_id,
        at=refused.at,
        status="refused",
        code=refused.code,
        reason=refused.reason_zh,
    )


async def on_handoff_suspended(session: AsyncSession, message: Received[HandoffSuspended]) -> None:
    paused = message.data
    await _at_work(session, message, News(What.SUSPENDED, paused.at))
    said = Said(reason=paused.reason, procedure=paused.procedure, working_days=paused.working_days)
    await news.keep_letter(session, _told(message), Letter.SPECIAL_PROCEDURE, said, at=paused.at)


async def on_handoff_resumed(session: AsyncSession, message: Received[HandoffDue]) -> None:
    resumed = message.data
    said = News(
        What.RESUMED,
        resumed.at,
        due_on=resumed.due_on,
        due_provisional=resumed.due_provisional,
    )
    await _at_work(session, message, said)


async def on_handoff_extended(session: AsyncSession, message: Received[HandoffExtended]) -> None:
    longer = message.data
    before = await reads.due_of(session, longer.handoff_id)
    moved = News(
        What.EXTENDED, longer.at, due_on=longer.due_on, due_provisional=longer.due_provisional
    )
    await _at_work(session, message, moved)
    said = Said(
        reason=longer.reason,
        working_days=longer.working_days,
        was_due_on=before,
        due_on=longer.due_on,
    )
    await news.keep_letter(session, _told(message), Letter.EXTENSION, said, at=longer.at)


async def on_light_turned(session: AsyncSession, message: Received[LightTurned]) -> None:
    """The case's own light is the limit's, and before it the notice window's; what a hop or the
    delivery is late with is for the places between which it hangs."""
    if message.data.term not in ("limit", "notice"):
        return
    await _at_work(session, message, News(What.LIGHT, message.at, value=message.data.light))


async def on_handoff_transferred(
    session: AsyncSession, message: Received[HandoffTransferred]
) -> None:
    moved = message.data
    await _at_work(session, message, News(What.TRANSFERRED, moved.at))
    await news.move_work(session, moved.handoff_id, moved.new_handoff_id, moved.to_location)
    await news.relocate_work(session, moved.also_moved, moved.to_location)


async def on_handoff_prereviewed(
    session: AsyncSession, message: Received[HandoffPrereviewed]
) -> None:
    """Scans were looked at before any paper left: all gaps, or "send the paper"."""
    seen = message.data
    if not seen.faults:
        await _at_work(session, message, News(What.AWAITING_PAPER, seen.at))
        return
    await _at_work(session, message, News(What.NOTICED, seen.at))
    await news.keep_notice(
        session,
        _told(message),
        message.id,
        faults=[each.model_dump() for each in seen.faults],
        issued_at=seen.at,
        until=None,
    )


async def on_handoff_returned(session: AsyncSession, message: Received[HandoffDue]) -> None:
    await _at_work(session, message, News(What.RETURNED, message.data.at))


async def on_handoff_handed_back(session: AsyncSession, message: Received[HandoffAt]) -> None:
    await _at_work(session, message, News(What.HANDED_BACK, message.data.at))


async def on_deadline_changed(session: AsyncSession, message: Received[DeadlineChanged]) -> None:
    moved = message.data
    said = News(
        What.DEADLINE_MOVED,
        moved.at,
        due_on=moved.due_on,
        due_provisional=moved.due_provisional,
    )
    await _at_work(session, message, said)


async def on_promise_checked(session: AsyncSession, message: Received[PromiseChecked]) -> None:
    checked = message.data
    await promising.settle_commitments(
        session, checked.case_number, kept=checked.kept, at=checked.at
    )


async def on_handoff_closed(session: AsyncSession, message: Received[HandoffAt]) -> None:
    """The case's own end is told by itself; here one piece of work has ended."""
    await news.change_work(session, message.data.handoff_id, status=message.data.status)


async def on_handoff_decided(session: AsyncSession, message: Received[OfHandoff]) -> None:
    await _at_work(session, message, News(What.STEP_DONE, message.at))


async def on_case_decided(session: AsyncSession, message: Received[CaseDecided]) -> None:
    decided = message.data
    told = Told(message.id, decided.case_number, decided.handoff_id, decided.location)
    news_of_it = News(What.DECIDED, decided.decided_at, value=decided.result)
    await news.tell(session, told, news_of_it, now=message.now)
    said = Said(
        reason=decided.opinion,
        result=decided.result,
        authority=decided.authority,
        remedies=decided.remedies,
        certificate=decided.certificate
        and Issued(name=decided.certificate.name, number=decided.certificate.number),
    )
    await news.keep_letter(session, told, Letter.DECISION, said, at=decided.decided_at)


async def on_case_closed(session: AsyncSession, message: Received[CaseClosed]) -> None:
    closed = message.data
    said = News(What.CLOSED, closed.at, value=closed.outcome, turn=Actor.NONE)
    await news.tell(session, Told(message.id, closed.case_number), said, now=message.now)
    await withdrawals.apply_withdrawals(session, closed.case_number, at=closed.at)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "routing.location-registered.v1": on_location_registered,
        "routing.token-revoked.v1": on_token_revoked,
        "routing.case-assigned.v1": on_cases_assigned,
        "routing.case-unroutable.v1": on_case_unroutable,
        "routing.handoff-opened.v1": on_handoffs_opened,
        "routing.handoff-accepted.v1": on_handoff_accepted,
        "routing.handoff-refused.v1": on_handoff_refused,
        "routing.notice-issued.v1": on_notice_issued,
        "routing.supplement-applied.v1": on_supplement_applied,
        "routing.request-refused.v1": on_request_refused,
        "routing.handoff-suspended.v1": on_handoff_suspended,
        "routing.handoff-resumed.v1": on_handoff_resumed,
        "routing.handoff-extended.v1": on_handoff_extended,
        "routing.light-turned.v1": on_light_turned,
        "routing.handoff-transferred.v1": on_handoff_transferred,
        "routing.handoff-closed.v1": on_handoff_closed,
        "routing.handoff-decided.v1": on_handoff_decided,
        "routing.case-decided.v1": on_case_decided,
        "routing.case-closed.v1": on_case_closed,
        "routing.handoff-prereviewed.v1": on_handoff_prereviewed,
        "routing.handoff-returned.v1": on_handoff_returned,
        "routing.handoff-handed-back.v1": on_handoff_handed_back,
        "routing.deadline-changed.v1": on_deadline_changed,
        "routing.promise-checked.v1": on_promise_checked,
    }
)
