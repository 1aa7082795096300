"""A result that came to the window in a bag of papers lies ready there, like one from the post."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import matters, planning, readiness
from services.notify.domain import deliveries as rules
from services.notify.domain.deliveries import Method, Status, Step
from services.notify.models import CaseRow
from services.notify.queries import deliveries


async def came_to(session: AsyncSession, case: CaseRow, location: str, *, at: datetime) -> None:
    """Nothing, where it is collected elsewhere, or is known to be here already."""
    if await deliveries.of_case(session, case.case_number) is None:
        return
    matter = await matters.of_locked(session, case, at=at)
    at_its_window = location == matter.delivery.receiving_location
    if matter.method is not Method.WINDOW_PICKUP or not at_its_window:
        return
    if matter.status is Status.BOOKED:
        await planning.call_off(matter)
        matters.move(matter, Step.CANCEL_BOOKING)
    if Step.ARRIVE not in rules.allowed(matter.method, matter.status):
        return
    matters.move(matter, Step.ARRIVE, {"came": "parcel"})
    await planning.arrived(matter)
    await readiness.lies_ready(matter)
    await matters.conclude(matter, "delivery-ready")
