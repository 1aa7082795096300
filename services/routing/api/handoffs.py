"""One handoff: read it, and take its legal steps."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, Field

from services.routing import events
from services.routing.actions import acts, answers, claims
from services.routing.actions.answers import Document, Said
from services.routing.api.queues import ClockOut, clock_out
from services.routing.domain.handoffs import Status
from services.routing.domain.notices import Gap
from services.routing.grants import GRANTS
from services.routing.models import HandoffRow
from services.routing.queries import views
from shared.clock import Now
from shared.db.transactions import Transaction
from shared.http import etags
from shared.http.etags import IfMatch
from shared.http.idempotency import Once, OncePerKey
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1/handoffs", tags=["办理"], route_class=granted_route(GRANTS))

HandoffId = Annotated[UUID, Path(description="队列中的办理任务编号")]
Purpose = Annotated[
    str | None,
    Query(
        min_length=2,
        max_length=200,
        description="查看完整个人信息的事由，记入审计；不填则遮盖",
        examples=["审查申请材料"],
    ),
]


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


class HandoffDetail(HandoffOut):
    why: str = Field(description="为什么归这里办")
    clock_explained: list[str] = Field(description="期限如何算出，逐句说明并注明法条")
    allowed_steps: list[str] = Field(description="现在可以进行的步骤")
    materials: list[dict[str, Any]]
    application: dict[str, Any] = Field(description="申请内容；未说明事由时个人信息已遮盖")
    notices: list[NoticeOut]


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


async def _reply(once: Once, row: HandoffRow) -> Response:
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
        clock_explained=list(found.explained),
        allowed_steps=found.allowed,
        materials=found.case.materials,
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
    return await _reply(
        once, await claims.claim_handoff(once.session, handoff_id, scope=scope, at=now)
    )


@router.post("/{handoff_id}/release", summary="退回队列", response_model=HandoffOut)
async def release_handoff(
    handoff_id: HandoffId, once: OncePerKey, scope: Granted, now: Now
) -> Response:
    """放弃办理，退回本地点队列，由同事领取。"""
    return await _reply(
        once, await claims.release_handoff(once.session, handoff_id, scope=scope, at=now)
    )


class ReassignIn(BaseModel):
    to: str = Field(min_length=1, max_length=100, description="接办人账号", examples=["officer-2"])
    to_name: str = Field(
        min_length=1, max_length=100, description="接办人姓名", examples=["示例人员"]
    )


@router.post("/{handoff_id}/reassignment", summary="改派（科长）", response_model=HandoffOut)
async def reassign_handoff(
    handoff_id: HandoffId, body: ReassignIn, once: OncePerKey, scope: Granted, now: Now
) -> Response:
    """由科长指定经办人，不设占用期限。"""
    row = await claims.reassign_handoff(
        once.session, handoff_id, to=body.to, to_name=body.to_name, scope=scope, at=now
    )
    return await _reply(once, row)


@router.post("/{handoff_id}/acceptance", summary="受理", response_model=HandoffOut)
async def accept_handoff(
    handoff_id: HandoffId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """作出受理决定，期限自次日起算。"""
    row = await acts.accept_handoff(
        once.session, handoff_id, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row)


class RefusalIn(BaseModel):
    ground: Literal["not_required", "not_competent", "not_eligible", "false_materials", "other"] = (
        Field(description="理由：依法不需要、不属本机关职权、不符合条件、材料虚假、其他")
    )
    competent_authority: str | None = Field(
        default=None,
        max_length=200,
        description="不属本机关职权时，告知应向哪里申请（第32条第1款第2项）",
    )
    reason: str = Field(min_length=1, max_length=1000, description="不予受理的理由")


@router.post("/{handoff_id}/refusal", summary="不予受理", response_model=HandoffOut)
async def refuse_handoff(
    handoff_id: HandoffId,
    body: Annotated[
        RefusalIn,
        Body(
            openapi_examples={
                "不属本机关职权": {
                    "value": {
                        "ground": "not_competent",
                        "competent_authority": "户籍地公共就业服务机构",
                        "reason": "申请事项不属于本机关职权范围",
                    }
                }
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """说明理由；不属本机关职权的，必须告知向哪个机关申请。"""
    row = await acts.refuse_handoff(
        once.session,
        handoff_id,
        ground=body.ground,
        competent_authority=body.competent_authority,
        reason=body.reason,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


class NoticeFaultIn(BaseModel):
    material_code: str = Field(
        max_length=100,
        description="材料编码、表单字段或审查要点，须为本事项公布的",
        examples=["M2"],
    )
    text: str = Field(
        max_length=500, description="缺什么、怎么补", examples=["请补交签字后的登记表"]
    )


class NoticeIn(BaseModel):
    faults: list[NoticeFaultIn] = Field(max_length=100, description="全部缺项，一次说清")


@router.post("/{handoff_id}/notice", summary="一次性告知", response_model=HandoffOut)
async def notice_handoff(
    handoff_id: HandoffId,
    body: Annotated[
        NoticeIn,
        Body(
            openapi_examples={
                "补一份材料": {
                    "value": {
                        "faults": [{"material_code": "M2", "text": "登记表缺少本人签字，请补签"}]
                    }
                }
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """把需要补正的全部内容一次告知申请人。只能提本事项公布的材料和要点；再次告知只能重复仍未补正的，并须科长批准。"""
    row = await acts.notice_handoff(
        once.session,
        handoff_id,
        gaps=tuple(Gap(each.material_code, each.text) for each in body.faults),
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


class SuspensionIn(BaseModel):
    procedure: str = Field(max_length=100, description="本事项公布的特别程序代码", examples=["S1"])
    working_days: int = Field(ge=1, le=365, description="告知申请人的所需工作日")
    reason: str = Field(min_length=1, max_length=1000, description="启动理由或依据")


@router.post("/{handoff_id}/suspension", summary="启动特别程序", response_model=HandoffOut)
async def suspend_handoff(
    handoff_id: HandoffId,
    body: Annotated[
        SuspensionIn,
        Body(
            openapi_examples={
                "专家评审": {"value": {"procedure": "S1", "working_days": 5, "reason": "需要评定"}}
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """特别程序所需时间不计入期限，并书面告知申请人（行政许可法第45条）。"""
    row = await acts.suspend_handoff(
        once.session,
        handoff_id,
        procedure=body.procedure,
        working_days=body.working_days,
        reason=body.reason,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


@router.post("/{handoff_id}/resumption", summary="恢复计时", response_model=HandoffOut)
async def resume_handoff(
    handoff_id: HandoffId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """特别程序结束，次日起继续计时。"""
    row = await acts.resume_handoff(
        once.session, handoff_id, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row)


class ExtensionIn(BaseModel):
    working_days: int = Field(ge=1, le=60, description="延长几日", examples=[5])
    reason: str = Field(min_length=1, max_length=1000, description="延长的理由，告知申请人")


@router.post("/{handoff_id}/extension", summary="延期（科长批准）", response_model=HandoffOut)
async def extend_handoff(
    handoff_id: HandoffId,
    body: Annotated[
        ExtensionIn,
        Body(
            openapi_examples={
                "延长五日": {"value": {"working_days": 5, "reason": "需要向外省核实"}}
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """只能延长一次，不超过本事项的上限，理由告知申请人（行政许可法第42条）。"""
    row = await acts.extend_handoff(
        once.session,
        handoff_id,
        working_days=body.working_days,
        reason=body.reason,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


class CertificateIn(BaseModel):
    name: str = Field(min_length=1, max_length=200, description="证照或文书名称")
    number: str = Field(min_length=1, max_length=100, description="证照编号")
    form: Literal["electronic", "paper"] = Field(description="electronic 电子、paper 纸质")


class DecisionIn(BaseModel):
    result: Literal["granted", "denied", "ended"] = Field(
        description="granted 准予、denied 不予许可、ended 终结"
    )
    opinion: str = Field(min_length=1, max_length=1000, description="办理意见；不予许可须写明理由")
    certificate: CertificateIn | None = Field(default=None, description="结果证照或文书")


@router.post("/{handoff_id}/decision", summary="作出决定", response_model=HandoffOut)
async def decide_handoff(
    handoff_id: HandoffId,
    body: Annotated[
        DecisionIn,
        Body(
            openapi_examples={
                "准予": {
                    "value": {
                        "result": "granted",
                        "opinion": "材料齐全，符合条件，准予登记",
                        "certificate": {
                            "name": "就业创业证（电子）",
                            "number": "示例-0001",
                            "form": "electronic",
                        },
                    }
                }
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """决定作出后期限停止，结果交送达。多地联办须各协办步骤完成后方可准予。"""
    certificate = body.certificate
    row = await acts.decide_handoff(
        once.session,
        handoff_id,
        result=body.result,
        opinion=body.opinion,
        certificate=events.Certificate(**certificate.model_dump()) if certificate else None,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


class DocumentIn(BaseModel):
    name: str = Field(min_length=1, max_length=200, description="文书名称", examples=["准迁证明"])
    number: str = Field(default="", max_length=100, description="文书编号")


class AnswerIn(BaseModel):
    answer: Literal["done", "gaps", "impossible"] = Field(
        description="done 已完成、gaps 有缺项、impossible 无法办理"
    )
    note: str = Field(default="", max_length=1000, description="说明")
    gaps: list[NoticeFaultIn] = Field(
        default_factory=list, max_length=100, description="缺项，由牵头地并入一次性告知"
    )
    documents: list[DocumentIn] = Field(
        default_factory=list, max_length=20, description="本步骤形成、移交其他地点的文书"
    )


@router.post("/{handoff_id}/answer", summary="协办答复", response_model=HandoffOut)
async def answer_handoff(
    handoff_id: HandoffId,
    body: Annotated[
        AnswerIn,
        Body(openapi_examples={"完成": {"value": {"answer": "done", "note": "迁出登记已办理"}}}),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """多地联办中协办地的答复；缺项由牵头地一次告知申请人。"""
    row = await answers.answer_handoff(
        once.session,
        handoff_id,
        Said(
            answer=body.answer,
            note=body.note,
            gaps=tuple(Gap(each.material_code, each.text) for each in body.gaps),
            documents=tuple(Document(each.name, each.number) for each in body.documents),
        ),
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


class TransferIn(BaseModel):
    location: str = Field(max_length=50, description="转往的办理地", examples=["620103-RS"])
    reason: str = Field(min_length=1, max_length=1000, description="转办理由")


@router.post("/{handoff_id}/transfer-on", summary="转办", response_model=HandoffOut)
async def transfer_handoff(
    handoff_id: HandoffId,
    body: Annotated[
        TransferIn,
        Body(
            openapi_examples={
                "转往七里河": {"value": {"location": "620103-RS", "reason": "申请人户籍在七里河区"}}
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """转给有权办理的地点；窗口收件日期不变，新办理地的告知期限自其收到起算。"""
    row = await acts.transfer_handoff(
        once.session,
        handoff_id,
        to=body.location,
        reason=body.reason,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)
