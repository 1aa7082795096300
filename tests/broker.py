"""Obtains a real RabbitMQ for the tests that need one, and takes it down again.

In this order: the one named by TEST_AMQP_URL; the one that is installed; the one of Debian's
packages, when we are root there. With CI=true its absence is a failure, otherwise those tests are
skipped, loudly. Tests that kill the broker need one of our own, whatever TEST_AMQP_URL says.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from deploy.broker import Broker, BrokerUnavailableError, find_server

NAMED = "TEST_AMQP_URL"
_POLICY = Path("/usr/sbin/policy-rc.d")


@pytest.fixture(scope="session")
def own_broker() -> Iterator[Broker]:
    """A broker that may be killed; whoever kills it starts it again."""
    try:
        broker = Broker(_server())
    except BrokerUnavailableError as error:
        _do_without(str(error))
    try:
        broker.start()
    except BrokerUnavailableError as error:
        broker.close()
        _do_without(str(error))
    try:
        yield broker
    finally:
        broker.close()


@pytest.fixture(scope="session")
def amqp_url(request: pytest.FixtureRequest) -> str:
    """The named broker if there is one, else our own."""
    named = os.environ.get(NAMED)
    if named:
        return named
    broker: Broker = request.getfixturevalue("own_broker")
    return broker.url


def require_server() -> None:
    """For tests that start installations with a broker of their own."""
    try:
        _server()
    except BrokerUnavailableError as error:
        _do_without(str(error))


def _server() -> Path:
    found = find_server() or _from_debian()
    if found is None:
        raise BrokerUnavailableError(
            f"no RabbitMQ: name one by {NAMED}, or install rabbitmq-server (3.10.8 or later)"
        )
    return found


def _from_debian() -> Path | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    sys.stderr.write("\nrabbitmq-server is not here: installing it from Debian's packages\n")
    with _not_started():
        for command in (["install"], ["update"], ["install"]):
            packages = ["rabbitmq-server"] if command == ["install"] else []
            done = subprocess.run(
                ["apt-get", "-qq", "-y", "--no-install-recommends", *command, *packages],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdout=sys.stderr,
                timeout=600,
                check=False,
            )
            if done.returncode == 0 and (found := find_server()):
                return found
    return None


@contextmanager
def _not_started() -> Iterator[None]:
    """The package's own service shall not be started by its installation."""
    ours = not _POLICY.exists()
    if ours:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            _POLICY.unlink(missing_ok=True)


def _do_without(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(f"RABBITMQ IS MISSING: {reason}", pytrace=False)
    line = f"NOT TESTED, RABBITMQ IS MISSING: {reason}"
    sys.stderr.write(f"\n{'!' * 20} {line} {'!' * 20}\n")
    pytest.skip(line)
