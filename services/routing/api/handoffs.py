"""One handoff: read it, take it, give it back or on."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.routing.actions import claims, crossing
from services.routing.api.queues import ClockOut, clock_out
from services.routing.domain.deadlines import Light
from services.routing.domain.handoffs import Status
from services.routing.grants import GRANTS
from services.routing.models import HandoffRow
from services.routing.queries import queues, searches, views
from services.routing.queries.handoffs import Sought
from shared.clock import Now
from shared.db.transactions import Reading, Transaction
from shared.http import etags
from shared.http.idempotency import Once, OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1/handoffs", tags=["办理"], route_class=granted_route(GRANTS))

HandoffId = Annotated[
    UUID,
    Path(description="队列中的办理任务编号", examples=["01990000-0000-7000-8000-000000000001"]),
]
Purpose = Annotated[
    str | None,
    Query(
        min_length=2,
        max_length=200,
        description="查看完整个人信息的事由，记入审计；不填则遮盖",
        examples=["审查申请材料"],
    ),
]


class NoticeFaultIn(BaseModel):
    material_code: str = Field(
        max_length=100,
        description="材料编码、表单字段或审查要点，须为本事项公布的",
        examples=["M2"],
    )
    text: str = Field(
        max_length=500, description="缺什么、怎么补", examples=["请补交签字后的登记表"]
    )


class NoticeOut(BaseModel):
    id: UUID
    number: int = Field(description="第几次告知")
    issued_at: datetime
    supplement_due_on: Any = Field(description="补正截止日")
    faults: list[dict[str, Any]] = Field(description="全部缺项；未说明事由时不显示文字")


class HandoffOut(BaseModel):
    id: UUID
    case_number: str = Field(description="办件编号")
    item_code: str
    item_name: str
    item_version: int
    mode: str
    step: str
    step_name: str
    stage: int
    lead: bool
    location: str
    receiving_location: str
    status: Status
    outcome: str | None
    result: str | None
    holder: str | None = Field(description="经办人")
    lease_until: datetime | None
    received_at: datetime = Field(description="窗口收件时间")
    handling_received_at: datetime | None = Field(description="办理地收到时间")
    accepted_at: datetime | None
    decided_at: datetime | None
    clock: ClockOut
    version: int

    @classmethod
    def of(cls, row: HandoffRow) -> "HandoffOut":
        return cls(**_plain(row))


class DocumentOut(BaseModel):
    id: UUID = Field(description="取文书内容、查收发记录时用")
    step_name: str = Field(description="由哪一步骤形成")
    location: str
    at: datetime
    name: str = Field(description="文书名称")
    number: str | None = Field(description="文书编号；未说明事由时不显示")
    file: str | None = Field(description="文书文件的摘要；没有文件的为空")


class BrokenPromiseOut(BaseModel):
    materials: list[str] = Field(description="逾期未补交的容缺材料")
    due_on: date = Field(description="应当补交的最后一天")
    told_on: date = Field(description="认定逾期的日期")
    came_on: date | None = Field(default=None, description="逾期之后补齐的日期")


class MaterialFileOut(BaseModel):
    digest: str
    size: int
    media_type: str
    stored_at: datetime = Field(description="窗口上传的时间")


class MaterialOut(BaseModel):
    model_config = ConfigDict(extra="allow")

    code: str = Field(description="材料编码", examples=["M1"])
    name: str | None = Field(description="材料名称", examples=["居民身份证"])
    file: MaterialFileOut | None = Field(
        description="已到本地点的电子文件，用“取材料文件”取；没有则为空"
    )


class HandoffDetail(HandoffOut):
    why: str = Field(description="为什么归这里办")
    assigned_because: str | None = Field(
        description="没有规则可用、由运维指定到这里的理由；未说明事由时已遮盖"
    )
    clock_explained: list[str] = Field(description="期限如何算出，逐句说明并注明法条")
    allowed_steps: list[str] = Field(description="现在可以进行的步骤")
    materials: list[MaterialOut]
    application: dict[str, Any] = Field(description="申请内容；未说明事由时个人信息已遮盖")
    notices: list[NoticeOut]
    documents: list[DocumentOut] = Field(description="其他步骤移交的文书（多地联办）")
    broken_promise: BrokenPromiseOut | None = Field(description="容缺材料逾期未补交；没有则为空")


def _plain(row: HandoffRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "case_number": row.case_number,
        "item_code": row.item_code,
        "item_name": row.item_name,
        "item_version": row.item_version,
        "mode": row.mode,
        "step": row.step,
        "step_name": row.step_name,
        "stage": row.stage,
        "lead": row.lead,
        "location": row.location,
        "receiving_location": row.receiving_location,
        "status": row.status,
        "outcome": row.outcome,
        "result": row.result,
        "holder": row.holder_name if row.holder else None,
        "lease_until": row.lease_until,
        "received_at": row.window_received_at,
        "handling_received_at": row.handling_received_at,
        "accepted_at": row.accepted_at,
        "decided_at": row.decided_at,
        "clock": clock_out(row),
        "version": row.version,
    }


async def reply(once: Once, row: HandoffRow) -> Response:
    await crossing.mirror_step(once.session, row, once.content, at=once.at)
    return await once.reply(200, HandoffOut.of(row), {"ETag": etags.of_version(row.version)})


@router.get("/{handoff_id}", summary="查看一件待办", response_model=HandoffDetail)
async def read_handoff(
    handoff_id: HandoffId,
    session: Transaction,
    scope: Granted,
    now: Now,
    purpose: Purpose = None,
) -> Response:
    """申请、材料、期限说明和可以进行的步骤。个人信息默认遮盖；填写事由后完整显示并记入审计。"""
    found = await views.view(session, handoff_id, scope=scope, purpose=purpose, at=now)
    row = found.row
    out = HandoffDetail(
        **_plain(row),
        why=row.why.get("sentence", ""),
        assigned_because=found.assigned_because,
        clock_explained=list(found.explained),
        allowed_steps=found.allowed,
        materials=[MaterialOut.model_validate(each) for each in found.materials],
        application=found.application,
        notices=[
            NoticeOut(
                id=each.id,
                number=each.number,
                issued_at=each.issued_at,
                supplement_due_on=each.supplement_due_on,
                faults=each.faults,
            )
            for each in found.notices
        ],
        documents=[
            DocumentOut.model_validate(each, from_attributes=True) for each in found.documents
        ],
        broken_promise=(
            BrokenPromiseOut.model_validate(found.case.broken_promise)
            if found.case.broken_promise
            else None
        ),
    )
    return Response(
        out.model_dump_json(),
        media_type="application/json",
        headers={"ETag": etags.of_version(row.version)},
    )


@router.post("/{handoff_id}/claim", summary="领取这一件", response_model=HandoffOut)
async def claim_handoff(
    handoff_id: HandoffId, once: OncePerKey, scope: Granted, now: Now
) -> Response:
    """按编号领取；再次领取自己已领的，续期 15 分钟。"""
    return await reply(
        once, await claims.claim_handoff(once.session, handoff_id, scope=scope, at=now)
    )


@router.post("/{handoff_id}/release", summary="退回队列", response_model=HandoffOut)
async def release_handoff(
    handoff_id: HandoffId, once: OncePerKey, scope: Granted, now: Now
) -> Response:
    """放弃办理，退回本地点队列，由同事领取。"""
    return await reply(
        once, await claims.release_handoff(once.session, handoff_id, scope=scope, at=now)
    )


class ReassignIn(BaseModel):
    to: str = Field(min_length=1, max_length=100, description="接办人账号", examples=["officer-2"])
    to_name: str = Field(
        min_length=1, max_length=100, description="接办人姓名", examples=["示例人员"]
    )


@router.post("/{handoff_id}/reassignment", summary="改派，或交给同事", response_model=HandoffOut)
async def reassign_handoff(
    handoff_id: HandoffId, body: ReassignIn, once: OncePerKey, scope: Granted, now: Now
) -> Response:
    """科长可指定经办人；经办人可把自己在办的交给同一地点的同事。不设占用期限。"""
    row = await claims.reassign_handoff(
        once.session, handoff_id, to=body.to, to_name=body.to_name, scope=scope, at=now
    )
    return await reply(once, row)


class HandoffsPage(BaseModel):
    handoffs: list[HandoffOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.get("", summary="在办件一览")
async def list_handoffs(
    session: Reading,
    scope: Granted,
    location: Annotated[str | None, Query(max_length=50, description="只看某一地点")] = None,
    status: Annotated[Status | None, Query(description="只看某一状态")] = None,
    light: Annotated[Light | None, Query(description="只看某一灯色")] = None,
    holder: Annotated[str | None, Query(max_length=100, description="只看某人在办的")] = None,
    case_number: Annotated[
        str | None, Query(max_length=50, description="按办件编号查；已办结的也列出")
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> HandoffsPage:
    """科长看本地点和所辖范围的，经办人看本地点的；按地点、队列顺序排列。"""
    found, following = await searches.search(
        session,
        Sought(location, status and status.value, light and light.value, holder, case_number),
        scope=scope,
        after=after,
        limit=limit,
    )
    return HandoffsPage(handoffs=[HandoffOut.of(each) for each in found], next=following)


class PlacingOut(BaseModel):
    line: str = Field(description="期限、通道、轮次和等候时间")
    ahead: UUID | None = Field(description="排在它前面的一件；空为排在最前")
    because: str | None = Field(description="前面一件为什么在前")


@router.get("/{handoff_id}/placing", summary="为什么排在这里")
async def explain_placing(
    handoff_id: HandoffId, session: Reading, scope: Granted, now: Now
) -> PlacingOut:
    """按灯色、绿色通道、各收件地轮流、等候时间排序；逐项说明。"""
    found = await queues.placing(session, handoff_id, scope=scope, at=now)
    return PlacingOut(line=found.line, ahead=found.ahead, because=found.because)
