"""A carrier's own books: orders, waybills, and how far each parcel has come."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field, field_validator

from deploy.simulators.faults import ANY
from deploy.simulators.journeys import JOURNEYS, TEXTS
from services.notify.domain.waybills import ItemNumber
from shared.clock import SHANGHAI


class PushMode(StrEnum):
    EACH = "each"  # only what is new
    FULL = "full"  # the whole trace every time
    REVERSED = "reversed"  # nothing until the end, then scan by scan, the last one first
    NONE = "none"  # one has to pull


class Script(BaseModel):
    """How the parcel of this order, waybill, or any other, will travel."""

    key: str = ANY
    journey: str = "smooth"
    steps: list[str] | None = None  # instead of a named journey
    push: PushMode = PushMode.EACH
    copies: int = Field(default=1, ge=1, le=100)  # of every push
    push_delay: float = Field(default=0, ge=0, le=60)
    pace: float | None = Field(default=None, gt=0, le=3600)  # seconds between scans, by itself
    starts_at_booking: bool = False  # otherwise it waits for the pick-up
    terse: bool = False  # the answer to a repeated order leaves the waybill out

    @field_validator("journey")
    @classmethod
    def _known(cls, journey: str) -> str:
        if journey not in JOURNEYS:
            raise ValueError(f"one of {sorted(JOURNEYS)}")
        return journey

    def scans(self) -> tuple[str, ...]:
        return tuple(self.steps) if self.steps is not None else JOURNEYS[self.journey]


@dataclass
class Parcel:
    order_id: str
    waybill: str
    booked_at: datetime
    script: Script
    asked: int = 1  # how often it was ordered
    cancelled: bool = False
    picked_up: bool = False
    trace: list[dict[str, str]] = field(default_factory=list)
    last_scan_at: datetime | None = None
    moving: bool = False  # it travels by itself

    @property
    def left(self) -> tuple[str, ...]:
        return self.script.scans()[len(self.trace) :]

    def scan(self, at: datetime) -> dict[str, str]:
        """The next scan; never in the same second as the one before it."""
        if self.last_scan_at is not None:
            at = max(at, self.last_scan_at + timedelta(seconds=1))
        self.last_scan_at = at
        code = self.left[0]
        local = at.astimezone(SHANGHAI)
        event = {
            "time": f"{local:%Y-%m-%d %H:%M:%S}",
            "op_code": code,
            "op_org": "西宁邮件处理中心" if len(self.trace) < 2 else "兰州邮件处理中心",
            "op_desc": TEXTS.get(code, code),
        }
        self.trace.append(event)
        return event

    def push_body(self, events: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "parcels": [
                {"waybill_no": self.waybill, "client_order_no": self.order_id, "traces": events}
            ]
        }


@dataclass
class Books:
    parcels: dict[str, Parcel] = field(default_factory=dict)
    scripts: dict[str, Script] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)
    serial: int = 1

    def book(self, order_id: str, at: datetime) -> tuple[Parcel, bool]:
        """The parcel, and whether the order was known already."""
        known = self.parcels.get(order_id)
        if known is not None:
            known.asked += 1
            return known, True
        waybill = str(ItemNumber("EA", f"{self.serial:08d}", "CN"))
        self.serial += 1
        parcel = Parcel(order_id, waybill, at, self.script_for(order_id, waybill))
        self.parcels[order_id] = parcel
        return parcel, False

    def script_for(self, *keys: str) -> Script:
        for key in (*keys, ANY):
            if key in self.scripts:
                return self.scripts[key]
        return Script()

    def direct(self, script: Script) -> None:
        """Also for parcels under way: what has been scanned already stays."""
        self.scripts[script.key] = script
        for parcel in self.parcels.values():
            if script.key in {parcel.order_id, parcel.waybill}:
                parcel.script = script

    def by_waybill(self, waybill: str) -> Parcel | None:
        return next((each for each in self.parcels.values() if each.waybill == waybill), None)

    def note(self, operation: str, key: str) -> None:
        self.requests.append({"operation": operation, "key": key})
