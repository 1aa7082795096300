"""An office's queue: polled, claimed from."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field, StrictInt

from services.routing.actions.claiming import Claim, Claims
from services.routing.api.shortcuts import CACHING
from services.routing.domain.handoffs import Status
from services.routing.domain.leases import LEASE
from services.routing.grants import GRANTS
from services.routing.models import HandoffRow
from services.routing.queries import queues
from services.routing.queries.handoffs import Queued
from services.routing.queries.polls import Poll
from shared.clock import Now
from shared.db.transactions import Reading
from shared.http import etags, pages
from shared.http.idempotency import Along, Once, OnceAlongPerKey
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route
from shared.means import Origin

router = APIRouter(prefix="/v1/queues", tags=["待办队列"], route_class=granted_route(GRANTS))

Location = Annotated[str, Path(max_length=50, description="办理地代码", examples=["620102-RS"])]


class ClockOut(BaseModel):
    state: str = Field(description="not_started 未起算、running 计时、suspended 暂停、stopped 停止")
    due_on: date | None = Field(description="到期日")
    provisional: bool = Field(default=False, description="跨入未公布放假安排的年度，为暂定日期")
    light: str = Field(description="green 正常、yellow 过半、red 将到期、missed 超期")


class QueuedHandoff(BaseModel):
    id: UUID
    case_number: str = Field(description="办件编号")
    item_code: str
    item_name: str
    mode: str
    step: str
    step_name: str
    status: Status = Field(description="法律状态")
    clock: ClockOut
    held: bool = Field(description="是否有人在办")
    holder: str | None = Field(description="经办人")
    lease_until: datetime | None = Field(description="占用到何时；已开始办理的不设期限")
    green_lane: bool = Field(description="绿色通道（老年人、残疾人）")
    received_at: datetime = Field(description="窗口收件时间")
    version: int

    @classmethod
    def of(cls, row: Queued) -> "QueuedHandoff":
        return cls(
            id=row.id,
            case_number=row.case_number,
            item_code=row.item_code,
            item_name=row.item_name,
            mode=row.mode,
            step=row.step,
            step_name=row.step_name,
            status=Status(row.status),
            clock=clock_out(row),
            held=row.holder is not None,
            holder=row.holder_name,
            lease_until=row.lease_until,
            green_lane=row.lane_rank == 0,
            received_at=row.window_received_at,
            version=row.version,
        )


def clock_out(row: HandoffRow | Queued) -> ClockOut:
    return ClockOut(
        state=row.clock_state,
        due_on=row.due_on,
        provisional=row.due_provisional,
        light=row.light,
    )


class QueuePage(BaseModel):
    handoffs: list[QueuedHandoff]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


@router.get(
    "/{location}/handoffs",
    summary="轮询本地点的待办",
    response_model=QueuePage,
    responses={304: {"description": "没有变化"}},
)
async def poll_queue(
    location: Location,
    request: Request,
    scope: Granted,
    now: Now,
    status: Annotated[Status | None, Query(description="只看某一状态")] = None,
    free: Annotated[bool | None, Query(description="true 只看无人办理的")] = None,
    wait: Annotated[float, Query(ge=0, le=30, description="没有新内容时最多等几秒")] = 0,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """按灯色、绿色通道、等待时间排序。

    带 If-None-Match 轮询：没有变化答复 304；带 wait 则最多等待所给秒数，一有变化立即答复。
    """
    poll = Poll(location, status.value if status else None, free, after, limit)
    tag, page = await queues.poll(
        request.app.state,
        poll,
        lambda rows: _page(rows, limit),
        scope=scope,
        seen=etags.if_none_match(request),
        wait=wait,
        at=now,
    )
    if not wait:
        request.app.state.shortcut.learn(request, poll)
    headers = {"ETag": tag, "Cache-Control": CACHING}
    if page is None:
        return Response(status_code=304, headers=headers)
    return Response(page.body, media_type="application/json", headers=headers)


def _page(rows: Sequence[Queued], limit: int) -> bytes:
    page, more = pages.cut(rows, limit)
    following = pages.cursor(*queues.key_of(page[-1])) if more else None
    out = QueuePage(handoffs=[QueuedHandoff.of(row) for row in page], next=following)
    return out.model_dump_json().encode()


class ClaimIn(BaseModel):
    limit: StrictInt = Field(default=1, ge=1, le=50, description="一次领取几件", examples=[1])


class ClaimsOut(BaseModel):
    handoffs: list[QueuedHandoff]
    lease_until: datetime = Field(description="在此之前未开始办理则自动退回")


@router.post("/{location}/claims", summary="领取待办", response_model=ClaimsOut)
async def claim_handoffs(
    location: Location,
    body: ClaimIn,
    request: Request,
    once: OnceAlongPerKey,
    scope: Granted,
) -> Response:
    """按队列顺序领取，两人不会领到同一件；没有待办时答复空列表。

    领取后 15 分钟内办理，期间的操作自动续期。
    """
    state = request.app.state
    await queues.require_own(state, location, scope=scope)
    along = await once.effect(
        lambda: claim(state, once, request.state.origin, location, body.limit)
    )
    return along.response


async def claim(state: Any, once: Once, by: Origin, location: str, limit: int) -> Along:
    desk: Claims = state.claims

    def answer(rows: Sequence[Queued]) -> Along:
        handoffs = [QueuedHandoff.of(row) for row in rows]
        return once.along(200, ClaimsOut(handoffs=handoffs, lease_until=once.at + LEASE))

    return await desk.take(location, Claim(by, limit, once.at, answer))


class LightCounts(BaseModel):
    """按灯色的件数。"""

    missed: int = Field(description="已超期")
    red: int = Field(description="将到期")
    yellow: int = Field(description="过半")
    green: int = Field(description="正常")


class CountsOut(BaseModel):
    location: str
    open: LightCounts = Field(description="在办的")
    free: LightCounts = Field(description="其中无人办理、可以领取的")

    @classmethod
    def of(cls, counts: queues.Counts) -> "CountsOut":
        return cls(
            location=counts.location,
            open=LightCounts(**{light.value: n for light, n in counts.open.items()}),
            free=LightCounts(**{light.value: n for light, n in counts.free.items()}),
        )


@router.get("/{location}/counts", summary="按灯色统计待办")
async def count_queue(location: Location, request: Request, scope: Granted) -> CountsOut:
    """一次取得；队列没有变化时不查数据库。"""
    return CountsOut.of(await queues.counts(request.app.state, location, scope=scope))


class CountsPage(BaseModel):
    queues: list[CountsOut]
    next: str | None = Field(description="下一页的 after；没有更多时为 null")


@router.get("", summary="所辖各地点的待办统计（科长）")
async def count_queues(
    session: Reading, scope: Granted, after: After = None, limit: Limit = 200
) -> CountsPage:
    """本地点和所辖区划内每个有在办件的地点，按地点编码排序。"""
    found, following = await queues.counts_below(session, scope=scope, after=after, limit=limit)
    return CountsPage(queues=[CountsOut.of(each) for each in found], next=following)
