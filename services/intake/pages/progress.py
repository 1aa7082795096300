"""The page behind the QR code of a receipt: steps and dates, what is asked of whom; no name."""

import base64
import hashlib
from datetime import date, datetime
from html import escape
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse

from services.intake.actions import reading
from services.intake.actions.reading import Progress
from services.intake.domain.cases import Delivery, Status
from services.intake.domain.progress import Step
from services.intake.grants import GRANTS
from services.intake.queries.catalogue import Catalogue
from shared.clock import local_date
from shared.db.transactions import Reading
from shared.errors import NotFoundError
from shared.http.routes import granted_route


async def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


ItemCatalogue = Annotated[Catalogue, Depends(_catalogue)]

router = APIRouter(prefix="/progress", tags=["进度"], route_class=granted_route(GRANTS))

_STYLE = """
body{font:17px/1.7 "Noto Sans CJK SC","Microsoft YaHei","PingFang SC",sans-serif;margin:0;
 color:#1d2733;background:#f4f6f8}
header{background:#1f4e79;color:#fff;padding:1.2rem 6vw}
h1{margin:0;font-size:1.3rem} header p{margin:.2rem 0 0;opacity:.9}
main{max-width:42rem;margin:0 auto;padding:1.2rem 6vw}
section{background:#fff;border:1px solid #d9e0e7;border-radius:8px;padding:1rem 1.2rem;
 margin-bottom:1rem}
.now{font-size:1.35rem;font-weight:bold;color:#1f4e79;margin:0}
.asked{border-color:#c77700;background:#fff8ec}
h2{font-size:1.05rem;margin:0 0 .5rem} p{margin:.2rem 0}
ol{list-style:none;margin:0;padding:0}
li{border-left:3px solid #1f4e79;padding:.1rem 0 .7rem .9rem}
li:last-child{padding-bottom:0} time,.place{color:#5b6875;font-size:.92rem}
footer{max-width:42rem;margin:0 auto;padding:0 6vw 2rem;color:#5b6875;font-size:.9rem}
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    # The address opens the page, so it is handed to nobody and kept nowhere.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = (
    '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>办理进度</title>\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    "<style>{style}</style></head><body>\n<header><h1>办理进度</h1><p>{lead}</p></header>\n"
    "<main>{main}</main>\n<footer>{foot}</footer></body></html>"
)
_FOOT = (
    "本页不显示姓名、证件号码等个人信息。查询码相当于查询凭据，请勿转给他人。"
    "收件不等于受理；期限和结果以办理机关的书面文书为准。"
)
_UNKNOWN = (
    "<section><p>没有找到这个查询码的办件。"
    "请核对收件凭证上的查询码，或者到收件窗口查询。</p></section>"
)


@router.get(
    "/{tracking_code}",
    summary="办理进度网页",
    response_class=HTMLResponse,
    responses={404: {"description": "没有这个查询码的办件", "content": {"text/html": {}}}},
)
async def show_progress(
    tracking_code: Annotated[
        str,
        Path(
            max_length=40,
            description="收件凭证上的查询码；连字符、大小写不限",
            examples=["7K3PQ-0ZV4M-XT8RA-52CDE"],
        ),
    ],
    session: Reading,
    catalogue: ItemCatalogue,
) -> HTMLResponse:
    """收件凭证上的二维码指向本页。无需登录，不含个人信息，不引用任何外部资源。"""
    try:
        progress = await reading.read_progress(session, tracking_code, catalogue)
    except NotFoundError:
        return _page("通办", _UNKNOWN, 404)
    return _page(progress.item.name, _main(progress))


def _page(lead: str, main: str, status: int = 200) -> HTMLResponse:
    page = _PAGE.format(style=_STYLE, lead=escape(lead), main=main, foot=_FOOT)
    return HTMLResponse(page, status, _HEADERS)


def _main(progress: Progress) -> str:
    case, asked = progress.case, progress.request
    now = [f'<p class="now">{Status(case.status).zh}</p>']
    now.append(f"<p>收件日期：{_day(case.received_at)}</p>")
    if case.due_on and not case.decided_at:
        certain = "（当年放假安排尚未公布，可能调整）" if case.due_provisional else ""
        now.append(f"<p>办理期限：{_day(case.due_on)}以前{certain}</p>")
    if case.delivery_status:
        now.append(f"<p>结果送达：{Delivery(case.delivery_status).zh}</p>")
    parts = [f"<section>{''.join(now)}</section>"]
    if asked:
        until = f"，最迟{_day(asked.until)}" if asked.until else ""
        parts.append(
            f'<section class="asked"><h2>请您</h2><p>{escape(asked.text.zh)}{until}</p></section>'
        )
    steps = "".join(_step(step) for step in reversed(progress.steps))
    parts.append(f"<section><h2>办理过程</h2><ol>{steps}</ol></section>")
    return "\n".join(parts)


def _step(step: Step) -> str:
    place = f'<br><span class="place">{escape(step.place)}</span>' if step.place else ""
    until = f"（{_day(step.until)}以前）" if step.until else ""
    return f"<li>{escape(step.title.zh)}{until}<br><time>{_day(step.at)}</time>{place}</li>"


def _day(day: date | datetime) -> str:
    local = local_date(day) if isinstance(day, datetime) else day
    return f"{local.year}年{local.month}月{local.day}日"
