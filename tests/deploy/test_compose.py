"""What compose.yaml starts: nothing without its secrets, nobody with another's settings."""

import json
import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy import definitions
from shared.telemetry import metrics
from tests.deploy.test_settings import DEPLOY, HOUSES

WRITTEN = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: Mapping[str, Any] = yaml.safe_load(WRITTEN)
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
OURS = [name for name, each in SERVICES.items() if str(each["image"]).startswith("${TONGBAN_IMAGE")]
LASTING = [name for name, each in SERVICES.items() if each.get("restart") == "unless-stopped"]


def test_every_house_has_doors_and_workers() -> None:
    for house in ("intake", "routing", "notify"):
        for kind in ("api", "worker"):
            assert SERVICES[f"{house}-{kind}"]["command"] == [f"services.{house}", kind]


@pytest.mark.parametrize("name", OURS)
def test_what_is_started_exists(name: str) -> None:
    module = SERVICES[name]["command"][0]
    assert find_spec(module), module


@pytest.mark.parametrize("house", HOUSES)
def test_a_house_is_given_all_of_its_settings_and_no_other(house: str) -> None:
    # The first says how it is run at all, the second is what only `make run` says of itself.
    elsewhere = {f"{house}_TRANSPORT", f"{house}_SERVED"}
    wanted = {f"{house}_{name.upper()}" for name in HOUSES[house].model_fields} - elsewhere
    for kind in ("api", "worker"):
        given = set(SERVICES[f"{house.lower()}-{kind}"]["environment"])
        assert given == wanted | {"FORWARDED_ALLOW_IPS"}


def test_no_secret_has_a_default() -> None:
    secret = re.compile(r"(PASSWORD|_KEY|DATABASE_URL|AMQP_URL)$")
    for name, rest in re.findall(r"\$\{([A-Z0-9_]+)([^}]*)\}", WRITTEN):
        if secret.search(name):
            assert rest.startswith(":?"), name


def test_no_secret_is_written_down() -> None:
    for name, each in SERVICES.items():
        for key, value in (each.get("environment") or {}).items():
            if re.search(r"(PASSWORD|PASS|SECRET|_URL)$", key):
                assert value is None or str(value).startswith("${"), f"{name} {key}"


@pytest.mark.parametrize("name", LASTING)
def test_what_runs_on_says_whether_it_is_well(name: str) -> None:
    if name not in ("prometheus", "grafana"):
        assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_named_with_their_version(name: str) -> None:
    image = str(SERVICES[name]["image"])
    if name not in OURS:
        assert re.search(r":v?\d+\.?\d*", image), image


@pytest.mark.parametrize("name", OURS)
def test_our_processes_can_do_little(name: str) -> None:
    each = SERVICES[name]
    assert each["read_only"] is True
    assert each["cap_drop"] == ["ALL"]
    assert "ports" not in each


def test_only_the_gateway_is_open_to_others() -> None:
    for name, each in SERVICES.items():
        for port in each.get("ports", ()):
            assert name == "gateway" or str(port).startswith("127.0.0.1:"), name


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_from_here_is_here(name: str) -> None:
    for volume in SERVICES[name].get("volumes") or ():
        source = str(volume).partition(":")[0]
        if source.startswith("./"):
            assert (DEPLOY / source).exists(), source


def test_the_gateway_leads_to_each_house() -> None:
    config = (DEPLOY / "gateway.conf").read_text(encoding="utf-8")
    for house in ("intake", "routing", "notify"):
        assert re.search(rf"location /{house}/ {{\s+set \$door {house}-api;", config)
    assert "X-Forwarded-For $remote_addr" in config
    assert "$request_uri" not in config
    assert "$args" not in config


def test_the_definitions_are_those_of_the_services() -> None:
    assert definitions.FILE.read_text(encoding="utf-8") == definitions.written()
    assert "users" not in json.loads(definitions.written())


def _figures() -> set[str]:
    assert metrics.REQUESTS  # imported for what it registers
    return {
        sample
        for family in REGISTRY.collect()
        for sample in (
            family.name,
            *(f"{family.name}_{suffix}" for suffix in ("total", "count", "sum", "bucket")),
        )
    }


def _asked(expression: str) -> set[str]:
    return set(re.findall(r"\btongban_[a-z_]+", expression))


def test_dashboards_show_only_what_is_measured() -> None:
    (board,) = [json.loads(path.read_text()) for path in (DEPLOY / "dashboards").glob("*.json")]
    for panel in board["panels"]:
        for target in panel["targets"]:
            assert _asked(target["expr"]), panel["title"]
            assert _asked(target["expr"]) <= _figures(), panel["title"]


def test_alerts_ask_only_for_what_is_measured() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    for rule in rules["groups"][0]["rules"]:
        assert _asked(rule["expr"]) <= _figures(), rule["alert"]
        assert rule["annotations"]["action"]
