"""`make run`: everything in one process on one port, with a PostgreSQL of its own."""

import asyncio
import fcntl
import gc
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

import uvloop
from pydantic import SecretStr

from deploy import keys
from deploy.database import EmbeddedDatabase
from deploy.street import Street
from migrations import runner
from services.intake import app as intake
from services.notify import app as notify
from services.routing import app as routing
from shared.clock import utc_now
from shared.configuration import HouseSettings, IssuerSettings
from shared.http.server import Server
from shared.messaging.embedded import EmbeddedTransport
from shared.premises import Premises, open_premises
from shared.security.algorithms import DEFAULT
from shared.security.issuer import ISSUER_URL, LocalIssuer
from shared.security.keys import Keyring
from shared.telemetry import logs, metrics, traces
from shared.workers import Workers

HERE = Path(__file__).parent
DIVISION = "630000"
EXAMPLE_LOCATION = "630000-C1"
HOUSES = MappingProxyType({"intake": intake, "routing": routing, "notify": notify})


def main() -> None:
    logs.configure(os.environ.get("LOG_LEVEL", "WARNING"))
    traces.configure("tongban", os.environ.get("OTLP_ENDPOINT") or None)
    if figures := os.environ.get("METRICS_PORT"):
        metrics.serve(int(figures), host="127.0.0.1")
    folder = Path(os.environ.get("DATA_DIR") or ".data").resolve()
    port = int(os.environ.get("PORT") or 8000)
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder):
        _require_free(port)
        database = EmbeddedDatabase(folder / "pg")
        database.start()
        try:
            uvloop.run(_serve(folder, database, port))
        finally:
            database.stop()
    # Else the interpreter goes through every object once more before it ends.
    gc.freeze()


def _only_one(folder: Path) -> TextIO:
    """The kernel lets go of this lock however the process ends."""
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"{folder} 已有一个实例在运行 / another instance is running on this DATA_DIR")
    return lock


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            sys.exit(f"端口 {port} 已被占用，请用 PORT= 另选 / port {port} is in use")


async def _serve(folder: Path, database: EmbeddedDatabase, port: int) -> None:
    await database.create()
    await runner.upgrade(database.url("postgres"))
    stop = asyncio.Event()
    async with open_street(folder, database, port=port, stop=stop) as street:
        server = Server(street, host="127.0.0.1", port=port, on_signal=street.close)
        ready = asyncio.create_task(_announce(server, port))
        await server.serve()
        ready.cancel()
        stop.set()


async def _announce(server: Server, port: int) -> None:
    await server.ready.wait()
    origin = f"http://127.0.0.1:{port}"
    print(
        f"通办已就绪  {origin}/\n"
        f"  窗口收件 intake   {origin}/intake/docs\n"
        f"  分办流转 routing  {origin}/routing/docs\n"
        f"  送达通知 notify   {origin}/notify/docs\n"
        f"  取得令牌          make token ROLE=clerk LOCATION={EXAMPLE_LOCATION}\n"
        "  结束              Ctrl-C",
        flush=True,
    )


@asynccontextmanager
async def open_street(
    folder: Path, database: EmbeddedDatabase, *, port: int, stop: asyncio.Event
) -> AsyncIterator[Street]:
    """The three houses with their loops running; they end when `stop` is set."""
    Keyring.load_or_create(folder / "keys" / "keyring.json", algorithm=keys.chosen() or DEFAULT)
    issuer = LocalIssuer.load_or_create(folder / "keys" / "issuer.pem")
    (folder / "keys" / "issuer.jwks.json").write_text(json.dumps(issuer.jwks()), encoding="utf-8")
    transport = EmbeddedTransport(tuple(HOUSES))
    async with AsyncExitStack() as stack:
        apps, workers = {}, Workers()
        for house, module in HOUSES.items():
            settings = house_settings(house, folder, database, port=port)
            premises = await stack.enter_async_context(open_premises(house, settings, utc_now))
            apps[house] = module.create_app(premises)
            module.add_workers(workers, premises, transport)
            await _load(house, premises)
        running = asyncio.create_task(workers.run(stop))
        try:
            yield Street(apps, example_location=EXAMPLE_LOCATION)
        finally:
            stop.set()
            await running
            await transport.close()


def house_settings(
    house: str, folder: Path, database: EmbeddedDatabase, *, port: int
) -> HouseSettings:
    """What served mode takes from the environment follows here from the folder alone."""
    keys = folder / "keys"
    settings: HouseSettings = HOUSES[house].Settings(
        served=False,
        transport="embedded",
        database_url=SecretStr(database.url(runner.service_role(house))),
        sealer_database_url=SecretStr(database.url(runner.sealer_role(house))),
        keyring_file=keys / "keyring.json",
        files_url=(folder / "files").as_uri(),
        access_log_dir=folder / "access",
        issuers=(IssuerSettings(issuer=ISSUER_URL, jwks_file=keys / "issuer.jwks.json"),),
        division=os.environ.get("DIVISION") or DIVISION,
        public_url=f"http://127.0.0.1:{port}",
        # Routing issues the tokens of service accounts; to the others it says nothing.
        issuer_key_file=keys / "issuer.pem",
    )
    return settings


async def _load(house: str, premises: Premises) -> None:
    """The demo's catalogue and directory; what is there already stays as it is."""
    if house == "intake":
        await intake.load_catalogue(premises, HERE / "catalogue.json")
    if house == "routing":
        file = Path(os.environ.get("DIRECTORY") or HERE / "directory.json")
        await routing.load_directory(premises, file)


if __name__ == "__main__":
    main()
