"""The case that a message is about, and the words that most letters of it need."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.messages import Placeholder
from services.notify.domain.practice import spoken_day
from services.notify.models import CaseRow
from services.notify.queries import cases
from shared.clock import local_date
from shared.messaging.apply import NotYetError


async def known_case(session: AsyncSession, case_number: str) -> CaseRow:
    """Routing may be heard before intake."""
    case = await cases.lock_case(session, case_number)
    if case is None:
        raise NotYetError(f"case {case_number}")
    return case


def dated(at: datetime) -> dict[Placeholder, str]:
    return {Placeholder.DATE: spoken_day(local_date(at))}
