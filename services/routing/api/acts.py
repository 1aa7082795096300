"""What was done on a handoff: who, when, with which words and files."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.routing.api.handoffs import HandoffId, Purpose
from services.routing.domain.handoffs import Step
from services.routing.domain.words import Side
from services.routing.grants import GRANTS
from services.routing.queries import acts
from shared.clock import Now
from shared.db.transactions import Transaction
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1/handoffs", tags=["办理"], route_class=granted_route(GRANTS))


class ActOut(BaseModel):
    id: UUID
    step: Step = Field(description="步骤代码")
    step_zh: str = Field(description="步骤", examples=["受理"])
    side: Side = Field(description="以哪一方的身份")
    side_zh: str = Field(examples=["办理科室"])
    actor: str = Field(description="经办人账号")
    at: datetime = Field(description="在本系统登记的时间")
    acted_at: datetime | None = Field(
        description="在对方系统作出、由其告知的，作出的时间；期限从这一天起算"
    )
    attachments: list[str] = Field(description="附件的摘要")
    facts: dict[str, Any] = Field(description="办理内容，不含个人信息")
    words: dict[str, Any] = Field(description="意见、理由等文字；未说明事由时已遮盖")


class ActsOut(BaseModel):
    acts: list[ActOut]


@router.get("/{handoff_id}/acts", summary="办理记录")
async def list_acts(
    handoff_id: HandoffId,
    session: Transaction,
    scope: Granted,
    now: Now,
    purpose: Purpose = None,
) -> ActsOut:
    """每一步由谁、何时、以什么意见和附件办理。文字默认遮盖；填写事由后完整显示并记入审计。"""
    found = await acts.of_handoff(session, handoff_id, scope=scope, purpose=purpose, at=now)
    return ActsOut(
        acts=[
            ActOut(
                id=each.id,
                step=each.step,
                step_zh=each.step.zh,
                side=each.side,
                side_zh=each.side.zh,
                actor=each.actor,
                at=each.at,
                acted_at=each.facts.get("acted_at"),
                attachments=each.facts.get("attachments", []),
                facts=each.facts,
                words=each.words,
            )
            for each in found
        ]
    )
