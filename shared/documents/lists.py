"""Lists that a window or a papers desk prints: what to bring, what is in a parcel, what leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from shared.documents import codes
from shared.documents.parts import Document, Material, Matter, Office, Person


@dataclass(frozen=True, slots=True)
class Needed:
    """One material: `forms` the applicant may choose from, `spared` by what instead of paper."""

    name: str
    forms: str
    count: str = ""
    issuer: str = ""
    note: str = ""
    why: str = ""
    spared: str = ""
    deferrable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist(Document):
    """材料清单: what *this* applicant brings in *this* mode."""

    template: ClassVar[str] = "checklist"

    matter: Matter
    version: str
    mode: str
    situation: str
    authority: str
    window: Office | None = None
    materials: tuple[Needed, ...]
    limit: str = ""
    fee: str = ""
    delivery: str = ""
    printed_on: date


@dataclass(frozen=True, slots=True)
class Received:
    """One line of what a window has received, and when; `note`: what became of it."""

    name: str
    form: str
    count: int
    received_on: date
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMaterials(Document):
    """已收材料清单: everything of a case up to the day of printing, supplements too."""

    template: ClassVar[str] = "received_materials"

    case_number: str
    matter: Matter
    applicant: Person
    window: Office
    materials: tuple[Received, ...]
    promised: tuple[Material, ...] = ()
    printed_at: datetime


@dataclass(frozen=True, slots=True)
class Original:
    """One paper in a parcel; `label` is what its own barcode says."""

    label: str
    case_number: str
    material: str
    owner: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Document):
    """交接清单: what was sealed into a parcel, to be ticked off where it is opened."""

    template: ClassVar[str] = "manifest"

    parcel: str
    seal_number: str = ""
    sender: Office
    receiver: Office
    sealed_at: datetime | None = None
    sealed_by: str = ""
    carrier: str = ""
    waybill: str = ""
    originals: tuple[Original, ...]

    def drawings(self) -> Mapping[str, object]:
        return {"barcode": codes.code128(self.parcel)}


@dataclass(frozen=True, slots=True)
class Handed:
    """One dispatch on the daily list."""

    waybill: str
    reference: str
    recipient: str
    destination: str
    contents: str = ""
    payer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverList(Document):
    """邮件交寄清单: what a carrier fetches on one day at one place."""

    template: ClassVar[str] = "handover"

    number: str
    place: Office
    carrier: str
    handed_on: date
    dispatches: tuple[Handed, ...]

    def drawings(self) -> Mapping[str, object]:
        return {"barcode": codes.code128(self.number)}
