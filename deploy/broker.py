"""A RabbitMQ of one's own: its node name, ports and folders shared with nobody, taken down again.

For tests and for the served demo; an installation brings its own broker. Processes are ended by
their group, never by name, and the port mapper of Erlang (epmd) has a port of its own as well.
"""

import atexit
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

STARTS_WITHIN = 60.0
_PLACES = ("/usr/lib/rabbitmq/bin", "/usr/local/lib/rabbitmq/bin", "/opt/rabbitmq/sbin")

# Holds the other end of a pipe from us: when we are gone, however that came, it tidies up.
_GUARD = 'cat >/dev/null; kill -s KILL -- "-$1"; sleep 1; epmd -port "$2" -kill; rm -rf "$3"'


class BrokerUnavailableError(Exception):
    """There is no RabbitMQ here, or it does not start."""


def find_server() -> Path | None:
    """The server's own script; Debian's wrapper in /usr/sbin insists on one user and one place."""
    for place in _PLACES:
        script = Path(place) / "rabbitmq-server"
        if script.exists():
            return script
    found = shutil.which("rabbitmq-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return Path(found) if found else None


class Broker:
    """`start`, `kill` (as a power cut would) and `start` again as often as needed; `close` at the
    end, which also happens when the process exits. Data survive a kill."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._folder = Path(tempfile.mkdtemp(prefix="tongban-mq-"))
        self._folder.chmod(0o755)
        self._port, self._distribution, self._epmd = _free_ports(3)
        self._node = f"tongban{os.getpid()}x{self._port}@localhost"
        self._password = secrets.token_urlsafe(24)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    @property
    def url(self) -> str:
        return f"amqp://tongban:{self._password}@127.0.0.1:{self._port}/"

    @property
    def log(self) -> Path:
        return self._folder / "log.txt"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns when it takes connections."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._server)],
                env=self._environment(),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._guard = subprocess.Popen(
            [
                "/bin/sh",
                "-c",
                _GUARD,
                "guard",
                str(self._process.pid),
                str(self._epmd),
                self._folder,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._await_answer()

    def kill(self) -> None:
        """At once, without a word to anybody."""
        self._signal(signal.SIGKILL)
        self._reap(10)

    def freeze(self) -> None:
        """Still there, but it answers nothing until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """As an administrator would."""
        self._signal(signal.SIGTERM)
        if not self._reap(20):
            self.kill()

    def close(self) -> None:
        atexit.unregister(self.close)
        self.kill()
        self._end_epmd()
        shutil.rmtree(self._folder, ignore_errors=True)

    def control(self, *arguments: str) -> str:
        """`rabbitmqctl`, for this node."""
        done = subprocess.run(
            [str(self._server.with_name("rabbitmqctl")), "-q", "-n", self._node, *arguments],
            env=self._environment(),
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise BrokerUnavailableError(f"rabbitmqctl {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        config = folder / "rabbitmq.conf"
        if not config.exists():
            config.write_text(
                f"listeners.tcp.1 = 127.0.0.1:{self._port}\n"
                f"default_user = tongban\ndefault_pass = {self._password}\n"
                "vm_memory_high_watermark.absolute = 1GB\n"
                "disk_free_limit.absolute = 50MB\n"
                "log.console = true\nlog.console.level = warning\nlog.file = false\n"
            )
            (folder / "enabled_plugins").write_text("[].\n")
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            # The Erlang machine itself is our child, not a shell that waits for it.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput",
            "RABBITMQ_CTL_ERL_ARGS": "-noinput",
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def _await_answer(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            if not self.running:
                break
            if _speaks_amqp(self._port):
                return
            time.sleep(0.05)
        text = (self._folder / "log.txt").read_text(errors="replace")[-3000:]
        raise BrokerUnavailableError(f"rabbitmq-server did not start:\n{text}")

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _reap(self, seconds: float) -> bool:
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._process = None
        if self._guard is not None:
            self._guard.kill()
            self._guard.wait()
            if self._guard.stdin is not None:
                self._guard.stdin.close()
            self._guard = None
        return True

    def _end_epmd(self) -> None:
        """It puts itself into a session of its own, so it is told by its own protocol: KILL_REQ."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._epmd), 1) as epmd:
            epmd.sendall(b"\x00\x01k")
            epmd.settimeout(1)
            epmd.recv(2)


def _speaks_amqp(port: int) -> bool:
    """A listener that answers the protocol header: the node has booted."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(1)
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(connection.recv(1))
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
