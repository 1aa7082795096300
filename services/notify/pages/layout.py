"""One page for people: no script, nothing from elsewhere, nothing kept by who stands between."""

import base64
import hashlib
from html import escape

from fastapi.responses import HTMLResponse

_STYLE = """
 body{font:17px/1.8 "Noto Sans CJK SC","Microsoft YaHei","PingFang SC",sans-serif;
  margin:0;color:#1d2733;background:#f4f6f8}
 main{max-width:34rem;margin:0 auto;padding:1.5rem 1.2rem 3rem}
 h1{font-size:1.35rem;color:#1f4e79} section{background:#fff;border:1px solid #d9e0e7;
  border-radius:8px;padding:1.1rem 1.3rem}
 dt{color:#5b6875;font-size:.9rem} dd{margin:0 0 .8rem;overflow-wrap:anywhere}
 button{font:inherit;width:100%;padding:.8rem;border:0;border-radius:8px;
  background:#1f4e79;color:#fff;cursor:pointer}
 p.small{color:#5b6875;font-size:.9rem}
"""

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><style>{style}</style></head>
<body><main><h1>{title}</h1><section>{content}</section>
<p class="small">跨省通办 · 送达通知。本页不显示姓名和证件号码；请勿把链接转给他人。</p>
</main></body></html>"""

_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page(title: str, content: str, *, status: int = 200) -> HTMLResponse:
    """`content` is HTML already; what comes from anybody goes through `said` first."""
    text = _PAGE.format(title=escape(title), style=_STYLE, content=content)
    return HTMLResponse(text, status_code=status, headers=_HEADERS)


def said(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def listed(rows: list[tuple[str, str | None]]) -> str:
    """What is empty is left out."""
    shown = (f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows if text)
    return f"<dl>{''.join(shown)}</dl>"
