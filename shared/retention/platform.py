"""What every house keeps alike: messages, kept answers, access logs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import local_date
from shared.http import idempotency
from shared.http.idempotency import IDEMPOTENCY
from shared.messaging import keeping
from shared.messaging.inbox import INBOX
from shared.messaging.outbox import OUTBOX
from shared.premises import Premises
from shared.retention.purging import Due, Kept, record
from shared.retention.rules import BY_KIND
from shared.telemetry import access

ACCESS_LOG: Final = BY_KIND["access_log"]
_FILES_AT_ONCE: Final = 100


def _of_outbox(due: Due) -> Select[Any]:
    query = select(OUTBOX.c.id).where(
        OUTBOX.c.id < keeping.first_id(due.before), OUTBOX.c.published_at < due.before
    )
    return query.order_by(OUTBOX.c.id)


def _of_inbox(due: Due) -> Select[Any]:
    query = select(INBOX.c.message_id).where(
        INBOX.c.message_id < keeping.first_id(due.before), INBOX.c.applied_at < due.before
    )
    return query.order_by(INBOX.c.message_id)


def _expired(due: Due) -> datetime:
    """A key says itself when it ends, counted with the term that the package has."""
    return due.before + idempotency.KEPT


def _of_answers(due: Due) -> Select[Any]:
    return select(IDEMPOTENCY.c.key).where(IDEMPOTENCY.c.expires_at < _expired(due))


async def _take_outbox(session: AsyncSession, due: Due) -> int:
    return await keeping.purge_outbox(session, before=due.before, limit=due.limit)


async def _take_inbox(session: AsyncSession, due: Due) -> int:
    return await keeping.purge_inbox(session, before=due.before, limit=due.limit)


async def _take_answers(session: AsyncSession, due: Due) -> int:
    return await idempotency.purge(session, at=_expired(due), limit=due.limit)


PLATFORM_KEPT: Final[Sequence[Kept]] = (
    Kept("outbox", _of_outbox, _take_outbox, limit=1000),
    Kept("inbox", _of_inbox, _take_inbox, limit=1000),
    Kept("idempotency", _of_answers, _take_answers, limit=1000),
)


def outdated_logs(premises: Premises) -> Sequence[Any]:
    folder = premises.settings.access_log_dir
    if folder is None:
        return []
    before = local_date(premises.terms.before(ACCESS_LOG.kind, premises.clock()))
    return access.outdated(folder, premises.house, before, limit=_FILES_AT_ONCE)


def forgetting_logs(premises: Premises) -> Callable[[], Awaitable[bool]]:
    """Files beside the database: said first, then removed; what is cut short is said again."""

    async def work() -> bool:
        old = await asyncio.to_thread(outdated_logs, premises)
        if not old:
            return False
        at = premises.clock()
        due = Due(ACCESS_LOG, premises.terms.before(ACCESS_LOG.kind, at), at, _FILES_AT_ONCE)
        async with premises.sessions.begin() as session:
            await record(session, due, len(old))
        for path in old:
            # Another process of ours may have been quicker.
            path.unlink(missing_ok=True)
        return len(old) == _FILES_AT_ONCE

    return work
