"""The result on paper: issued at the office, and from there in the same ledger as every original,
by post or in a bag, to the window or to the applicant."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.actions import custody
from services.routing.actions.custody import Given
from services.routing.domain import results
from services.routing.domain.custody import Act, Holder, HolderKind
from services.routing.domain.destinations import PaperKind
from services.routing.domain.parcels import Consequence
from services.routing.models import CaseRow
from services.routing.queries import custody as queries
from services.routing.queries.custody import Paper
from shared.chance import new_id
from shared.messaging import outbox

RESULT_CODE = "RESULT"


async def issue(
    session: AsyncSession, case: CaseRow, *, location: str, name: str, at: datetime
) -> UUID:
    """The result on paper begins its own way at the office that made it."""
    given = Given(new_id(), RESULT_CODE, name, PaperKind.RESULT)
    await custody.take_in(session, case, [given], location=location, act=Act.ISSUE, at=at)
    return given.id


async def follow(
    session: AsyncSession,
    case_number: str,
    *,
    delivery_id: UUID,
    method: str,
    status: str,
    at: datetime,
) -> None:
    """Posted, at the window, back at the office, lost: said twice or too late it moves nothing."""
    papers = await _papers(session, case_number)
    if not papers:
        return
    matter = (await queries.matters(session, papers.values()))[next(iter(papers))]
    to = results.whereabouts(
        method,
        status,
        delivery_id=str(delivery_id),
        window=matter.receiving,
        office=matter.decided_at or matter.receiving,
    )
    if to is not None:
        await _move(session, papers, to, at=at)


async def collect(session: AsyncSession, case_number: str, *, at: datetime) -> None:
    papers = await _papers(session, case_number)
    await _move(session, papers, Holder(HolderKind.APPLICANT, case_number), at=at)


async def _papers(session: AsyncSession, case_number: str) -> dict[UUID, Paper]:
    own = [
        paper.id
        for paper in await queries.of_case(session, case_number)
        if paper.kind is PaperKind.RESULT
    ]
    return await queries.lock(session, own)


async def _move(
    session: AsyncSession, papers: dict[UUID, Paper], to: Holder, *, at: datetime
) -> None:
    able = [
        Consequence(str(paper.id), act, to)
        for paper in papers.values()
        if (act := results.act(paper.holder, to)) is not None
    ]
    done = await custody.move(session, papers, able, at=at)
    await outbox.record_many(session, custody.told(done, parcel=None, at=at))
