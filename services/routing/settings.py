"""What routing reads from its environment: ROUTING_DATABASE_URL …"""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.configuration import HouseSettings
from shared.security.issuer import ISSUER_URL


class Settings(HouseSettings):
    model_config = SettingsConfigDict(
        env_prefix="ROUTING_", frozen=True, extra="ignore", env_nested_delimiter="__"
    )

    # The key that signs the tokens of service accounts, and the name under which the houses
    # trust it (…_ISSUERS); without a key none are issued.
    issuer_key_file: Path | None = None
    issuer_url: str = ISSUER_URL
    missing_content_days: int = Field(
        default=3,
        ge=1,
        le=30,
        description="how long a partner may answer that what it told of is not there, in days",
    )
