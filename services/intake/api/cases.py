"""Cases as the window sees them: its to-do, a search, one case."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field, StrictInt

from services.intake.actions import reading
from services.intake.actions.reading import Line, Look, Sought
from services.intake.api.counters import ItemCatalogue
from services.intake.api.examples import SEARCHES
from services.intake.api.paths import CaseNumber
from services.intake.api.views import CaseLine, CaseOut, case_out
from services.intake.domain.cases import Actor, Light, Status
from services.intake.domain.words import Mode
from services.intake.grants import GRANTS
from services.intake.queries.cases import Wanted
from shared.clock import SHANGHAI, Now
from shared.db.transactions import Reading, Transaction
from shared.http import etags, pages
from shared.http.pages import After, Limit
from shared.http.routes import Granted, granted_route

router = APIRouter(prefix="/v1/cases", tags=["办件"], route_class=granted_route(GRANTS))


class CasesOut(BaseModel):
    cases: list[CaseLine]
    next: str | None = Field(description="下一页的 after；没有更多时为 null")


class SearchIn(BaseModel):
    """编号、姓名、证件号码、电话至少填一项；填多项时须全部符合。个人信息只放在内容里，不放在网址里。"""

    case_number: str | None = Field(default=None, max_length=50, description="办件编号")
    name: str | None = Field(default=None, max_length=200, description="申请人姓名或名称，全名")
    id_number: str | None = Field(default=None, max_length=50, description="证件号码")
    phone: str | None = Field(default=None, max_length=30, description="联系电话")
    status: list[Status] = Field(default=[], max_length=20, description="只看这些状态，可空")
    light: list[Light] = Field(default=[], max_length=10, description="只看这些时限灯色，可空")
    received_from: date | None = Field(default=None, description="收件日期，从这天起")
    received_to: date | None = Field(default=None, description="收件日期，到这天止")
    after: str | None = Field(default=None, max_length=500, description="上一页答复中的 next")
    limit: StrictInt = Field(default=50, ge=1, le=200, description="每页条数，最多 200")


@router.get("", summary="办件列表与窗口待办")
async def list_cases(
    session: Reading,
    scope: Granted,
    catalogue: ItemCatalogue,
    next_actor: Annotated[
        Actor | None, Query(description="轮到谁；receiving 即窗口待办", examples=["receiving"])
    ] = None,
    status: Annotated[
        list[Status] | None, Query(max_length=20, description="办件状态，可多个")
    ] = None,
    item_code: Annotated[str | None, Query(max_length=50, description="事项编码")] = None,
    mode: Annotated[Mode | None, Query(description="通办模式")] = None,
    light: Annotated[
        list[Light] | None,
        Query(max_length=10, description="时限灯色，可多个；没有期限在走的办件没有灯色"),
    ] = None,
    received_from: Annotated[date | None, Query(description="收件日期，从这天起")] = None,
    received_to: Annotated[date | None, Query(description="收件日期，到这天止")] = None,
    after: After = None,
    limit: Limit = 50,
) -> CasesOut:
    """本窗口（上级为辖区）的办件，新的在前。不含身份证号等个人信息，姓名已遮盖。"""
    wanted = Wanted(
        next_actor=next_actor,
        statuses=status or (),
        item_code=item_code,
        mode=mode,
        lights=light or (),
        received_from=_start_of(received_from),
        received_before=_end_of(received_to),
    )
    lines = await reading.list_cases(
        session,
        scope,
        wanted,
        catalogue=catalogue,
        after=pages.position(after, datetime.fromisoformat, str),
        limit=limit,
    )
    return _page(lines, limit)


@router.post("/search", summary="查找办件：编号、姓名、证件号码、电话")
async def search_cases(
    search: Annotated[SearchIn, Body(openapi_examples=SEARCHES)],
    session: Transaction,
    scope: Granted,
    catalogue: ItemCatalogue,
    now: Now,
) -> CasesOut:
    """按全值查找（不支持部分匹配）。每次查找都记入审计。"""
    sought = Sought(
        case_number=search.case_number,
        name=search.name,
        id_number=search.id_number,
        phone=search.phone,
    )
    lines = await reading.search_cases(
        session,
        scope,
        sought,
        Wanted(
            statuses=search.status,
            lights=search.light,
            received_from=_start_of(search.received_from),
            received_before=_end_of(search.received_to),
        ),
        catalogue=catalogue,
        after=pages.position(search.after, datetime.fromisoformat, str),
        limit=search.limit,
        at=now,
    )
    return _page(lines, search.limit)


@router.get("/{case_number}", response_model=CaseOut, summary="一个办件")
async def read_case(
    case_number: CaseNumber,
    request: Request,
    session: Transaction,
    scope: Granted,
    catalogue: ItemCatalogue,
    now: Now,
    unmask: Annotated[
        bool, Query(description="显示完整个人信息；须同时说明用途，并记入审计")
    ] = False,
    purpose: Annotated[
        str | None, Query(max_length=100, description="用途", examples=["核对收件信息"])
    ] = None,
) -> Response:
    """办件的进展、材料、原件、告知与时限。个人信息默认遮盖。

    答复带 `ETag`；再次读取时用 `If-None-Match`，没有变化则答复 304。
    """
    view = await reading.read_case(
        session,
        case_number,
        scope=scope,
        look=Look(unmask, purpose),
        catalogue=catalogue,
        at=now,
    )
    return _tagged(request, view.case.version, case_out(view))


def _tagged(request: Request, version: int, out: BaseModel) -> Response:
    tag = etags.of_version(version)
    if etags.matches(etags.if_none_match(request), tag):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(out.model_dump_json(), headers={"ETag": tag}, media_type="application/json")


def _page(lines: Sequence[Line], limit: int) -> CasesOut:
    page, more = pages.cut(lines, limit)
    last: Any = page[-1].row if more else None
    return CasesOut(
        cases=[CaseLine.of(line) for line in page],
        next=pages.cursor(last.received_at.isoformat(), last.case_number) if more else None,
    )


def _start_of(day: date | None) -> datetime | None:
    return datetime.combine(_known(day), time.min, SHANGHAI) if day else None


def _end_of(day: date | None) -> datetime | None:
    return datetime.combine(_known(day), time.max, SHANGHAI) if day else None


def _known(day: date) -> date:
    """No case is older or younger; and days at the ends of the calendar have no instant in UTC."""
    return min(max(day, date(1900, 1, 1)), date(9000, 1, 1))
