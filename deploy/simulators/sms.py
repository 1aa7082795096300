"""An SMS gateway as a real HTTP server: sends once per id, reports, misbehaves as it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field

from deploy.simulators.chores import Chores
from deploy.simulators.doors import Guard
from deploy.simulators.faults import Faults, FaultsIn, answer, said
from deploy.simulators.pushing import Pusher, Subscription
from shared.clock import Clock, utc_now


class MessageIn(BaseModel):
    request_id: str = Field(min_length=1)
    mobile: str = Field(pattern=r"^1[0-9]{10}$")
    content: str = Field(min_length=1, max_length=500)
    template: str = ""
    params: dict[str, str] = Field(default_factory=dict)


class ReportIn(BaseModel):
    request_id: str
    stat: str = "DELIVRD"


@dataclass
class Sent:
    sid: str
    message: MessageIn
    asked: int = 1


class Gateway:
    """What one running simulator knows."""

    def __init__(self, pusher: Pusher, chores: Chores, *, reports_by_itself: bool) -> None:
        self.sent: dict[str, Sent] = {}
        self.requests: list[str] = []
        self.faults = Faults()
        self.pusher = pusher
        self._chores = chores
        self._reports_by_itself = reports_by_itself

    def send(self, message: MessageIn) -> Response:
        known = self.sent.get(message.request_id)
        if known is not None:
            known.asked += 1
            return said("DUPLICATE", "请求号已受理", status=409)
        sent = Sent(f"S{len(self.sent) + 1:08d}", message)
        self.sent[message.request_id] = sent
        if self._reports_by_itself:
            self._chores.add(self.report(sent, "DELIVRD"))
        return said("0", sid=sent.sid)

    async def report(self, sent: Sent, stat: str) -> None:
        report = {"request_id": sent.message.request_id, "sid": sent.sid, "stat": stat}
        await self.pusher.push(sent.sid, {"reports": [report]}, events=1)


def the_gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


At = Annotated[Gateway, Depends(the_gateway)]
face = APIRouter()
admin = APIRouter(prefix="/admin")


@face.post("/messages")
async def send(message: MessageIn, gateway: At) -> Response:
    gateway.requests.append(message.request_id)
    fault = gateway.faults.take("send", message.request_id)
    return await answer(fault, lambda: gateway.send(message))


@admin.put("/subscription")
async def subscribe(subscription: Subscription, gateway: At) -> None:
    gateway.pusher.subscription = subscription


@admin.post("/faults")
async def order_faults(ordered: FaultsIn, gateway: At) -> None:
    gateway.faults.order(ordered)


@admin.post("/reports")
async def report(ordered: ReportIn, gateway: At) -> Response:
    sent = gateway.sent.get(ordered.request_id)
    if sent is None:
        return said("UNKNOWN", "没有这条短信", status=404)
    await gateway.report(sent, ordered.stat)
    return said("0")


@admin.get("/records")
async def records(gateway: At) -> dict[str, Any]:
    return {
        "sent": [
            {
                "request_id": each.message.request_id,
                "sid": each.sid,
                "mobile": each.message.mobile,
                "content": each.message.content,
                "template": each.message.template,
                "params": each.message.params,
                "asked": each.asked,
            }
            for each in gateway.sent.values()
        ],
        "requests": gateway.requests,
        "pushes": [each.model_dump() for each in gateway.pusher.pushed],
    }


@admin.delete("/records")
async def forget(gateway: At) -> None:
    gateway.sent.clear()
    gateway.requests.clear()
    gateway.faults.clear()
    gateway.pusher.pushed.clear()


def new_sms(*, token: str = "", reports_by_itself: bool = True, clock: Clock = utc_now) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client, Chores() as chores:
            app.state.gateway = Gateway(
                Pusher(client, clock), chores, reports_by_itself=reports_by_itself
            )
            yield

    app = FastAPI(title="短信网关模拟器", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.include_router(face, dependencies=[Depends(Guard(token))])
    app.include_router(admin)
    return app
