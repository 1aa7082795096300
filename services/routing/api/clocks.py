"""Why a date is what it is, and what it would be."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field, StrictInt

from services.routing.api.handoffs import HandoffId
from services.routing.domain.clock import Kind, State
from services.routing.domain.deadlines import Due, Light, Turns
from services.routing.domain.terms import Hop
from services.routing.grants import GRANTS
from services.routing.queries import clocks
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1/handoffs", tags=["期限"], route_class=granted_route(GRANTS))


class TermOut(BaseModel):
    due: date = Field(description="最后一日")
    provisional: bool = Field(description="跨入未公布放假安排的年度，为暂定日期")


class DueOut(BaseModel):
    on: date = Field(description="到期日：承诺时限与法定时限中先到的")
    provisional: bool = Field(description="暂定：放假安排公布后重新计算")
    estimated: bool = Field(description="暂停中，按告知的期限预计")
    promised: TermOut | None = Field(description="承诺时限")
    statutory: TermOut | None = Field(description="法定时限")

    @classmethod
    def of(cls, due: Due | None) -> "DueOut | None":
        return cls.model_validate(due, from_attributes=True) if due else None


class StretchOut(BaseModel):
    kind: Kind = Field(description="running 计时、suspended 特别程序、supplement 补正")
    since: date = Field(description="这一天不计入")
    until: date | None = Field(description="这一天计入；空为仍在继续")
    reason: str
    article: str = Field(description="依据")
    told: int | None = Field(description="书面告知的工作日数")


class LightsOut(BaseModel):
    yellow: date = Field(description="过半之日")
    red: date = Field(description="到九成之日")
    missed: date = Field(description="超期之日")


class HopOut(BaseModel):
    hop: Hop = Field(
        description="push 收件地推送电子材料、post 收件地寄出纸质材料、recheck 办理地窗口复核、"
        "post_result 办理地寄出结果"
    )
    name: str = Field(examples=["收件地寄出纸质材料"])
    due: date = Field(description="最后一日")
    provisional: bool


class ClockDetail(BaseModel):
    state: State = Field(
        description="not_started 未起算、running 计时、suspended 暂停、stopped 停止"
    )
    due: DueOut | None = Field(description="到期日；未起算则为空")
    light: Light = Field(description="今天的灯色")
    lights: LightsOut | None = Field(description="各灯色从哪天起")
    stretches: list[StretchOut]
    lines: list[str] = Field(description="逐句说明，注明法条")
    window_received_on: date = Field(description="窗口收件日")
    handling_received_on: date | None = Field(description="办理地收到日")
    notice_due: TermOut | None = Field(description="一次性告知的最后一日")
    notice_lights: LightsOut | None = Field(description="受理之前，一次性告知期限的各灯色从哪天起")
    deemed_on: date | None = Field(description="未告知的，自哪天起视为已受理")
    supplement_due: TermOut | None = Field(description="补正截止日")
    delivery_due: TermOut | None = Field(
        description="送达结果的最后一日；已告知领取而未领取的，不计算"
    )
    check_lights: LightsOut | None = Field(
        description="以告知承诺准予的，事后核查期限的各灯色从哪天起；已经核查则为空"
    )
    hops: list[HopOut] = Field(description="两地之间各环节应在哪天之前完成")


@router.get("/{handoff_id}/clock", summary="期限如何算出")
async def read_clock(
    handoff_id: HandoffId, session: Reading, scope: Granted, now: Now
) -> ClockDetail:
    """每一段计时与暂停、每个日期的由来，用中文逐句说明并注明法条。"""
    found = await clocks.explained(session, handoff_id, scope=scope, at=now)
    return ClockDetail(
        state=found.clock.state,
        due=DueOut.of(found.due),
        light=found.light,
        lights=_lights(found.turns),
        stretches=[
            StretchOut.model_validate(each, from_attributes=True) for each in found.clock.stretches
        ],
        lines=list(found.lines),
        window_received_on=found.receipts.window_on,
        handling_received_on=found.receipts.handling_on,
        notice_due=_term(found.notice_due),
        notice_lights=_lights(found.notice_turns),
        deemed_on=found.deemed.happens_on if found.deemed else None,
        supplement_due=_term(found.supplement_due),
        delivery_due=_term(found.delivery_due),
        check_lights=_lights(found.check_turns),
        hops=[
            HopOut(hop=hop, name=hop.zh, due=term.due, provisional=term.provisional)
            for hop, term in found.hops.items()
        ],
    )


def _lights(turns: Turns | None) -> LightsOut | None:
    return LightsOut.model_validate(turns, from_attributes=True) if turns else None


def _term(term: Any) -> TermOut | None:
    return TermOut.model_validate(term, from_attributes=True) if term else None


class WhatIfIn(BaseModel):
    suspend_from: date | None = Field(
        default=None, description="假如从这一天起启动特别程序", examples=["2030-01-07"]
    )
    working_days: StrictInt | None = Field(
        default=None, ge=1, le=365, description="特别程序需要几个工作日", examples=[10]
    )
    procedure: str | None = Field(
        default=None, max_length=100, description="特别程序代码；不填则取本事项公布的第一项"
    )
    extend: StrictInt | None = Field(
        default=None, ge=1, le=365, description="假如延长几日", examples=[5]
    )


class WhatIfOut(BaseModel):
    before: DueOut | None = Field(description="现在的到期日")
    after: DueOut | None = Field(description="假如这样，到期日")
    later_by: int = Field(description="推后几个自然日")
    lines: list[str] = Field(description="逐句说明")


@router.post("/{handoff_id}/clock/what-if", summary="假如暂停或延期")
async def ask_what_if(
    handoff_id: HandoffId,
    body: Annotated[
        WhatIfIn,
        Body(
            openapi_examples={
                "从某日起暂停十个工作日": {
                    "value": {"suspend_from": "2030-01-07", "working_days": 10}
                },
                "延长五日": {"value": {"extend": 5}},
            }
        ),
    ],
    session: Reading,
    scope: Granted,
    now: Now,
) -> WhatIfOut:
    """只计算，不记录任何内容；法律不允许的，与实际办理时一样答复原因。"""
    asked = clocks.Supposed(body.suspend_from, body.working_days, body.procedure, body.extend)
    answer = await clocks.what_if(session, handoff_id, asked, scope=scope, at=now)
    return WhatIfOut(
        before=DueOut.of(answer.before),
        after=DueOut.of(answer.after),
        later_by=answer.later_by,
        lines=list(answer.lines),
    )
