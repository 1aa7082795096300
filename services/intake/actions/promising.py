"""Promises after the signature: kept when the paper comes, broken when a check says so."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions.filing import Promised
from services.intake.domain import deferrals
from services.intake.domain.deferrals import Kind
from services.intake.domain.items import ItemVersion
from services.intake.models import PromiseRow
from services.intake.queries import cases as reads
from services.intake.queries import catalogue
from shared.clock import local_date


async def begin_promises(session: AsyncSession, number: str, owed: Sequence[Promised]) -> None:
    """Of a visit that was only registered: what is owed still is owed from now on."""
    promise = PromiseRow
    for each in owed:
        await session.execute(
            update(promise)
            .where(
                promise.case_number == number,
                promise.kind == each.kind,
                promise.material_code == each.material_code,
                promise.kept_at.is_(None),
            )
            .values(due_on=each.due_on, expires_on=each.expires_on)
        )


async def keep_promises(
    session: AsyncSession,
    number: str,
    codes: Collection[str],
    *,
    item: ItemVersion,
    at: datetime,
) -> None:
    """These papers have come. One that came late was broken all the same: whether its bar is lifted
    the item says."""
    promise = PromiseRow
    came = (
        promise.case_number == number,
        promise.material_code.in_(codes),
        promise.kept_at.is_(None),
    )
    if deferrals.late_paper_lifts_bar(item):
        of_paper = update(promise).where(*came, promise.kind == Kind.DEFERRAL.value)
        await session.execute(of_paper.values(barred_until=None))
    await session.execute(update(promise).where(*came).values(kept_at=at, expires_on=None))


async def settle_commitments(
    session: AsyncSession, number: str, *, kept: bool, at: datetime
) -> None:
    """事后核查: the word was kept; or it was broken, and bars another for the item's term."""
    promise = PromiseRow
    settled = (
        update(promise)
        .where(promise.case_number == number, promise.kind == Kind.COMMITMENT.value)
        .where(promise.kept_at.is_(None), promise.broken_at.is_(None))
    )
    if kept:
        await session.execute(settled.values(kept_at=at))
        return
    case = await reads.lock_known(session, number)
    if case is None:
        return
    item = (await catalogue.versions_of(session, case.item_code))[case.item_version]
    until = deferrals.barred_until(item, Kind.COMMITMENT, local_date(at))
    await session.execute(settled.values(broken_at=at, barred_until=until))
