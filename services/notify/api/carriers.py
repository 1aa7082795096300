"""Tracking pushed by carriers: signed, kept, answered at once."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.notify.actions import pushes
from services.notify.grants import GRANTS
from shared import problems
from shared.clock import Now
from shared.db.transactions import Transaction
from shared.http.routes import granted_route

router = APIRouter(
    prefix="/webhooks/carriers", tags=["寄递机构推送"], route_class=granted_route(GRANTS)
)


@router.post(
    "/{carrier}",
    status_code=202,
    summary="接收寄递轨迹",
    response_class=Response,
    responses={202: {"description": "已收下并保存，随后处理"}, **problems.responses(401)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "按该机构接入说明的格式；请求头按 Standard Webhooks v1 签名",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def receive_carrier_push(
    carrier: Annotated[
        str,
        Path(
            pattern=r"^[a-z0-9][a-z0-9-]{0,30}$",
            description="寄递机构代码",
            examples=["simulated"],
        ),
    ],
    request: Request,
    session: Transaction,
    now: Now,
) -> Response:
    """验签、保存后答复 202，随后合并轨迹。

    同一 webhook-id 重复推送只处理一次；时间戳误差不超过五分钟。
    """
    await pushes.receive(
        session,
        carrier,
        secrets=request.app.state.push_secrets,
        headers=request.headers,
        body=await request.body(),
        at=now,
    )
    return Response(status_code=202)
