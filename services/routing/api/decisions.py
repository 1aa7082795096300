"""Once it is accepted: pause, resume, lengthen, decide, check later, revoke."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field, StrictBool, StrictInt

from services.routing import events
from services.routing.actions import decisions, pauses
from services.routing.api.approvals import ApprovalOut, or_asked
from services.routing.api.deeds import ActIn, Deeds, with_words
from services.routing.api.handoffs import HandoffId, HandoffOut, reply
from services.routing.grants import GRANTS
from shared.http.idempotency import OncePerKey
from shared.http.routes import granted_route

router = APIRouter(prefix="/v1/handoffs", tags=["办理"], route_class=granted_route(GRANTS))

_ASKED: dict[int | str, dict[str, Any]] = {
    202: {"model": ApprovalOut, "description": "已提交，等待科长批准"}
}


class SuspensionIn(ActIn):
    procedure: str = Field(max_length=100, description="本事项公布的特别程序代码", examples=["S1"])
    working_days: StrictInt = Field(ge=1, le=365, description="告知申请人的所需工作日")
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
    deed: Deeds,
) -> Response:
    """特别程序所需时间不计入期限，并书面告知申请人（行政许可法第45条）。"""
    row = await pauses.suspend_handoff(
        once.session,
        handoff_id,
        with_words(deed, body),
        procedure=body.procedure,
        working_days=body.working_days,
        reason=body.reason,
    )
    return await reply(once, row)


@router.post("/{handoff_id}/resumption", summary="恢复计时", response_model=HandoffOut)
async def resume_handoff(
    handoff_id: HandoffId, once: OncePerKey, deed: Deeds, body: ActIn | None = None
) -> Response:
    """特别程序结束，次日起继续计时。"""
    row = await pauses.resume_handoff(once.session, handoff_id, with_words(deed, body))
    return await reply(once, row)


class ExtensionIn(ActIn):
    working_days: StrictInt = Field(ge=1, le=60, description="延长几日", examples=[5])
    reason: str = Field(min_length=1, max_length=1000, description="延长的理由，告知申请人")


@router.post(
    "/{handoff_id}/extension",
    summary="延期（科长批准）",
    response_model=HandoffOut,
    responses=_ASKED,
)
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
    deed: Deeds,
) -> Response:
    """只能延长一次，不超过本事项的上限，理由告知申请人（行政许可法第42条）。

    科长直接延期，答复 200；经办人提出申请，答复 202，批准后生效。
    """
    row, asked = await pauses.extend_handoff(
        once.session,
        handoff_id,
        with_words(deed, body),
        working_days=body.working_days,
        reason=body.reason,
    )
    return await or_asked(once, row, asked)


class CertificateIn(BaseModel):
    name: str = Field(min_length=1, max_length=200, description="证照或文书名称")
    number: str = Field(min_length=1, max_length=100, description="证照编号")
    form: Literal["electronic", "paper"] = Field(description="electronic 电子、paper 纸质")

    @property
    def fact(self) -> events.Certificate:
        return events.Certificate(name=self.name, number=self.number, form=self.form)


class DecisionIn(ActIn):
    result: Literal["granted", "denied", "ended"] = Field(
        description="granted 准予、denied 不予许可、ended 终结"
    )
    opinion: str = Field(default="", max_length=1000, description="办理意见；不予许可须写明理由")
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
                        "opinion": "符合条件，准予办理",
                        "certificate": {
                            "name": "就业创业证",
                            "number": "6201020026000001",
                            "form": "electronic",
                        },
                    }
                },
                "不予许可": {"value": {"result": "denied", "opinion": "不符合规定的条件"}},
            }
        ),
    ],
    once: OncePerKey,
    deed: Deeds,
) -> Response:
    """作出决定并停止计时；准予的，随后送达结果。不予许可须说明理由并告知救济途径（第38条）。

    即办件（办件类型为 1）可以在接收后直接决定，受理与决定一并完成。
    """
    row = await decisions.decide_handoff(
        once.session,
        handoff_id,
        with_words(deed, body),
        result=body.result,
        opinion=body.opinion,
        certificate=body.certificate.fact if body.certificate else None,
    )
    return await reply(once, row)


class LaterCheckIn(ActIn):
    kept: StrictBool = Field(description="承诺是否属实", examples=[False])
    finding: str = Field(min_length=1, max_length=1000, description="核查结果")


@router.post("/{handoff_id}/later-check", summary="事后核查", response_model=HandoffOut)
async def check_later(
    handoff_id: HandoffId,
    body: Annotated[
        LaterCheckIn,
        Body(
            openapi_examples={"违背承诺": {"value": {"kept": False, "finding": "所承诺的条件不符"}}}
        ),
    ],
    once: OncePerKey,
    deed: Deeds,
) -> Response:
    """以告知承诺方式准予的，事后核查承诺是否属实，并记录结果。

    查实违背承诺的，按事项规定自动提请科长撤销；事项规定不撤销的，只限制再次适用。
    """
    row = await decisions.check_later(
        once.session, handoff_id, with_words(deed, body), kept=body.kept, finding=body.finding
    )
    return await reply(once, row)


class RevocationIn(ActIn):
    reason: str = Field(min_length=1, max_length=1000, description="撤销的理由，告知当事人")


@router.post(
    "/{handoff_id}/revocation",
    summary="撤销决定（科长批准）",
    response_model=HandoffOut,
    responses=_ASKED,
)
async def revoke_decision(
    handoff_id: HandoffId,
    body: Annotated[
        RevocationIn,
        Body(openapi_examples={"失信": {"value": {"reason": "经核查，承诺内容不实"}}}),
    ],
    once: OncePerKey,
    deed: Deeds,
) -> Response:
    """须先有查实违背承诺的事后核查；或者容缺材料逾期未补交，而事项规定此时撤销决定。

    科长直接撤销，答复 200；经办人提出申请，答复 202。
    """
    row, asked = await decisions.revoke_decision(
        once.session, handoff_id, with_words(deed, body), reason=body.reason
    )
    return await or_asked(once, row, asked)
