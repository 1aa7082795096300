"""The shape of an SMS gateway, and the one that is manual: none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from services.notify.gateways.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class SmsOrder:
    """Personal: it lives only as long as the call, and is never logged."""

    message_id: str  # our own id: the gateway's guard against a second SMS
    phone: str
    text: str
    provider_code: str = ""  # approved template number, for gateways that send only those
    words: Mapping[str, str] = field(default_factory=dict)


class Fate(StrEnum):
    """What a gateway reports afterwards about the handset."""

    ARRIVED = "arrived"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Report:
    message_id: str  # ours where it repeats it
    reference: str
    fate: Fate
    raw_code: str


@runtime_checkable
class SmsGateway(Protocol):
    @property
    def code(self) -> str: ...

    async def send(self, order: SmsOrder) -> Outcome:
        """Safe to repeat with the same message id."""
        ...

    def read_reports(self, document: object) -> tuple[Report, ...]: ...
