"""What waits for a supervisor: extensions, repeated notices, revocations."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, Field

from services.routing.actions import answering, approvals
from services.routing.api.deeds import ActIn, Deeds, with_words
from services.routing.api.handoffs import HandoffId, reply
from services.routing.domain.approvals import Kind, State
from services.routing.grants import GRANTS
from services.routing.models import ApprovalRow, HandoffRow
from services.routing.queries import approvals as queries
from shared.db.transactions import Reading
from shared.http.idempotency import Once, OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1", tags=["审批（科长）"], route_class=granted_route(GRANTS))

ApprovalId = Annotated[
    UUID, Path(description="审批编号", examples=["01990000-0000-7000-8000-000000000001"])
]


class ApprovalOut(BaseModel):
    id: UUID
    handoff_id: UUID
    case_number: str = Field(description="办件编号")
    kind: Kind = Field(description="extension 延期、repeat_notice 再次告知、revocation 撤销决定")
    state: State = Field(description="asked 待批准、approved 已批准、refused 未批准")
    location: str
    asked_by: str = Field(description="申请人账号")
    asked_at: datetime
    facts: dict[str, Any] = Field(
        description="申请内容，如延长几日；by_rule 为真的是按事项规定自动提请的"
    )
    settled_by: str | None = Field(description="批准人账号")
    settled_at: datetime | None
    used_at: datetime | None = Field(description="已据此办理的时间")

    @classmethod
    def of(cls, row: ApprovalRow) -> "ApprovalOut":
        return cls.model_validate(row, from_attributes=True)


class ApprovalDetail(ApprovalOut):
    reason: str = Field(description="申请的理由")


class ApprovalPage(BaseModel):
    approvals: list[ApprovalDetail]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


async def or_asked(once: Once, row: HandoffRow, asked: ApprovalRow | None) -> Response:
    """Done, or waiting for a supervisor."""
    if asked is None:
        return await reply(once, row)
    return await once.reply(202, ApprovalOut.of(asked))


@router.get("/approvals", summary="待批准的申请")
async def list_approvals(
    session: Reading,
    scope: Granted,
    state: Annotated[State, Query(description="默认只看待批准的")] = State.ASKED,
    after: After = None,
    limit: Limit = 50,
) -> ApprovalPage:
    """科长看本地点和所辖范围的；经办人看本地点的。按提出先后排序。"""
    rows, following = await queries.page(
        session, scope=scope, state=state, after=after, limit=limit
    )
    found = [
        ApprovalDetail(
            **ApprovalOut.of(row).model_dump(),
            reason=approvals.words_of(session, row).get("reason", ""),
        )
        for row in rows
    ]
    return ApprovalPage(approvals=found, next=following)


class LeaveIn(ActIn):
    kind: Literal[Kind.REPEAT_NOTICE] = Field(description="repeat_notice 再次告知")
    reason: str = Field(min_length=1, max_length=1000, description="为什么需要")


@router.post(
    "/handoffs/{handoff_id}/approvals",
    status_code=201,
    summary="申请再次告知",
    response_model=ApprovalOut,
)
async def ask_for_approval(
    handoff_id: HandoffId,
    body: Annotated[
        LeaveIn,
        Body(
            openapi_examples={
                "再次告知": {"value": {"kind": "repeat_notice", "reason": "补交的登记表仍未签字"}}
            }
        ),
    ],
    once: OncePerKey,
    deed: Deeds,
) -> Response:
    """批准后，经办人可以再次告知一次，只能重复仍未补正的内容。"""
    asked = await approvals.ask_for_leave(
        once.session, handoff_id, with_words(deed, body), kind=body.kind, reason=body.reason
    )
    return await once.reply(201, ApprovalOut.of(asked))


class ApproveIn(ActIn):
    note: str = Field(default="", max_length=1000, description="批示")


@router.post("/approvals/{approval_id}/approval", summary="批准", response_model=ApprovalOut)
async def approve_request(
    approval_id: ApprovalId, once: OncePerKey, deed: Deeds, body: ApproveIn | None = None
) -> Response:
    """延期和撤销批准后立即生效；再次告知由经办人随后办理。"""
    settled = await answering.answer_request(
        once.session,
        approval_id,
        with_words(deed, body),
        approved=True,
        note=body.note if body else "",
    )
    return await once.reply(200, ApprovalOut.of(settled))


class RefuseIn(ActIn):
    note: str = Field(min_length=1, max_length=1000, description="不批准的理由")


@router.post("/approvals/{approval_id}/refusal", summary="不批准", response_model=ApprovalOut)
async def refuse_request(
    approval_id: ApprovalId,
    body: Annotated[
        RefuseIn, Body(openapi_examples={"不批准": {"value": {"note": "可以在原期限内办结"}}})
    ],
    once: OncePerKey,
    deed: Deeds,
) -> Response:
    """说明理由；办件照常继续。"""
    settled = await answering.answer_request(
        once.session, approval_id, with_words(deed, body), approved=False, note=body.note
    )
    return await once.reply(200, ApprovalOut.of(settled))
