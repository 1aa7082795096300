"""What is posted: planned, handed over to the carrier, followed to its end."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import following, journeys, matters, planning
from services.notify.actions.matters import Matter
from services.notify.domain import holds, waybills
from services.notify.domain.dispatches import Status, Step
from services.notify.domain.fallbacks import Failure
from services.notify.domain.waybills import Scheme
from services.notify.models import CaseRow, DispatchRow
from services.notify.queries import cases
from services.notify.queries import dispatches as queries
from shared.audit import trail
from shared.errors import ConflictError
from shared.http import etags
from shared.security.grants import Scope


class Report(StrEnum):
    """What a person may say became of it, where no carrier tells."""

    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    FOUND = "found"


_STEPS: Mapping[Report, Step] = MappingProxyType(
    {
        Report.DELIVERED: Step.DELIVER,
        Report.RETURNING: Step.TURN_BACK,
        Report.RETURNED: Step.RETURN,
        Report.LOST: Step.LOSE,
        Report.FOUND: Step.FIND,
    }
)


class OtherWaybillError(ConflictError):
    code = "waybill-differs"

    def __init__(self, carrier: str | None, waybill: str | None) -> None:
        super().__init__(
            "已预约其他运单，请核对；如需改用，请先取消预约",
            "another waybill was booked for this dispatch",
            carrier=carrier,
            waybill=waybill,
        )


class BagElsewhereError(ConflictError):
    code = "parcel-elsewhere"

    def __init__(self, number: str | None) -> None:
        super().__init__(
            "这是封装的材料袋，请在流转系统的材料交接中交寄和登记去向",
            "this is a sealed bag: it is handed over and followed in routing",
            number=number,
        )


class WaybillMissingError(ConflictError):
    code = "waybill-missing"

    def __init__(self) -> None:
        super().__init__(
            "请填写寄递机构和运单号", "carrier and waybill are needed: nothing was booked"
        )


async def hand_over_dispatch(
    session: AsyncSession,
    dispatch_id: UUID,
    *,
    carrier: str | None,
    waybill: str | None,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> DispatchRow:
    """交寄: it leaves our hands. With a manual carrier this is also where the waybill is noted."""
    dispatch, matter = await _take_up(session, dispatch_id, scope=scope, if_match=if_match, at=at)
    holds.ensure_may_be_handed_over(granted=matter.granted, outstanding=matter.case.outstanding)
    if dispatch.status in {Status.PLANNED, Status.REFUSED}:
        _book_by_hand(dispatch, carrier, waybill, at=at)
    else:
        _same_booking(dispatch, carrier, waybill)
    planning.change(dispatch, Step.HAND_OVER, at=at)
    dispatch.handed_over_at = at
    await following.follow(matter, dispatch)
    await _conclude(matter, dispatch, "dispatch-handed-over")
    return dispatch


def _book_by_hand(
    dispatch: DispatchRow, carrier: str | None, waybill: str | None, *, at: datetime
) -> None:
    if not carrier or not waybill:
        raise WaybillMissingError
    number = waybills.parse(waybill, Scheme.PLAIN)
    if dispatch.status == Status.REFUSED:
        planning.change(dispatch, Step.PLAN_AGAIN, at=at)
    planning.change(dispatch, Step.BOOK, at=at)
    planning.unbook(dispatch, at=at)
    dispatch.gateway, dispatch.booked_at = None, at
    dispatch.carrier, dispatch.waybill = carrier, number


def _same_booking(dispatch: DispatchRow, carrier: str | None, waybill: str | None) -> None:
    given = waybills.tidy(waybill) if waybill else dispatch.waybill
    if (carrier or dispatch.carrier, given) != (dispatch.carrier, dispatch.waybill):
        raise OtherWaybillError(dispatch.carrier, dispatch.waybill)


async def report_dispatch(
    session: AsyncSession,
    dispatch_id: UUID,
    *,
    report: Report,
    failure: Failure,
    scope: Scope,
    if_match: str | None,
    at: datetime,
) -> DispatchRow:
    """A person says what became of it."""
    dispatch, matter = await _take_up(session, dispatch_id, scope=scope, if_match=if_match, at=at)
    planning.change(dispatch, _STEPS[report], at=at)
    await following.follow(matter, dispatch, failure=failure)
    await _conclude(matter, dispatch, f"dispatch-{report.value}")
    return dispatch


async def _take_up(
    session: AsyncSession, dispatch_id: UUID, *, scope: Scope, if_match: str | None, at: datetime
) -> tuple[DispatchRow, Matter]:
    kept = await queries.one(session, dispatch_id, scope)
    if kept.kind == journeys.PARCEL:
        raise BagElsewhereError(kept.parcel_number)
    case: CaseRow = await cases.lock_case_of_dispatch(session, dispatch_id, scope)
    dispatch = await queries.one(session, dispatch_id, scope)
    etags.require(if_match, dispatch.version)
    return dispatch, await matters.of_locked(session, case, at=at)


async def _conclude(matter: Matter, dispatch: DispatchRow, action: str) -> None:
    await trail.record(
        matter.session,
        action=action,
        case_number=dispatch.case_number,
        resource=f"dispatch:{dispatch.id}",
        outcome=dispatch.status,
        facts={"carrier": dispatch.carrier or "", "waybill": dispatch.waybill or ""},
        at=matter.at,
    )
    await matters.conclude(matter, action, facts={"dispatch": str(dispatch.id)})
