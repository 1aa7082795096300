"""Withdrawals: routing closes the case or refuses; what never left the window the window closes."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import events
from services.intake.actions import asking, news
from services.intake.actions.asking import APPLIED, PENDING, WITHDRAWAL, Asked
from services.intake.domain import cases
from services.intake.domain.cases import Act, News, Status, What
from services.intake.models import RequestRow
from services.intake.queries import cases as reads
from shared.chance import new_id
from shared.http import etags
from shared.means import acted_at
from shared.messaging import outbox
from shared.security.grants import Scope


async def request_withdrawal(
    session: AsyncSession,
    number: str,
    reason: str,
    *,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> Asked:
    case = await reads.lock_case(session, number, scope)
    etags.require(if_match, case.version)
    cases.must_allow(Status(case.status), Act.WITHDRAW)
    request_id, local = new_id(), case.status == Status.RECEIVED_INCOMPLETE
    await asking.ask(session, case, request_id, WITHDRAWAL, {"reason": reason}, at=at)
    await asking.note(session, case, What.WITHDRAWAL_ASKED, at=at)
    await asking.audit(session, case, "withdrawal-requested", request_id, {}, at=at)
    if local:
        # Nobody else has heard of it.
        closed = News(What.CLOSED, at, value="withdrawn")
        news.show(case, cases.after(news.picture_of(case), closed), at=at)
        await asking.note(session, case, What.CLOSED, at=at)
        await news.settle_request(session, request_id, at=at, status=APPLIED)
        return Asked(request_id, number, WITHDRAWAL, APPLIED)
    event = events.WithdrawalRequested(
        case_number=number,
        withdrawal_id=request_id,
        at=acted_at(session, since=case.received_at, at=at),
        reason=reason,
    )
    await outbox.record(session, event, subject=number, at=at)
    return Asked(request_id, number, WITHDRAWAL, PENDING)


async def apply_withdrawals(session: AsyncSession, number: str, *, at: datetime) -> None:
    """The case has ended; whatever was still asked for has been answered by that."""
    await session.execute(
        update(RequestRow)
        .where(
            RequestRow.case_number == number,
            RequestRow.kind == WITHDRAWAL,
            RequestRow.status == PENDING,
        )
        .values(status=APPLIED, settled_at=at)
    )
