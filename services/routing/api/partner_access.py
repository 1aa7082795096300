"""The other direction: how we come to a partner's installation, and what we told it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from services.routing.actions import partner_accesses
from services.routing.api.partner_webhooks import Partner
from services.routing.grants import GRANTS
from services.routing.models import CaseLinkRow, PartnerAccessRow, PartnerMessageRow
from services.routing.queries import cases
from services.routing.queries import crossings as queries
from shared.clock import Now
from shared.db.transactions import Reading, Transaction
from shared.http.fetching import Access
from shared.http.idempotency import OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1", tags=["合作方接入"], route_class=granted_route(GRANTS))


class AccessIn(BaseModel):
    base_url: str = Field(
        max_length=300,
        pattern=r"^https?://[^/?#]+(/[^?#]*[^/?#])?$",
        description="对方安装的地址，不带末尾斜杠",
        examples=["https://tongban.example.gov.cn"],
    )
    client_id: str = Field(max_length=100, description="对方给我方开立的系统账号", examples=["c-1"])
    client_secret: str = Field(
        min_length=8,
        max_length=200,
        description="其密钥；加密保存",
        examples=["对方给出的密钥（示例）"],
    )


class AccessOut(BaseModel):
    partner: str
    base_url: str
    client_id: str
    set_at: datetime

    @classmethod
    def of(cls, row: PartnerAccessRow) -> "AccessOut":
        return cls.model_validate(row, from_attributes=True)


@router.post("/partners/{partner}/access", summary="登记我方在对方的账号", response_model=AccessOut)
async def set_partner_access(
    partner: Partner, body: AccessIn, once: OncePerKey, now: Now
) -> Response:
    """通知只写编号和摘要，内容由我方凭此账号到对方取回。再次登记即更换。"""
    access = Access(**body.model_dump())
    row = await partner_accesses.set_access(once.session, partner, access, at=now)
    return await once.reply(200, AccessOut.of(row))


class MessageOut(BaseModel):
    id: UUID
    kind: str = Field(description="告知了什么")
    case_number: str | None
    told_at: datetime
    outcome: str | None = Field(
        description="对方的答复：applied 已办理、rejected 未办理；空为未答复"
    )
    settled_at: datetime | None
    faults: list[dict[str, Any]] = Field(description="对方未办理的全部原因")

    @classmethod
    def of(cls, row: PartnerMessageRow) -> "MessageOut":
        return cls.model_validate(row, from_attributes=True)


class MessagesPage(BaseModel):
    messages: list[MessageOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.get("/partners/{partner}/messages", summary="告知合作方的各件及其答复")
async def list_partner_messages(
    partner: Partner,
    session: Reading,
    outcome: Annotated[
        Literal["applied", "rejected", "waiting"] | None, Query(description="只看某一答复")
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> MessagesPage:
    """不含内容本身。"""
    rows, following = await queries.messages(
        session, partner, outcome=outcome, after=after, limit=limit
    )
    return MessagesPage(messages=[MessageOut.of(row) for row in rows], next=following)


class CrossingOut(BaseModel):
    partner: str = Field(description="合作方代码")
    joint_number: str = Field(description="两地共用的联办编号")
    their_number: str | None = Field(description="对方的办件编号；空为对方尚未收下")
    way: str = Field(description="out 我方窗口交出、in 对方窗口交来")
    linked_at: datetime

    @classmethod
    def of(cls, row: CaseLinkRow) -> "CrossingOut":
        return cls.model_validate(row, from_attributes=True)


class CrossingsOut(BaseModel):
    case_number: str = Field(description="我方的办件编号")
    crossings: list[CrossingOut]


@router.get("/cases/{case_number}/crossings", summary="这一办件在哪个合作方、编号是什么")
async def read_crossings(
    case_number: Annotated[
        str, Path(max_length=50, description="办件编号", examples=["63000026000000123"])
    ],
    session: Reading,
    scope: Granted,
) -> CrossingsOut:
    """我方编号、对方编号和两地共用的联办编号。"""
    await cases.visible_case(session, case_number, scope)
    rows = await queries.links(session, case_number)
    return CrossingsOut(case_number=case_number, crossings=[CrossingOut.of(row) for row in rows])


@router.get(
    "/partner-messages/{told_id}/content",
    summary="合作方取回告知的内容",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "告知时封存的内容"}},
)
async def read_told_content(
    told_id: Annotated[
        UUID,
        Path(description="告知编号", examples=["01990000-0000-7000-8000-000000000001"]),
    ],
    session: Transaction,
    scope: Granted,
    now: Now,
) -> Response:
    """只给被告知的合作方；每次取回记入审计。内容的 SHA-256 应与通知中的 digest 一致。"""
    content = await partner_accesses.read_told(session, told_id, scope=scope, at=now)
    return Response(content, media_type="application/json")
