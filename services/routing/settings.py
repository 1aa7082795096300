"""What routing reads from its environment: ROUTING_DATABASE_URL …"""

from pydantic_settings import SettingsConfigDict

from shared.configuration import HouseSettings


class Settings(HouseSettings):
    model_config = SettingsConfigDict(
        env_prefix="ROUTING_", frozen=True, extra="ignore", env_nested_delimiter="__"
    )
