"""deploy/.env.example lists what there is, explains it, and is refused as it stands."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from pydantic import SecretStr, ValidationError

from services.intake.settings import Settings as Intake
from services.notify.settings import Settings as Notify
from services.routing.settings import Settings as Routing
from shared.configuration import EXAMPLE_SECRETS, HouseSettings, holds_example

DEPLOY = Path(__file__).parents[2] / "deploy"
EXAMPLE = (DEPLOY / ".env.example").read_text(encoding="utf-8")
HOUSES: Mapping[str, type[HouseSettings]] = MappingProxyType(
    {"INTAKE": Intake, "ROUTING": Routing, "NOTIFY": Notify}
)
_LINE = re.compile(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _lines() -> Iterator[tuple[str, str, bool]]:
    for line in EXAMPLE.splitlines():
        if found := _LINE.match(line):
            yield found[2], found[3].strip("'"), found[1] == "#"


def _settings() -> dict[str, tuple[type[HouseSettings], str]]:
    return {
        f"{house}_{name.upper()}": (settings, name)
        for house, settings in HOUSES.items()
        for name in settings.model_fields
        if name != "served"
    }


def _composed() -> set[str]:
    """What only compose.yaml reads."""
    written = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    named = re.findall(r"\$\{([A-Z0-9_]+)", written) + re.findall(
        r"environment: ([A-Z_]+)$", written, re.MULTILINE
    )
    return set(named) - set(_settings())


def _environment() -> dict[str, str]:
    return {name: value for name, value, commented in _lines() if not commented and value}


def test_the_example_lists_exactly_the_settings_that_exist() -> None:
    listed = [name for name, _, _ in _lines()]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(_settings()) | _composed()


def test_every_setting_is_explained_in_both_languages() -> None:
    unexplained, said = [], ""
    for line in EXAMPLE.splitlines():
        if found := _LINE.match(line):
            chinese = [part for part in said.splitlines() if _CHINESE.search(part)]
            if not chinese or len(said.splitlines()) - len(chinese) < 1:
                unexplained.append(found[2])
        elif line.startswith("#"):
            said += f"{line}\n"
        else:
            said = ""
    assert not unexplained


def test_what_is_commented_out_is_the_default() -> None:
    for name, value, commented in _lines():
        if not commented or name not in _settings():
            continue
        settings, field = _settings()[name]
        told = HouseSettings.model_fields | settings.model_fields
        default = told[field].get_default(call_default_factory=True)
        assert value == _written(default), name


def _written(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return {"()": "[]", "{}": "{}"}.get(str(default), str(default))


def test_what_is_required_is_not_commented_out() -> None:
    commented = {name for name, _, commented in _lines() if commented}
    required = {
        name
        for name, (settings, field) in _settings().items()
        if settings.model_fields[field].is_required()
    }
    assert not required & commented


@pytest.mark.parametrize("house", HOUSES)
def test_served_mode_refuses_each_example_secret(
    house: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = HOUSES[house]
    whole = {
        name: value.replace("change-me", "k3FvQ0")
        for name, value in _environment().items()
        if name.startswith(f"{house}_")
    }
    for name, value in whole.items():
        monkeypatch.setenv(name, value)
    assert settings().served
    secrets = [
        name for name, value in _environment().items() if name in whole and "change" in value
    ]
    assert len(secrets) >= 4
    for name in secrets:
        monkeypatch.setenv(name, _environment()[name])
        with pytest.raises(ValidationError, match="example secret"):
            settings()
        monkeypatch.setenv(name, whole[name])


def test_every_secret_of_the_example_is_an_example_or_empty() -> None:
    """So that nobody can run with a password that stands in this repository."""
    for name, value, commented in _lines():
        secret = name.endswith(("_PASSWORD", "_SECRET_KEY", "DATABASE_URL", "AMQP_URL"))
        if secret and not commented:
            assert not value or holds_example(value), name


@pytest.mark.parametrize("word", EXAMPLE_SECRETS)
def test_an_example_is_known_alone_and_within_an_address(word: str) -> None:
    assert holds_example(word)
    assert holds_example(f"amqp://tongban:{word.upper()}-1@rabbitmq:5672/")
    assert not holds_example(f"amqp://{word}:k3FvQ0@rabbitmq:5672/")
    assert not holds_example("postgresql+asyncpg://tongban@/tongban?host=/run/postgresql")


def test_a_secret_may_come_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        name: value.replace("change-me", "k3FvQ0")
        for name, value in _environment().items()
        if name.startswith("INTAKE_")
    }
    url = environment.pop("INTAKE_DATABASE_URL")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "INTAKE_DATABASE_URL").write_text(f"{url}\n")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    assert Intake().database_url == SecretStr(url)
    monkeypatch.setenv("INTAKE_DATABASE_URL", "postgresql+asyncpg://first@here/tongban")
    assert "first@here" in Intake().database_url.get_secret_value()


def test_an_empty_variable_is_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _environment().items():
        if name.startswith("INTAKE_"):
            monkeypatch.setenv(name, value.replace("change-me", "k3FvQ0"))
    monkeypatch.setenv("INTAKE_METRICS_PORT", "")
    assert Intake().metrics_port is None


@pytest.mark.parametrize("house", HOUSES)
def test_no_setting_of_the_environment_turns_the_check_of_secrets_off(
    house: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in _environment().items():
        monkeypatch.setenv(name, value)
    for off in ("false", "0", "no"):
        monkeypatch.setenv(f"{house}_SERVED", off)
        with pytest.raises(ValidationError, match="example secret"):
            HOUSES[house]()
