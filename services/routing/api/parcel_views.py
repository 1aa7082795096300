"""A sealed bag as both ends see it."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict, Field

from services.routing.actions import parcels_told
from services.routing.domain import parcels as rules
from services.routing.domain.discrepancies import ALLOWED, Kind, Settlement
from services.routing.domain.parcels import State
from services.routing.models import DiscrepancyRow, ParcelDeedRow, ParcelRow
from services.routing.queries import parcels as queries
from shared.http import etags
from shared.http.idempotency import Once

ParcelId = Annotated[
    UUID, Path(description="封装袋的系统编号", examples=["01990000-0000-7000-8000-000000000001"])
]
Typed = Annotated[str, Field(min_length=1, max_length=100)]


class ParcelOut(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    id: UUID
    number: str = Field(description="封装袋编号，印在标签上", examples=["P630000000000016"])
    from_location: str = Field(alias="from", description="寄出地")
    to_location: str = Field(alias="to", description="接收地")
    state: State = Field(description="状态")
    transit: bool = Field(description="经此中转")
    carrier: str | None = Field(description="承运人")
    waybill: str | None = Field(description="运单号")
    seal_number: str | None = Field(description="封签号")
    manifest_digest: str | None = Field(description="封装时清单的摘要")
    opened_at: datetime
    sealed_at: datetime | None
    handed_over_at: datetime | None
    due_on: date | None = Field(description="应当到达的日期；过期未到提醒两端")
    overdue: bool = Field(description="过期未到，已提醒两端")
    arrived_at: datetime | None
    scanned_at: datetime | None
    closed_at: datetime | None
    allowed: list[str] = Field(description="现在可以做什么")
    version: int

    @classmethod
    def of(cls, row: ParcelRow) -> "ParcelOut":
        return cls(**facts_of(row))


def facts_of(row: ParcelRow) -> dict[str, Any]:
    digest = row.manifest_digest
    return {
        "id": row.id,
        "number": row.number,
        "from_location": row.from_location,
        "to_location": row.to_location,
        "state": State(row.state),
        "transit": row.transit,
        "carrier": row.carrier,
        "waybill": row.waybill,
        "seal_number": row.seal_number,
        "manifest_digest": digest.hex() if digest else None,
        "opened_at": row.opened_at,
        "sealed_at": row.sealed_at,
        "handed_over_at": row.handed_over_at,
        "due_on": row.due_on,
        "overdue": queries.is_overdue(row),
        "arrived_at": row.arrived_at,
        "scanned_at": row.scanned_at,
        "closed_at": row.closed_at,
        "allowed": [deed.value for deed in rules.allowed(State(row.state))],
        "version": row.version,
    }


class LineOut(BaseModel):
    original_id: UUID
    label: str
    case_number: str
    material_code: str
    name: str
    scanned: str | None = Field(description="found 已到、missing 缺件、damaged 破损")


class DiscrepancyOut(BaseModel):
    id: UUID
    kind: Kind = Field(description="missing 缺件、extra 多件、damaged 破损")
    original_id: UUID | None
    case_number: str | None
    sender_says: Settlement | None = Field(description="寄出地的意见")
    receiver_says: Settlement | None = Field(description="接收地的意见")
    settlement: Settlement | None = Field(description="两端一致后的结论")
    allowed: list[Settlement] = Field(description="可选的了结方式")
    found_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, row: DiscrepancyRow) -> "DiscrepancyOut":
        kind = Kind(row.kind)
        return cls(
            id=row.id,
            kind=kind,
            original_id=row.original_id,
            case_number=row.case_number,
            sender_says=Settlement(row.sender_says) if row.sender_says else None,
            receiver_says=Settlement(row.receiver_says) if row.receiver_says else None,
            settlement=Settlement(row.settlement) if row.settlement else None,
            allowed=[] if row.settlement else list(ALLOWED[kind]),
            found_at=row.found_at,
            settled_at=row.settled_at,
        )


class DeedOut(BaseModel):
    deed: str
    end: str = Field(description="sender 寄出地、receiver 接收地、carrier 承运人、system 系统")
    actor: str
    at: datetime = Field(description="在本系统登记的时间")
    acted_at: datetime | None = Field(description="对方系统告知的作出时间")
    state: str

    @classmethod
    def of(cls, row: ParcelDeedRow) -> "DeedOut":
        return cls(
            deed=row.deed,
            end=row.end,
            actor=row.actor,
            at=row.at,
            acted_at=row.facts.get("acted_at"),
            state=row.state,
        )


class ParcelDetail(ParcelOut):
    manifest: list[LineOut] = Field(description="清单")
    discrepancies: list[DiscrepancyOut] = Field(description="差异，两端都能看到")
    deeds: list[DeedOut] = Field(description="经过")


class ParcelsOut(BaseModel):
    parcels: list[ParcelOut]
    next: str | None = Field(description="下一页的标记；没有更多则为空")


class ScanOut(ParcelOut):
    found: list[UUID] = Field(description="清单上已到的")
    missing: list[UUID] = Field(description="清单上有、没有到的")
    damaged: list[UUID] = Field(description="到了但破损的")
    extra: int = Field(description="清单外的件数")
    discrepancies: list[DiscrepancyOut] = Field(description="须由两端了结的差异")


async def reply(once: Once, row: ParcelRow, status: int = 200) -> Response:
    await parcels_told.mirror_parcel(once.session, row, once.content, at=once.at)
    headers = {"ETag": etags.of_version(row.version)}
    if status == 201:
        headers["Location"] = f"/routing/v1/parcels/{row.id}"
    return await once.reply(status, ParcelOut.of(row), headers)
