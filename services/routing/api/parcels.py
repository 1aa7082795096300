"""Sealed bags with papers of many cases, from one place to another."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.routing.actions import parcels as actions
from services.routing.actions import parcels_told, scanning
from services.routing.actions.scanning import Found
from services.routing.api.custody import LedgerOut, with_ledgers
from services.routing.domain import parcels as rules
from services.routing.domain.discrepancies import ALLOWED, Kind, Settlement
from services.routing.domain.parcels import Deed, End, State
from services.routing.grants import GRANTS
from services.routing.models import DiscrepancyRow, ParcelDeedRow, ParcelRow
from services.routing.queries import custody
from services.routing.queries import parcels as queries
from services.routing.queries.parcels import Direction
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http import etags
from shared.http.etags import IfMatch
from shared.http.idempotency import Once, OncePerKey, OnceRequired
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1/parcels", tags=["材料流转"], route_class=granted_route(GRANTS))

ParcelId = Annotated[
    UUID, Path(description="封装袋的系统编号", examples=["01990000-0000-7000-8000-000000000001"])
]
Typed = Annotated[str, Field(min_length=1, max_length=100)]


class ParcelOut(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    id: UUID
    number: str = Field(description="封装袋编号，印在标签上", examples=["P630000000000016"])
    from_location: str = Field(alias="from", description="寄出地")
    to_location: str = Field(alias="to", description="接收地")
    state: State = Field(description="状态")
    transit: bool = Field(description="经此中转")
    carrier: str | None = Field(description="承运人")
    waybill: str | None = Field(description="运单号")
    seal_number: str | None = Field(description="封签号")
    manifest_digest: str | None = Field(description="封装时清单的摘要")
    opened_at: datetime
    sealed_at: datetime | None
    handed_over_at: datetime | None
    due_on: date | None = Field(description="应当到达的日期；过期未到提醒两端")
    overdue: bool = Field(description="过期未到，已提醒两端")
    arrived_at: datetime | None
    scanned_at: datetime | None
    closed_at: datetime | None
    allowed: list[str] = Field(description="现在可以做什么")
    version: int

    @classmethod
    def of(cls, row: ParcelRow) -> "ParcelOut":
        return cls(**_plain(row))


def _plain(row: ParcelRow) -> dict[str, Any]:
    digest = row.manifest_digest
    return {
        "id": row.id,
        "number": row.number,
        "from_location": row.from_location,
        "to_location": row.to_location,
        "state": State(row.state),
        "transit": row.transit,
        "carrier": row.carrier,
        "waybill": row.waybill,
        "seal_number": row.seal_number,
        "manifest_digest": digest.hex() if digest else None,
        "opened_at": row.opened_at,
        "sealed_at": row.sealed_at,
        "handed_over_at": row.handed_over_at,
        "due_on": row.due_on,
        "overdue": queries.is_overdue(row),
        "arrived_at": row.arrived_at,
        "scanned_at": row.scanned_at,
        "closed_at": row.closed_at,
        "allowed": [deed.value for deed in rules.allowed(State(row.state))],
        "version": row.version,
    }


class LineOut(BaseModel):
    original_id: UUID
    label: str
    case_number: str
    material_code: str
    name: str
    scanned: str | None = Field(description="found 已到、missing 缺件、damaged 破损")


class DiscrepancyOut(BaseModel):
    id: UUID
    kind: Kind = Field(description="missing 缺件、extra 多件、damaged 破损")
    original_id: UUID | None
    case_number: str | None
    sender_says: Settlement | None = Field(description="寄出地的意见")
    receiver_says: Settlement | None = Field(description="接收地的意见")
    settlement: Settlement | None = Field(description="两端一致后的结论")
    allowed: list[Settlement] = Field(description="可选的了结方式")
    found_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, row: DiscrepancyRow) -> "DiscrepancyOut":
        kind = Kind(row.kind)
        return cls(
            id=row.id,
            kind=kind,
            original_id=row.original_id,
            case_number=row.case_number,
            sender_says=Settlement(row.sender_says) if row.sender_says else None,
            receiver_says=Settlement(row.receiver_says) if row.receiver_says else None,
            settlement=Settlement(row.settlement) if row.settlement else None,
            allowed=[] if row.settlement else list(ALLOWED[kind]),
            found_at=row.found_at,
            settled_at=row.settled_at,
        )


class DeedOut(BaseModel):
    deed: str
    end: str = Field(description="sender 寄出地、receiver 接收地、carrier 承运人、system 系统")
    actor: str
    at: datetime = Field(description="在本系统登记的时间")
    acted_at: datetime | None = Field(description="对方系统告知的作出时间")
    state: str

    @classmethod
    def of(cls, row: ParcelDeedRow) -> "DeedOut":
        return cls(
            deed=row.deed,
            end=row.end,
            actor=row.actor,
            at=row.at,
            acted_at=row.facts.get("acted_at"),
            state=row.state,
        )


class ParcelDetail(ParcelOut):
    manifest: list[LineOut] = Field(description="清单")
    discrepancies: list[DiscrepancyOut] = Field(description="差异，两端都能看到")
    deeds: list[DeedOut] = Field(description="经过")


class ParcelsOut(BaseModel):
    parcels: list[ParcelOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


class ScanOut(ParcelOut):
    found: list[UUID] = Field(description="清单上已到的")
    missing: list[UUID] = Field(description="清单上有、没有到的")
    damaged: list[UUID] = Field(description="到了但破损的")
    extra: int = Field(description="清单外的件数")
    discrepancies: list[DiscrepancyOut] = Field(description="须由两端了结的差异")


async def _reply(once: Once, row: ParcelRow, status: int = 200) -> Response:
    await parcels_told.mirror_parcel(once.session, row, once.content, at=once.at)
    headers = {"ETag": etags.of_version(row.version)}
    if status == 201:
        headers["Location"] = f"/routing/v1/parcels/{row.id}"
    return await once.reply(status, ParcelOut.of(row), headers)


class ParcelIn(BaseModel):
    sender: str = Field(alias="from", max_length=50, description="寄出地", examples=["630104-C1"])
    receiver: str = Field(alias="to", max_length=50, description="接收地", examples=["620102-CL"])
    originals: list[Typed] = Field(
        default_factory=list, max_length=actions.MOST, description="原件标签或编号，可以先不填"
    )
    transit: bool = Field(
        default=False, description="只是经接收地中转；否则原件须属于接收地承办或收件的办件"
    )


class OriginalsIn(BaseModel):
    originals: list[Typed] = Field(
        min_length=1,
        max_length=actions.MOST,
        description="原件标签或编号",
        examples=[["63000026000000123-01"]],
    )


_NEW = {
    "两件办件的原件装一袋": {
        "value": {
            "from": "630104-C1",
            "to": "620102-CL",
            "originals": ["63000026000000123-01", "63000026000000131-01"],
        }
    }
}


@router.post("", summary="开袋", status_code=201, response_model=ParcelOut)
async def open_parcel(
    body: Annotated[ParcelIn, Body(openapi_examples=_NEW)],
    once: OnceRequired,
    scope: Granted,
    now: Now,
) -> Response:
    """一袋可装许多办件的原件；不在寄出地手里的、不该去接收地的，一次列出。"""
    row = await actions.open_parcel(
        once.session,
        sender=body.sender,
        receiver=body.receiver,
        typed=body.originals,
        transit=body.transit,
        scope=scope,
        at=now,
    )
    return await _reply(once, row, 201)


@router.get("", summary="查看封装袋")
async def list_parcels(
    session: Reading,
    scope: Granted,
    location: Annotated[str | None, Query(max_length=50, description="地点")] = None,
    direction: Annotated[
        Direction | None, Query(description="incoming 来的、outgoing 去的")
    ] = None,
    state: Annotated[State | None, Query(description="只看某一状态")] = None,
    overdue: Annotated[bool, Query(description="只看过期未到、已提醒两端的")] = False,
    after: After = None,
    limit: Limit = 50,
) -> ParcelsOut:
    """两端都能看到；新的在前。"""
    rows, following = await queries.page(
        session,
        scope,
        location=location,
        direction=direction,
        state=state.value if state else None,
        overdue=overdue,
        after=after,
        limit=limit,
    )
    return ParcelsOut(parcels=[ParcelOut.of(row) for row in rows], next=following)


@router.get("/{parcel_id}", summary="查看一袋", response_model=ParcelDetail)
async def read_parcel(parcel_id: ParcelId, session: Reading, scope: Granted) -> Response:
    """清单、差异和经过。"""
    found = await queries.view(session, parcel_id, scope)
    out = ParcelDetail(
        **_plain(found.row),
        manifest=[LineOut.model_validate(each, from_attributes=True) for each in found.lines],
        discrepancies=[DiscrepancyOut.of(each) for each in found.discrepancies],
        deeds=[DeedOut.of(each) for each in found.deeds],
    )
    return Response(
        out.model_dump_json(),
        media_type="application/json",
        headers={"ETag": etags.of_version(found.row.version)},
    )


class ParcelCustodyOut(BaseModel):
    originals: list[LedgerOut]


@router.get("/{parcel_id}/custody", summary="袋内原件在谁手里")
async def read_parcel_custody(
    parcel_id: ParcelId, session: Reading, scope: Granted
) -> ParcelCustodyOut:
    """清单上每份原件现由谁持有，连同全部流转记录。"""
    await queries.read(session, parcel_id, scope)
    papers = await custody.of_parcel(session, parcel_id)
    return ParcelCustodyOut(originals=await with_ledgers(session, papers))


@router.post("/{parcel_id}/originals", summary="装入", response_model=ParcelOut)
async def fill_parcel(
    parcel_id: ParcelId,
    body: OriginalsIn,
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """封装之前可以继续装入。"""
    row = await actions.fill_parcel(
        once.session, parcel_id, body.originals, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row)


@router.post("/{parcel_id}/removals", summary="取出", response_model=ParcelOut)
async def empty_parcel(
    parcel_id: ParcelId,
    body: OriginalsIn,
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """封装之前可以取出，回到寄出地手里。"""
    row = await actions.empty_parcel(
        once.session, parcel_id, body.originals, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row)


class SealingIn(BaseModel):
    seal_number: str | None = Field(
        default=None, max_length=50, description="封签号", examples=["F-0001234"]
    )


@router.post("/{parcel_id}/sealing", summary="封装", response_model=ParcelOut)
async def seal_parcel(
    parcel_id: ParcelId,
    once: OncePerKey,
    scope: Granted,
    now: Now,
    body: SealingIn = SealingIn(),
    if_match: IfMatch = None,
) -> Response:
    """清单从此不变。"""
    row = await actions.seal_parcel(
        once.session,
        parcel_id,
        seal_number=body.seal_number,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


@router.post("/{parcel_id}/unsealing", summary="拆封", response_model=ParcelOut)
async def unseal_parcel(
    parcel_id: ParcelId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """交寄之前发现装错，拆开重装。"""
    row = await actions.unseal_parcel(
        once.session, parcel_id, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row)


@router.post("/{parcel_id}/discarding", summary="作废空袋", response_model=ParcelOut)
async def discard_parcel(
    parcel_id: ParcelId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """开了没有用的袋。"""
    row = await actions.discard_parcel(
        once.session, parcel_id, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row)


class HandoverIn(BaseModel):
    carrier: str = Field(
        min_length=1,
        max_length=50,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="承运人代码；messenger 为机要交通或专人递送",
        examples=["EMS"],
    )
    waybill: str | None = Field(
        default=None,
        max_length=50,
        pattern=r"^[A-Za-z0-9-]+$",
        description="运单号，手工录入即可；专人递送可以没有",
        examples=["EA123456789CN"],
    )
    messenger: str | None = Field(default=None, max_length=50, description="专人递送时的递送人")
    expected_on: date | None = Field(default=None, description="承运人承诺的送达日期")


_HANDOVERS = {
    "快递": {"value": {"carrier": "EMS", "waybill": "EA123456789CN"}},
    "专人递送": {"value": {"carrier": "messenger", "messenger": "示例人员"}},
}


@router.post("/{parcel_id}/handover", summary="交寄", response_model=ParcelOut)
async def hand_over_parcel(
    parcel_id: ParcelId,
    body: Annotated[HandoverIn, Body(openapi_examples=_HANDOVERS)],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """交给承运人或专人；袋内原件从此由承运人持有，过期未到提醒两端。"""
    row = await actions.hand_over_parcel(
        once.session,
        parcel_id,
        carrier=body.carrier,
        waybill=body.waybill,
        messenger=body.messenger,
        expected_on=body.expected_on,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


@router.post("/{parcel_id}/arrival", summary="登记到达", response_model=ParcelOut)
async def arrive_parcel(
    parcel_id: ParcelId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """已送到、尚未拆开；不登记到达也可以直接扫描接收。"""
    row = await actions.arrive_parcel(
        once.session, parcel_id, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row)


class ScanIn(BaseModel):
    found: list[Typed] = Field(
        default_factory=list, max_length=1000, description="袋内见到的原件（标签或编号）"
    )
    damaged: list[Typed] = Field(
        default_factory=list, max_length=1000, description="其中破损的；不必在 found 中重复"
    )
    extra: list[Typed] = Field(
        default_factory=list,
        max_length=200,
        description="清单外的；没有标签的写明是什么（加密保存）",
    )


_SCANS = {
    "两份到了一份": {"value": {"found": ["63000026000000123-01"], "damaged": [], "extra": []}}
}


@router.post("/{parcel_id}/scan", summary="扫描接收", response_model=ScanOut)
async def scan_parcel(
    parcel_id: ParcelId,
    body: Annotated[ScanIn, Body(openapi_examples=_SCANS)],
    once: OncePerKey,
    scope: Granted,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """拆袋逐件扫描，与清单比对。缺件、多件、破损成为差异，两端都能看到、意见一致才了结；
    须凭纸质材料办理的，材料到齐即视为办理地收到。"""
    done = await scanning.scan_parcel(
        once.session,
        parcel_id,
        Found(body.found, body.damaged, body.extra),
        scope=scope,
        if_match=if_match,
        at=now,
    )
    await parcels_told.mirror_parcel(once.session, done.row, once.content, at=now)
    rows = await queries.discrepancies(once.session, parcel_id)
    out = ScanOut(
        **_plain(done.row),
        found=[UUID(each) for each in done.scan.found],
        missing=[UUID(each) for each in done.scan.missing],
        damaged=[UUID(each) for each in done.scan.damaged],
        extra=len(done.scan.extra),
        discrepancies=[DiscrepancyOut.of(each) for each in rows],
    )
    return await once.reply(200, out, {"ETag": etags.of_version(done.row.version)})


class SettlementIn(BaseModel):
    settlement: Settlement = Field(
        description="缺件：turned_up 随后找到、never_sent 未装入、lost 确认遗失；多件：kept 留用、"
        "sent_back 退回；破损：accepted 可用、replaced 补制、sent_back 退回"
    )
    end: Literal["sender", "receiver"] | None = Field(
        default=None, description="代表哪一端；只管一端的不必填"
    )


@router.post(
    "/{parcel_id}/discrepancies/{discrepancy_id}/settlement",
    summary="对差异表示意见",
    response_model=DiscrepancyOut,
)
async def settle_discrepancy(
    parcel_id: ParcelId,
    discrepancy_id: Annotated[
        UUID, Path(description="差异编号", examples=["01990000-0000-7000-8000-000000000001"])
    ],
    body: SettlementIn,
    once: OncePerKey,
    scope: Granted,
    now: Now,
) -> Response:
    """寄出地和接收地意见一致即了结，原件去向随之变动；全部了结后本袋关闭。"""
    row = await scanning.settle(
        once.session,
        parcel_id,
        discrepancy_id,
        body.settlement,
        end=End(body.end) if body.end else None,
        scope=scope,
        at=now,
    )
    await parcels_told.mirror_settlement(once.session, row, once.content, at=now)
    return await once.reply(200, DiscrepancyOut.of(row))


class AstrayIn(BaseModel):
    note: str | None = Field(default=None, max_length=500, description="情况说明")


@router.post("/{parcel_id}/return", summary="退回寄出地", response_model=ParcelOut)
async def return_parcel(
    parcel_id: ParcelId,
    once: OncePerKey,
    scope: Granted,
    now: Now,
    body: AstrayIn = AstrayIn(),
    if_match: IfMatch = None,
) -> Response:
    """拒收、误投或无人签收，原袋退回；两端和申请人都会得知。"""
    row = await actions.go_astray(
        once.session,
        parcel_id,
        Deed.TURN_BACK,
        note=body.note,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


@router.post("/{parcel_id}/taking-back", summary="寄出地收回退件", response_model=ParcelOut)
async def take_back_parcel(
    parcel_id: ParcelId,
    once: OncePerKey,
    scope: Granted,
    now: Now,
    body: AstrayIn = AstrayIn(),
    if_match: IfMatch = None,
) -> Response:
    """退件回到寄出地，原件重新由寄出地持有。"""
    row = await actions.go_astray(
        once.session,
        parcel_id,
        Deed.TAKE_BACK,
        note=body.note,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


@router.post("/{parcel_id}/loss", summary="登记下落不明", response_model=ParcelOut)
async def lose_parcel(
    parcel_id: ParcelId,
    once: OncePerKey,
    scope: Granted,
    now: Now,
    body: AstrayIn = AstrayIn(),
    if_match: IfMatch = None,
) -> Response:
    """两端和申请人都会得知；各办件当时的期限情况一并记下，期限不因此停止。"""
    row = await actions.go_astray(
        once.session,
        parcel_id,
        Deed.LOSE,
        note=body.note,
        scope=scope,
        if_match=if_match,
        at=now,
    )
    return await _reply(once, row)


@router.post("/{parcel_id}/finding", summary="登记找回", response_model=ParcelOut)
async def find_parcel(
    parcel_id: ParcelId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """重新在途。"""
    row = await actions.find_parcel(once.session, parcel_id, scope=scope, if_match=if_match, at=now)
    return await _reply(once, row)


@router.post("/{parcel_id}/closing", summary="关闭", response_model=ParcelOut)
async def close_parcel(
    parcel_id: ParcelId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """退回或确认遗失的袋由人关闭；扫描接收的袋在差异全部了结后自行关闭。"""
    row = await scanning.close_parcel(
        once.session, parcel_id, scope=scope, if_match=if_match, at=now
    )
    return await _reply(once, row)
