"""Who may take which step, told from the same table that the steps themselves ask."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.routing.domain import duties
from services.routing.domain.duties import Allowed, Approval, Row
from services.routing.domain.handoffs import Status, Step
from services.routing.domain.words import Mode, Power, Side
from services.routing.grants import GRANTS
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1/duties", tags=["职责"], route_class=granted_route(GRANTS))


class DutyOut(BaseModel):
    mode: Mode
    status: Status
    step: Step
    side: Side
    allowed: bool
    power: Power | None = Field(description="收件地须获授的权力")
    approval: Approval | None = Field(description="须经谁批准")
    reason: str | None = Field(description="不可以的理由")

    @classmethod
    def of(cls, row: Row) -> "DutyOut":
        if isinstance(row.answer, Allowed):
            fits, approval, reason = True, row.answer.approval, None
        else:
            fits, approval, reason = False, None, row.answer.reason_zh
        return cls(
            mode=row.mode,
            status=row.status,
            step=row.step,
            side=row.side,
            allowed=fits,
            power=row.power,
            approval=approval,
            reason=reason,
        )


class DutiesOut(BaseModel):
    duties: list[DutyOut]


@router.get("", summary="职责表：哪种模式、什么状态、哪一步、由谁进行")
async def list_duties(
    mode: Annotated[Mode, Query(description="办理模式")],
    status: Annotated[Status, Query(description="办理任务的状态")],
) -> DutiesOut:
    """与办理时的判断同出一表；不可以的写明理由。"""
    rows = (row for row in duties.table() if row.mode is mode and row.status is status)
    return DutiesOut(duties=[DutyOut.of(row) for row in rows])
