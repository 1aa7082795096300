"""Delivery reports pushed by the SMS gateway: signed, noted, answered."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.notify.actions import reports
from services.notify.grants import GRANTS
from shared import problems
from shared.clock import Now
from shared.db.transactions import Transaction
from shared.http.routes import granted_route

router = APIRouter(prefix="/webhooks/sms", tags=["短信"], route_class=granted_route(GRANTS))


@router.post(
    "/{gateway}",
    status_code=202,
    summary="接收短信回执",
    response_class=Response,
    responses={202: {"description": "已记下"}, **problems.responses(401, 404)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "按该网关接入说明的格式；请求头按 Standard Webhooks v1 签名",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def receive_sms_reports(
    gateway: Annotated[
        str,
        Path(
            pattern=r"^[a-z0-9][a-z0-9-]{0,30}$",
            description="短信网关代码",
            examples=["simulated"],
        ),
    ],
    request: Request,
    session: Transaction,
    now: Now,
) -> Response:
    """验签后记下每条短信是否送到手机。

    回执可以重复、可以迟到；比发送的答复先到的答复 404，请稍后重推。
    """
    await reports.receive(
        session,
        gateway,
        reporter=request.app.state.sms_reporter,
        headers=request.headers,
        body=await request.body(),
        at=now,
    )
    return Response(status_code=202)
