"""Wires routing: the application for its doors, the loops beside it."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from services.routing import sight, timers
from services.routing.actions import registering
from services.routing.actions.claiming import Claims
from services.routing.actions.erasing import KEPT
from services.routing.actions.given import Worker
from services.routing.actions.resealing import SEALED
from services.routing.api import (
    acts,
    approvals,
    arrivals,
    assignments,
    attachments,
    between,
    calendars,
    cancellations,
    clients,
    clocks,
    contact,
    custody,
    decisions,
    duties,
    handoffs,
    lifetimes,
    limits,
    locations,
    parcels,
    partner_access,
    partner_secrets,
    partner_webhooks,
    printing,
    queues,
    registry,
    revocations,
    steps,
    swift_claims,
    transfers,
    unroutable,
)
from services.routing.api.shortcuts import Shortcut
from services.routing.consumers import HANDLERS
from services.routing.domain import registrations
from services.routing.queries import attachments as attached
from services.routing.queries import directory
from services.routing.queries.polls import Polls
from services.routing.queries.watcher import QueueWatcher
from services.routing.settings import Settings
from shared.chores import add_chores
from shared.documents.documents import Typesetter
from shared.files.store import LIMIT, FileStore
from shared.http.app import new_app
from shared.http.fetching import PartnerLine
from shared.http.inner import InnerDoor
from shared.messaging.transport import Transport
from shared.premises import Premises
from shared.security.issuer import LocalIssuer
from shared.workers import Workers, every

ROUTERS = (
    locations.router,
    assignments.router,
    queues.router,
    handoffs.router,
    steps.router,
    between.router,
    decisions.router,
    approvals.router,
    clocks.router,
    acts.router,
    attachments.router,
    calendars.router,
    limits.router,
    contact.router,
    custody.router,
    parcels.router,
    arrivals.router,
    printing.router,
    transfers.router,
    duties.router,
    registry.router,
    revocations.router,
    lifetimes.router,
    unroutable.router,
    cancellations.router,
    partner_webhooks.router,
    partner_secrets.router,
    partner_access.router,
    clients.router,
)

_ABOUT = """分办流转：哪里办、谁在办、期限到哪天、材料在谁手里。

办理地后台在这里轮询待办、领取、告知、受理、决定；窗口在收材料之前在这里问一问归哪里办。"""


_MEGABYTE = 1024 * 1024
_LARGE = (
    ("POST", r"^/routing/v1/cases/[^/]+/attachments$", LIMIT),
    ("POST", r"^/routing/v1/registry/import$", 32 * _MEGABYTE),
    # Thin: what is larger is not a webhook.
    ("POST", r"^/routing/webhooks/partners/", 64 * 1024),
    ("POST", r"^/routing/oauth/token$", 8 * 1024),
)
_UPLOAD_ENDS = timedelta(hours=24)
# So many partners' files come at a time.
_FETCHING = 3


def create_app(premises: Premises) -> FastAPI:
    settings = premises.settings
    assert isinstance(settings, Settings)  # noqa: S101  (routing's premises carry its settings)
    watcher = QueueWatcher(premises.engine, premises.clock)
    typesetter, shortcut = Typesetter(), Shortcut()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        beside = Workers()
        beside.add("routing-watcher", watcher.run)
        async with beside.running(app.state.closing):
            try:
                yield
            finally:
                typesetter.close()

    app = new_app(
        house="routing",
        title="通办 · 分办流转 routing",
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
            "items": lambda: premises.copies_caught_up("item"),
        },
        lifespan=lifespan,
        body_limits=_LARGE,
        behind_porter=(swift_claims.before, shortcut.before),
    )
    app.state.shortcut = shortcut
    app.state.files = _open_files(premises)
    app.state.issuer = _issuer(settings)
    app.state.public_url = settings.public_url
    app.state.typesetter = typesetter
    app.state.claims = Claims(premises.sessions, premises.carried)
    app.state.polls = Polls(watcher, premises.clock, app.state.closing)
    return app


def _issuer(settings: Settings) -> LocalIssuer | None:
    if settings.issuer_key_file is None:
        return None
    return LocalIssuer.load(settings.issuer_key_file, url=settings.issuer_url)


def _open_files(premises: Premises) -> FileStore:
    settings = premises.settings
    return FileStore.open(
        settings.files_url, premises.carried.keys, owner="routing", options=settings.files_options
    )


async def _sweep(premises: Premises, files: FileStore) -> bool:
    """Take away files whose transaction never came."""

    async def known(names: Collection[str]) -> Collection[str]:
        async with premises.sessions() as session:
            return await attached.known_names(session, names)

    await files.sweep(known, older_than=premises.clock() - _UPLOAD_ENDS)
    return False


def add_workers(workers: Workers, premises: Premises, transport: Transport) -> None:
    sessions, clock = premises.sessions, premises.clock
    add_chores(workers, premises, transport, HANDLERS, KEPT)
    files = _open_files(premises)
    workers.add("routing-files", every(3600.0, lambda: _sweep(premises, files)))
    workers.add("routing-leases", every(1.0, timers.lapse_leases(sessions, clock)))
    workers.add("routing-watches", every(5.0, timers.fire_watches(sessions, clock)))
    workers.add("routing-sight", every(15.0, sight.measure(sessions, clock)))
    workers.add("routing-parcels", every(30.0, timers.remind_of_parcels(sessions, clock)))
    workers.add("routing-reminders", every(30.0, timers.raise_reminders(sessions, clock)))
    workers.add("routing-dates", every(2.0, timers.recompute_dates(sessions, clock)))
    workers.add("routing-unroutable", every(5.0, timers.retry_unroutable(sessions, clock)))
    door = InnerDoor(lambda passes: create_app(replace(premises, verifier=passes)))
    line = PartnerLine(premises.outbound, clock)
    settings = premises.settings
    assert isinstance(settings, Settings)  # noqa: S101  (routing's premises carry its settings)
    missing_for = timedelta(days=settings.missing_content_days)
    hands = Worker(sessions, door.visit, line, clock, missing_for)
    workers.add("routing-partners", every(0.3, timers.apply_webhooks(hands, files=False)))
    for number in range(_FETCHING):
        name = f"routing-partner-files-{number}"
        workers.add(name, every(1.0, timers.apply_webhooks(hands, files=True)))
    workers.add("routing-purge-changes", every(60.0, timers.purge_changes(sessions, clock)))


async def load_directory(premises: Premises, path: Path) -> int:
    """Register what the file has and the registry has not; how many entries were new."""
    return await _import(premises, path, changed_too=False)


async def import_directory(premises: Premises, path: Path) -> int:
    """The same, for a file that somebody has edited: what contradicts the registry is a fault."""
    return await _import(premises, path, changed_too=True)


async def _import(premises: Premises, path: Path, *, changed_too: bool) -> int:
    document = registrations.read(await asyncio.to_thread(path.read_bytes))
    async with premises.sessions.begin() as session:
        added = await registering.import_directory(
            session, document, changed_too=changed_too, at=premises.clock()
        )
    premises.carried.wake()
    return added


async def export_directory(premises: Premises) -> dict[str, Any]:
    async with premises.sessions() as session:
        return await directory.export(session)


async def republish_locations(premises: Premises) -> int:
    """Tell the other houses of every place again."""
    async with premises.sessions.begin() as session:
        told = await registering.republish(session, at=premises.clock())
    premises.carried.wake()
    return told


__all__ = [
    "KEPT",
    "SEALED",
    "Settings",
    "add_workers",
    "create_app",
    "export_directory",
    "import_directory",
    "load_directory",
    "republish_locations",
]
