"""Takes the person out of a case whose term is over, or sooner where somebody asks and the law lets
us: what is left is its number, item, dates and outcome."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import events
from services.intake.actions import asking
from services.intake.actions.resealing import SEALED
from services.intake.domain import lifetimes
from services.intake.domain.cases import What
from services.intake.domain.lifetimes import INCOMPLETE, Life, Refused, Wish
from services.intake.models import (
    CaseRow,
    ContentRow,
    CorrectionRow,
    HandedInRow,
    HoldRow,
    LetterRow,
    MaterialRow,
    NoticeRow,
    PaymentRow,
    PromiseRow,
    RequestRow,
    SignedPaperRow,
)
from services.intake.queries import cases as reads
from services.intake.queries import holds
from shared.audit import trail
from shared.clock import local_date
from shared.messaging import outbox
from shared.retention import erasing
from shared.retention.erasing import Erasable, Left, of_case
from shared.retention.purging import Due, Kept, emptying
from shared.retention.rules import Terms
from shared.security.grants import Scope

ERASABLE: Final = (
    Erasable(CaseRow.application_sealed, of_case(CaseRow.case_number), zh="申请内容"),
    Erasable(
        MaterialRow.e_certificate_sealed,
        of_case(MaterialRow.case_number),
        Left.NOTHING,
        zh="电子证照标识",
    ),
    Erasable(
        ContentRow.key_sealed,
        of_case(ContentRow.case_number),
        Left.NO_ROW,
        kind="files",
        zh="材料文件",
    ),
    Erasable(
        SignedPaperRow.key_sealed,
        of_case(SignedPaperRow.case_number),
        Left.NO_ROW,
        kind="files",
        zh="盖章或签字的文书",
    ),
    Erasable(NoticeRow.faults_sealed, of_case(NoticeRow.case_number), zh="一次性告知"),
    Erasable(LetterRow.said_sealed, of_case(LetterRow.case_number), zh="办理地的文书内容"),
    Erasable(RequestRow.content_sealed, of_case(RequestRow.case_number), zh="补正和撤回"),
    Erasable(CorrectionRow.said_sealed, of_case(CorrectionRow.case_number), zh="笔误更正"),
    Erasable(PaymentRow.payer_sealed, of_case(PaymentRow.case_number), Left.NOTHING, zh="缴款人"),
    Erasable(
        HandedInRow.instructions,
        of_case(HandedInRow.case_number),
        Left.NOTHING,
        zh="合作方转来的取件说明",
    ),
    Erasable(HoldRow.said_sealed, of_case(HoldRow.case_number), zh="争议登记"),
)
# 查询码: whose holder finds the skeleton of the case; it says nothing of a person.
STAYS: Final = frozenset({"case_file.tracking_sealed"})

_AT_ONCE: Final = 20


def _due(due: Due) -> Select[Any]:
    case = CaseRow
    query = select(case.case_number).where(
        case.retention == due.rule.kind,
        case.ended_at < due.before,
        case.erased_at.is_(None),
        ~holds.is_held(case.case_number),
    )
    return query.order_by(case.ended_at)


async def _take(session: AsyncSession, due: Due) -> int:
    chosen = _due(due).limit(due.limit).with_for_update(skip_locked=True, of=CaseRow)
    numbers = (await session.scalars(chosen)).all()
    for case in await _loaded(session, numbers):
        await _erase(session, case, cause="term", at=due.at)
    return len(numbers)


async def _loaded(session: AsyncSession, numbers: Collection[str]) -> Sequence[CaseRow]:
    return (await session.scalars(select(CaseRow).where(CaseRow.case_number.in_(numbers)))).all()


KEPT: Final = (
    *(Kept(kind, _due, _take, limit=_AT_ONCE, tells=True) for kind in lifetimes.KINDS),
    emptying("handed_in", HandedInRow.instructions, HandedInRow.settled_at),
    # A bar may outlive its case, but nobody is found by it once it is over.
    emptying("bars", PromiseRow.id_number_index, PromiseRow.barred_until),
)


async def _erase(session: AsyncSession, case: CaseRow, *, cause: str, at: datetime) -> None:
    number, rule = case.case_number, case.retention or INCOMPLETE
    # What others do with the case is done before or not at all; then everything at once.
    await session.flush()
    erased = await erasing.erase_cases(session, ERASABLE, SEALED, [number])
    await _forget_indexes(session, case, at=at)
    case.erased_at = at
    await asking.note(session, case, What.ERASED, at=at)
    await trail.record(
        session,
        action="case-erased",
        at=at,
        case_number=number,
        resource=f"case:{number}",
        facts={"rule": rule, "cause": cause, "erased": dict(erased)},
    )
    if rule == INCOMPLETE:
        # Nobody else has heard of it.
        return
    told = events.CaseErased(case_number=number, rule=rule, cause=cause, at=at)
    await outbox.record(session, told, subject=events.erasure_subject(number), at=at)


async def _forget_indexes(session: AsyncSession, case: CaseRow, *, at: datetime) -> None:
    """Nobody is found by them any more, but for a bar that still holds."""
    case.name_index = case.id_number_index = None
    case.phone_index = case.representative_index = None
    over = or_(PromiseRow.barred_until.is_(None), PromiseRow.barred_until < local_date(at))
    await session.execute(
        update(PromiseRow)
        .where(PromiseRow.case_number == case.case_number, over)
        .values(id_number_index=None)
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody's wish, with the number under which it is filed on paper."""

    wish: Wish
    reference: str


async def ask_erasure(
    session: AsyncSession, number: str, asked: Asked, *, scope: Scope, terms: Terms, at: datetime
) -> Refused | None:
    """None: it is done. A refusal is an answer too, and on the trail with its ground."""
    case = await reads.lock_case(session, number, scope)
    life = Life(
        kind=case.retention,
        ended_at=case.ended_at,
        held=bool(await holds.open_of(session, number)),
        term_days=terms.days(case.retention) if case.retention else 0,
    )
    refused = lifetimes.may_be_erased(life, at)
    facts = {"wish": asked.wish.value, "reference": asked.reference}
    if refused is not None:
        facts |= {"because": refused.because.value}
        facts |= {"until": refused.until.isoformat()} if refused.until else {}
    await trail.record(
        session,
        action="erasure-asked",
        at=at,
        case_number=number,
        resource=f"case:{number}",
        outcome="refused" if refused else trail.DONE,
        facts=facts,
    )
    if refused is None:
        await _erase(session, case, cause="request", at=at)
    return refused
