"""What intake reads from its environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.configuration import HouseSettings


class Settings(HouseSettings):
    """INTAKE_DATABASE_URL, INTAKE_AMQP_URL, INTAKE_FILES_URL …"""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")

    number_block: int = Field(default=200, ge=1, le=10_000)
    registered_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="how long a visit with papers missing stays registered, in days",
    )
    missing_content_days: int = Field(
        default=3,
        ge=1,
        le=30,
        description="how long a partner may answer that what it told of is not there, in days",
    )
