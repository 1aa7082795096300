"""What became of a message on the handset, as the gateway reports it afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions.messages import Sending
from services.notify.gateways.sms import Fate, Report, SmsGateway
from services.notify.models import MessageRow
from shared.errors import Fault, InvalidError, NotFoundError
from shared.http import bodies
from shared.webhooks import signing


@dataclass(frozen=True, slots=True)
class Reporter:
    gateway: SmsGateway
    secret: bytes


class ReportUnknownError(NotFoundError):
    code = "sms-report-unknown"

    def __init__(self) -> None:
        super().__init__("没有这条短信", "no such message; it may be known in a moment")


async def receive(
    session: AsyncSession,
    code: str,
    *,
    reporter: Reporter | None,
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
) -> None:
    """All of it or nothing: a report that comes before the answer to sending is to come again."""
    known = [reporter.secret] if reporter and reporter.gateway.code == code else []
    signing.verify(known, headers, body, now=at)
    reports = reporter.gateway.read_reports(_document(body)) if reporter else ()
    for report in sorted(reports, key=lambda each: (each.message_id, each.reference)):
        row = await _find(session, report)
        if row is None:
            raise ReportUnknownError
        _note(row, report, at=at)


def _document(body: bytes) -> object:
    bodies.check(body)
    try:
        document: object = from_json(body)
    except ValueError:
        fault = Fault("/", "not-json", "不是 JSON", "the body is not JSON")
        raise InvalidError([fault]) from None
    return document


async def _find(session: AsyncSession, report: Report) -> MessageRow | None:
    mine = []
    if message_id := _uuid(report.message_id):
        mine.append(MessageRow.id == message_id)
    elif report.reference:
        mine.append(MessageRow.reference == report.reference)
    else:
        return None
    return await session.scalar(
        select(MessageRow)
        .where(or_(*mine))
        .order_by(MessageRow.id.desc())
        .limit(1)
        .with_for_update()
    )


def _note(row: MessageRow, report: Report, *, at: datetime) -> None:
    """Late and repeated reports come; one that arrived has arrived."""
    if row.fate != Fate.ARRIVED and (row.fate is None or report.fate is not Fate.UNKNOWN):
        row.fate = report.fate.value
    if row.status == Sending.WAITING and row.first_sent_at and report.fate is Fate.ARRIVED:
        # The answer was lost, the message was not.
        row.status, row.settled_at, row.next_attempt_at = Sending.SENT.value, at, None
        row.reference = row.reference or report.reference


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
