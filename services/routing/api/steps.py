"""Until it is accepted: accept, refuse, notify once, answer the lead, hand on."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from services.routing.actions import acts, answers
from services.routing.api.deeds import ActIn, Deeds, Digest, with_words
from services.routing.api.handoffs import HandoffId, HandoffOut, NoticeFaultIn, reply
from services.routing.domain.notices import Gap
from services.routing.domain.refusals import Ground
from services.routing.grants import GRANTS
from shared.http.idempotency import OncePerKey
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1/handoffs", tags=["办理"], route_class=granted_route(GRANTS))


@router.post("/{handoff_id}/acceptance", summary="受理", response_model=HandoffOut)
async def accept_handoff(
    handoff_id: HandoffId, once: OncePerKey, deed: Deeds, body: ActIn | None = None
) -> Response:
    """作出受理决定，期限自次日起算。获授受理权的收件窗口也可以受理。"""
    row = await acts.accept_handoff(once.session, handoff_id, with_words(deed, body))
    return await reply(once, row)


class RefusalIn(ActIn):
    # Looked at together with the rest of it, so that all that is wrong is told at once.
    ground: str = Field(
        json_schema_extra={"enum": list(Ground)},
        max_length=50,
        description="理由：not_required 依法不需要、not_competent 不属本机关职权、"
        "not_eligible 不符合条件、false_materials 材料虚假、"
        "not_supplemented 逾期未补正（仅限本事项如此规定的，且期限已满）、other 其他",
    )
    competent_authority: str | None = Field(
        default=None,
        max_length=200,
        description="不属本机关职权时，告知应向哪里申请（第32条第1款第2项）",
    )
    reason: str = Field(default="", max_length=1000, description="不予受理的理由，必须写明")


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
    deed: Deeds,
) -> Response:
    """说明理由；不属本机关职权的，必须告知向哪个机关申请。救济途径随决定一并告知。"""
    row = await acts.refuse_handoff(
        once.session,
        handoff_id,
        with_words(deed, body),
        ground=body.ground,
        competent_authority=body.competent_authority,
        reason=body.reason,
    )
    return await reply(once, row)


class NoticeIn(ActIn):
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
    deed: Deeds,
) -> Response:
    """把需要补正的全部内容一次告知申请人。

    只能提本事项公布的材料和要点；再次告知只能重复仍未补正的，并须科长批准。
    """
    row = await acts.notice_handoff(
        once.session, handoff_id, with_words(deed, body), gaps=_gaps(body.faults)
    )
    return await reply(once, row)


def _gaps(given: list[NoticeFaultIn]) -> tuple[Gap, ...]:
    return tuple(Gap(each.material_code, each.text) for each in given)


class DocumentIn(BaseModel):
    name: str = Field(max_length=200, description="文书名称", examples=["准予迁入证明"])
    number: str = Field(max_length=100, description="文书编号", examples=["2026-001"])
    file: Digest | None = Field(
        default=None, description="文书本身：先上传为本办件的附件，再填摘要；没有文件则不填"
    )


class AnswerIn(ActIn):
    answer: Literal["done", "gaps", "impossible"] = Field(
        description="done 已完成、gaps 有缺项、impossible 无法办理"
    )
    note: str = Field(default="", max_length=1000, description="说明")
    gaps: list[NoticeFaultIn] = Field(
        default_factory=list, max_length=100, description="缺项，由牵头地并入一次性告知"
    )
    documents: list[DocumentIn] = Field(
        default_factory=list, max_length=20, description="本步骤产生、供后续步骤使用的文书"
    )

    @property
    def answered(self) -> answers.Said:
        return answers.Said(
            self.answer,
            self.note,
            _gaps(self.gaps),
            tuple(answers.Document(each.name, each.number, each.file) for each in self.documents),
        )


@router.post("/{handoff_id}/answer", summary="协办答复", response_model=HandoffOut)
async def answer_handoff(
    handoff_id: HandoffId,
    body: Annotated[
        AnswerIn,
        Body(openapi_examples={"完成": {"value": {"answer": "done", "note": "迁出登记已办理"}}}),
    ],
    once: OncePerKey,
    deed: Deeds,
) -> Response:
    """多地联办中协办地的答复；缺项由牵头地一次告知申请人。"""
    row = await answers.answer_handoff(
        once.session, handoff_id, body.answered, with_words(deed, body)
    )
    return await reply(once, row)


class TransferIn(ActIn):
    location: str = Field(max_length=50, description="转往的办理地", examples=["620103-RS"])
    reason: str = Field(default="", max_length=1000, description="转办理由，必须写明")


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
    deed: Deeds,
) -> Response:
    """转给有权办理的地点；窗口收件日期不变，新办理地的告知期限自其收到起算。"""
    row = await acts.transfer_handoff(
        once.session, handoff_id, with_words(deed, body), to=body.location, reason=body.reason
    )
    return await reply(once, row)
