"""A served installation on this machine: every house as its own processes, a real RabbitMQ and a
PostgreSQL of its own; for the served demo, fault tests and the bench."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path

import httpx

from deploy.broker import Broker, find_server
from deploy.database import EmbeddedDatabase
from deploy.instance import NotReadyError, free_port
from migrations import runner
from shared.security.issuer import ISSUER_URL, LocalIssuer
from shared.security.keys import Keyring

HERE = Path(__file__).parent
HOUSES = ("intake", "routing", "notify")
READY_WITHIN = 60.0


class Process:
    """One api or worker; started again with the same environment as often as needed."""

    def __init__(self, house: str, kind: str, environment: Mapping[str, str], log: Path) -> None:
        self.house = house
        self.kind = kind
        self.log = log
        self._environment = {**os.environ, **environment}
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._running.pid if self._running else None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", f"services.{self.house}", self.kind],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        self._end(signal.SIGKILL, 10)

    def stop(self) -> None:
        self._end(signal.SIGTERM, 15)

    def _end(self, how: signal.Signals, seconds: float) -> None:
        if self._running is None:
            return
        self._running.send_signal(how)
        try:
            self._running.wait(seconds)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()
        self._running = None


class Served:
    """`apis` and `workers` processes of each house; `gateway` is one origin in front of them."""

    def __init__(
        self,
        folder: Path,
        *,
        apis: int = 1,
        workers: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._environment = dict(environment or {})
        self.broker = _broker()
        # Twelve processes and more, each with its connections.
        self.database = EmbeddedDatabase(folder / "pg", {"max_connections": "400"})
        self.apis: dict[str, list[tuple[int, Process]]] = {}
        self.workers: dict[str, list[Process]] = {}
        self._counts = (apis, workers)

    @property
    def processes(self) -> list[Process]:
        apis = [process for group in self.apis.values() for _, process in group]
        return [*apis, *(process for group in self.workers.values() for process in group)]

    @property
    def issuer(self) -> LocalIssuer:
        return LocalIssuer.load_or_create(self.folder / "keys" / "issuer.pem")

    async def start(self) -> None:
        await asyncio.to_thread(self.broker.start)
        await asyncio.to_thread(self.database.start)
        await self.database.create()
        await runner.upgrade(self.database.url("postgres"))
        Keyring.load_or_create(self.folder / "keys" / "keyring.json")
        jwks = json.dumps(self.issuer.jwks())
        await asyncio.to_thread((self.folder / "jwks.json").write_text, jwks, "utf-8")
        self._plan()
        await self._load()
        for process in self.processes:
            process.start()
        await self.ready()

    def _plan(self) -> None:
        apis, workers = self._counts
        for house in HOUSES:
            self.apis[house] = []
            for number in range(apis):
                port = free_port()
                environment = {**self.environment(house), f"{house.upper()}_PORT": str(port)}
                log = self.folder / f"{house}-api-{number}.log"
                self.apis[house].append((port, Process(house, "api", environment, log)))
            self.workers[house] = [
                Process(
                    house, "worker", self.environment(house), self.folder / f"{house}-{number}.log"
                )
                for number in range(workers)
            ]

    def environment(self, house: str) -> dict[str, str]:
        prefix = house.upper()
        issuers = [{"issuer": ISSUER_URL, "jwks_file": str(self.folder / "jwks.json")}]
        return {
            f"{prefix}_DATABASE_URL": self.database.url(runner.service_role(house)),
            f"{prefix}_SEALER_DATABASE_URL": self.database.url(runner.sealer_role(house)),
            f"{prefix}_AMQP_URL": self.broker.url,
            f"{prefix}_KEYRING_FILE": str(self.folder / "keys" / "keyring.json"),
            f"{prefix}_FILES_URL": (self.folder / "files").as_uri(),
            f"{prefix}_ISSUERS": json.dumps(issuers),
            f"{prefix}_DIVISION": "630000",
            f"{prefix}_LOG_LEVEL": "WARNING",
            **{name: each for name, each in self._environment.items() if name.startswith(prefix)},
        }

    async def _load(self) -> None:
        for house, command, file in (
            ("intake", "catalogue-import", "catalogue.json"),
            ("routing", "directory-import", "directory.json"),
        ):
            done = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-m", f"services.{house}", command, str(HERE / file)],
                env={**os.environ, **self.environment(house)},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise NotReadyError(f"{house} {command}: {done.stdout}{done.stderr}")

    async def ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + READY_WITHIN
        async with httpx.AsyncClient(timeout=2) as client:
            for house, group in self.apis.items():
                for port, process in group:
                    url = f"http://127.0.0.1:{port}/{house}/readyz"
                    await _await_ready(client, url, process, deadline)

    def gateway(self) -> "Gateway":
        return Gateway({house: [port for port, _ in group] for house, group in self.apis.items()})

    async def stop(self) -> None:
        """Whatever happened: processes, database and broker are gone afterwards."""
        await asyncio.gather(*(asyncio.to_thread(each.stop) for each in self.processes))
        await asyncio.to_thread(self.database.stop)
        await asyncio.to_thread(self.broker.close)


async def _await_ready(
    client: httpx.AsyncClient, url: str, process: Process, deadline: float
) -> None:
    last = ""
    while asyncio.get_running_loop().time() < deadline:
        try:
            answer = await client.get(url)
            if answer.status_code == httpx.codes.OK:
                return
            last = answer.text
        except httpx.HTTPError as error:
            last = type(error).__name__
        await asyncio.sleep(0.1)
    log = process.log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise NotReadyError(f"{url}: {last}\n{log}")


class Gateway(httpx.AsyncBaseTransport):
    """One origin before many processes: by the first part of the path, each in its turn. One that
    takes no connection is passed over; what was sent is never sent again by itself."""

    def __init__(self, ports: Mapping[str, Iterable[int]]) -> None:
        self._ports = {house: tuple(group) for house, group in ports.items()}
        self._turns = count()
        self._transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=50)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        ports = self._ports[request.url.path.split("/", 2)[1]]
        turn = next(self._turns)
        for offset in range(len(ports)):
            port = ports[(turn + offset) % len(ports)]
            request.url = request.url.copy_with(host="127.0.0.1", port=port)
            try:
                return await self._transport.handle_async_request(request)
            except httpx.ConnectError:
                if offset == len(ports) - 1:
                    raise
        raise AssertionError("a house has at least one process")

    async def aclose(self) -> None:
        await self._transport.aclose()


def _broker() -> Broker:
    server = find_server()
    if server is None:
        raise NotReadyError(
            "没有找到 rabbitmq-server（apt-get install rabbitmq-server）/ no RabbitMQ"
        )
    return Broker(server)
