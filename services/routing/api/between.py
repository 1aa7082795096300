"""Between window and office: arrival of paper, pre-review, verification, back and back again."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field, StrictBool

from services.routing.actions import between
from services.routing.actions.between import Verified
from services.routing.api.deeds import ActIn, Deeds, with_words
from services.routing.api.handoffs import HandoffId, HandoffOut, NoticeFaultIn, reply
from services.routing.domain.notices import Gap
from services.routing.grants import GRANTS
from services.routing.queries import drafts
from shared.db.transactions import Reading
from shared.http.idempotency import OncePerKey
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1/handoffs", tags=["两地往来"], route_class=granted_route(GRANTS))


@router.post("/{handoff_id}/arrival", summary="登记材料收到", response_model=HandoffOut)
async def receive_handoff(
    handoff_id: HandoffId, once: OncePerKey, deed: Deeds, body: ActIn | None = None
) -> Response:
    """须凭纸质材料办理的，扫描接收齐全时自动视为收到；没有到齐而先行收下的，由人登记。"""
    row = await between.arrive_by_hand(once.session, handoff_id, with_words(deed, body))
    return await reply(once, row)


class PrereviewIn(ActIn):
    answer: Literal["send_paper", "gaps"] = Field(
        description="send_paper 可以寄送纸质材料、gaps 有缺项"
    )
    faults: list[NoticeFaultIn] = Field(
        default_factory=list, max_length=100, description="全部缺项，一次说清"
    )


_PREREVIEWS: dict[str, Any] = {
    "寄送纸质材料": {"value": {"answer": "send_paper"}},
    "有缺项": {
        "value": {
            "answer": "gaps",
            "faults": [{"material_code": "M2", "text": "扫描件缺第二页"}],
        }
    },
}


@router.post("/{handoff_id}/prereview", summary="网上预审", response_model=HandoffOut)
async def prereview_handoff(
    handoff_id: HandoffId,
    body: Annotated[PrereviewIn, Body(openapi_examples=_PREREVIEWS)],
    once: OncePerKey,
    deed: Deeds,
) -> Response:
    """原件寄出之前先看扫描件：可以寄送，或一次列出全部缺项。预审不是受理。"""
    gaps = tuple(Gap(each.material_code, each.text) for each in body.faults)
    row = await between.prereview(
        once.session, handoff_id, with_words(deed, body), answer=body.answer, gaps=gaps
    )
    return await reply(once, row)


class VerificationIn(ActIn):
    materials: list[Annotated[str, Field(max_length=100)]] = Field(
        min_length=1, max_length=100, description="核验了哪些材料", examples=[["M1"]]
    )
    passed: StrictBool = Field(description="与提交内容一致")
    how: Literal["original_seen", "e_certificate", "data_check", "video"] = Field(
        description="original_seen 当面看原件、e_certificate 电子证照、data_check 数据核对、"
        "video 视频"
    )
    note: str = Field(default="", max_length=500, description="说明")


_VERIFICATIONS = {
    "当面核验": {"value": {"materials": ["M1"], "passed": True, "how": "original_seen"}}
}


@router.post("/{handoff_id}/verification", summary="核验原件", response_model=HandoffOut)
async def verify_originals(
    handoff_id: HandoffId,
    body: Annotated[VerificationIn, Body(openapi_examples=_VERIFICATIONS)],
    once: OncePerKey,
    deed: Deeds,
) -> Response:
    """记下谁、何时、怎样核验。收件窗口须有协议授予的原件核验权。"""
    row = await between.verify_originals(
        once.session,
        handoff_id,
        with_words(deed, body),
        Verified(body.materials, body.passed, body.how, body.note),
    )
    return await reply(once, row)


class WindowReturnIn(ActIn):
    reason: str = Field(min_length=1, max_length=1000, description="哪里不对，请窗口更正什么")


@router.post("/{handoff_id}/window-return", summary="退回收件窗口", response_model=HandoffOut)
async def return_to_window(
    handoff_id: HandoffId,
    body: WindowReturnIn,
    once: OncePerKey,
    deed: Deeds,
) -> Response:
    """窗口自己的差错退回更正，期限照常计算；授权受理的，须在收到后一个工作日内退回。"""
    row = await between.return_to_window(
        once.session, handoff_id, with_words(deed, body), reason=body.reason
    )
    return await reply(once, row)


class HandBackIn(ActIn):
    note: str = Field(default="", max_length=1000, description="更正了什么")


@router.post("/{handoff_id}/hand-back", summary="窗口更正后交回", response_model=HandoffOut)
async def hand_back(
    handoff_id: HandoffId, once: OncePerKey, deed: Deeds, body: HandBackIn = HandBackIn()
) -> Response:
    """更正的材料先作为补正提交，再交回办理地。"""
    row = await between.hand_back(once.session, handoff_id, with_words(deed, body), note=body.note)
    return await reply(once, row)


class MergedGapOut(BaseModel):
    material_code: str
    texts: list[str] = Field(description="各地对这一项的全部要求，告知时合为一条")
    locations: list[str] = Field(description="由哪些地点提出")


class NoticeDraftOut(BaseModel):
    gaps: list[MergedGapOut] = Field(description="协办地提出、尚未告知的缺项，已合并")
    unanswered: list[UUID] = Field(description="尚未答复的协办步骤，可能还有缺项")
    ready: bool = Field(description="都已答复，可以一次告知")


@router.get("/{handoff_id}/notice-draft", summary="协办缺项合并")
async def read_notice_draft(
    handoff_id: HandoffId, session: Reading, scope: Granted
) -> NoticeDraftOut:
    """牵头地告知前，先看各协办地提出的缺项；告知时自动并入，申请人只收到一份告知书。"""
    draft = await drafts.notice_draft(session, handoff_id, scope=scope)
    return NoticeDraftOut(
        gaps=[
            MergedGapOut(
                material_code=gap.point, texts=list(gap.texts), locations=list(gap.locations)
            )
            for gap in draft.gaps
        ],
        unanswered=[UUID(each) for each in draft.unanswered],
        ready=draft.ready,
    )
