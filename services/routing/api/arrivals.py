"""Sealed bags at the far end and astray: scanned, settled, returned, lost, found, closed."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, Field

from services.routing.actions import parcels as actions
from services.routing.actions import parcels_told, scanning
from services.routing.actions.scanning import Found
from services.routing.api.parcel_views import (
    DiscrepancyOut,
    ParcelId,
    ParcelOut,
    ScanOut,
    Typed,
    facts_of,
    reply,
)
from services.routing.domain.discrepancies import Settlement
from services.routing.domain.parcels import Deed, End
from services.routing.grants import GRANTS
from services.routing.queries import parcels as queries
from shared.clock import Now
from shared.http import etags
from shared.http.etags import IfMatch
from shared.http.idempotency import OncePerKey
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1/parcels", tags=["材料流转"], route_class=granted_route(GRANTS))


@router.post("/{parcel_id}/arrival", summary="登记到达", response_model=ParcelOut)
async def arrive_parcel(
    parcel_id: ParcelId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """已送到、尚未拆开；不登记到达也可以直接扫描接收。"""
    row = await actions.arrive_parcel(
        once.session, parcel_id, scope=scope, if_match=if_match, at=now
    )
    return await reply(once, row)


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
        **facts_of(done.row),
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
    return await reply(once, row)


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
    return await reply(once, row)


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
    return await reply(once, row)


@router.post("/{parcel_id}/finding", summary="登记找回", response_model=ParcelOut)
async def find_parcel(
    parcel_id: ParcelId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """重新在途。"""
    row = await actions.find_parcel(once.session, parcel_id, scope=scope, if_match=if_match, at=now)
    return await reply(once, row)


@router.post("/{parcel_id}/closing", summary="关闭", response_model=ParcelOut)
async def close_parcel(
    parcel_id: ParcelId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """退回或确认遗失的袋由人关闭；扫描接收的袋在差异全部了结后自行关闭。"""
    row = await scanning.close_parcel(
        once.session, parcel_id, scope=scope, if_match=if_match, at=now
    )
    return await reply(once, row)
