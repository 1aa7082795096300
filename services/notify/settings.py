"""What notify reads from its environment: NOTIFY_DATABASE_URL, NOTIFY_SMS_FILE …"""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.notify.domain.holds import Deferral
from shared.configuration import HouseSettings


class Settings(HouseSettings):
    """`sms_file` and `carrier_files` describe gateways; without one nothing goes out by it.
    Without `carrier_rules` a single carrier takes everything; between several a person chooses."""

    model_config = SettingsConfigDict(env_prefix="NOTIFY_")

    link_days: int = Field(default=30, ge=1, le=365)
    deferral: Deferral = Deferral.HOLD
    sms_file: Path | None = None
    sms_base: str | None = None
    sms_signature: str = Field(default="通办", min_length=1, max_length=12)
    hotline: str = "12345"
    carrier_files: tuple[Path, ...] = ()
    carrier_rules: Path | None = None
    carrier_bases: dict[str, str] = Field(default_factory=dict)
