"""The file that describes a carrier: addresses, fields, and what its codes mean."""

import tomllib
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notify.domain import waybills
from services.notify.domain.traces import Tracking
from services.notify.gateways import secrets
from services.notify.gateways.verdicts import AnswerTable

PARTY = ("name", "phone", "address", "postcode", "division")
_BOOKING = frozenset(
    {"order_id", "content", "payer", "pieces", "remark"}
    | {f"{side}.{part}" for side in ("sender", "recipient") for part in PARTY}
)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Booking(_File):
    url: str
    method: Literal["POST", "PUT"] = "POST"
    fields: Mapping[str, str]  # their path → our name, or =a constant
    answer: AnswerTable

    @model_validator(mode="after")
    def _names_are_ours(self) -> Self:
        names = {name for name in self.fields.values() if not name.startswith("=")}
        if unknown := sorted(names - _BOOKING):
            raise ValueError(f"not fields of a booking: {unknown}")
        if not self.answer.reference:
            raise ValueError("answer.reference must say where the waybill is")
        if "order_id" not in names:
            raise ValueError("order_id must be sent: without it a repeat is a second booking")
        return self


class Finding(_File):
    """Asks for a booking by our own id, for carriers whose "duplicate" leaves out the waybill."""

    url: str  # may hold {order_id}
    answer: AnswerTable


class Cancelling(_File):
    url: str  # may hold {order_id} and {waybill}
    method: Literal["POST", "DELETE"] = "POST"
    answer: AnswerTable


class Scans(_File):
    """Where one scan keeps its parts."""

    at: str
    code: str
    place: str = ""
    text: str = ""
    time_format: str = ""  # strptime; empty: ISO 8601, or seconds since 1970
    time_zone: str = "Asia/Shanghai"  # for times that do not say


class Asking(_File):
    url: str  # may hold {waybill}
    method: Literal["GET", "POST"] = "GET"
    fields: Mapping[str, str] = {}
    events: str
    ok: Mapping[str, str] = {}  # path → value that a useful answer has


class Pushing(_File):
    parcels: str = ""  # path of the list of parcels; empty: the body is one
    waybill: str
    order_id: str = ""
    events: str
    secret_file: str = ""  # what its webhooks are signed with


class JsonCarrierFile(_File):
    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    name: str
    base: str = ""  # what every url below begins with; the installation may set another
    waybill_scheme: waybills.Scheme = waybills.Scheme.PLAIN
    waybill_pattern: str | None = None
    timeout: float = Field(default=10.0, gt=0, le=60)
    auth: secrets.Auth | None = None
    book: Booking
    find: Finding | None = None
    cancel: Cancelling | None = None
    track: Asking | None = None
    push: Pushing | None = None
    scans: Scans
    statuses: Mapping[str, Tracking]

    @classmethod
    def parse(cls, source: str) -> Self:
        return cls.model_validate(tomllib.loads(source))
