"""What is posted: handed over to the carrier, its waybill, where it is."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, Field

from services.notify.actions import booking, parcels, printing, troubles
from services.notify.actions import dispatches as actions
from services.notify.actions.dispatches import Report
from services.notify.actions.showing import number_as_stored
from services.notify.actions.troubles import Trouble
from services.notify.domain.dispatches import Status
from services.notify.domain.fallbacks import Failure
from services.notify.domain.problems import Problem
from services.notify.grants import GRANTS
from services.notify.models import DispatchRow
from services.notify.queries.dispatches import Wanted
from shared import problems
from shared.clock import Now
from shared.db.transactions import Openings, Reading, Transaction
from shared.documents import replies
from shared.documents.documents import Printing
from shared.http import etags
from shared.http.etags import IfMatch
from shared.http.idempotency import OncePerKey
from shared.http.pages import After, Limit
from shared.http.routes import CurrentCaller, Granted, granted_route
from shared.security.personal import Personal

router = APIRouter(prefix="/v1/dispatches", tags=["寄递"], route_class=granted_route(GRANTS))

DispatchId = Annotated[
    UUID, Path(description="寄递编号", examples=["01890000-0000-7000-8000-000000000002"])
]


class DispatchOut(BaseModel):
    id: UUID
    kind: str = Field(description="result 办理结果、parcel 两地之间封装的材料袋")
    case_number: str | None = Field(description="办件编号")
    parcel_number: str | None = Field(description="材料袋编号")
    delivery_id: UUID | None = Field(description="所属的送达")
    from_location: str = Field(description="寄出地点")
    to_location: str | None = Field(description="寄往的窗口；寄给申请人时为空")
    status: Status = Field(
        description=(
            "planned 待交寄、refused 承运方不收、booked 已约、moving 在途、returning 退回途中、"
            "delivered 妥投、returned 已退回、lost 遗失、cancelled 已取消"
        )
    )
    content: str = Field(description="originals 原件、certificate 证照、copies 文书")
    payer: str = Field(description="邮资由谁付：applicant 申请人、government 政府")
    carrier: str | None = Field(description="寄递机构")
    waybill: str | None = Field(description="运单号")
    booked_at: datetime | None
    handed_over_at: datetime | None = Field(description="交寄时间")
    concluded_at: datetime | None
    version: int

    @classmethod
    def of(cls, row: DispatchRow) -> "DispatchOut":
        return cls.model_validate(row, from_attributes=True)


class RecipientOut(BaseModel):
    recipient: Annotated[str | None, Personal("name")] = Field(description="收件人")
    phone: Annotated[str | None, Personal("phone")] = Field(description="电话")
    address: Annotated[str | None, Personal("address")] = Field(description="地址")
    postcode: Annotated[str | None, Personal("address")] = Field(description="邮政编码")


class HintOut(BaseModel):
    pointer: str
    code: str
    message_zh: str
    message_en: str


class DispatchDetail(DispatchOut):
    recipient: RecipientOut
    hints: list[HintOut] = Field(description="地址与行政区划、邮编对照后的提示，仅供核对")


class DispatchPage(BaseModel):
    dispatches: list[DispatchOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.get("", summary="查寄递", response_model=DispatchPage)
async def list_dispatches(
    session: Reading,
    scope: Granted,
    case_number: Annotated[str | None, Query(max_length=30, description="办件编号")] = None,
    status: Annotated[Status | None, Query(description="只看某一状态")] = None,
    waybill: Annotated[
        str | None, Query(max_length=50, pattern=r"^[0-9A-Za-z]+$", description="运单号")
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> DispatchPage:
    """本地点要寄出的和寄来本窗口的，新的在前。"""
    wanted = Wanted(
        case_number=number_as_stored(case_number),
        status=status and status.value,
        waybill=waybill,
        after=after,
        limit=limit,
    )
    rows, following = await parcels.page(session, wanted, scope=scope)
    return DispatchPage(dispatches=[DispatchOut.of(row) for row in rows], next=following)


_PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "PDF"}
}


@router.get("/handover-list", summary="交寄清单（PDF）", response_class=Response, responses=_PDF)
async def print_handover_list(
    opening: Openings,
    typesetter: Printing,
    caller: CurrentCaller,
    scope: Granted,
    now: Now,
    carrier: Annotated[
        str, Query(min_length=1, max_length=50, description="寄递机构", examples=["simulated"])
    ],
) -> Response:
    """本地点已约、待这家寄递机构上门收取的全部邮件，供交接签字。收件人姓名已遮盖。"""
    async with opening() as session:
        found = await printing.handover_list(
            session, caller.location or "", carrier=carrier, scope=scope, at=now
        )
    return replies.pdf(await typesetter.render(found, at=now), name=f"交寄清单-{found.number}")


class ProblemOut(BaseModel):
    dispatch: DispatchOut
    problems: list[Problem] = Field(
        description=(
            "not_booked 未约上、refused 承运方不收、not_handed_over 约而未交、"
            "no_movement 没有动静、presumed_lost 疑似遗失、delivery_failed 投递未成、"
            "not_collected 到代投点未取、"
            "returning 退回途中、returned 已退回、lost 遗失、carrier_cancelled 承运方撤销、"
            "code_unknown 状态码不识、contradicted 与登记的结局不符；最要紧的在前"
        )
    )
    since: date = Field(description="最近一次有动静的日期")
    last_code: str | None = Field(description="承运方最近一次轨迹的原始状态码")
    last_scan_at: datetime | None


class ProblemPage(BaseModel):
    problems: list[ProblemOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空。一页可能不满")


@router.get("/problems", summary="问题件清单", response_model=ProblemPage)
async def list_problems(
    session: Reading,
    scope: Granted,
    now: Now,
    kind: Annotated[Problem | None, Query(description="只看某一类问题")] = None,
    after: After = None,
    limit: Limit = 50,
) -> ProblemPage:
    """要有人去看的寄递：没有动静、退回、遗失等。按工作日计，节假日不算；了结三十天后不再列出。"""
    found, following = await troubles.page(
        session, scope=scope, kind=kind, after=after, limit=limit, at=now
    )
    return ProblemPage(problems=[_problem(each) for each in found], next=following)


def _problem(trouble: Trouble) -> ProblemOut:
    scan = trouble.last_scan
    return ProblemOut(
        dispatch=DispatchOut.of(trouble.row),
        problems=list(trouble.problems),
        since=trouble.since,
        last_code=scan.code if scan else None,
        last_scan_at=scan.at if scan else None,
    )


@router.get("/{dispatch_id}", summary="查看一件寄递", response_model=DispatchDetail)
async def read_dispatch(
    dispatch_id: DispatchId,
    session: Transaction,
    scope: Granted,
    now: Now,
    purpose: Annotated[
        str | None,
        Query(
            min_length=2,
            max_length=200,
            description="查看完整收件人信息的事由（如填写运单），记入审计；不填则遮盖",
            examples=["填写运单"],
        ),
    ] = None,
) -> Response:
    """收件人默认遮盖；填写事由后完整显示并记入审计。"""
    found = await parcels.one(session, dispatch_id, scope=scope, purpose=purpose, at=now)
    out = DispatchDetail(
        **DispatchOut.of(found.row).model_dump(),
        recipient=RecipientOut(**found.recipient),
        hints=[_hint(each) for each in found.hints],
    )
    return Response(
        out.model_dump_json(),
        media_type="application/json",
        headers={"ETag": etags.of_version(found.row.version)},
    )


def _hint(fault: Any) -> HintOut:
    return HintOut.model_validate(fault, from_attributes=True)


class HandoverIn(BaseModel):
    carrier: str | None = Field(
        default=None, min_length=1, max_length=50, description="寄递机构；已预约的可不填"
    )
    waybill: str | None = Field(
        default=None, min_length=1, max_length=50, description="运单号；已预约的可不填"
    )


@router.post("/{dispatch_id}/handover", summary="交寄", response_model=DispatchOut)
async def hand_over_dispatch(
    dispatch_id: DispatchId,
    body: Annotated[
        HandoverIn,
        Body(
            openapi_examples={
                "人工交寄": {"value": {"carrier": "邮政快递", "waybill": "EA473124829CN"}},
                "已预约": {"value": {}},
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """交给寄递机构，记下运单号；此后送达方式不能再换。容缺材料未补齐的证照不得寄出。"""
    row = await actions.hand_over_dispatch(
        once.session,
        dispatch_id,
        carrier=body.carrier,
        waybill=body.waybill,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await once.reply(200, DispatchOut.of(row), {"ETag": etags.of_version(row.version)})


class CarrierIn(BaseModel):
    carrier: str = Field(
        min_length=1, max_length=50, description="已接入的寄递机构代码", examples=["simulated"]
    )


@router.post("/{dispatch_id}/carrier", summary="选定寄递机构", response_model=DispatchOut)
async def choose_carrier(
    dispatch_id: DispatchId,
    body: Annotated[
        CarrierIn, Body(openapi_examples={"选定": {"value": {"carrier": "simulated"}}})
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """规则选不出或原机构不收时，由人选定一家已接入的寄递机构，随即向它预约；约上之前可以改。"""
    row = await booking.choose_carrier(
        once.session,
        dispatch_id,
        carrier=body.carrier,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await once.reply(200, DispatchOut.of(row), {"ETag": etags.of_version(row.version)})


class ReportIn(BaseModel):
    report: Report = Field(
        description=(
            "delivered 妥投、returning 退回途中、returned 已退回、lost 遗失、found 找到（继续投递）"
        )
    )
    failure: Failure = Field(
        default=Failure.OTHER,
        description=(
            "退回原因：absent 无人、wrong_address 地址有误、refused 拒收、unclaimed 逾期未取、"
            "damaged 破损、lost 遗失、other 其他"
        ),
    )


@router.post("/{dispatch_id}/report", summary="登记去向", response_model=DispatchOut)
async def report_dispatch(
    dispatch_id: DispatchId,
    body: Annotated[
        ReportIn,
        Body(
            openapi_examples={
                "妥投": {"value": {"report": "delivered"}},
                "地址有误退回": {"value": {"report": "returned", "failure": "wrong_address"}},
            }
        ),
    ],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """寄递机构没有系统对接时，由人登记妥投、退回或遗失。"""
    row = await actions.report_dispatch(
        once.session,
        dispatch_id,
        report=body.report,
        failure=body.failure,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await once.reply(200, DispatchOut.of(row), {"ETag": etags.of_version(row.version)})


@router.get(
    "/{dispatch_id}/label",
    summary="寄递面单（PDF）",
    response_class=Response,
    responses=_PDF | problems.responses(409),
)
async def print_label(
    dispatch_id: DispatchId, opening: Openings, typesetter: Printing, scope: Granted, now: Now
) -> Response:
    """100×150 毫米，带运单条码；有运单号之后才能打印。面单载有收件人信息，打印记入审计。"""
    async with opening() as session:
        label = await printing.dispatch_label(session, dispatch_id, scope=scope, at=now)
    return replies.pdf(await typesetter.render(label, at=now), name=f"面单-{label.waybill}")
