"""The life of personal data: what is held about somebody, erasure on request, disputes."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Request, Response
from pydantic import BaseModel, Field, StrictInt

from services.intake.actions import erasing, holding, holdings
from services.intake.actions.erasing import Asked
from services.intake.actions.holdings import Holding
from services.intake.api.counters import ItemCatalogue
from services.intake.api.examples import ERASURES, HOLDINGS, HOLDS, LIFTINGS
from services.intake.api.paths import CaseNumber
from services.intake.api.views import GroundOut, HoldOut, ground_out
from services.intake.domain.lifetimes import Because, Dispute, Wish
from services.intake.grants import GRANTS
from services.intake.models import HoldRow
from shared.clock import Now
from shared.db.transactions import Transaction
from shared.http import pages
from shared.http.idempotency import OncePerKey
from shared.http.routes import Granted, granted_route
from shared.retention.holdings import HeldOut, listed, outs
from shared.retention.rules import BY_KIND, Terms
from shared.security.personal import Personal

router = APIRouter(prefix="/v1", tags=["个人信息"], route_class=granted_route(GRANTS))


async def _terms(request: Request) -> Terms:
    terms: Terms = request.app.state.terms
    return terms


KeptFor = Annotated[Terms, Depends(_terms)]
_REASON = Annotated[str, Personal("text")]


class HoldIn(BaseModel):
    kind: Dispute = Field(description="哪种争议", examples=["review"])
    reason: _REASON = Field(
        min_length=1, max_length=500, description="受理机关、案号、要点", examples=["复议已受理"]
    )


class LiftingIn(BaseModel):
    reason: _REASON = Field(
        min_length=1, max_length=500, description="为什么解除", examples=["复议已结案"]
    )


@router.post(
    "/cases/{case_number}/holds",
    status_code=201,
    response_model=HoldOut,
    summary="登记争议，办件不得删除",
)
async def set_hold(
    case_number: CaseNumber,
    hold: Annotated[HoldIn, Body(openapi_examples=HOLDS)],
    session: Transaction,
    once: OncePerKey,
    scope: Granted,
    now: Now,
) -> Response:
    """复议、诉讼、监察等未了结之前，保管期限届满也不删除，个人申请删除也不删除。何人何时登记都入审计。"""
    row = await holding.set_hold(session, case_number, hold.kind, hold.reason, scope=scope, at=now)
    return await once.reply(201, _hold(row))


@router.post(
    "/cases/{case_number}/holds/{hold_id}/lifting",
    response_model=HoldOut,
    summary="争议了结，解除保留",
)
async def lift_hold(
    case_number: CaseNumber,
    hold_id: Annotated[
        UUID,
        Path(description="登记争议时的编号", examples=["01920000-0000-7000-8000-000000000001"]),
    ],
    lifting: Annotated[LiftingIn, Body(openapi_examples=LIFTINGS)],
    session: Transaction,
    once: OncePerKey,
    scope: Granted,
    now: Now,
) -> Response:
    """解除之后按原来的保管期限计算；期限已过的，随后即删除。"""
    row = await holding.lift_hold(
        session, case_number, hold_id, lifting.reason, scope=scope, at=now
    )
    return await once.reply(200, _hold(row))


def _hold(row: HoldRow) -> HoldOut:
    return HoldOut.model_validate(row, from_attributes=True)


class ErasureIn(BaseModel):
    ground: Wish = Field(description="个人信息保护法 47 的哪一项", examples=["purpose_gone"])
    reference: str = Field(
        min_length=1,
        max_length=50,
        pattern=r"^[A-Za-z0-9()〔〕号第年（）-]+$",
        description="书面申请的编号；不填姓名等个人信息",
        examples=["SQ-2026-0001"],
    )


class ErasureOut(BaseModel):
    """依法答复：已删除，或者因何不能删除、到哪一天。"""

    case_number: str
    outcome: str = Field(description="erased 已删除；refused 现在不能删除", examples=["refused"])
    because: Because | None = Field(description="不能删除的依据")
    because_text: str | None
    until: date | None = Field(description="哪一天起可以删除；空为不定")


@router.post(
    "/cases/{case_number}/erasure", response_model=ErasureOut, summary="个人申请删除其个人信息"
)
async def ask_erasure(
    case_number: CaseNumber,
    asked: Annotated[ErasureIn, Body(openapi_examples=ERASURES)],
    session: Transaction,
    once: OncePerKey,
    scope: Granted,
    terms: KeptFor,
    now: Now,
) -> Response:
    """依个人信息保护法 47 答复。法律允许的，立即删除，并通知其他服务和合作方一并删除；

    归档保管期限未满、复议诉讼期限内、争议未了结或者仍在办理的，不予删除并说明依据。两种答复都记入审计。
    """
    refused = await erasing.ask_erasure(
        session,
        case_number,
        Asked(asked.ground, asked.reference),
        scope=scope,
        terms=terms,
        at=now,
    )
    out = ErasureOut(
        case_number=case_number,
        outcome="refused" if refused else "erased",
        because=refused.because if refused else None,
        because_text=refused.because.zh if refused else None,
        until=refused.until if refused else None,
    )
    return await once.reply(200, out)


class PersonIn(BaseModel):
    """证件号码只放在内容里，不放在网址里。"""

    id_number: Annotated[str, Personal("id_number")] = Field(
        min_length=1, max_length=50, description="证件号码，全值", examples=["620102199003078896"]
    )
    purpose: str = Field(max_length=100, description="用途，记入审计", examples=["个人查阅申请"])
    after: str | None = Field(default=None, max_length=50, description="上一页答复中的 next")
    limit: StrictInt = Field(default=50, ge=1, le=200, description="每页几个办件")


class HoldingOut(BaseModel):
    case_number: str = Field(examples=["63000026000000123"])
    part: str = Field(description="applicant 申请人；representative 代为办理的人")
    item_name: str = Field(examples=["残疾人证到期换领"])
    received_at: datetime
    ground: GroundOut
    held: list[HeldOut] = Field(description="本服务保存的种类和条数")
    kept_for: str | None = Field(description="适用保管期限表的哪一行；办理中为空")
    until: date | None = Field(description="保管到哪一天；办理中或有争议时为空")
    on_hold: bool = Field(description="有未了结的争议，暂不删除")


class PersonHoldingsOut(BaseModel):
    cases: list[HoldingOut]
    next: str | None = Field(description="下一页的 after；没有更多时为 null")
    elsewhere: list[str] = Field(
        description="同样的办件编号，再向这两个服务查询",
        examples=[["/routing/v1/holdings", "/notify/v1/holdings"]],
    )
    text: str = Field(description="可以直接念给本人听的中文说明")


@router.post("/holdings", summary="保存了某人的哪些个人信息")
async def show_holdings(
    asked: Annotated[PersonIn, Body(openapi_examples=HOLDINGS)],
    session: Transaction,
    catalogue: ItemCatalogue,
    scope: Granted,  # noqa: ARG001  (granted for everything or not at all)
    terms: KeptFor,
    now: Now,
) -> PersonHoldingsOut:
    """个人信息保护法 45：按证件号码列出在哪些办件里保存着、依据是什么、保存到哪一天；不显示内容。

    用途必填；每次查询都作为读取个人信息记入审计。已删除的办件不再与本人相联系，因此不在其中。
    """
    found = await holdings.of_person(
        session,
        asked.id_number,
        purpose=asked.purpose,
        after=asked.after,
        limit=asked.limit,
        catalogue=catalogue,
        terms=terms,
        at=now,
    )
    page, more = pages.cut(found, asked.limit)
    cases = [_holding(each) for each in page]
    return PersonHoldingsOut(
        cases=cases,
        next=cases[-1].case_number if more else None,
        elsewhere=["/routing/v1/holdings", "/notify/v1/holdings"],
        text="\n".join(_told(each) for each in cases) or "没有以此证件号码保存的个人信息。",
    )


def _holding(each: Holding) -> HoldingOut:
    return HoldingOut(
        case_number=each.row.case_number,
        part=each.part,
        item_name=each.item_name,
        received_at=each.row.received_at,
        ground=ground_out(each.ground),
        held=outs(each.held),
        kept_for=each.kept_for,
        until=each.until,
        on_hold=each.on_hold,
    )


_PARTS = {"applicant": "申请人", "representative": "代为办理的人"}


def _told(each: HoldingOut) -> str:
    until = f"保存至 {each.until}" if each.until else "办结之后开始计算保管期限"
    if each.on_hold:
        until = "有未了结的争议，暂不删除"
    elif each.kept_for:
        until += f"（{BY_KIND[each.kept_for].basis}）"
    return (
        f"办件 {each.case_number}（{each.item_name}，{_PARTS[each.part]}）："
        f"保存{listed(each.held)}；依据：{each.ground.text}；{until}。"
    )
