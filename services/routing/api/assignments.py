"""Where a case would go, asked before any paper is taken."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from services.routing.domain.words import Mode
from services.routing.grants import GRANTS
from services.routing.queries import previews
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1/assignments", tags=["分办"], route_class=granted_route(GRANTS))


class PreviewIn(BaseModel):
    item_code: str = Field(max_length=50, description="事项编码", examples=["RS-002"])
    mode: Mode = Field(description="办理模式")
    receiving_location: str = Field(max_length=50, description="收件地", examples=["630104-C1"])
    basis: dict[str, str] = Field(
        max_length=10,
        description="确定办理地的依据与行政区划代码",
        examples=[{"household_registration": "620102"}],
    )
    choice: str | None = Field(
        default=None, max_length=50, description="法律规定两地均可时，申请人所选的依据"
    )


class PreviewedHandoff(BaseModel):
    location: str = Field(description="办理地代码")
    location_name: str = Field(description="办理地名称")
    step: str
    step_name: str
    stage: int = Field(description="第几阶段；同一阶段并行办理")
    role: str = Field(description="按哪一项依据确定")
    lead: bool = Field(description="是否牵头")
    powers: list[str] = Field(description="收件地获授的权力")


class PreviewOut(BaseModel):
    handoffs: list[PreviewedHandoff]
    why: list[str] = Field(description="为什么归这里办，逐项说明")


_EXAMPLES: dict[str, Any] = {
    "全程网办": {
        "summary": "失业登记：户籍在兰州城关",
        "value": {
            "item_code": "RS-002",
            "mode": "full_online",
            "receiving_location": "630104-C1",
            "basis": {"household_registration": "620102"},
            "choice": "household_registration",
        },
    }
}


@router.post("/preview", summary="预判归哪里办")
async def preview_assignment(
    body: Annotated[PreviewIn, Body(openapi_examples=_EXAMPLES)], session: Reading, now: Now
) -> PreviewOut:
    """不产生办件。收原件之前先问一问：没有去处的，不收材料；答复说明理由。"""
    planned = await previews.preview(
        session,
        item_code=body.item_code,
        mode=body.mode,
        receiving=body.receiving_location,
        basis=body.basis,
        choice=body.choice,
        at=now,
    )
    return PreviewOut(
        handoffs=[
            PreviewedHandoff(
                location=each.location.code,
                location_name=each.location.name,
                step=each.step.step,
                step_name=each.step.name,
                stage=each.step.stage,
                role=each.step.role,
                lead=each.step.lead,
                powers=sorted(power.value for power in each.powers),
            )
            for each in planned
        ],
        why=[each.why.sentence for each in planned],
    )
