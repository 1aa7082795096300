"""What every house reads from its environment; secrets may also come as files.

A file in SECRETS_DIR (/run/secrets) that is named like a setting, INTAKE_DATABASE_URL, is read as
the setting's value; the environment goes before it.
"""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from shared.http.rates import Pace
from shared.retention.rules import faults as term_faults

# Values that stand in examples; served mode refuses to start with any of them.
EXAMPLE_SECRETS = ("change-me", "changeme", "password", "secret", "guest", "example")


class IssuerSettings(BaseModel):
    """Either `jwks_file` (a local key set) or discovery at `issuer`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    issuer: str
    audience: str = "tongban"
    jwks_file: Path | None = None
    algorithms: tuple[str, ...] = ("ES256", "RS256", "EdDSA")


class HouseSettings(BaseSettings):
    """A subclass per house sets the prefix: INTAKE_DATABASE_URL, ROUTING_AMQP_URL …"""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_nested_delimiter="__", env_ignore_empty=True
    )

    database_url: SecretStr
    sealer_database_url: SecretStr
    pool_size: int = Field(default=10, ge=1, le=100)
    transport: Literal["embedded", "amqp"] = "amqp"
    amqp_url: SecretStr | None = None
    keyring_file: Path
    # Seconds within which a changed key ring has reached every process: 0 where all read one file.
    keyring_arrives_within: float = Field(default=0, ge=0, le=86_400)
    files_url: str
    files_endpoint: str | None = None
    files_region: str = "us-east-1"
    files_access_key: SecretStr | None = None
    files_secret_key: SecretStr | None = None
    issuers: tuple[IssuerSettings, ...]
    division: str = Field(pattern=r"^\d{6}$")
    public_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    metrics_port: int | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: str | None = None
    # Where each request leaves a line; how long they stay is a term like the others.
    access_log_dir: Path | None = None
    # Days by kind, where this place keeps something for longer or shorter (shared/retention).
    retention: dict[str, int] = Field(default_factory=dict)
    outbound_allowed: tuple[str, ...] = ()
    # Requests per second, of one caller and of one address without a token; 0: unbounded.
    rate_per_caller: float = Field(default=1500, ge=0)
    rate_per_address: float = Field(default=20, ge=0)
    # Said by who starts it, never by the environment: what is served is always checked.
    served: bool = True

    @property
    def pace(self) -> Pace:
        return Pace.of(per_caller=self.rate_per_caller, per_address=self.rate_per_address)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (pydantic calls it by name)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        folder = Path(os.environ.get("SECRETS_DIR") or "/run/secrets")
        if not folder.is_dir():
            return init_settings, env_settings
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, folder)

    @model_validator(mode="before")
    @classmethod
    def _served_is_not_read(cls, given: Any) -> Any:
        """A false that came as a text came from the environment or a file."""
        if isinstance(given, dict) and isinstance(given.get("served"), str):
            return {name: value for name, value in given.items() if name != "served"}
        return given

    @property
    def files_options(self) -> dict[str, Any]:
        """How to reach the S3 API; without an access key the environment's AWS_… are used."""
        if self.files_access_key is None or self.files_secret_key is None:
            return {}
        found = {
            "endpoint": self.files_endpoint,
            "region": self.files_region,
            "access_key_id": self.files_access_key.get_secret_value(),
            "secret_access_key": self.files_secret_key.get_secret_value(),
        }
        return {name: value for name, value in found.items() if value is not None}

    @field_validator("retention")
    @classmethod
    def _terms_are_lawful(cls, own: dict[str, int]) -> dict[str, int]:
        if wrong := term_faults(own):
            raise ValueError("; ".join(wrong))
        return own

    @model_validator(mode="after")
    def _no_example_secrets(self) -> Self:
        if not self.served:
            return self
        if self.transport == "amqp" and self.amqp_url is None:
            raise ValueError("AMQP_URL is required with the amqp transport")
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr) and holds_example(value.get_secret_value()):
                raise ValueError(f"{name} still holds an example secret")
        return self


def holds_example(secret: str) -> bool:
    """Whether a password, or the one in an address, is one that stands in examples."""
    _, scheme, rest = secret.partition("://")
    credentials, _, _ = rest.rpartition("@")
    password = credentials.partition(":")[2] if scheme else secret
    return password.lower().startswith(EXAMPLE_SECRETS)
