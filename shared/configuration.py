"""What every house reads from its environment; secrets may also come as files."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

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

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_nested_delimiter="__")

    database_url: SecretStr
    sealer_database_url: SecretStr
    pool_size: int = Field(default=10, ge=1, le=100)
    transport: Literal["embedded", "amqp"] = "amqp"
    amqp_url: SecretStr | None = None
    keyring_file: Path
    files_url: str
    issuers: tuple[IssuerSettings, ...]
    division: str = Field(pattern=r"^\d{6}$")
    public_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    metrics_port: int | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: str | None = None
    outbound_allowed: tuple[str, ...] = ()
    served: bool = True

    @model_validator(mode="after")
    def _no_example_secrets(self) -> Self:
        if not self.served:
            return self
        if self.transport == "amqp" and self.amqp_url is None:
            raise ValueError("AMQP_URL is required with the amqp transport")
        for name in ("database_url", "sealer_database_url", "amqp_url"):
            value: SecretStr | None = getattr(self, name)
            if value is not None and _is_example(value.get_secret_value()):
                raise ValueError(f"{name} still holds an example secret")
        return self


def _is_example(url: str) -> bool:
    _, _, rest = url.partition("://")
    credentials, at, _ = rest.rpartition("@")
    password = credentials.partition(":")[2]
    return bool(at) and any(password.lower().startswith(word) for word in EXAMPLE_SECRETS)
