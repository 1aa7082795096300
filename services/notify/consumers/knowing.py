"""The case that a message is about, and the words that most letters of it need."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.messages import Placeholder
from services.notify.domain.practice import spoken_day
from services.notify.models import CaseRow
from services.notify.queries import cases
from shared.clock import local_date
from shared.messaging.envelope import Received
from shared.messaging.handling import NotYetError


async def known_case(session: AsyncSession, case_number: str) -> CaseRow:
    """Routing may be heard before intake."""
    case = await cases.lock_case(session, case_number)
    if case is None:
        raise NotYetError(f"case {case_number}")
    return case


async def known_cases(
    session: AsyncSession, messages: Sequence[Received[Any]]
) -> Mapping[str, CaseRow]:
    """Of several messages, each of another case."""
    known = await cases.lock_cases(session, [each.data.case_number for each in messages])
    if missing := [each for each in messages if each.data.case_number not in known]:
        of = [each.id for each in missing]
        raise NotYetError(f"case {missing[0].data.case_number}", of=of)
    return known


def dated(at: datetime) -> dict[Placeholder, str]:
    return {Placeholder.DATE: spoken_day(local_date(at))}
