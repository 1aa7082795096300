"""A carrier as a real HTTP server: books, tracks, pushes, and misbehaves as it is told.

Its face is /orders and /traces; /admin tells it how to behave and what it has seen.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field

from deploy.simulators.chores import Chores
from deploy.simulators.doors import Guard
from deploy.simulators.faults import Faults, FaultsIn, answer, said
from deploy.simulators.parcels import Books, Parcel, PushMode, Script
from deploy.simulators.pushing import Pusher, Subscription
from shared.clock import Clock, utc_now


class PartyIn(BaseModel):
    name: str
    phone: str
    address: str = Field(min_length=1)
    postcode: str = ""


class OrderIn(BaseModel):
    client_order_no: str = Field(min_length=1)
    sender: PartyIn
    receiver: PartyIn
    goods: str = ""
    pay_type: str = ""
    product: str = ""


class Carrier:
    """What one running simulator knows."""

    def __init__(self, pusher: Pusher, chores: Chores, clock: Clock) -> None:
        self.books = Books()
        self.faults = Faults()
        self.pusher = pusher
        self.clock = clock
        self.chores = chores

    def book(self, order_id: str) -> Response:
        parcel, known = self.books.book(order_id, self.clock())
        if not known and parcel.script.starts_at_booking:
            self.start(parcel)
        if known and parcel.script.terse:
            return said("REPEATED", "订单已存在", client_order_no=order_id)
        code = "REPEATED" if known else "OK"
        return said(code, client_order_no=order_id, waybill_no=parcel.waybill)

    def find(self, order_id: str) -> Response:
        parcel = self.books.parcels.get(order_id)
        if parcel is None:
            return said("UNKNOWN", "没有这个订单", status=404)
        return said("OK", client_order_no=order_id, waybill_no=parcel.waybill)

    def cancel(self, order_id: str) -> Response:
        parcel = self.books.parcels.get(order_id)
        if parcel is None:
            return said("UNKNOWN", "没有这个订单", status=404)
        if parcel.picked_up:
            return said("TOO_LATE", "邮件已收寄", status=409)
        known, parcel.cancelled = parcel.cancelled, True
        return said("REPEATED" if known else "OK", waybill_no=parcel.waybill)

    def trace(self, waybill: str) -> Response:
        parcel = self.books.by_waybill(waybill)
        if parcel is None:
            return said("UNKNOWN", "没有这个运单", status=404)
        return said("OK", waybill_no=waybill, traces=parcel.trace)

    def start(self, parcel: Parcel) -> None:
        """The courier has it; with a pace it then travels by itself."""
        if parcel.cancelled:
            return
        parcel.picked_up = True
        if parcel.script.pace is not None and not parcel.moving:
            parcel.moving = True
            self.chores.add(self._travel(parcel, parcel.script.pace))

    async def _travel(self, parcel: Parcel, pace: float) -> None:
        while parcel.left:
            await self.advance(parcel, 1)
            await asyncio.sleep(pace)

    async def advance(self, parcel: Parcel, steps: int) -> None:
        """So many scans on; returns when what they make it push has been pushed."""
        parcel.picked_up = True
        for _ in range(min(steps, len(parcel.left))):
            await self._tell(parcel, parcel.scan(self.clock()))

    async def _tell(self, parcel: Parcel, event: dict[str, str]) -> None:
        match parcel.script.push:
            case PushMode.EACH:
                await self._push(parcel, [event])
            case PushMode.FULL:
                await self._push(parcel, list(parcel.trace))
            case PushMode.REVERSED if not parcel.left:
                for past in reversed(parcel.trace):
                    await self._push(parcel, [past])

    async def _push(self, parcel: Parcel, events: list[dict[str, str]]) -> None:
        await asyncio.sleep(parcel.script.push_delay)
        for _ in range(parcel.script.copies):
            await self.pusher.push(parcel.waybill, parcel.push_body(events), events=len(events))


def the_carrier(request: Request) -> Carrier:
    carrier: Carrier = request.app.state.carrier
    return carrier


At = Annotated[Carrier, Depends(the_carrier)]
face = APIRouter()
admin = APIRouter(prefix="/admin")


@face.post("/orders")
async def book(order: OrderIn, carrier: At) -> Response:
    key = order.client_order_no
    carrier.books.note("book", key)
    return await answer(carrier.faults.take("book", key), lambda: carrier.book(key))


@face.get("/orders/{order_id}")
async def find(order_id: str, carrier: At) -> Response:
    carrier.books.note("find", order_id)
    return await answer(carrier.faults.take("find", order_id), lambda: carrier.find(order_id))


@face.post("/orders/{order_id}/cancellation")
async def cancel(order_id: str, carrier: At) -> Response:
    carrier.books.note("cancel", order_id)
    return await answer(carrier.faults.take("cancel", order_id), lambda: carrier.cancel(order_id))


@face.get("/traces/{waybill}")
async def trace(waybill: str, carrier: At) -> Response:
    carrier.books.note("track", waybill)
    return await answer(carrier.faults.take("track", waybill), lambda: carrier.trace(waybill))


@admin.put("/subscription")
async def subscribe(subscription: Subscription, carrier: At) -> None:
    carrier.pusher.subscription = subscription


@admin.post("/faults")
async def order_faults(ordered: FaultsIn, carrier: At) -> None:
    carrier.faults.order(ordered)


@admin.post("/scripts")
async def direct(script: Script, carrier: At) -> None:
    carrier.books.direct(script)


@admin.post("/parcels/{waybill}/pickup")
async def pick_up(waybill: str, carrier: At) -> Response:
    parcel = carrier.books.by_waybill(waybill)
    if parcel is None:
        return said("UNKNOWN", "没有这个运单", status=404)
    carrier.start(parcel)
    return said("OK")


@admin.post("/parcels/{waybill}/advance")
async def advance(waybill: str, carrier: At, steps: int = 1) -> Response:
    parcel = carrier.books.by_waybill(waybill)
    if parcel is None:
        return said("UNKNOWN", "没有这个运单", status=404)
    await carrier.advance(parcel, steps)
    return said("OK", scans=len(parcel.trace), left=len(parcel.left))


@admin.get("/records")
async def records(carrier: At) -> dict[str, Any]:
    return {
        "bookings": [
            {
                "order_id": each.order_id,
                "waybill": each.waybill,
                "asked": each.asked,
                "cancelled": each.cancelled,
                "scans": len(each.trace),
            }
            for each in carrier.books.parcels.values()
        ],
        "requests": carrier.books.requests,
        "pushes": [each.model_dump() for each in carrier.pusher.pushed],
    }


@admin.delete("/records")
async def forget(carrier: At) -> None:
    """The waybill numbers go on: what was printed once is never printed again."""
    carrier.books = Books(serial=carrier.books.serial)
    carrier.faults.clear()
    carrier.pusher.pushed.clear()


def new_carrier(*, token: str = "", clock: Clock = utc_now) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client, Chores() as chores:
            app.state.carrier = Carrier(Pusher(client, clock), chores, clock)
            yield

    app = FastAPI(title="寄递机构模拟器", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.include_router(face, dependencies=[Depends(Guard(token))])
    app.include_router(admin)
    return app
