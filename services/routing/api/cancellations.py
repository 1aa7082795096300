"""A case that should not exist is ended, with its reason."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, Field

from services.routing.actions import cancelling
from services.routing.actions.cancelling import Cancellation
from services.routing.domain.cancellations import Ground
from services.routing.grants import GRANTS
from shared.clock import Now
from shared.http.idempotency import OncePerKey
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1/cases", tags=["办件"], route_class=granted_route(GRANTS))


class CancellationIn(BaseModel):
    ground: Ground = Field(description="duplicate 同一申请重复收件、erroneous 收件有误")
    reason: str = Field(min_length=1, max_length=1000, description="说明，办理记录中保留")
    duplicate_of: str | None = Field(
        default=None, max_length=50, description="重复收件的，继续办理的是哪一件"
    )


class CancelledOut(BaseModel):
    case_number: str = Field(description="办件编号")
    status: str = Field(description="closed 已终结")
    outcome: str | None = Field(description="cancelled 已取消")


_EXAMPLES = {
    "收件有误": {
        "value": {"ground": "erroneous", "reason": "窗口选错事项，申请人要办的是另一件，已另行收件"}
    }
}


@router.post("/{case_number}/cancellation", summary="取消办件", response_model=CancelledOut)
async def cancel_case(
    case_number: Annotated[
        str, Path(max_length=50, description="办件编号", examples=["63000026000000123"])
    ],
    body: Annotated[CancellationIn, Body(openapi_examples=_EXAMPLES)],
    once: OncePerKey,
    scope: Granted,
    now: Now,
) -> Response:
    """重复收下或收错的办件，不作决定而终结：各步骤关闭，原件退还申请人。

    由运维取消；多地联办也可由牵头地科长取消。已经决定或终结的不能取消。
    """
    why = Cancellation(body.ground, body.reason, body.duplicate_of)
    case = await cancelling.cancel_case(once.session, case_number, why, scope=scope, at=now)
    out = CancelledOut(case_number=case.case_number, status=case.status, outcome=case.outcome)
    return await once.reply(200, out)
