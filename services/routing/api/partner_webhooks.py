"""What partner installations send: signed, kept, answered at once, applied afterwards."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from services.routing.actions import partner_webhooks
from services.routing.domain.crossings import CloudEvent
from services.routing.grants import GRANTS
from services.routing.models import PartnerWebhookRow
from services.routing.queries import partners as queries
from shared import problems
from shared.clock import Now
from shared.db.transactions import Reading, Transaction
from shared.http.pages import After, Limit
from shared.http.routes import granted_route

router = APIRouter(tags=["合作方接入"], route_class=granted_route(GRANTS))

Partner = Annotated[
    str,
    Path(pattern=r"^[0-9A-Za-z-]{3,50}$", description="合作方代码", examples=["P-620000"]),
]

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CloudEvents 1.0；请求头按 Standard Webhooks v1 签名，签的是原始字节",
        "content": {
            "application/json": {
                "schema": CloudEvent.model_json_schema(),
                "examples": {
                    "受理": {
                        "value": {
                            "specversion": "1.0",
                            "id": "01990000-0000-7000-8000-000000000001",
                            "source": "urn:tongban:620000:routing",
                            "type": "routing.partner-told.v1",
                            "subject": "63000026000000123",
                            "time": "2026-09-07T02:00:00Z",
                            "data": {
                                "kind": "handoff.acceptance",
                                "case_number": "63000026000000123",
                                "actor": {"id": "zhao", "name": "赵经办（示例）"},
                                "body": {},
                            },
                        }
                    }
                },
            }
        },
    }
}


@router.post(
    "/webhooks/partners/{partner}",
    status_code=202,
    summary="接收合作方的通知",
    response_class=Response,
    responses={202: {"description": "已收下并保存，随后办理"}, **problems.responses(401)},
    openapi_extra=_BODY,
)
async def receive_partner_webhook(
    partner: Partner, request: Request, session: Transaction, now: Now
) -> Response:
    """先验大小和签名，再读内容；保存后答复 202，随后按办件依次办理，另行告知结果。

    合作方可以作经办人能作的每一步，内容与接口相同，并写明作出的人。
    同一 webhook-id 重复发送只办理一次；时间戳误差不超过五分钟。
    """
    challenge = await partner_webhooks.receive(
        session, partner, headers=request.headers, body=await request.body(), at=now
    )
    if challenge is None:
        return Response(status_code=202)
    return JSONResponse({"challenge": challenge}, 202)


class WebhookOut(BaseModel):
    webhook_id: str
    kind: str = Field(description="做什么")
    received_at: datetime
    settled_at: datetime | None
    outcome: str | None = Field(description="applied 已办理、rejected 未办理、ignored 无须办理")
    attempts: int
    last_error: str | None = Field(description="暂时未能办理的原因")
    faults: list[dict[str, Any]] = Field(description="未办理的全部原因")

    @classmethod
    def of(cls, row: PartnerWebhookRow) -> "WebhookOut":
        return cls.model_validate(row, from_attributes=True)


class WebhooksPage(BaseModel):
    webhooks: list[WebhookOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.get("/v1/partners/{partner}/webhooks", summary="合作方发来的通知")
async def list_partner_webhooks(
    partner: Partner,
    session: Reading,
    outcome: Annotated[
        Literal["applied", "rejected", "ignored", "waiting"] | None,
        Query(description="只看某一结果；waiting 尚未办理"),
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> WebhooksPage:
    """收到的每一份、办理与否、为什么；不含个人信息。"""
    rows, following = await queries.webhooks(
        session, partner, outcome=outcome, after=after, limit=limit
    )
    return WebhooksPage(webhooks=[WebhookOut.of(row) for row in rows], next=following)
