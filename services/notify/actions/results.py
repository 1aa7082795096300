"""What an applicant sees of the result: the decision, never who it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import links
from services.notify.queries import seals
from services.notify.queries.seals import Certificate
from shared.clock import local_date
from shared.means import means

SPOKEN: Mapping[str, str] = MappingProxyType(
    {"granted": "准予", "denied": "不予许可", "ended": "终结"}
)

# 行政许可法 38: a denial names the right to reconsideration and to sue.
REMEDIES = (
    "如不服本决定，可以依法申请行政复议或者提起行政诉讼；期限和受理机关以不予许可决定书所载为准。"
)


@dataclass(frozen=True, slots=True)
class Seen:
    case_number: str
    item_name: str
    result: str
    result_zh: str
    authority: str
    decided_on: date
    certificate: Certificate | None
    opinion: str | None
    remedies: str | None
    available_until: date


async def open_result(session: AsyncSession, code: str, *, at: datetime) -> Seen:
    delivery, link = await links.open_result(session, code, at=at)
    outcome = seals.open_outcome(means(session).keys, delivery.id, delivery.outcome)
    granted = delivery.result == "granted"
    return Seen(
        case_number=delivery.case_number,
        item_name=delivery.item_name,
        result=delivery.result,
        result_zh=SPOKEN.get(delivery.result, delivery.result),
        authority=delivery.authority,
        decided_on=local_date(delivery.decided_at),
        certificate=outcome.certificate,
        opinion=None if granted else outcome.opinion,
        remedies=REMEDIES if delivery.result == "denied" else None,
        available_until=_last_day(link.expires_at),
    )


async def waiting_until(session: AsyncSession, code: str, *, at: datetime) -> date:
    """The last day on which the link opens; it is not opened."""
    link = await links.look(session, code, at=at)
    return _last_day(link.expires_at)


def _last_day(expires_at: datetime) -> date:
    return local_date(expires_at - timedelta(microseconds=1))
