"""From when on a case's term runs, by which line of the table, and when it may end early."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from services.intake.domain.cases import ENDED, Picture, Status
from services.intake.domain.words import Named
from shared.clock import local_date

CASE, CLOSED, INCOMPLETE = "case", "case_closed", "case_incomplete"
KINDS: Final = (CASE, CLOSED, INCOMPLETE)


def kind_after(before: Picture, now: Picture) -> str | None:
    """The line of the table once the case has ended; None while it goes on."""
    if now.status not in ENDED:
        return None
    if before.status is Status.RECEIVED_INCOMPLETE:
        return INCOMPLETE
    decided = now.decided_at is not None or now.status is Status.REFUSED
    return CASE if decided else CLOSED


class Wish(Named):
    """Why somebody asks for their data to be erased (个人信息保护法 47)."""

    PURPOSE_GONE = "purpose_gone", "目的已实现、无法实现或者不再必要"
    CONSENT_WITHDRAWN = "consent_withdrawn", "撤回同意"
    UNLAWFUL = "unlawful", "认为处理违反法律、行政法规"


class Because(Named):
    """Why it cannot be done now."""

    OPEN = "open", "办件还在办理；不再需要办理的，请先撤回申请"
    HELD = "held", "有未了结的争议（复议、诉讼等），了结之前不得删除"
    REMEDY = "remedy", "行政复议、行政诉讼的期限内须保留"
    ARCHIVE = "archive", "已经作出决定，归档保管期限未满（个人信息保护法 47 第二款）；期满自动删除"


# How long after its end a case without a decision is still needed: 行政诉讼 within six months.
REMEDIES: Final = timedelta(days=180)
_AFTER: Mapping[str, timedelta] = MappingProxyType({INCOMPLETE: timedelta(0), CLOSED: REMEDIES})


@dataclass(frozen=True, slots=True)
class Refused:
    because: Because
    until: date | None


@dataclass(frozen=True, slots=True)
class Life:
    """What the answer depends on."""

    kind: str | None
    ended_at: datetime | None
    held: bool
    term_days: int


def may_be_erased(life: Life, at: datetime) -> Refused | None:
    """None: the law lets it be erased now."""
    if life.kind is None or life.ended_at is None:
        return Refused(Because.OPEN, None)
    if life.held:
        return Refused(Because.HELD, None)
    term = timedelta(days=life.term_days)
    wait = min(_AFTER.get(life.kind, term), term)
    if life.ended_at + wait <= at:
        return None
    because = Because.ARCHIVE if life.kind == CASE else Because.REMEDY
    return Refused(because, local_date(life.ended_at + wait))


class Dispute(Named):
    """What keeps a case from being erased for as long as it is open."""

    REVIEW = "review", "行政复议"
    LAWSUIT = "lawsuit", "行政诉讼"
    SUPERVISION = "supervision", "监察、审计或信访核查"
    OTHER = "other", "其他依法须保留的情形"
