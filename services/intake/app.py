"""Wires intake: the application for the window, the loops beside it."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from services.intake import timers
from services.intake.actions.catalogue import Imported, import_catalogue, republish
from services.intake.actions.erasing import KEPT
from services.intake.actions.handed_in import Worker
from services.intake.actions.numbers import Numbers
from services.intake.actions.resealing import SEALED
from services.intake.api import (
    cases,
    catalogue,
    documents,
    items,
    lifetimes,
    materials,
    progress,
    records,
    requests,
    submissions,
    swift_submissions,
)
from services.intake.consumers import HANDLERS
from services.intake.domain import catalogue_files
from services.intake.domain.catalogue_files import kind_of
from services.intake.pages import progress as progress_pages
from services.intake.queries import cases as reads
from services.intake.queries.catalogue import Catalogue
from services.intake.queries.places import Places
from services.intake.settings import Settings
from shared.chores import add_chores
from shared.documents.documents import Typesetter
from shared.files.store import LIMIT, FileStore
from shared.http.app import new_app
from shared.http.fetching import PartnerLine
from shared.http.inner import InnerDoor
from shared.messaging.transport import Transport
from shared.premises import Premises
from shared.workers import Workers, every

__all__ = [
    "KEPT",
    "SEALED",
    "Settings",
    "add_workers",
    "create_app",
    "load_catalogue",
    "publish_catalogue",
    "republish_items",
]

ROUTERS = (
    submissions.router,
    cases.router,
    materials.router,
    documents.router,
    requests.router,
    records.router,
    lifetimes.router,
    items.router,
    catalogue.router,
    progress.router,
    progress_pages.router,
)

_ABOUT = """收件窗口：查事项、预审、收件、补正、查进度。

收件地以令牌中的地点为准；收件不等于受理，受理以办理地的通知为准。"""

_TAGS = (
    {"name": "办件", "description": "预审、收件、查找、补正、撤回"},
    {"name": "材料", "description": "材料文件的上传与取回"},
    {"name": "文书", "description": "收件凭证、告知书、通知书等 PDF"},
    {"name": "个人信息", "description": "保存了什么、依据和期限；删除；争议期间不删"},
    {"name": "事项", "description": "可以办理的事项、办事指南与材料清单"},
    {"name": "进度", "description": "申请人凭查询码公开查询"},
)

# The file itself, and a little for the way it is sent.
_BODY_LIMITS = (
    ("PUT", r"/materials/[^/]+/content$", LIMIT + 4096),
    ("PUT", r"/documents/[^/]+/signed$", LIMIT + 4096),
    ("POST", r"/v1/catalogue$", 20 * 1024 * 1024),
)

# Longer than any upload takes.
_UPLOAD_ENDS = timedelta(hours=24)
# So many partners' files come at a time.
_FETCHING = 3


def create_app(premises: Premises) -> FastAPI:
    settings = premises.settings
    assert isinstance(settings, Settings)  # noqa: S101  (intake's premises carry intake's settings)

    typesetter = Typesetter()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            typesetter.close()

    app = new_app(
        house="intake",
        title="通办 · 收件窗口 intake",
        description=_ABOUT,
        routers=ROUTERS,
        carried=premises.carried,
        sessions=premises.sessions,
        clock=premises.clock,
        verifier=premises.verifier,
        pace=premises.settings.pace,
        access=premises.access,
        checks={
            "database": premises.database_answers,
            "catalogue": lambda: premises.copies_caught_up("item_version"),
            "locations": lambda: premises.copies_caught_up("location"),
        },
        lifespan=lifespan,
        body_limits=_BODY_LIMITS,
        tags=_TAGS,
        behind_porter=(swift_submissions.before,),
    )
    app.state.catalogue = Catalogue(premises.sessions)
    app.state.places = Places(premises.sessions)
    app.state.numbers = Numbers(
        premises.sessions, division=settings.division, block=settings.number_block
    )
    app.state.files = _open_files(premises)
    app.state.typesetter = typesetter
    app.state.public_url = settings.public_url
    app.state.terms = premises.terms
    app.state.registered_for = timedelta(days=settings.registered_days)
    return app


def _open_files(premises: Premises) -> FileStore:
    settings = premises.settings
    return FileStore.open(
        settings.files_url, premises.carried.keys, owner="intake", options=settings.files_options
    )


def add_workers(workers: Workers, premises: Premises, transport: Transport) -> None:
    add_chores(workers, premises, transport, HANDLERS, KEPT)
    files = _open_files(premises)
    workers.add("intake-files", every(3600.0, lambda: _sweep(premises, files)))
    sessions, clock = premises.sessions, premises.clock
    workers.add("intake-promises", every(60.0, timers.expire_promises(sessions, clock)))
    workers.add("intake-unfinished", every(60.0, timers.close_unfinished(sessions, clock)))
    door = InnerDoor(lambda passes: create_app(replace(premises, verifier=passes)))
    line = PartnerLine(premises.outbound, premises.clock)
    settings = premises.settings
    assert isinstance(settings, Settings)  # noqa: S101  (intake's premises carry intake's settings)
    missing_for = timedelta(days=settings.missing_content_days)
    hands = Worker(premises.sessions, door.visit, line, premises.clock, missing_for)
    workers.add("intake-handed-in", every(0.3, timers.take_handed_in(hands, files=False)))
    for number in range(_FETCHING):
        name = f"intake-handed-in-files-{number}"
        workers.add(name, every(1.0, timers.take_handed_in(hands, files=True)))


async def _sweep(premises: Premises, files: FileStore) -> bool:
    """Take away files whose transaction never came."""

    async def known(names: Collection[str]) -> Collection[str]:
        async with premises.sessions() as session:
            return await reads.known_contents(session, names)

    await files.sweep(known, older_than=premises.clock() - _UPLOAD_ENDS)
    return False


async def load_catalogue(premises: Premises, path: Path) -> Imported:
    """Publish what of the file is not there yet; what is there stays as it is."""
    return await publish_catalogue(premises, path, only_new=True)


async def publish_catalogue(premises: Premises, path: Path, *, only_new: bool = False) -> Imported:
    """All of the file (JSON, or CSV by its name), or nothing and every fault."""
    content = await asyncio.to_thread(path.read_bytes)
    read = await asyncio.to_thread(catalogue_files.read, content, kind_of(path.name))
    async with premises.sessions.begin() as session:
        imported = await import_catalogue(session, read, at=premises.clock(), only_new=only_new)
    premises.carried.wake()
    return imported


async def republish_items(premises: Premises) -> int:
    """Tell the other houses of every published version again."""
    async with premises.sessions.begin() as session:
        told = await republish(session, at=premises.clock())
    premises.carried.wake()
    return told
