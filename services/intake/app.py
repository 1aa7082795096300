"""Wires intake: the HTTP application, and the loops that run beside it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.intake.actions.catalogue import Imported, import_catalogue
from services.intake.actions.numbers import Numbers
from services.intake.api import cases, items
from services.intake.consumers import HANDLERS
from services.intake.queries.catalogue import Catalogue
from services.intake.queries.places import Places
from services.intake.settings import Settings
from shared.audit.sealer import Sealer
from shared.http import idempotency
from shared.http.app import new_app
from shared.messaging import keeping
from shared.messaging.apply import Applier
from shared.messaging.inbox import storing
from shared.messaging.relay import Relay
from shared.messaging.transport import Listener, Transport
from shared.premises import Premises
from shared.workers import Workers, every

__all__ = ["Settings", "add_workers", "create_app", "load_catalogue"]

HOUSE = "intake"
_LISTENS_TO = ("routing", "notify")

_DESCRIPTION = """收件窗口：查事项、预审、收件、补正、查进度。
收件地以令牌中的地点为准；收件不等于受理，受理以办理地的通知为准。"""

_TAGS = (
    {"name": "办件", "description": "预审、收件、查找、补正、撤回"},
    {"name": "材料", "description": "材料文件的上传与取回"},
    {"name": "事项", "description": "可以办理的事项、办事指南与材料清单"},
    {"name": "进度", "description": "申请人凭查询码公开查询"},
)


def create_app(premises: Premises) -> FastAPI:
    settings = _settings(premises)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = new_app(
        house=HOUSE,
        title="通办·收件窗口 intake",
        description=_DESCRIPTION,
        routers=(cases.router, items.router),
        carried=premises.carried,
        sessions=premises.sessions,
        clock=premises.clock,
        verifier=premises.verifier,
        checks={"database": premises.database_answers},
        lifespan=lifespan,
        tags=_TAGS,
    )
    app.state.catalogue = Catalogue(premises.sessions)
    app.state.places = Places(premises.sessions)
    app.state.numbers = Numbers(
        premises.sessions, division=settings.division, block=settings.number_block
    )
    return app


def _settings(premises: Premises) -> Settings:
    settings = premises.settings
    assert isinstance(settings, Settings)  # noqa: S101  (intake's premises carry intake's settings)
    return settings


def add_workers(workers: Workers, premises: Premises, transport: Transport) -> None:
    sessions, carried = premises.sessions, premises.carried
    stored = asyncio.Event()
    relay = Relay(premises.engine, transport, source=carried.source, recorded=premises.recorded)
    applier = Applier(
        premises.engine,
        sessions,
        HANDLERS,
        carried=carried,
        clock=premises.clock,
        stored=stored,
    )
    listener = Listener(
        HOUSE, _LISTENS_TO, storing(sessions, stored), keeping.taking_back(sessions)
    )
    sealer = Sealer(premises.sealer_engine, premises.clock)
    workers.add(f"{HOUSE}-relay", relay.run)
    workers.add(f"{HOUSE}-listener", lambda stop: transport.listen(listener, stop))
    workers.add(f"{HOUSE}-applier", applier.run)
    workers.add(f"{HOUSE}-audit-sealer", every(2.0, sealer.turn))
    workers.add(f"{HOUSE}-purge", every(300.0, lambda: _purge(premises)))


async def _purge(premises: Premises) -> bool:
    """One batch of everything that has been kept long enough; whether there is more."""
    now = premises.clock()
    async with premises.sessions.begin() as session:
        gone = await idempotency.purge(session, at=now)
        gone += await keeping.purge_outbox(session, before=now - keeping.OUTBOX_KEPT)
        gone += await keeping.purge_inbox(session, before=now - keeping.INBOX_KEPT)
    return gone > 0


async def load_catalogue(premises: Premises, path: Path) -> Imported:
    """Publish what of the file is not there yet; what is there stays as it is."""
    raw = json.loads(await asyncio.to_thread(path.read_text, "utf-8"))
    async with premises.sessions.begin() as session:
        imported = await import_catalogue(session, raw, at=premises.clock(), only_new=True)
    premises.carried.wake()
    return imported
