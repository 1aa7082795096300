"""Wires notify: the application for its doors, the loops beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from services.notify import timers
from services.notify.api import deliveries, dispatches, messages, results
from services.notify.consumers import HANDLERS
from services.notify.domain.practice import Practice
from services.notify.domain.templates import Templates
from services.notify.settings import Settings
from shared.chores import add_chores
from shared.http.app import new_app
from shared.messaging.transport import Transport
from shared.premises import Premises
from shared.workers import Workers, every

__all__ = ["Settings", "add_workers", "create_app"]

HOUSE = "notify"
TEMPLATES = Path(__file__).with_name("templates.toml")

_ABOUT = """送达通知：办理结果怎样送到申请人手里，寄出的东西到了哪里，给申请人发了什么短信。

窗口在这里查送达、换送达方式、补发链接、当面交付；寄递岗在这里交寄；申请人凭链接取电子结果。"""

_TAGS = (
    {"name": "送达", "description": "每件办结的办件有一次送达：查看、变更、到件、当面交付"},
    {"name": "寄递", "description": "要寄出的结果：交寄、运单、去向"},
    {"name": "电子结果", "description": "申请人凭链接公开查看，不显示个人信息"},
    {"name": "短信", "description": "发给申请人的短信与模板，供运维查看（已遮盖）"},
)


def create_app(premises: Premises) -> FastAPI:
    _settle_practice(premises)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    return new_app(
        house=HOUSE,
        title="通办 · 送达通知 notify",
        description=_ABOUT,
        routers=(deliveries.router, dispatches.router, results.router, messages.router),
        carried=premises.carried,
        sessions=premises.sessions,
        clock=premises.clock,
        verifier=premises.verifier,
        checks={
            "database": premises.database_answers,
            "items": lambda: premises.copies_caught_up("item"),
            "locations": lambda: premises.copies_caught_up("location"),
        },
        lifespan=lifespan,
        tags=_TAGS,
    )


def add_workers(workers: Workers, premises: Premises, transport: Transport) -> None:
    _settle_practice(premises)
    sessions, clock = premises.sessions, premises.clock
    add_chores(workers, premises, transport, HANDLERS)
    workers.add(f"{HOUSE}-links", every(30.0, timers.expire_links(sessions, clock)))
    workers.add(f"{HOUSE}-pickups", every(60.0, timers.do_chores(sessions, clock)))


def _settle_practice(premises: Premises) -> Practice:
    """Every session of this process finds it among what it carries."""
    settings = _settings(premises)
    practice = Practice(
        public_url=settings.public_url.rstrip("/"),
        link_term=timedelta(days=settings.link_days),
        deferral=settings.deferral,
        templates=Templates.parse(TEMPLATES.read_text(encoding="utf-8")),
        signature=settings.sms_signature,
        hotline=settings.hotline,
    )
    premises.carried.caches[Practice] = practice
    return practice


def _settings(premises: Premises) -> Settings:
    settings = premises.settings
    assert isinstance(settings, Settings)  # noqa: S101  (notify's premises carry notify's settings)
    return settings
