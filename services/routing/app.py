"""Wires routing: the application for its doors, the loops beside it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.routing import timers
from services.routing.actions import registering
from services.routing.api import assignments, handoffs, locations, queues, registry, unroutable
from services.routing.consumers import HANDLERS
from services.routing.queries.polls import Polls
from services.routing.queries.watcher import QueueWatcher
from services.routing.settings import Settings
from shared.chores import add_chores
from shared.http.app import new_app
from shared.messaging.transport import Transport
from shared.premises import Premises
from shared.workers import Workers, every

ROUTERS = (
    locations.router,
    assignments.router,
    queues.router,
    handoffs.router,
    registry.router,
    unroutable.router,
)

_ABOUT = """分办流转：哪里办、谁在办、期限到哪天、材料在谁手里。

办理地后台在这里轮询待办、领取、告知、受理、决定；窗口在收材料之前在这里问一问归哪里办。"""


def create_app(premises: Premises) -> FastAPI:
    watcher = QueueWatcher(premises.engine, premises.clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        beside = Workers()
        beside.add("routing-watcher", watcher.run)
        async with beside.running(app.state.closing):
            yield

    app = new_app(
        house="routing",
        title="通办 · 分办流转 routing",
        description=_ABOUT,
        routers=ROUTERS,
        carried=premises.carried,
        sessions=premises.sessions,
        clock=premises.clock,
        verifier=premises.verifier,
        checks={"database": premises.database_answers},
        lifespan=lifespan,
    )
    app.state.polls = Polls(watcher, premises.clock, app.state.closing)
    return app


def add_workers(workers: Workers, premises: Premises, transport: Transport) -> None:
    sessions, clock = premises.sessions, premises.clock
    add_chores(workers, premises, transport, HANDLERS)
    workers.add("routing-leases", every(1.0, timers.lapse_leases(sessions, clock)))
    workers.add("routing-watches", every(5.0, timers.fire_watches(sessions, clock)))
    workers.add("routing-unroutable", every(5.0, timers.retry_unroutable(sessions, clock)))
    workers.add("routing-purge-changes", every(60.0, timers.purge_changes(sessions, clock)))


async def load_directory(premises: Premises, path: Path) -> int:
    """Register what the file has and the registry has not; how many entries were new."""
    document = json.loads(await asyncio.to_thread(path.read_text, "utf-8"))
    added = 0
    for kind in ("location", "partner", "agreement", "rule"):
        async with premises.sessions.begin() as session:
            added += await registering.register(
                session, kind, document.get(f"{kind}s", []), at=premises.clock()
            )
    premises.carried.wake()
    return added


__all__ = ["Settings", "add_workers", "create_app", "load_directory"]
