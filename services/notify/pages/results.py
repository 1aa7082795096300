"""The electronic result for people. The link in a message leads here: messengers fetch links before
anybody has read them, so that looking opens nothing; only the button does."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from services.notify.actions import results
from services.notify.actions.results import Seen
from services.notify.grants import GRANTS
from services.notify.pages.layout import listed, page, said
from shared.clock import Now
from shared.db.transactions import Reading, Transaction
from shared.errors import GoneError, NotFoundError
from shared.http.routes import granted_route

router = APIRouter(prefix="/results", tags=["电子结果"], route_class=granted_route(GRANTS))

Code = Annotated[
    str,
    Path(max_length=200, description="链接中的查询码", examples=["AAAAAAAAAAAAAAAAAAAAAAAAAAAA"]),
]

_TITLE = "办理结果"
_BUTTON = '<form method="post"><button type="submit">查看办理结果</button></form>'
_HTML: dict[int | str, dict[str, Any]] = {
    404: {"description": "链接有误"},
    410: {"description": "链接已过期或已停用"},
}


@router.get("/{code}", summary="电子结果页面", response_class=HTMLResponse, responses=_HTML)
async def show_result_page(code: Code, session: Reading, now: Now) -> HTMLResponse:
    """短信里的链接打开这一页。只显示“查看”按钮，不算送达：聊天软件会预先抓取链接。"""
    try:
        until = await results.waiting_until(session, code, at=now)
    except (NotFoundError, GoneError) as error:
        return _refused(error)
    return page(_TITLE, said("您有一份电子办理结果。") + _BUTTON + said(_note(until)))


@router.post("/{code}", summary="打开电子结果", response_class=HTMLResponse, responses=_HTML)
async def open_result_page(code: Code, session: Transaction, now: Now) -> HTMLResponse:
    """按下“查看”按钮：显示结果，首次打开即为送达，记下时间并留存凭证。"""
    try:
        seen = await results.open_result(session, code, at=now)
    except (NotFoundError, GoneError) as error:
        return _refused(error)
    return page(_TITLE, _shown(seen))


def _note(until: date) -> str:
    return f"点击按钮后即视为收到。此链接可查看到{until.year}年{until.month}月{until.day}日。"


def _shown(seen: Seen) -> str:
    on, certificate = seen.decided_on, seen.certificate
    return listed(
        [
            ("办件编号", seen.case_number),
            ("事项", seen.item_name),
            ("结果", seen.result_zh),
            ("决定机关", seen.authority),
            ("决定日期", f"{on.year}年{on.month}月{on.day}日"),
            ("证照或文书", certificate.name if certificate else None),
            ("编号", certificate.number if certificate else None),
            ("理由", seen.opinion),
            ("救济途径", seen.remedies),
        ]
    ) + said(_until(seen.available_until))


def _until(day: date) -> str:
    return f"此链接可再次查看到{day.year}年{day.month}月{day.day}日。"


def _refused(error: NotFoundError | GoneError) -> HTMLResponse:
    if isinstance(error, GoneError):
        return page("链接不能打开", said(error.message_zh), status=410)
    return page(
        "链接不能打开",
        said("链接有误或不完整，请核对短信；也可到收件窗口取得新的链接。"),
        status=404,
    )
