"""What is stuck on: a parcel, a single original, a dispatch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from shared.documents import codes
from shared.documents.parts import Document, Office

PER_SHEET = 24
"""Three by eight labels of 70 mm × 37 mm on A4, as stationers sell them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelLabel(Document):
    """100 mm × 150 mm, for the sealed bag."""

    template: ClassVar[str] = "parcel_label"

    parcel: str
    seal_number: str = ""
    sender: Office
    receiver: Office
    count: int
    sealed_at: datetime | None = None
    waybill: str = ""

    def drawings(self) -> Mapping[str, object]:
        return {"barcode": codes.code128(self.parcel)}


@dataclass(frozen=True, slots=True)
class OriginalLabel:
    label: str
    case_number: str
    material: str
    going_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalLabels(Document):
    """`skip` places of a sheet that was begun before are left out."""

    template: ClassVar[str] = "original_labels"

    labels: tuple[OriginalLabel, ...]
    skip: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.skip < PER_SHEET:
            raise ValueError(f"a sheet has {PER_SHEET} labels")

    def drawings(self) -> Mapping[str, object]:
        return {"barcodes": [codes.code128(label.label) for label in self.labels]}


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Who sends or is sent to, as the carrier needs it."""

    name: str
    phone: str
    address: str
    postcode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchLabel(Document):
    """100 mm × 150 mm, for what a carrier takes to a person or a place."""

    template: ClassVar[str] = "dispatch_label"

    carrier: str
    waybill: str
    reference: str
    sender: Correspondent
    recipient: Correspondent
    contents: str = ""
    payer: str = ""
    printed_on: date

    def drawings(self) -> Mapping[str, object]:
        return {"barcode": codes.code128(self.waybill)}
