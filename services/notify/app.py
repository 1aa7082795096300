"""Wires notify: the application for its doors, the loops beside it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import SystemRandom

from fastapi import FastAPI

from services.notify import timers
from services.notify.actions import booking, pushes, sending, tracking
from services.notify.actions.calling import Caller
from services.notify.actions.erasing import KEPT
from services.notify.actions.reports import Reporter
from services.notify.actions.resealing import SEALED
from services.notify.api import (
    carriers,
    deliveries,
    dispatches,
    lifetimes,
    messages,
    outgoing_webhooks,
    results,
    sms,
    subscriptions,
)
from services.notify.consumers import HANDLERS
from services.notify.domain.carriers import CarrierRule
from services.notify.domain.practice import Practice
from services.notify.domain.templates import Templates
from services.notify.gateways import carrier_rules, secrets, subscribers
from services.notify.gateways.calls import Line
from services.notify.gateways.carrier_files import JsonCarrierFile
from services.notify.gateways.json_carrier import JsonCarrier, open_carrier
from services.notify.gateways.json_sms import JsonSms, open_sms
from services.notify.pages import results as result_pages
from services.notify.settings import Settings
from shared.chores import add_chores
from shared.documents.documents import Typesetter
from shared.http.app import new_app
from shared.messaging.transport import Transport
from shared.premises import Premises
from shared.security.outbound import Listed
from shared.webhooks.secrets import decode
from shared.workers import Workers, every

__all__ = ["KEPT", "SEALED", "Settings", "add_workers", "create_app"]

HOUSE = "notify"
# Calls outside wait on others: a few at once, so that a slow one holds up nobody.
_AT_ONCE = 4
_SPREAD = SystemRandom()
TEMPLATES = Path(__file__).with_name("templates.toml")

_ABOUT = """送达通知：办理结果怎样送到申请人手里，寄出的东西到了哪里，给申请人发了什么短信。

窗口在这里查送达、换送达方式、补发链接、当面交付；寄递岗在这里交寄；申请人凭链接取电子结果。"""

_TAGS = (
    {"name": "送达", "description": "每件办结的办件有一次送达：查看、变更、到件、当面交付"},
    {"name": "寄递", "description": "要寄出的结果：交寄、运单、去向"},
    {"name": "电子结果", "description": "申请人凭链接公开查看，不显示个人信息"},
    {"name": "事件推送", "description": "合作方和各系统订阅事件：签名推送、重试、重推"},
    {"name": "个人信息", "description": "保存了这些办件的哪些个人信息"},
    {"name": "短信", "description": "发给申请人的短信与模板，供运维查看（已遮盖）"},
)


def create_app(premises: Premises) -> FastAPI:
    _settle_practice(premises)
    typesetter = Typesetter()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            typesetter.close()

    app = new_app(
        house=HOUSE,
        title="通办 · 送达通知 notify",
        description=_ABOUT,
        routers=(
            deliveries.router,
            dispatches.router,
            results.router,
            messages.router,
            carriers.router,
            sms.router,
            result_pages.router,
            subscriptions.router,
            lifetimes.router,
        ),
        carried=premises.carried,
        sessions=premises.sessions,
        clock=premises.clock,
        verifier=premises.verifier,
        pace=premises.settings.pace,
        access=premises.access,
        checks={
            "database": premises.database_answers,
            "items": lambda: premises.copies_caught_up("item"),
            "locations": lambda: premises.copies_caught_up("location"),
        },
        lifespan=lifespan,
        tags=_TAGS,
        webhooks=outgoing_webhooks.section(),
    )
    app.state.typesetter = typesetter
    app.state.push_secrets = _push_secrets(_settings(premises))
    app.state.sms_reporter = _reporter(premises)
    return app


def add_workers(workers: Workers, premises: Premises, transport: Transport) -> None:
    _settle_practice(premises)
    sessions, clock = premises.sessions, premises.clock
    add_chores(workers, premises, transport, HANDLERS, KEPT)
    workers.add(f"{HOUSE}-links", every(30.0, timers.expire_links(sessions, clock)))
    workers.add(f"{HOUSE}-pickups", every(60.0, timers.do_chores(sessions, clock)))
    workers.add(f"{HOUSE}-promises", every(60.0, timers.remind_of_promises(sessions, clock)))
    _add_subscribers(workers, premises)
    _add_carriers(workers, premises)
    _add_texting(workers, premises)


def _add_subscribers(workers: Workers, premises: Premises) -> None:
    sessions, clock = premises.sessions, premises.clock
    caller = Caller(sessions, subscribers.Line(premises.outbound, clock), clock, _SPREAD)
    workers.add(f"{HOUSE}-webhooks", caller.run)


def _add_carriers(workers: Workers, premises: Premises) -> None:
    sessions, clock = premises.sessions, premises.clock
    known = {carrier.code: carrier for carrier in _carriers(premises)}
    if not known:
        return

    async def book() -> bool:
        return await booking.book_next(sessions, known, clock, _SPREAD)

    async def cancel() -> bool:
        return await booking.cancel_next(sessions, known, clock)

    async def track() -> bool:
        return await tracking.track_next(sessions, known, clock)

    async def apply() -> bool:
        return await pushes.apply_next(sessions, known, clock)

    for number in range(_AT_ONCE):
        workers.add(f"{HOUSE}-book-{number}", every(1.0, book))
        workers.add(f"{HOUSE}-track-{number}", every(5.0, track))
    workers.add(f"{HOUSE}-cancel", every(5.0, cancel))
    workers.add(f"{HOUSE}-pushes", every(0.5, apply))


def _add_texting(workers: Workers, premises: Premises) -> None:
    gateway = _texting(premises)
    if gateway is None:
        return

    async def send() -> bool:
        return await sending.send_next(premises.sessions, gateway, premises.clock, _SPREAD)

    for number in range(_AT_ONCE):
        workers.add(f"{HOUSE}-text-{number}", every(1.0, send))


def _carriers(premises: Premises) -> list[JsonCarrier]:
    settings, line = _settings(premises), Line(premises.outbound, premises.clock)
    return [
        open_carrier(path, line, base=settings.carrier_bases.get(path.stem))
        for path in settings.carrier_files
    ]


def _texting(premises: Premises) -> JsonSms | None:
    settings = _settings(premises)
    if settings.sms_file is None:
        return None
    line = Line(premises.outbound, premises.clock)
    return open_sms(settings.sms_file, line, base=settings.sms_base)


def _reporter(premises: Premises) -> Reporter | None:
    """None where no gateway is set up, or where it does not report."""
    gateway, path = _texting(premises), _settings(premises).sms_file
    if gateway is None or path is None or gateway.file.report is None:
        return None
    name = gateway.file.report.secret_file
    return Reporter(gateway, decode(secrets.read(name, folder=path.parent))) if name else None


def _push_secrets(settings: Settings) -> Mapping[str, bytes]:
    """By carrier; who has none cannot push."""
    found = {}
    for path in settings.carrier_files:
        file = JsonCarrierFile.parse(path.read_text(encoding="utf-8"))
        if file.push is not None and file.push.secret_file:
            found[file.code] = decode(secrets.read(file.push.secret_file, folder=path.parent))
    return found


def _settle_practice(premises: Premises) -> None:
    """Every session of this process finds it among what it carries."""
    settings = _settings(premises)
    known = {each.code: each.file.name for each in _carriers(premises)}
    rules = tuple(CarrierRule(code) for code in known)
    if settings.carrier_rules is not None:
        rules = carrier_rules.load(settings.carrier_rules, known)
    premises.carried.caches[Practice] = Practice(
        public_url=settings.public_url.rstrip("/"),
        link_term=timedelta(days=settings.link_days),
        deferral=settings.deferral,
        templates=Templates.parse(TEMPLATES.read_text(encoding="utf-8")),
        signature=settings.sms_signature,
        hotline=settings.hotline,
        texting=settings.sms_file is not None,
        carrier_rules=rules,
        carriers=known,
        listed=Listed(settings.outbound_allowed).knows,
    )


def _settings(premises: Premises) -> Settings:
    settings = premises.settings
    assert isinstance(settings, Settings)  # noqa: S101  (notify's premises carry notify's settings)
    return settings
