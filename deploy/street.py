"""The three houses behind one origin, as a gateway would put them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import problems

_STYLE = """
 body{font:16px/1.7 "Noto Sans CJK SC","Microsoft YaHei","PingFang SC",sans-serif;
  margin:0;color:#1d2733;background:#f4f6f8}
 header{background:#1f4e79;color:#fff;padding:2.2rem 8vw}
 header p{margin:.3rem 0 0;opacity:.9}
 main{padding:2rem 8vw;display:grid;gap:1.2rem;
  grid-template-columns:repeat(auto-fit,minmax(17rem,1fr))}
 main>.wide{grid-column:1/-1}
 section{background:#fff;border:1px solid #d9e0e7;border-radius:8px;padding:1.2rem 1.4rem}
 h1{margin:0;font-size:1.7rem} h2{margin:0 0 .4rem;font-size:1.15rem}
 a{color:#1f4e79;white-space:nowrap}
 code{background:#eef2f6;padding:.1rem .35rem;border-radius:4px;font-size:.9em;
  overflow-wrap:anywhere}
 footer{padding:0 8vw 2rem;color:#5b6875;font-size:.9rem}
"""

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>通办 Tongban</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style></head><body>
<header><h1>通办 Tongban</h1>
<p>跨省通办：人在哪里，就在哪里交；事归哪里，就由哪里办；办完寄回来，或者网上取。</p></header>
<main>{houses}
<section class="wide"><h2>令牌</h2><p>在本机取一个试用令牌：</p>
<p><code>make token ROLE=clerk LOCATION={example}</code></p>
<p>粘贴到接口页面右上角的 Authorize。</p></section></main>
<footer>示例安装：名录、协议与电话均为示例，请勿录入真实个人信息。</footer>
</body></html>"""

_HOUSE = """<section><h2>{title}</h2><p>{about}</p>
<p><a href="/{house}/docs">接口页面（OpenAPI）</a> · <a href="/{house}/redoc">只读文档</a> ·
<a href="/{house}/readyz">就绪状态</a></p></section>"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Street:
    """`apps` by the first part of the path; their lifespans are entered here, since a parent's
    server would not enter those of applications it merely calls."""

    def __init__(self, apps: Mapping[str, FastAPI], *, example_location: str) -> None:
        self._apps = apps
        houses = "".join(
            _HOUSE.format(house=house, title=app.title, about=app.description.partition("\n")[0])
            for house, app in apps.items()
        )
        page = _PAGE.format(style=_STYLE, houses=houses, example=example_location)
        self._landing = HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})
        self._front = FastAPI(lifespan=self._lifespan, openapi_url=None)

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in self._apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    def close(self) -> None:
        """Let waiting polls answer."""
        for app in self._apps.values():
            app.state.closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door(scope)(scope, receive, send)

    def _door(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self._front
        path: str = scope["path"]
        if path == "/":
            return self._landing
        app = self._apps.get(path.split("/", 2)[1])
        return app or Response(problems.plain_document(404), 404, media_type=problems.MEDIA_TYPE)
