"""Taking tokens back before they expire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from services.routing.actions import revoking
from services.routing.grants import GRANTS
from services.routing.queries import revocations
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http import pages
from shared.http.idempotency import OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import granted_route

router = APIRouter(
    prefix="/v1/revocations", tags=["吊销令牌（运维）"], route_class=granted_route(GRANTS)
)

_EXAMPLES: dict[str, Any] = {
    "吊销一个令牌": {
        "value": {"token_id": "0198f3a2-7c1e-7d40-9a11-3f5b2c6d7e80", "reason": "lost"}
    },
    "吊销一个账号此前的全部令牌": {"value": {"account": "clerk-示例离岗", "reason": "left"}},
}
_Claim = Field(max_length=200, min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")


class Reason(StrEnum):
    LOST = "lost"
    LEFT = "left"
    MISUSED = "misused"
    OTHER = "other"


class RevocationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    issuer: Annotated[str, _Claim] | None = Field(
        None, description="签发方（iss）；不填则不论由谁签发"
    )
    token_id: Annotated[str, _Claim] | None = Field(
        None, description="令牌编号（jti）：只吊销这一个"
    )
    account: Annotated[str, _Claim] | None = Field(
        None, description="账号（sub）：此刻以前签发给它的令牌全部吊销，之后签发的有效"
    )
    reason: Reason = Field(description="lost 遗失或泄露、left 人员离岗、misused 被冒用、other 其他")


class RevokedOut(BaseModel):
    id: UUID
    revoked_at: datetime


class RevocationOut(RevokedOut):
    issuer: str | None
    token_id: str | None
    account: str | None
    reason: str
    revoked_by: str


class RevocationsOut(BaseModel):
    revocations: list[RevocationOut]
    next: str | None


@router.post("", status_code=201, summary="吊销令牌", response_model=RevokedOut)
async def revoke_token(
    body: Annotated[RevocationIn, Body(openapi_examples=_EXAMPLES)], once: OncePerKey, now: Now
) -> Response:
    """几秒内在全部服务、全部进程生效。要让账号不能再登录，还须在签发方停用。"""
    wanted = revoking.Revoking(body.issuer, body.token_id, body.account, body.reason.value)
    id_ = await revoking.revoke(once.session, wanted, at=now)
    return await once.reply(201, RevokedOut(id=id_, revoked_at=now))


@router.get("", summary="已吊销的令牌")
async def list_revocations(
    session: Reading, after: After = None, limit: Limit = 50
) -> RevocationsOut:
    """新的在前；一个月后不再保留，那时它们所指的令牌早已过期。"""
    place = pages.position(after, UUID)
    rows = await revocations.page(session, before=place[0] if place else None, limit=limit + 1)
    shown, more = pages.cut(rows, limit)
    return RevocationsOut(
        revocations=[
            RevocationOut(
                id=row.id,
                revoked_at=row.revoked_at,
                issuer=row.issuer,
                token_id=row.token_id,
                account=row.subject,
                reason=row.reason,
                revoked_by=row.revoked_by,
            )
            for row in shown
        ],
        next=pages.cursor(shown[-1].id) if more else None,
    )
