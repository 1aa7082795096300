"""Sealed bags with papers of many cases: opened, filled, sealed, handed over."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, Field, StrictBool

from services.routing.actions import parcels as actions
from services.routing.api.custody import LedgerOut, with_ledgers
from services.routing.api.parcel_views import (
    DeedOut,
    DiscrepancyOut,
    LineOut,
    ParcelDetail,
    ParcelId,
    ParcelOut,
    ParcelsOut,
    Typed,
    facts_of,
    reply,
)
from services.routing.domain.parcels import State
from services.routing.grants import GRANTS
from services.routing.queries import custody
from services.routing.queries import parcels as queries
from services.routing.queries.parcels import Direction
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http import etags
from shared.http.etags import IfMatch
from shared.http.idempotency import OncePerKey, OnceRequired
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1/parcels", tags=["材料流转"], route_class=granted_route(GRANTS))


class ParcelIn(BaseModel):
    sender: str = Field(alias="from", max_length=50, description="寄出地", examples=["630104-C1"])
    receiver: str = Field(alias="to", max_length=50, description="接收地", examples=["620102-CL"])
    originals: list[Typed] = Field(
        default_factory=list, max_length=actions.MOST, description="原件标签或编号，可以先不填"
    )
    transit: StrictBool = Field(
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
    return await reply(once, row, 201)


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
        **facts_of(found.row),
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
    return await reply(once, row)


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
    return await reply(once, row)


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
    return await reply(once, row)


@router.post("/{parcel_id}/unsealing", summary="拆封", response_model=ParcelOut)
async def unseal_parcel(
    parcel_id: ParcelId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """交寄之前发现装错，拆开重装。"""
    row = await actions.unseal_parcel(
        once.session, parcel_id, scope=scope, if_match=if_match, at=now
    )
    return await reply(once, row)


@router.post("/{parcel_id}/discarding", summary="作废空袋", response_model=ParcelOut)
async def discard_parcel(
    parcel_id: ParcelId, once: OncePerKey, scope: Granted, now: Now, if_match: IfMatch = None
) -> Response:
    """开了没有用的袋。"""
    row = await actions.discard_parcel(
        once.session, parcel_id, scope=scope, if_match=if_match, at=now
    )
    return await reply(once, row)


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
    return await reply(once, row)
