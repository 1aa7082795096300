"""What the check says of an endpoint that conforms, and of those that do not."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy import partner_check
from deploy.simulators.doors import serving
from shared.clock import utc_now
from shared.webhooks import signing
from shared.webhooks.refusals import WebhookRefusedError

KEY = bytes(range(32))
TAMPERINGS = 21
Receive = Callable[[Request], Awaitable[Response]]


@asynccontextmanager
async def endpoint(receive: Receive) -> AsyncIterator[str]:
    async with serving(Starlette(routes=[Route("/hook", receive, methods=["POST"])])) as url:
        yield f"{url}/hook"


async def conforming(request: Request) -> Response:
    body = await request.body()
    try:
        signing.verify([KEY], request.headers, body, now=utc_now())
    except WebhookRefusedError as refused:
        return JSONResponse({"reason": refused.reason.value}, 401)
    challenge = json.loads(body)["data"].get("challenge")
    return JSONResponse({"challenge": challenge} if challenge else {}, 202)


async def credulous(request: Request) -> Response:
    document = json.loads(await request.body() or b"{}")
    return JSONResponse({"challenge": document.get("data", {}).get("challenge")})


async def elsewhere(request: Request) -> Response:
    return RedirectResponse("/other")


async def failing(url: str, key: bytes = KEY) -> list[str]:
    return [each.zh for each in await partner_check.check(url, key) if not each.conforms]


async def test_an_endpoint_that_verifies_conforms_in_everything() -> None:
    async with endpoint(conforming) as url:
        found = await partner_check.check(url, KEY)
    assert [each for each in found if not each.conforms] == []
    assert sum(each.zh.startswith("拒绝") for each in found) == TAMPERINGS > 20
    assert list(partner_check.lines(found))[-1] == "partner-check: 28 of 28 conform"


async def test_one_that_believes_everything_is_told_each_tampering_that_it_took() -> None:
    async with endpoint(credulous) as url:
        found = await failing(url)
    # Only what is no JSON at all was refused, with a 500, which is no refusal either.
    assert len(found) == TAMPERINGS


async def test_one_with_another_secret_takes_nothing() -> None:
    async with endpoint(conforming) as url:
        found = await failing(url, bytes(range(1, 33)))
    assert len(found) == 7


async def test_one_that_sends_elsewhere_is_told_to_give_the_last_address() -> None:
    async with endpoint(elsewhere) as url:
        found = await partner_check.check(url, KEY)
    assert not found[0].conforms
    assert "不会跟随转向" in found[0].detail


async def test_where_nobody_answers_only_that_is_said() -> None:
    found = await partner_check.check("http://127.0.0.1:1/hook", KEY)
    assert [each.conforms for each in found] == [False]
    assert "没有答复" in found[0].detail
